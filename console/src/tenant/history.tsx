// What happened to a balance, newest first: each consumption with the grants that paid for it, and the way to undo it.
import type { Fact, ReversalOutcome } from "@purser/sdk";
import { type ReactNode, useId, useState } from "react";
import { number, quantity } from "../format.ts";
import { At, Badge, Empty, Field } from "../parts.tsx";
import { Said } from "../said.tsx";
import { useSession } from "../session.tsx";
import { type Attempt, Deed, DeedButton } from "./deed.tsx";
import { GrantName } from "./grants.tsx";
import { keyFor } from "./question.tsx";
import type { Behind, Told } from "./told.ts";
import { refusalOf } from "./words.tsx";

/** What a fact says, with its amount where it has one. */
const deeds: Readonly<Record<string, (amount: string) => string>> = {
  grant: (amount) => `Granted ${amount}`,
  void: (amount) => `Voided a grant: ${amount} lapsed`,
  boundary: () => "A boundary passed",
  access: () => "The plan or the access changed",
  consume: (amount) => `Took ${amount}`,
  settle: (amount) => `Settled at ${amount}`,
  reverse: (amount) => `Gave ${amount} back`,
  reserve: (amount) => `Set ${amount} aside`,
  release: (amount) => `Released ${amount}`,
  extend: () => "Moved the end of a hold",
  claim: () => "Occupied a slot",
  release_claim: () => "Let a slot go",
  report: (amount) => `${amount} were reported`,
  lock: () => "Was counted for a write",
};
const wordsOf = ({ kind, amount }: Fact) => deeds[kind]?.(number(amount)) ?? kind;
const isConsumption = ({ kind }: Fact) => kind === "consume" || kind === "settle";

/** What was given back of a consumption: its reversals are newer, so they are known wherever it is. */
const undoneOf = (facts: readonly Fact[], { key }: Fact) =>
  facts.reduce((sum, one) => sum + (one.kind === "reverse" && one.reference === key ? one.amount : 0), 0);

export function History({
  behind,
  told: { facts, earlier, trouble, value },
  look,
  done,
}: {
  readonly behind: Behind;
  readonly told: Told;
  /** Asks for everything as of another instant. */
  readonly look: (at: string) => void;
  readonly done: (said: ReactNode) => void;
}) {
  const [open, setOpen] = useState<number>();
  const id = useId();
  const { timeZone } = behind.shown.tenant;
  const begins = value?.windowStartsAt ?? null;
  // The version before which nothing is shown.
  const first = facts.at(-1)?.version ?? (value?.version === 0 ? undefined : value?.version);
  const provisional = facts.some(({ lineage }) => lineage.some((one) => one.provisional));
  return (
    <>
      {facts.length === 0 ? (
        <Empty title="Nothing happened">{begins === null ? null : "Not since the window began."}</Empty>
      ) : (
        <table className="history folds small">
          <caption className="unseen">What happened to {behind.called}, newest first, and who paid</caption>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">What</th>
              <th scope="col">Paid by</th>
              <th scope="col" className="figure">
                Left then
              </th>
              <th scope="col">
                <span className="unseen">What can be done</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {facts.map((fact) => (
              <Line
                key={fact.version}
                fact={fact}
                undone={isConsumption(fact) ? undoneOf(facts, fact) : 0}
                behind={behind}
                id={`${id}${fact.version}`}
                open={open === fact.version}
                toggle={() => setOpen(open === fact.version ? undefined : fact.version)}
                done={done}
              />
            ))}
          </tbody>
        </table>
      )}
      {provisional ? (
        <p className="muted small">
          So far: which grant pays is fixed when the set of open grants changes next. The amounts are fixed now.
        </p>
      ) : null}
      <div role="status">{trouble}</div>
      {earlier !== undefined ? (
        <button type="button" className="button" onClick={() => void earlier()}>
          Earlier
        </button>
      ) : begins === null || first === undefined || first === 1 ? null : (
        <p className="row small muted">
          <span>
            The window began on <At instant={begins} zone={timeZone} />.
          </span>
          <button type="button" className="button small" onClick={() => look(justBefore(begins))}>
            Before that
          </button>
        </p>
      )}
    </>
  );
}

function Line({
  fact,
  undone,
  behind,
  id,
  open,
  toggle,
  done,
}: {
  readonly fact: Fact;
  /** What of it was given back since. */
  readonly undone: number;
  readonly behind: Behind;
  readonly id: string;
  readonly open: boolean;
  readonly toggle: () => void;
  readonly done: (said: ReactNode) => void;
}) {
  const rest = fact.amount - undone;
  const reversible = isConsumption(fact) && fact.key !== null && rest > 0;
  return (
    <>
      <tr>
        <td data-column="When">
          <At instant={fact.recordedAt} zone={behind.shown.tenant.timeZone} />
        </td>
        <td data-column="What" id={id}>
          <span className="named">
            <span>
              {isConsumption(fact) ? <b>{wordsOf(fact)}</b> : wordsOf(fact)}{" "}
              {undone === 0 ? null : <Badge tone="care">{`${number(undone)} given back`}</Badge>}
            </span>
            <About fact={fact} />
          </span>
        </td>
        <td data-column="Paid by" data-empty={fact.lineage.length === 0 && fact.overage === 0 ? "" : undefined}>
          <Lineage fact={fact} behind={behind} />
        </td>
        <td data-column="Left then" className="figure">
          {fact.balanceAfter === null ? <span className="muted">–</span> : number(fact.balanceAfter)}
        </td>
        <td className="act" data-empty={reversible ? undefined : ""}>
          {reversible ? <DeedButton text="Reverse" describedBy={id} open={open} toggle={toggle} /> : null}
        </td>
      </tr>
      {reversible && open ? (
        <tr className="deeds">
          <td colSpan={5}>
            <Reverse behind={behind} fact={fact} rest={rest} close={toggle} done={done} />
          </td>
        </tr>
      ) : null}
    </>
  );
}

const justBefore = (instant: string) => new Date(new Date(instant).getTime() - 1).toISOString();

/** By which name a fact is known, and who it was done for. */
function About({ fact: { kind, key, reference, actingSubject, reason } }: { readonly fact: Fact }) {
  const name = kind === "reverse" || kind === "claim" ? reference : (key ?? reference);
  return (
    <>
      {name === null || name.startsWith("allowance:") ? null : (
        <span className="muted">
          {kind === "reverse" ? "of " : null}
          <Said text={name} mono />
        </span>
      )}
      {actingSubject === null ? null : (
        <span className="muted">
          by <Said text={actingSubject} mono />
        </span>
      )}
      {reason === null ? null : (
        <span className="muted">
          “<Said text={reason} />”
        </span>
      )}
    </>
  );
}

function Lineage({ fact: { kind, lineage, overage }, behind }: { readonly fact: Fact; readonly behind: Behind }) {
  // Said once where it is so of all of it; of a hold's pinned part it never is.
  const allSoFar = lineage.length > 0 && lineage.every(({ provisional }) => provisional);
  return (
    <ul className="paid">
      {lineage.map((one) => (
        <li key={one.grantId}>
          <b className="number">{number(one.amount)}</b> {kind === "reverse" ? <span className="muted">to</span> : null}{" "}
          <GrantName grant={one} behind={behind} />
          {one.lapsed === 0 ? null : <Badge tone="care">{`${number(one.lapsed)} lapsed`}</Badge>}
          {one.provisional && !allSoFar ? <span className="muted">so far</span> : null}
        </li>
      ))}
      {overage === 0 ? null : (
        <li>
          <b className="number">{number(overage)}</b> <Badge tone="care">overage</Badge>
        </li>
      )}
      {allSoFar ? <li className="muted">so far</li> : null}
    </ul>
  );
}

function Reverse({
  behind: { shown, holding, unit },
  fact,
  rest,
  close,
  done,
}: {
  readonly behind: Behind;
  readonly fact: Fact;
  readonly rest: number;
  readonly close: () => void;
  readonly done: (said: ReactNode) => void;
}) {
  const { client, session } = useSession();
  const [amount, setAmount] = useState("");
  const [reason, setReason] = useState("");
  const [reissue, setReissue] = useState(false);
  const { feature, subject } = holding;
  const key = keyFor(`reverse.${fact.version}`, session?.keyId ?? "", shown, { feature, subject });
  const attempt = async (dryRun: boolean): Promise<Attempt> => {
    const outcome = await client.reverseConsumption({
      tenant: shown.tenant.tenant,
      consumptionKey: fact.key ?? "",
      idempotencyKey: key,
      ...(amount.trim() === "" ? {} : { amount: amount.trim() }),
      ...(reason.trim() === "" ? {} : { reason }),
      ...(reissue ? { reissue } : {}),
      dryRun,
    });
    if (outcome.outcome !== "reversed") {
      const { field, detail } = outcome;
      return {
        done: false,
        title: refusalOf(outcome),
        ...(field === undefined ? {} : { wrong: { [field]: detail } }),
      };
    }
    return { done: true, title: `Gave ${number(outcome.amount)} back`, text: reversedWords(outcome, reissue, dryRun) };
  };
  return (
    <Deed
      label={`Reverse ${fact.key}`}
      verb="Give it back"
      stamp={JSON.stringify([amount, reissue])}
      attempt={attempt}
      close={close}
      done={done}
    >
      {(wrong) => (
        <>
          <div className="fields">
            <Field label="How much" hint={`of ${quantity(rest, unit)}`} wrong={wrong["amount"]}>
              {(labels) => (
                <input
                  {...labels}
                  inputMode="decimal"
                  autoComplete="off"
                  maxLength={40}
                  placeholder={`all of it: ${number(rest)}`}
                  value={amount}
                  onChange={(event) => setAmount(event.target.value)}
                />
              )}
            </Field>
            <Field label="Reason" hint="Stands with the reversal." wrong={wrong["reason"]}>
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
          </div>
          <label className="row">
            <input type="checkbox" checked={reissue} onChange={(event) => setReissue(event.target.checked)} />
            Grant anew what would lapse
          </label>
        </>
      )}
    </Deed>
  );
}

function reversedWords(
  { restored, lapsed, overage, available }: Extract<ReversalOutcome, { outcome: "reversed" }>,
  reissue: boolean,
  dry: boolean,
): string {
  const returned = `${number(restored)} ${dry ? "would return" : "returned"} to the grants that paid.`;
  const again = reissue ? ` and ${dry ? "would be" : "was"} granted anew` : "";
  const gone =
    lapsed > 0 ? ` ${number(lapsed)} ${dry ? "would lapse" : "lapsed"}, since their grant has ended${again}.` : "";
  const over = overage > 0 ? ` ${number(overage)} had been overage.` : "";
  const left = available === null ? "" : ` ${number(available)} ${dry ? "would be " : ""}left.`;
  return returned + gone + over + left;
}
