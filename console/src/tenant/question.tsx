// The fields that the forms share.
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

interface FieldOf {
  readonly of: ReturnType<typeof useQuestion>;
  readonly wrong?: Readonly<Record<string, string>>;
}

export function QuestionFields(of: FieldOf & Parameters<typeof FeatureField>[0]) {
  return (
    <>
      <FeatureField {...of} />
      <div className="pair">
        <AmountField {...of} />
        <SubjectField {...of} />
      </div>
    </>
  );
}

export function FeatureField({
  of: { question, set },
  features,
  catalog,
  wrong = {},
}: FieldOf & { readonly features: readonly Decision[]; readonly catalog: Shown["catalog"] }) {
  return (
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
  );
}

function AmountField({
  of: { question, set },
  features,
  catalog,
  wrong = {},
}: FieldOf & { readonly features: readonly Decision[]; readonly catalog: Shown["catalog"] }) {
  const unit = catalog?.features[question.feature]?.unit;
  return (
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
  );
}

export function SubjectField({ of: { question, set }, wrong = {} }: FieldOf) {
  return (
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
  );
}

/**
 * A key for what stands in a form. It follows from the balance's version: pressing twice does it once, and as soon as
 * something has happened the next key is another one.
 */
export function keyFor(
  what: string,
  keyId: string,
  shown: Shown,
  { feature, subject }: Pick<Question, "feature" | "subject">,
): string {
  const holding = shown.holdings.find((one) => one.feature === feature && one.subject === subject);
  const version = holding?.balance?.version ?? 0;
  const of = subject === "" ? "" : `.${encodeURIComponent(subject).slice(0, 80)}`;
  return `console.${what}.${keyId}.${feature}${of}.${version + 1}`;
}
