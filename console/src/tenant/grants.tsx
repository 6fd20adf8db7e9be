// The grants of a balance in the order in which they are drawn, each with how it counts or why it does not. What is open is
// known with the page; what has ended is told by the explanation.
import type { ExplainedGrant, OpenGrant } from "@purser/sdk";
import { Fragment, type ReactNode, useId, useState } from "react";
import { number, quantity } from "../format.ts";
import { At, Badge, Field, type Tone } from "../parts.tsx";
import { Said } from "../said.tsx";
import { useSession } from "../session.tsx";
import { type Attempt, Deed, DeedButton } from "./deed.tsx";
import type { Behind } from "./told.ts";
import { refusalOf, sourceWords } from "./words.tsx";

type Status = ExplainedGrant["status"];
interface Line extends Pick<ExplainedGrant, "grantId" | "dedupeKey" | "source" | "amount" | "used" | "remaining"> {
  readonly status: Status;
  readonly priority: number;
  readonly effectiveAt: string;
  readonly expiresAt: string | null;
  readonly endedAt: string | null;
  readonly endedBy: string | null;
  readonly reason: string | null;
}

function linesOf(grants: readonly OpenGrant[]): Line[] {
  const unlimited = grants.some((grant) => grant.unlimited && grant.burnOrder !== null);
  return grants.map((grant) => ({
    ...grant,
    status: grant.burnOrder === null ? "not_yet" : unlimited && !grant.unlimited ? "resting" : "counts",
    endedAt: null,
    endedBy: null,
    reason: null,
  }));
}

export function Grants({
  behind,
  told,
  past,
  done,
}: {
  readonly behind: Behind;
  /** With those that have ended; undefined: the open ones, as the page knows them. */
  readonly told: readonly ExplainedGrant[] | undefined;
  readonly past: boolean;
  readonly done: (said: ReactNode) => void;
}) {
  const [open, setOpen] = useState<string>();
  const id = useId();
  const lines = told ?? linesOf(behind.holding.grants);
  if (lines.length === 0) return <p className="muted small">No grant counts {past ? "then" : "now"}.</p>;
  const drawn = lines.filter(({ status, remaining }) => status === "counts" && remaining !== 0);
  return (
    <table className="grants folds small">
      <caption className="unseen">The grants of {behind.called} in the order in which they are drawn</caption>
      <thead>
        <tr>
          <th scope="col">Drawn</th>
          <th scope="col">Source</th>
          <th scope="col" className="figure">
            Amount
          </th>
          <th scope="col" className="figure">
            Used
          </th>
          <th scope="col" className="figure">
            Remaining
          </th>
          <th scope="col">From</th>
          <th scope="col">Until</th>
          <th scope="col">
            <span className="unseen">What can be done</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line, i) => (
          <Fragment key={line.grantId}>
            <Grant
              line={line}
              place={drawn.indexOf(line)}
              behind={behind}
              past={past}
              id={`${id}${i}`}
              open={open === line.grantId}
              toggle={() => setOpen(open === line.grantId ? undefined : line.grantId)}
            />
            {open === line.grantId && !past ? (
              <tr className="deeds">
                <td colSpan={8}>
                  <Void behind={behind} line={line} close={() => setOpen(undefined)} done={done} />
                </td>
              </tr>
            ) : null}
          </Fragment>
        ))}
      </tbody>
    </table>
  );
}

const ordinals = new Intl.PluralRules("en-GB", { type: "ordinal" });
const endings: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> = { one: "st", two: "nd", few: "rd" };
/** When a grant is drawn: `place` counts those before it that have something left. */
const turnOf = (place: number) => (place === 0 ? "next" : `${place + 1}${endings[ordinals.select(place + 1)] ?? "th"}`);

const standing: Readonly<Record<Exclude<Status, "counts">, readonly [text: string, tone: Tone]>> = {
  resting: ["resting", "plain"],
  not_yet: ["later", "plain"],
  expired: ["expired", "plain"],
  voided: ["voided", "bad"],
  masked: ["masked", "care"],
  replaced: ["replaced", "plain"],
};
const ofOperators: readonly string[] = ["manual", "product", "promotion", "top_up"];

function Grant({
  line,
  place,
  behind,
  past,
  id,
  open,
  toggle,
}: {
  readonly line: Line;
  readonly place: number;
  readonly behind: Behind;
  readonly past: boolean;
  readonly id: string;
  readonly open: boolean;
  readonly toggle: () => void;
}) {
  const { status, amount, used, remaining, effectiveAt, expiresAt, endedAt, priority } = line;
  const { timeZone, asOf } = behind.shown.tenant;
  const mayBeVoided = !past && endedAt === null && ofOperators.includes(line.source);
  return (
    <tr className={endedAt === null ? undefined : "over"}>
      <td data-column="Drawn">
        {status !== "counts" ? (
          <Badge tone={standing[status][1]}>{standing[status][0]}</Badge>
        ) : place < 0 ? (
          <Badge>used up</Badge>
        ) : (
          turnOf(place)
        )}
      </td>
      <td data-column="Source" id={id}>
        <span className="named">
          <GrantName grant={line} behind={behind} />
          {priority === 100 ? null : <span className="muted">priority {number(priority)}</span>}
          {line.endedBy === null ? null : (
            <span className="muted">
              by <Said text={line.endedBy} />
            </span>
          )}
          {line.reason === null ? null : (
            <span className="muted">
              “<Said text={line.reason} />”
            </span>
          )}
        </span>
      </td>
      <td data-column="Amount" className="figure">
        {amount === null ? "unlimited" : number(amount)}
      </td>
      <td data-column="Used" className="figure">
        {number(used)}
      </td>
      <td data-column="Remaining" className="figure">
        {remaining === null ? <span className="muted">–</span> : number(remaining)}
      </td>
      <td data-column="From">
        <At instant={effectiveAt} zone={timeZone} />
      </td>
      <td data-column="Until">
        {endedAt !== null ? (
          <At instant={endedAt} zone={timeZone} />
        ) : expiresAt === null ? (
          <span className="muted">never</span>
        ) : (
          <At instant={expiresAt} zone={timeZone} from={past ? undefined : asOf} />
        )}
      </td>
      <td className="act" data-empty={mayBeVoided ? undefined : ""}>
        {mayBeVoided ? <DeedButton text="Void" describedBy={id} open={open} toggle={toggle} /> : null}
      </td>
    </tr>
  );
}

/** Where a grant came from, and which one of these it is. */
export function GrantName({
  grant: { grantId, source, dedupeKey },
  behind,
}: {
  readonly grant: Pick<ExplainedGrant, "grantId" | "source" | "dedupeKey">;
  readonly behind: Behind;
}) {
  const product = behind.holding.grants.find((one) => one.grantId === grantId)?.metadata["product"];
  const ofWindow = dedupeKey.startsWith("allowance:");
  return (
    <>
      {sourceWords[source]}{" "}
      {ofWindow ? null : (
        <span className="muted">
          <Said text={typeof product === "string" ? product : dedupeKey} mono />
        </span>
      )}
    </>
  );
}

function Void({
  behind: { shown, unit },
  line: { dedupeKey, used },
  close,
  done,
}: {
  readonly behind: Behind;
  readonly line: Line;
  readonly close: () => void;
  readonly done: (said: ReactNode) => void;
}) {
  const { client } = useSession();
  const [reason, setReason] = useState("");
  const attempt = async (dryRun: boolean): Promise<Attempt> => {
    // What would change does not depend on why.
    const said = dryRun && reason.trim() === "" ? "preview" : reason;
    const outcome = await client.voidGrant({ tenant: shown.tenant.tenant, dedupeKey, reason: said, dryRun });
    if (outcome.outcome !== "voided") {
      return {
        done: false,
        title: refusalOf(outcome),
        ...(outcome.field === undefined ? {} : { wrong: { [outcome.field]: outcome.detail } }),
      };
    }
    const { lapsed, available } = outcome;
    const would = dryRun ? "would be " : "";
    const spent = used > 0 ? ` What was used of it, ${number(used)}, stays used.` : "";
    const left = available === null ? "" : ` ${number(available)} ${would}left.`;
    return {
      done: true,
      title: "Voided",
      text: `${quantity(lapsed, unit)} ${dryRun ? "would lapse" : "lapsed"}.${left}${spent}`,
    };
  };
  return (
    <Deed label={`Void ${dedupeKey}`} verb="Void the grant" stamp="" attempt={attempt} close={close} done={done}>
      {(wrong) => (
        <Field label="Reason" hint="Stands with the grant, and in the audit log." wrong={wrong["reason"]}>
          {(labels) => (
            <input
              {...labels}
              required
              autoComplete="off"
              maxLength={1000}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          )}
        </Field>
      )}
    </Deed>
  );
}
