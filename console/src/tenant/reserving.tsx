import { useState } from "react";
import { daysAfter, number, onWallClock } from "../format.ts";
import { Empty, Field, submitting } from "../parts.tsx";
import { useSession } from "../session.tsx";
import { Buttons, Came, type FormOf, KeyField, Outcome, Refused, useOutcome } from "./outcome.tsx";
import { keyFor, QuestionFields, useQuestion } from "./question.tsx";
import { isCountedDown } from "./words.tsx";

/** How long a hold lasts, in days. */
const lengths = [
  ["0.010416666666666666", "15 minutes"],
  ["0.041666666666666664", "1 hour"],
  ["1", "1 day"],
  ["7", "7 days"],
] as const;

/** Sets an amount aside, under the key that names the hold. */
export function ReserveForm({ shown, changed }: FormOf) {
  const { client, session } = useSession();
  const features = shown.decisions.filter(isCountedDown);
  const of = useQuestion(features, "1");
  const [days, setDays] = useState<string>(lengths[0][0]);
  const [typed, setTyped] = useState<string>();
  const { said, wrong, setWrong, busy, run } = useOutcome();
  if (features.length === 0) return <Empty title="Nothing to set aside">The catalogue counts nothing down.</Empty>;
  const key = typed ?? keyFor("reserve", session?.keyId ?? "", shown, of.question);
  const reserve = async (dryRun: boolean) => {
    const { tenant, asOf, timeZone } = shown.tenant;
    const expiresAt = daysAfter(asOf, Number(days));
    const outcome = await client.reserve({ tenant, ...of.input, expiresAt, idempotencyKey: key, dryRun });
    if (outcome.outcome !== "reserved") {
      if (outcome.field !== undefined) setWrong({ [outcome.field]: outcome.detail });
      return <Refused outcome={outcome} asked={of.question.amount} shown={shown} />;
    }
    if (!dryRun) {
      setTyped(undefined);
      await changed();
    }
    const { replayed, amount, available } = outcome;
    const left = available === null ? "" : ` ${number(available)} ${dryRun ? "would be left" : "left"}.`;
    return replayed ? (
      <Came title={dryRun ? "Nothing would be set aside" : "Nothing was set aside now"} dry={dryRun} replayed>
        This key had set {number(amount)} aside before.
      </Came>
    ) : (
      <Came title={`${dryRun ? "Would set" : "Set"} ${number(amount)} aside`} dry={dryRun}>
        {`It ends by itself on ${onWallClock(outcome.expiresAt, timeZone)}.${left}`}
      </Came>
    );
  };
  return (
    <form className="panel" onSubmit={submitting(() => run(() => reserve(false)))}>
      <QuestionFields of={of} features={features} catalog={shown.catalog} wrong={wrong} />
      <Field label="For" hint="Then it ends by itself." wrong={wrong["expiresAt"]}>
        {(labels) => (
          <select {...labels} value={days} onChange={(event) => setDays(event.target.value)}>
            {lengths.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        )}
      </Field>
      <KeyField value={key} onChange={setTyped} wrong={wrong["idempotencyKey"]} />
      <Buttons verb="Reserve" busy={busy} preview={() => run(() => reserve(true))} />
      <Outcome said={said} />
    </form>
  );
}
