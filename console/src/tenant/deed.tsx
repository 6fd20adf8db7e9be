// Something that is done to one line of a balance: tried first, so that whoever is about to do it reads what it will change,
// and done when they say so.
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Notice, submitting } from "../parts.tsx";
import { Said, visible } from "../said.tsx";
import { sentenceOf } from "../session.tsx";

/** What came of an attempt. */
export interface Attempt {
  readonly done: boolean;
  /** As a title: "Released". */
  readonly title: string;
  /** What it changed, or would change where it was only tried. */
  readonly text?: ReactNode;
  readonly wrong?: Readonly<Record<string, string>>;
}

interface DeedOf {
  readonly label: string;
  /** On the button that does it. */
  readonly verb: string;
  /** What stands in the fields: as soon as it is something else, it is tried anew. */
  readonly stamp: string;
  readonly attempt: (dryRun: boolean) => Promise<Attempt>;
  /** What is missing before it can be tried, if something is. */
  readonly missing?: string | undefined;
  readonly close: () => void;
  readonly done: (said: ReactNode) => void;
  readonly children?: (wrong: Readonly<Record<string, string>>) => ReactNode;
}

const PAUSE_MS = 250;

const unheard = (error: unknown): Attempt => ({
  done: false,
  title: "It was not done",
  text: <Said text={sentenceOf(error)} />,
});

export function Deed({ label, verb, stamp, attempt, missing, close, done, children }: DeedOf) {
  const [preview, setPreview] = useState<{ readonly of: string; readonly came: Attempt }>();
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const newest = useRef(attempt);
  newest.current = attempt;

  const ready = missing === undefined;
  useEffect(() => {
    if (!ready) return undefined;
    let current = true;
    const soon = setTimeout(async () => {
      const came = await newest.current(true).catch(unheard);
      if (current) setPreview({ of: stamp, came });
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(soon);
    };
  }, [stamp, ready]);

  // To whoever works without a mouse: into the form as it opens, and back to where they were as it closes.
  useEffect(() => {
    const before = document.activeElement;
    form.current?.querySelector<HTMLElement>("input, button")?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);

  const act = async () => {
    setBusy(true);
    const came = await newest.current(false).catch(unheard);
    setBusy(false);
    if (!came.done) return setPreview({ of: stamp, came });
    close();
    return done(
      <Notice tone="good" title={came.title}>
        {came.text}
      </Notice>,
    );
  };
  const came = preview?.of === stamp ? preview.came : undefined;
  return (
    <form ref={form} className="deed" aria-label={visible(label)} onSubmit={submitting(act)}>
      {children?.(came?.wrong ?? {})}
      <div className="preview" role="status">
        {came === undefined || !ready ? (
          <span className="muted">{missing ?? "Trying what it would change …"}</span>
        ) : came.done ? (
          came.text
        ) : (
          <Notice tone="bad" title={came.title}>
            {came.text}
          </Notice>
        )}
      </div>
      <div className="row">
        <button type="submit" className="button main" disabled={busy}>
          {verb}
        </button>
        <button type="button" className="button" onClick={close}>
          Cancel
        </button>
      </div>
    </form>
  );
}

/** Opens and closes what may be done to a line. */
export function DeedButton({
  text,
  describedBy,
  open,
  toggle,
}: {
  readonly text: string;
  /** The id of what names the line. */
  readonly describedBy: string;
  readonly open: boolean;
  readonly toggle: () => void;
}) {
  return (
    <button type="button" className="button small" aria-expanded={open} aria-describedby={describedBy} onClick={toggle}>
      {text}
    </button>
  );
}
