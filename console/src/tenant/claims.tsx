import type { Explanation, Fact } from "@purser/sdk";
import { Fragment, type ReactNode, useId, useState } from "react";
import { number, quantity } from "../format.ts";
import { At, Badge, Empty, Field } from "../parts.tsx";
import { Said } from "../said.tsx";
import { useSession } from "../session.tsx";
import { type Attempt, Deed, DeedButton } from "./deed.tsx";
import type { Behind } from "./told.ts";
import { refusalOf } from "./words.tsx";

/** How many are listed at first: they stand open on the page, before whatever comes after them. */
const FIRST = 10;
/** In the place of the name that is about to be let go: one that is not listed. No name is empty. */
const ANOTHER = "";

/** The slots of a capacity: each with the name of what occupies it, or how many there are by a count from outside. */
export function Claims({
  behind,
  told,
  facts,
  past,
  done,
}: {
  readonly behind: Behind;
  readonly told: Explanation;
  readonly facts: readonly Fact[];
  readonly past: boolean;
  readonly done: (said: ReactNode) => void;
}) {
  const [open, setOpen] = useState<string>();
  const [all, setAll] = useState(false);
  const id = useId();
  const { timeZone, asOf } = behind.shown.tenant;
  const { claims, claimed, reported } = told;
  const listed = all ? claims : claims.slice(0, FIRST);
  if (reported) {
    const last = facts.find(({ kind }) => kind === "report");
    return (
      <p className="counted">
        <strong className="number">{quantity(claimed ?? 0, behind.unit)}</strong> by the count that was last reported
        {last === undefined ? "" : " on "}
        {last === undefined ? null : <At instant={last.recordedAt} zone={timeZone} from={past ? undefined : asOf} />}.
        It stands until the next one.
      </p>
    );
  }
  if (claims.length === 0) {
    return (
      <Empty title="No slot is occupied">
        <span>
          <b>Claim</b> occupies one under the name of the thing it stands for; <b>Report</b> says how many there are.
        </span>
      </Empty>
    );
  }
  return (
    <>
      <table className="claims folds small">
        <caption className="unseen">What occupies {behind.called}, the newest first</caption>
        <thead>
          <tr>
            <th scope="col">Resource</th>
            <th scope="col">Since</th>
            <th scope="col">
              <span className="unseen">What can be done</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {listed.map(({ resource, claimedAt, beyondLimit }, i) => (
            <Fragment key={resource}>
              <tr>
                <th scope="row" id={`${id}${i}`}>
                  <Said text={resource} /> {beyondLimit ? <Badge tone="care">beyond the limit</Badge> : null}
                </th>
                <td data-column="Since">
                  <At instant={claimedAt} zone={timeZone} from={past ? undefined : asOf} />
                </td>
                <td className="act" data-empty={past ? "" : undefined}>
                  {past ? null : (
                    <DeedButton
                      text="Release"
                      describedBy={`${id}${i}`}
                      open={open === resource}
                      toggle={() => setOpen(open === resource ? undefined : resource)}
                    />
                  )}
                </td>
              </tr>
              {open === resource && !past ? (
                <tr className="deeds">
                  <td colSpan={3}>
                    <LetGo behind={behind} resource={resource} close={() => setOpen(undefined)} done={done} />
                  </td>
                </tr>
              ) : null}
            </Fragment>
          ))}
        </tbody>
      </table>
      {listed.length === claims.length ? null : (
        <button type="button" className="button small" onClick={() => setAll(true)}>
          {`Show ${number(claims.length - listed.length)} more`}
        </button>
      )}
      {past || listed.length < claims.length || claimed === null || claimed <= claims.length ? null : (
        <>
          <p className="row small muted">
            <span id={`${id}more`}>
              The newest {number(claims.length)} of {number(claimed)}.
            </span>
            <DeedButton
              text="Release another"
              describedBy={`${id}more`}
              open={open === ANOTHER}
              toggle={() => setOpen(open === ANOTHER ? undefined : ANOTHER)}
            />
          </p>
          {open === ANOTHER ? <LetGo behind={behind} close={() => setOpen(undefined)} done={done} /> : null}
        </>
      )}
    </>
  );
}

function LetGo({
  behind: { shown, holding, unit },
  resource: listed,
  close,
  done,
}: {
  readonly behind: Behind;
  /** Undefined: whoever lets it go names it. */
  readonly resource?: string;
  readonly close: () => void;
  readonly done: (said: ReactNode) => void;
}) {
  const { client } = useSession();
  const [named, setNamed] = useState("");
  const resource = listed ?? named;
  const { feature, subject } = holding;
  const attempt = async (dryRun: boolean): Promise<Attempt> => {
    const of = { tenant: shown.tenant.tenant, feature, resource, ...(subject === "" ? {} : { subject }) };
    const outcome = await client.releaseClaim({ ...of, dryRun });
    if (outcome.outcome !== "released") return { done: false, title: refusalOf(outcome) };
    const { claimed, available } = outcome;
    const would = dryRun ? "would be " : "";
    const free = available === null ? "" : ` ${number(available)} ${would}free.`;
    return { done: true, title: "Released", text: `${quantity(claimed, unit)} ${would}occupied.${free}` };
  };
  return (
    <Deed
      label={`Release ${listed ?? "another"}`}
      verb="Let it go"
      stamp={resource}
      attempt={attempt}
      missing={resource === "" ? "What it would change is told once it is named." : undefined}
      close={close}
      done={done}
    >
      {() =>
        listed !== undefined ? null : (
          <Field label="Name" hint="Under which it was claimed.">
            {(labels) => (
              <input
                {...labels}
                required
                autoComplete="off"
                maxLength={300}
                value={named}
                onChange={(event) => setNamed(event.target.value)}
              />
            )}
          </Field>
        )
      }
    </Deed>
  );
}
