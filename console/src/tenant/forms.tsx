// Asking and acting from the console: a check, a consumption, a grant; each with its outcome explained.
import type { ConsumeOutcome, Decision, GrantOutcome } from "@purser/sdk";
import { type ReactNode, useState } from "react";
import { daysAfter, number } from "../format.ts";
import { Card, Choice, Empty, Field, Notice, submitting } from "../parts.tsx";
import { Said } from "../said.tsx";
import { sentenceOf, useSession } from "../session.tsx";
import { keyFor, QuestionFields, useQuestion } from "./question.tsx";
import type { Shown } from "./shown.ts";
import { reasonOf, refusalOf } from "./words.tsx";

interface FormOf {
  readonly shown: Shown;
  /** Something happened: what the page shows is out of date. */
  readonly changed: () => Promise<void>;
}

const actions = [
  ["check", "Check"],
  ["consume", "Consume"],
  ["grant", "Grant"],
] as const;

export function Forms(of: FormOf) {
  const [action, setAction] = useState<(typeof actions)[number][0]>("check");
  return (
    <Card title="Try it">
      <div className="panel">
        <Choice label="What to try" options={actions} value={action} onChoose={setAction} wide />
        {action === "check" ? (
          <CheckForm {...of} />
        ) : action === "consume" ? (
          <ConsumeForm {...of} />
        ) : (
          <GrantForm {...of} />
        )}
      </div>
    </Card>
  );
}

/** One request at a time, and what came of it. */
function useOutcome() {
  const [said, setSaid] = useState<ReactNode>();
  const [wrong, setWrong] = useState<Readonly<Record<string, string>>>({});
  const [busy, setBusy] = useState(false);
  const run = async (work: () => Promise<ReactNode>) => {
    setBusy(true);
    setWrong({});
    try {
      setSaid(await work());
    } catch (error) {
      setSaid(
        <Notice tone="bad" title="It was not done">
          <Said text={sentenceOf(error)} />
        </Notice>,
      );
    }
    setBusy(false);
  };
  return { said, wrong, setWrong, busy, run };
}

function CheckForm({ shown }: FormOf) {
  const { client } = useSession();
  const of = useQuestion(shown.decisions, "1");
  const { said, busy, run } = useOutcome();
  if (shown.decisions.length === 0) return <Empty title="Nothing to ask about" />;
  const check = async () => {
    const decision = await client.check({ tenant: shown.tenant.tenant, ...of.input });
    return <Decided decision={decision} shown={shown} />;
  };
  return (
    <form className="panel" onSubmit={submitting(() => run(check))}>
      <QuestionFields of={of} features={shown.decisions} catalog={shown.catalog} />
      <button type="submit" className="button main" disabled={busy}>
        Check
      </button>
      <div role="status">{said}</div>
    </form>
  );
}

function Decided({ decision, shown: { catalog } }: { readonly decision: Decision; readonly shown: Shown }) {
  const { allowed, limit, used, remaining, unlimited, unlockedBy } = decision;
  const tierName = (key: string) => catalog?.tiers[key]?.name ?? key;
  return (
    <Notice tone={allowed ? "good" : "bad"} title={allowed ? "Allowed" : "Denied"}>
      <Said text={`${reasonOf(decision, tierName)}.`} />
      {unlimited ? (
        <span>There is no limit.</span>
      ) : limit === null ? null : (
        <span className="number">
          {number(used ?? 0)} of {number(limit)} used, {number(remaining ?? 0)} remaining.
        </span>
      )}
      {allowed ? null : <Unlocks by={unlockedBy} catalog={catalog} />}
      <span className="muted small">
        Reason <code>{decision.reason}</code>
      </span>
    </Notice>
  );
}

function Unlocks({ by, catalog }: { readonly by: readonly string[]; readonly catalog: Shown["catalog"] }) {
  if (by.length === 0) return null;
  const names = by.map((key) => catalog?.plans[key]?.name ?? catalog?.products[key]?.name ?? key);
  return <Said text={`Unlocked by ${names.join(", ")}.`} />;
}

const countable = ({ kind }: Decision) => kind === "metered" || kind === "credits";

function KeyField({
  value,
  onChange,
  wrong,
}: {
  readonly value: string;
  readonly onChange: (key: string) => void;
  readonly wrong: string | undefined;
}) {
  return (
    <Field label="Idempotency key" hint="The same key again changes nothing." wrong={wrong}>
      {(labels) => (
        <input
          {...labels}
          className="mono"
          autoComplete="off"
          spellCheck={false}
          maxLength={200}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

function ConsumeForm({ shown, changed }: FormOf) {
  const { client, session } = useSession();
  const features = shown.decisions.filter(countable);
  const of = useQuestion(features, "1");
  const [typed, setTyped] = useState<string>();
  const { said, wrong, setWrong, busy, run } = useOutcome();
  if (features.length === 0) return <Empty title="Nothing to consume">The catalogue counts nothing down.</Empty>;
  const key = typed ?? keyFor("consume", session?.keyId ?? "", shown, of.question);
  const consume = async () => {
    const { tenant } = shown.tenant;
    const outcome = await client.consume({ tenant, ...of.input, idempotencyKey: key });
    if (outcome.outcome === "consumed") {
      setTyped(undefined);
      await changed();
      return <Consumed outcome={outcome} />;
    }
    if (outcome.field !== undefined) setWrong({ [outcome.field]: outcome.detail });
    return <Refused outcome={outcome} asked={of.question.amount} shown={shown} />;
  };
  return (
    <form className="panel" onSubmit={submitting(() => run(consume))}>
      <QuestionFields of={of} features={features} catalog={shown.catalog} wrong={wrong} />
      <KeyField value={key} onChange={setTyped} wrong={wrong["idempotencyKey"]} />
      <button type="submit" className="button main" disabled={busy}>
        Consume
      </button>
      <div role="status">{said}</div>
    </form>
  );
}

function Consumed({ outcome }: { readonly outcome: Extract<ConsumeOutcome, { outcome: "consumed" }> }) {
  const { replayed, amount, overage, available } = outcome;
  const left = available === null ? "Use is unlimited." : `${number(available)} left.`;
  return replayed ? (
    <Notice tone="care" title={`Nothing was taken now`}>
      This key had taken {number(amount)} before;{" "}
      {available === null ? "use was unlimited." : `${number(available)} were left then.`}
    </Notice>
  ) : (
    <Notice tone="good" title={`Took ${number(amount)}`}>
      {left}
      {overage > 0 ? <span>{number(overage)} of it is overage, beyond what was granted.</span> : null}
    </Notice>
  );
}

function Refused({
  outcome,
  asked,
  shown: { catalog },
}: {
  readonly outcome: Exclude<ConsumeOutcome | GrantOutcome, { outcome: "consumed" | "granted" }>;
  /** The amount, as it stands in the form. */
  readonly asked: string;
  readonly shown: Shown;
}) {
  return (
    <Notice tone="bad" title={refusalOf(outcome, asked)}>
      {outcome.field === undefined ? null : <Said text={outcome.detail} />}
      <Unlocks by={outcome.unlockedBy ?? []} catalog={catalog} />
      <span className="muted small">
        Outcome <code>{outcome.outcome}</code>. Nothing happened; the key may be used again.
      </span>
    </Notice>
  );
}

const grantSources = [
  ["manual", "By hand"],
  ["promotion", "Promotion"],
  ["top_up", "Top-up"],
  ["product", "Purchase"],
] as const;
const durations = [
  ["", "never"],
  ["1", "in 1 day"],
  ["7", "in 7 days"],
  ["30", "in 30 days"],
  ["365", "in 365 days"],
] as const;

function GrantForm({ shown, changed }: FormOf) {
  const { client, session } = useSession();
  const features = shown.decisions.filter((one) => countable(one) || one.kind === "capacity");
  const of = useQuestion(features, "100");
  const [source, setSource] = useState<(typeof grantSources)[number][0]>("manual");
  const [days, setDays] = useState("");
  const [typed, setTyped] = useState<string>();
  const { said, wrong, setWrong, busy, run } = useOutcome();
  if (features.length === 0) return <Empty title="Nothing to grant">The catalogue counts nothing.</Empty>;
  const key = typed ?? keyFor("grant", session?.keyId ?? "", shown, of.question);
  const grant = async () => {
    const { tenant, asOf } = shown.tenant;
    const expires = days === "" ? {} : { expiresAt: daysAfter(asOf, Number(days)) };
    const outcome = await client.issueGrant({ tenant, ...of.input, ...expires, source, dedupeKey: key });
    if (outcome.outcome !== "granted") {
      if (outcome.field !== undefined) setWrong({ [outcome.field]: outcome.detail });
      return <Refused outcome={outcome} asked={of.question.amount} shown={shown} />;
    }
    setTyped(undefined);
    await changed();
    const left = outcome.available === null ? "Use is unlimited." : `${number(outcome.available)} available.`;
    return outcome.replayed ? (
      <Notice tone="care" title="Nothing was granted now">
        This key had granted it before. {left}
      </Notice>
    ) : (
      <Notice tone="good" title="Granted">
        {left}
      </Notice>
    );
  };
  return (
    <form className="panel" onSubmit={submitting(() => run(grant))}>
      <QuestionFields of={of} features={features} catalog={shown.catalog} wrong={wrong} />
      <div className="pair">
        <Field label="Source">
          {(labels) => (
            <select {...labels} value={source} onChange={(event) => setSource(event.target.value as typeof source)}>
              {grantSources.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Expires" wrong={wrong["expiresAt"]}>
          {(labels) => (
            <select {...labels} value={days} onChange={(event) => setDays(event.target.value)}>
              {durations.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      <KeyField value={key} onChange={setTyped} wrong={wrong["dedupeKey"]} />
      <button type="submit" className="button main" disabled={busy}>
        Grant
      </button>
      <div role="status">{said}</div>
    </form>
  );
}
