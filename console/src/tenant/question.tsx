// The fields that checking, consuming and granting share.
import type { Decision } from "@purser/sdk";
import { useState } from "react";
import { Field } from "../parts.tsx";
import { visible } from "../said.tsx";
import type { Shown } from "./shown.ts";

export interface Question {
  readonly feature: string;
  readonly amount: string;
  readonly subject: string;
}

const counted = (features: readonly Decision[], feature: string) => {
  const kind = features.find((one) => one.feature === feature)?.kind;
  return kind !== "flag" && kind !== "value";
};

/** What stands in the fields, and what can be sent of it. */
export function useQuestion(features: readonly Decision[], amount: string) {
  const [question, setQuestion] = useState<Question>({ feature: features[0]?.feature ?? "", amount, subject: "" });
  // A feature can leave the catalogue while the page is open.
  const feature = features.some((one) => one.feature === question.feature)
    ? question.feature
    : (features[0]?.feature ?? "");
  const current = { ...question, feature };
  // Where something is counted the amount is sent as it stands, also when nothing does: 1 would be taken unseen.
  const omitted = question.amount.trim() === "" && !counted(features, feature);
  return {
    question: current,
    set: (change: Partial<Question>) => setQuestion({ ...current, ...change }),
    /** As the API takes it: the amount as text, which keeps every digit. */
    input: {
      feature,
      ...(omitted ? {} : { amount: question.amount.trim() }),
      ...(question.subject === "" ? {} : { subject: question.subject }),
    },
  };
}

export function QuestionFields({
  of,
  features,
  catalog,
  wrong = {},
}: {
  readonly of: ReturnType<typeof useQuestion>;
  readonly features: readonly Decision[];
  readonly catalog: Shown["catalog"];
  readonly wrong?: Readonly<Record<string, string>>;
}) {
  const { question, set } = of;
  const unit = catalog?.features[question.feature]?.unit;
  return (
    <>
      <Field label="Feature" wrong={wrong["feature"]}>
        {(labels) => (
          <select {...labels} value={question.feature} onChange={(event) => set({ feature: event.target.value })}>
            {features.map(({ feature }) => (
              <option key={feature} value={feature}>
                {visible(catalog?.features[feature]?.name ?? feature)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <div className="pair">
        <Field label="Amount" {...(unit === undefined ? {} : { hint: visible(unit) })} wrong={wrong["amount"]}>
          {(labels) => (
            <input
              {...labels}
              inputMode="decimal"
              required={counted(features, question.feature)}
              autoComplete="off"
              maxLength={40}
              value={question.amount}
              onChange={(event) => set({ amount: event.target.value })}
            />
          )}
        </Field>
        <Field label="Subject" wrong={wrong["subject"]}>
          {(labels) => (
            <input
              {...labels}
              autoComplete="off"
              maxLength={200}
              placeholder="the tenant"
              value={question.subject}
              onChange={(event) => set({ subject: event.target.value })}
            />
          )}
        </Field>
      </div>
    </>
  );
}

/**
 * A key for what stands in a form. It follows from the balance's version: pressing twice does it once, and as soon as
 * something has happened the next key is another one.
 */
export function keyFor(what: string, keyId: string, shown: Shown, { feature, subject }: Question): string {
  const holding = shown.holdings.find((one) => one.feature === feature && one.subject === subject);
  const version = holding?.balance?.version ?? 0;
  const of = subject === "" ? "" : `.${encodeURIComponent(subject).slice(0, 80)}`;
  return `console.${what}.${keyId}.${feature}${of}.${version + 1}`;
}
