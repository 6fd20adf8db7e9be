import type { ExplainedHold, ReleaseOutcome } from "@purser/sdk";
import { Fragment, type ReactNode, useId, useState } from "react";
import { number, quantity } from "../format.ts";
import { At, Badge, Empty, type Tone } from "../parts.tsx";
import { Said } from "../said.tsx";
import { useSession } from "../session.tsx";
import { type Attempt, Deed, DeedButton } from "./deed.tsx";
import type { Behind } from "./told.ts";
import { refusalOf } from "./words.tsx";

const tones: Readonly<Record<ExplainedHold["status"], Tone>> = {
  open: "care",
  settled: "good",
  released: "plain",
  expired: "plain",
};

export function Holds({
  behind,
  holds,
  past,
  done,
}: {
  readonly behind: Behind;
  readonly holds: readonly ExplainedHold[];
  /** As they stood then: there is nothing to be done to them. */
  readonly past: boolean;
  readonly done: (said: ReactNode) => void;
}) {
  const [open, setOpen] = useState<string>();
  const id = useId();
  if (holds.length === 0) {
    return (
      <Empty title="Nothing is held">
        <span>
          A hold sets an amount aside for work whose cost is known when it is done: <b>Reserve</b> makes one.
        </span>
      </Empty>
    );
  }
  const { timeZone, asOf } = behind.shown.tenant;
  return (
    <table className="holds folds small">
      <caption className="unseen">The holds of {behind.called}: the open ones first</caption>
      <thead>
        <tr>
          <th scope="col">Hold</th>
          <th scope="col">State</th>
          <th scope="col" className="figure">
            Set aside
          </th>
          <th scope="col">Since</th>
          <th scope="col">Until</th>
          <th scope="col">
            <span className="unseen">What can be done</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {holds.map((hold, i) => (
          <Fragment key={hold.holdKey}>
            <tr>
              <th scope="row" id={`${id}${i}`}>
                <span className="named">
                  <Said text={hold.holdKey} mono />
                  {hold.actingSubject === null ? null : (
                    <span className="muted">
                      by <Said text={hold.actingSubject} mono />
                    </span>
                  )}
                </span>
              </th>
              <td data-column="State">
                <span className="named">
                  <Badge tone={tones[hold.status]}>{hold.status}</Badge>
                  <How hold={hold} />
                </span>
              </td>
              <td data-column="Set aside" className="figure">
                {hold.funded === hold.amount ? (
                  number(hold.amount)
                ) : (
                  <>
                    {number(hold.funded)} <span className="muted">of {number(hold.amount)}</span>
                  </>
                )}
              </td>
              <td data-column="Since">
                <At instant={hold.reservedAt} zone={timeZone} />
              </td>
              <td data-column="Until">
                <At
                  instant={hold.endedAt ?? hold.expiresAt}
                  zone={timeZone}
                  from={hold.status === "open" && !past ? asOf : undefined}
                />
              </td>
              <td className="act" data-empty={hold.status === "open" && !past ? undefined : ""}>
                {hold.status === "open" && !past ? (
                  <DeedButton
                    text="Release"
                    describedBy={`${id}${i}`}
                    open={open === hold.holdKey}
                    toggle={() => setOpen(open === hold.holdKey ? undefined : hold.holdKey)}
                  />
                ) : null}
              </td>
            </tr>
            {open === hold.holdKey && !past ? (
              <tr className="deeds">
                <td colSpan={6}>
                  <Release behind={behind} hold={hold} close={() => setOpen(undefined)} done={done} />
                </td>
              </tr>
            ) : null}
          </Fragment>
        ))}
      </tbody>
    </table>
  );
}

/** How a hold ended. */
function How({ hold: { status, settled, late, unfunded, restored, lapsed } }: { readonly hold: ExplainedHold }) {
  const said = [
    ...(status === "settled" && settled !== null ? [`at ${number(settled)}`] : []),
    ...(late ? ["after it had expired"] : []),
    ...(unfunded > 0 ? [`${number(unfunded)} covered by nothing`] : []),
    ...(restored === null || restored === 0 ? [] : [`${number(restored)} returned`]),
    ...(lapsed === null || lapsed === 0 ? [] : [`${number(lapsed)} lapsed`]),
  ];
  return said.length === 0 ? null : <span className="muted">{said.join(", ")}</span>;
}

function Release({
  behind: { shown, unit },
  hold,
  close,
  done,
}: {
  readonly behind: Behind;
  readonly hold: ExplainedHold;
  readonly close: () => void;
  readonly done: (said: ReactNode) => void;
}) {
  const { client } = useSession();
  const attempt = async (dryRun: boolean): Promise<Attempt> => {
    const outcome = await client.release({ tenant: shown.tenant.tenant, holdKey: hold.holdKey, dryRun });
    if (outcome.outcome !== "released") return { done: false, title: refusalOf(outcome) };
    return { done: true, title: "Released", text: releasedWords(outcome, unit, dryRun) };
  };
  return (
    <Deed
      label={`Release ${hold.holdKey}`}
      verb="Release the hold"
      stamp=""
      attempt={attempt}
      close={close}
      done={done}
    />
  );
}

function releasedWords(
  { restored, lapsed, available }: Extract<ReleaseOutcome, { outcome: "released" }>,
  unit: string | undefined,
  dry: boolean,
): string {
  const would = dry ? "would " : "";
  const gone = lapsed > 0 ? ` ${number(lapsed)} ${would}lapse${dry ? "" : "d"}, since their grant has ended.` : "";
  const left = available === null ? "" : ` ${number(available)} ${dry ? "would be " : ""}left.`;
  return `${quantity(restored, unit)} ${dry ? "would return" : "returned"}.${gone}${left}`;
}
