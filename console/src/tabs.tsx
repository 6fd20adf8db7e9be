// Parts of one thing of which one is shown: tabs as the WAI-ARIA practice has them, one stop for the Tab key and the arrows
// from one to the next.
import { type KeyboardEvent, type ReactNode, useId } from "react";

export function Tabs<Value extends string>({
  label,
  tabs,
  value,
  onChoose,
  children,
}: {
  readonly label: string;
  readonly tabs: readonly (readonly [value: Value, text: ReactNode])[];
  readonly value: Value;
  readonly onChoose: (value: Value) => void;
  readonly children: ReactNode;
}) {
  const id = useId();
  const press = (event: KeyboardEvent<HTMLButtonElement>, at: number) => {
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = (to + tabs.length) % tabs.length;
    const [chosen] = tabs[next] ?? [value];
    onChoose(chosen);
    event.currentTarget.parentElement?.querySelectorAll<HTMLElement>("[role=tab]")[next]?.focus();
  };
  return (
    <div className="tabs">
      <div role="tablist" aria-label={label}>
        {tabs.map(([tab, text], at) => (
          <button
            key={tab}
            type="button"
            role="tab"
            id={`${id}${tab}`}
            aria-selected={tab === value}
            aria-controls={`${id}panel`}
            tabIndex={tab === value ? 0 : -1}
            onClick={() => onChoose(tab)}
            onKeyDown={(event) => press(event, at)}
          >
            {text}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}panel`} aria-labelledby={`${id}${value}`}>
        {children}
      </div>
    </div>
  );
}
