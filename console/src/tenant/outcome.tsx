// What the forms have in common: one request at a time, trying before doing, and an outcome that is explained.
import type { Refusal } from "@purser/sdk";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Field, Notice } from "../parts.tsx";
import { Said } from "../said.tsx";
import { sentenceOf } from "../session.tsx";
import type { Shown } from "./shown.ts";
import { refusalOf } from "./words.tsx";

export interface FormOf {
  readonly shown: Shown;
  /** Something happened: what the page shows is out of date. */
  readonly changed: () => Promise<void>;
}

/** One request at a time, and what came of it. */
export function useOutcome() {
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

/** What came of it, brought into view: on a narrow page the place below the buttons lies beyond its edge. */
export function Outcome({ said }: { readonly said: ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (said !== undefined) place.current?.scrollIntoView({ block: "nearest" });
  }, [said]);
  return (
    <div role="status" className="outcome" ref={place}>
      {said}
    </div>
  );
}

/** Does it, or tries it first: then the whole command runs, and is undone. */
export function Buttons({
  verb,
  busy,
  preview,
}: {
  readonly verb: string;
  readonly busy: boolean;
  readonly preview: () => unknown;
}) {
  return (
    <div className="buttons">
      <button type="submit" className="button main" disabled={busy}>
        {verb}
      </button>
      <button
        type="button"
        className="button"
        disabled={busy}
        onClick={(event) => {
          if (event.currentTarget.form?.reportValidity() === true) void preview();
        }}
      >
        Preview
      </button>
    </div>
  );
}

/** What came of a command that was done, or what would have come of it. */
export function Came({
  title,
  dry,
  replayed = false,
  children,
}: {
  readonly title: string;
  readonly dry: boolean;
  readonly replayed?: boolean;
  readonly children?: ReactNode;
}) {
  return (
    <Notice tone={replayed ? "care" : dry ? "accent" : "good"} title={title}>
      {children}
      {dry ? <span className="muted small">Tried and undone: nothing happened.</span> : null}
    </Notice>
  );
}

export function KeyField({
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

export function Unlocks({ by, catalog }: { readonly by: readonly string[]; readonly catalog: Shown["catalog"] }) {
  if (by.length === 0) return null;
  const names = by.map((key) => catalog?.plans[key]?.name ?? catalog?.products[key]?.name ?? key);
  return <Said text={`Unlocked by ${names.join(", ")}.`} />;
}

export function Refused({
  outcome,
  asked,
  shown: { catalog },
}: {
  readonly outcome: Refusal<string>;
  /** The amount, as it stands in the form. */
  readonly asked?: string | undefined;
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
