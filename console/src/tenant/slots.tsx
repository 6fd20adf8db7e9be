// Occupying a capacity: a slot under the name of what takes it, or how many are taken by a count from outside.
import type { ClaimOutcome, CountOutcome } from "@purser/sdk";
import { useState } from "react";
import { number, quantity } from "../format.ts";
import { Empty, Field, submitting } from "../parts.tsx";
import { visible } from "../said.tsx";
import { useSession } from "../session.tsx";
import { Buttons, Came, type FormOf, Outcome, Refused, useOutcome } from "./outcome.tsx";
import { FeatureField, SubjectField, useQuestion } from "./question.tsx";
import { isCapacity } from "./words.tsx";

type Occupied = Extract<ClaimOutcome, { outcome: "claimed" }> | Extract<CountOutcome, { outcome: "reported" }>;

export function ClaimForm({ shown, changed }: FormOf) {
  const { client } = useSession();
  const features = shown.decisions.filter(isCapacity);
  const of = useQuestion(features, "");
  const [resource, setResource] = useState("");
  const { said, wrong, setWrong, busy, run } = useOutcome();
  if (features.length === 0) return <Empty title="Nothing to claim">The catalogue has no capacity.</Empty>;
  const claim = async (dryRun: boolean) => {
    const { feature, subject } = of.input;
    const named = { feature, resource, ...(subject === undefined ? {} : { subject }) };
    const outcome = await client.claim({ tenant: shown.tenant.tenant, ...named, dryRun });
    if (outcome.outcome !== "claimed") {
      if (outcome.field !== undefined) setWrong({ [outcome.field]: outcome.detail });
      return <Refused outcome={outcome} asked="1" shown={shown} />;
    }
    if (!dryRun) {
      setResource("");
      await changed();
    }
    const title = outcome.replayed ? "It was claimed before" : dryRun ? "Would be claimed" : "Claimed";
    return (
      <Came title={title} dry={dryRun} replayed={outcome.replayed}>
        {occupiedWords(outcome, shown.catalog?.features[feature]?.unit, dryRun)}
      </Came>
    );
  };
  return (
    <form className="panel" onSubmit={submitting(() => run(() => claim(false)))}>
      <FeatureField of={of} features={features} catalog={shown.catalog} wrong={wrong} />
      <Field label="Resource" hint="The name of what takes the slot." wrong={wrong["resource"]}>
        {(labels) => (
          <input
            {...labels}
            required
            autoComplete="off"
            maxLength={300}
            value={resource}
            onChange={(event) => setResource(event.target.value)}
          />
        )}
      </Field>
      <SubjectField of={of} wrong={wrong} />
      <Buttons verb="Claim" busy={busy} preview={() => run(() => claim(true))} />
      <Outcome said={said} />
    </form>
  );
}

export function ReportForm({ shown, changed }: FormOf) {
  const { client } = useSession();
  const features = shown.decisions.filter(isCapacity);
  const of = useQuestion(features, "");
  const [count, setCount] = useState("0");
  const { said, wrong, setWrong, busy, run } = useOutcome();
  if (features.length === 0) return <Empty title="Nothing to count">The catalogue has no capacity.</Empty>;
  const report = async (dryRun: boolean) => {
    const { feature, subject } = of.input;
    const named = { feature, count: Number(count), ...(subject === undefined ? {} : { subject }) };
    const outcome = await client.reportCount({ tenant: shown.tenant.tenant, ...named, dryRun });
    if (outcome.outcome !== "reported") {
      if (outcome.field !== undefined) setWrong({ [outcome.field]: outcome.detail });
      return <Refused outcome={outcome} shown={shown} />;
    }
    if (!dryRun) await changed();
    return (
      <Came title={dryRun ? "Would be reported" : "Reported"} dry={dryRun}>
        {occupiedWords(outcome, shown.catalog?.features[feature]?.unit, dryRun)}
      </Came>
    );
  };
  return (
    <form className="panel" onSubmit={submitting(() => run(() => report(false)))}>
      <FeatureField of={of} features={features} catalog={shown.catalog} wrong={wrong} />
      <div className="pair">
        <Field label="Count" wrong={wrong["count"]}>
          {(labels) => (
            <input
              {...labels}
              type="number"
              required
              min={0}
              max={2_147_483_647}
              step={1}
              value={count}
              onChange={(event) => setCount(event.target.value)}
            />
          )}
        </Field>
        <SubjectField of={of} wrong={wrong} />
      </div>
      <p className="hint muted small">
        It stands until the next one, and takes nothing away where it is over the limit.
      </p>
      <Buttons verb="Report" busy={busy} preview={() => run(() => report(true))} />
      <Outcome said={said} />
    </form>
  );
}

function occupiedWords(outcome: Occupied, unit: string | undefined, dry: boolean): string {
  const would = dry ? "would be " : "";
  const taken = quantity(
    outcome.outcome === "claimed" ? outcome.claimed : outcome.counted,
    unit === undefined ? undefined : visible(unit),
  );
  const free = outcome.available === null ? "" : ` ${number(outcome.available)} ${would}free.`;
  const over = outcome.overLimit > 0 ? ` ${number(outcome.overLimit)} over the limit.` : "";
  return `${taken} ${would}occupied.${free}${over}`;
}
