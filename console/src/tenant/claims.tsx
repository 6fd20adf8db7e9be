import type { Explanation, Fact } from "@purser/sdk";
import { Fragment, type ReactNode, useId, useState } from "react";
import { number, quantity } from "../format.ts";
import { At, Badge, Empty } from "../parts.tsx";
import { Said } from "../said.tsx";
import { useSession } from "../session.tsx";
import { type Attempt, Deed, DeedButton } from "./deed.tsx";
import type { Behind } from "./told.ts";
import { refusalOf } from "./words.tsx";

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
  const id = useId();
  const { timeZone, asOf } = behind.shown.tenant;
  const { claims, claimed, reported } = told;
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
          {claims.map(({ resource, claimedAt, beyondLimit }, i) => (
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
      {claimed !== null && claimed > claims.length ? (
        <p className="muted small">
          The newest {number(claims.length)} of {number(claimed)}.
        </p>
      ) : null}
    </>
  );
}

function LetGo({
  behind: { shown, holding, unit },
  resource,
  close,
  done,
}: {
  readonly behind: Behind;
  readonly resource: string;
  readonly close: () => void;
  readonly done: (said: ReactNode) => void;
}) {
  const { client } = useSession();
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
  return <Deed label={`Release ${resource}`} verb="Let it go" stamp="" attempt={attempt} close={close} done={done} />;
}
