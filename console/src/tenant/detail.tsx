// What stands behind one balance, a part at a time: its grants, its holds or claims, what happened to it, and why it is what
// it is. The page knows the open grants; the rest is asked for when somebody looks.
import { type ReactNode, useEffect, useRef, useState } from "react";
import { number } from "../format.ts";
import { Failed, Waiting } from "../parts.tsx";
import { Tabs } from "../tabs.tsx";
import { Claims } from "./claims.tsx";
import { AsOf, InWords, Past } from "./explanation.tsx";
import { Grants } from "./grants.tsx";
import { History } from "./history.tsx";
import { Holds } from "./holds.tsx";
import { type Behind, useTold } from "./told.ts";

type Part = "grants" | "holds" | "claims" | "history" | "explain";

export function Detail(behind: Behind) {
  const { holding, shown, called, changed } = behind;
  const { balance, feature, subject } = holding;
  const kind = balance?.kind ?? shown.decisions.find((one) => one.feature === feature)?.kind;
  const slots = kind === "capacity";
  // What is told of the tenant itself is asked for at once; of each of its subjects it could be many questions.
  const [part, setPart] = useState<Part>(slots && subject === "" ? "claims" : "grants");
  const [ended, setEnded] = useState(false);
  const [asked, setAsked] = useState(part !== "grants");
  const [at, setAt] = useState<string>();
  const [said, setSaid] = useState<ReactNode>();
  const told = useTold(behind, at, asked);
  const status = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (said !== undefined) status.current?.focus();
  }, [said]);

  const choose = (next: Part) => {
    setPart(next);
    setSaid(undefined);
    if (next !== "grants") setAsked(true);
  };
  const done = (node: ReactNode) => {
    setSaid(node);
    void changed();
  };
  const { value, error, again } = told;
  const past = at !== undefined;
  const { timeZone, asOf } = shown.tenant;
  const tabs: readonly (readonly [Part, ReactNode])[] = [
    ...(slots ? ([["claims", <Counted key="c" text="Claims" count={balance?.claimed ?? 0} />]] as const) : []),
    ["grants", "Grants"],
    ...(slots ? [] : ([["holds", <Counted key="h" text="Holds" count={balance?.held ?? 0} />]] as const)),
    ["history", "History"],
    ["explain", "Explain"],
  ];
  const open = <Grants behind={behind} told={ended || past ? value?.grants : undefined} past={past} done={done} />;
  return (
    <Tabs label={`Behind ${called}`} tabs={tabs} value={part} onChoose={choose}>
      <div ref={status} role="status" tabIndex={-1} className="said">
        {said}
      </div>
      {part === "explain" ? <AsOf zone={timeZone} at={at} choose={setAt} /> : null}
      {at === undefined ? null : <Past at={at} zone={timeZone} from={asOf} back={() => setAt(undefined)} />}
      {part === "grants" && !past && !ended ? (
        open
      ) : error !== undefined ? (
        <Failed error={error} again={again} />
      ) : value === undefined ? (
        <Waiting lines={3} />
      ) : part === "grants" ? (
        open
      ) : part === "holds" ? (
        <Holds behind={behind} holds={value.holds} past={past} done={done} />
      ) : part === "claims" ? (
        <Claims behind={behind} told={value} facts={told.facts} past={past} done={done} />
      ) : part === "history" ? (
        <History behind={behind} told={told} look={setAt} done={done} />
      ) : (
        <InWords behind={behind} told={value} past={past} />
      )}
      {part === "grants" && !past ? (
        <button
          type="button"
          className="button quiet small"
          aria-pressed={ended}
          onClick={() => {
            setEnded(!ended);
            setAsked(true);
          }}
        >
          {ended ? "Hide ended grants" : "Show ended grants"}
        </button>
      ) : null}
    </Tabs>
  );
}

/** The name of a part, with how much there is of it. */
function Counted({ text, count }: { readonly text: string; readonly count: number }) {
  return (
    <>
      {text} {count === 0 ? null : <span className="count number">{number(count)}</span>}
    </>
  );
}
