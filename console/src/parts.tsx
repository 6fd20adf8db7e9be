// The pieces every page is put together from.
import { type FormEvent, type ReactNode, useEffect, useId, useRef } from "react";
import { distance, inUtc, onWallClock } from "./format.ts";
import { Said, visible } from "./said.tsx";
import { sentenceOf } from "./session.tsx";

export type Tone = "good" | "bad" | "care" | "accent" | "plain";

export function Badge({
  tone = "plain",
  children,
}: {
  readonly tone?: Tone | undefined;
  readonly children: ReactNode;
}) {
  return <span className={`badge ${tone}`}>{children}</span>;
}

export function Notice({ tone, title, children }: { tone: Tone; title: ReactNode; children?: ReactNode }) {
  return (
    <div className={`notice ${tone}`}>
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** What there is to say when a question to the server failed, and the way to ask again. */
export function Failed({ error, again }: { readonly error: unknown; readonly again: () => unknown }) {
  return (
    <div role="alert">
      <Notice tone="bad" title="This could not be loaded">
        <Said text={sentenceOf(error)} />
        <button type="button" className="button" onClick={() => void again()}>
          Try again
        </button>
      </Notice>
    </div>
  );
}

export function Waiting({ lines = 5 }: { readonly lines?: number }) {
  return (
    <div className="waiting" aria-busy="true">
      <span className="unseen" role="status">
        Loading
      </span>
      {Array.from({ length: lines }, (_, i) => (
        <i key={i} aria-hidden="true" />
      ))}
    </div>
  );
}

export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

export function Card({
  title,
  aside,
  children,
  flush = false,
}: {
  readonly title?: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  /** For what brings its own distances: tables. */
  readonly flush?: boolean | "bare";
}) {
  const id = useId();
  return (
    <section className="card" aria-labelledby={title === undefined ? undefined : id}>
      {title === undefined ? null : (
        <header>
          <h2 id={id}>{title}</h2>
          {aside}
        </header>
      )}
      {flush === "bare" ? children : <div className={flush ? "flush" : "inside"}>{children}</div>}
    </section>
  );
}

/** The page's own heading. It takes the focus when the page is come to, so that a reader is told where they are. */
export function Heading({ text, children }: { readonly text: string; readonly children?: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${visible(text)} · Purser`;
    // Not where somebody is typing: a page that reloads its data keeps the cursor where it is.
    if (document.activeElement === null || document.activeElement === document.body) heading.current?.focus();
  }, [text]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children ?? <Said text={text} />}
    </h1>
  );
}

export interface Labels {
  readonly id: string;
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": true | undefined;
}

/** A control with its label, a hint, and what is wrong with what stands in it. */
export function Field({
  label,
  hint,
  wrong,
  children,
}: {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly wrong?: string | undefined;
  readonly children: (labels: Labels) => ReactNode;
}) {
  const id = useId();
  const said = [hint === undefined ? "" : `${id}h`, wrong === undefined ? "" : `${id}w`].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        "aria-describedby": said === "" ? undefined : said,
        "aria-invalid": wrong === undefined ? undefined : true,
      })}
      {hint === undefined ? null : (
        <div className="hint" id={`${id}h`}>
          {hint}
        </div>
      )}
      {wrong === undefined ? null : (
        <div className="wrong" id={`${id}w`}>
          {wrong}
        </div>
      )}
    </div>
  );
}

/** One of a few, side by side. */
export function Choice<Value extends string>({
  label,
  options,
  value,
  onChoose,
  wide = false,
}: {
  readonly label: string;
  readonly options: readonly (readonly [value: Value, label: string])[];
  readonly value: Value;
  readonly onChoose: (value: Value) => void;
  readonly wide?: boolean;
}) {
  const name = useId();
  return (
    <fieldset className={wide ? "choice wide" : "choice"}>
      <legend className="unseen">{label}</legend>
      {options.map(([option, text]) => (
        <label key={option}>
          <input type="radio" name={name} checked={option === value} onChange={() => onChoose(option)} />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** An instant on the tenant's wall clock, how far it is from the tenant's now, and UTC for whoever points at it. */
export function At({ instant, zone, from }: { instant: string; zone: string; from?: string | undefined }) {
  return (
    <time dateTime={instant} title={inUtc(instant)}>
      {onWallClock(instant, zone)}
      {from === undefined ? null : <span className="muted away">{distance(instant, from)}</span>}
    </time>
  );
}

/** A name and the id beneath it; the id alone where it has no name of its own. */
export function Named({
  name,
  id,
  children,
}: {
  readonly name: string;
  readonly id: string;
  readonly children?: ReactNode;
}) {
  return (
    <span className="named">
      {children ?? <Said text={name === "" ? id : name} />}
      {name === "" || name === id ? null : (
        <span className="muted small">
          <Said text={id} mono />
        </span>
      )}
    </span>
  );
}

/** A handler of a form's submission that stays on the page. */
export const submitting = (work: () => unknown) => (event: FormEvent) => {
  event.preventDefault();
  void work();
};
