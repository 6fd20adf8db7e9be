// Asking and acting from the console: each with its outcome explained, and what acts with a preview.
import type { ConsumeOutcome, Decision } from "@purser/sdk";
import { useState } from "react";
import { daysAfter, number } from "../format.ts";
import { Card, Choice, Empty, Field, Notice, submitting } from "../parts.tsx";
import { Said } from "../said.tsx";
import { useSession } from "../session.tsx";
import { Buttons, Came, type FormOf, KeyField, Outcome, Refused, Unlocks, useOutcome } from "./outcome.tsx";
import { keyFor, QuestionFields, useQuestion } from "./question.tsx";
import { ReserveForm } from "./reserving.tsx";
import type { Shown } from "./shown.ts";
import { ClaimForm, ReportForm } from "./slots.tsx";
import { isCapacity, isCountedDown, reasonOf } from "./words.tsx";

const actions = [
  ["check", "Check"],
  ["consume", "Consume"],
  ["grant", "Grant"],
  ["reserve", "Reserve"],
  ["claim", "Claim"],
  ["report", "Report"],
] as const;

const forms = {
  check: CheckForm,
  consume: ConsumeForm,
  grant: GrantForm,
  reserve: ReserveForm,
  claim: ClaimForm,
  report: ReportForm,
} as const;

export function Forms(of: FormOf) {
  const [action, setAction] = useState<(typeof actions)[number][0]>("check");
  const Form = forms[action];
  return (
    <Card title="Try it">
      <div className="panel">
        <Choice label="What to try" options={actions} value={action} onChoose={setAction} wide />
        <Form {...of} />
      </div>
    </Card>
  );
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
      <Outcome said={said} />
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

function ConsumeForm({ shown, changed }: FormOf) {
  const { client, session } = useSession();
  const features = shown.decisions.filter(isCountedDown);
  const of = useQuestion(features, "1");
  const [typed, setTyped] = useState<string>();
  const { said, wrong, setWrong, busy, run } = useOutcome();
  if (features.length === 0) return <Empty title="Nothing to consume">The catalogue counts nothing down.</Empty>;
  const key = typed ?? keyFor("consume", session?.keyId ?? "", shown, of.question);
  const consume = async (dryRun: boolean) => {
    const { tenant } = shown.tenant;
    const outcome = await client.consume({ tenant, ...of.input, idempotencyKey: key, dryRun });
    if (outcome.outcome === "consumed") {
      if (!dryRun) {
        setTyped(undefined);
        await changed();
      }
      return <Consumed outcome={outcome} dry={dryRun} />;
    }
    if (outcome.field !== undefined) setWrong({ [outcome.field]: outcome.detail });
    return <Refused outcome={outcome} asked={of.question.amount} shown={shown} />;
  };
  return (
    <form className="panel" onSubmit={submitting(() => run(() => consume(false)))}>
      <QuestionFields of={of} features={features} catalog={shown.catalog} wrong={wrong} />
      <KeyField value={key} onChange={setTyped} wrong={wrong["idempotencyKey"]} />
      <Buttons verb="Consume" busy={busy} preview={() => run(() => consume(true))} />
      <Outcome said={said} />
    </form>
  );
}

function Consumed({
  outcome: { replayed, amount, overage, available },
  dry,
}: {
  readonly outcome: Extract<ConsumeOutcome, { outcome: "consumed" }>;
  readonly dry: boolean;
}) {
  if (replayed) {
    return (
      <Came title={dry ? "Nothing would be taken" : "Nothing was taken now"} dry={dry} replayed>
        This key had taken {number(amount)} before;{" "}
        {available === null ? "use was unlimited." : `${number(available)} were left then.`}
      </Came>
    );
  }
  const left = available === null ? "Use is unlimited." : `${number(available)} ${dry ? "would be left" : "left"}.`;
  return (
    <Came title={dry ? `Would take ${number(amount)}` : `Took ${number(amount)}`} dry={dry}>
      {left}
      {overage > 0 ? <span>{number(overage)} of it is overage, beyond what was granted.</span> : null}
    </Came>
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
  const features = shown.decisions.filter((one) => isCountedDown(one) || isCapacity(one));
  const of = useQuestion(features, "100");
  const [source, setSource] = useState<(typeof grantSources)[number][0]>("manual");
  const [days, setDays] = useState("");
  const [typed, setTyped] = useState<string>();
  const { said, wrong, setWrong, busy, run } = useOutcome();
  if (features.length === 0) return <Empty title="Nothing to grant">The catalogue counts nothing.</Empty>;
  const key = typed ?? keyFor("grant", session?.keyId ?? "", shown, of.question);
  const grant = async (dryRun: boolean) => {
    const { tenant, asOf } = shown.tenant;
    const expires = days === "" ? {} : { expiresAt: daysAfter(asOf, Number(days)) };
    const outcome = await client.issueGrant({ tenant, ...of.input, ...expires, source, dedupeKey: key, dryRun });
    if (outcome.outcome !== "granted") {
      if (outcome.field !== undefined) setWrong({ [outcome.field]: outcome.detail });
      return <Refused outcome={outcome} asked={of.question.amount} shown={shown} />;
    }
    if (!dryRun) {
      setTyped(undefined);
      await changed();
    }
    const { replayed, available } = outcome;
    const would = dryRun ? "would be " : "";
    const left = available === null ? "Use is unlimited." : `${number(available)} ${would}available.`;
    return replayed ? (
      <Came title={dryRun ? "Nothing would be granted" : "Nothing was granted now"} dry={dryRun} replayed>
        This key had granted it before. {left}
      </Came>
    ) : (
      <Came title={dryRun ? "Would be granted" : "Granted"} dry={dryRun}>
        {left}
      </Came>
    );
  };
  return (
    <form className="panel" onSubmit={submitting(() => run(() => grant(false)))}>
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
      <Buttons verb="Grant" busy={busy} preview={() => run(() => grant(true))} />
      <Outcome said={said} />
    </form>
  );
}
