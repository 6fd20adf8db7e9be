// What goes in and out of the model: the arguments and the rows of PostgreSQL, written as text.
import { type Instant, writtenInstant } from "./instant.ts";
import { type Amount, decimalOf } from "./quantity.ts";
import type { Answer, KeyUse, Model, Tenant } from "./state.ts";

/** The arguments of a call by their names in SQL, as text; a missing one has its default. */
export type Args = Readonly<Record<string, string | null>>;

export const given = <Fallback>(args: Args, name: string, fallback: Fallback): string | null | Fallback =>
  name in args ? (args[name] ?? null) : fallback;

type Value = string | number | boolean | Amount | null | undefined;

/** Amounts are bigints and instants are wrapped by `when`; a plain number is a count. */
export function row(values: Readonly<Record<string, Value>>): Answer {
  const text = (value: Value): string | null => {
    if (value === null || value === undefined) return null;
    if (typeof value === "bigint") return decimalOf(value);
    if (typeof value === "boolean") return value ? "t" : "f";
    return String(value);
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, text(value)]));
}

export const when = (instant: Instant | null | undefined): string | null =>
  instant === null || instant === undefined ? null : writtenInstant(instant);

/** As above, and nothing where it never comes. */
export const whenever = (instant: Instant): string | null => (instant === Infinity ? null : writtenInstant(instant));

export const isName = (text: string | null | undefined, least = 1, most = 200): boolean =>
  text !== null && text !== undefined && text.length >= least && text.length <= most;

export const isObject = (text: string): boolean => {
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null && !Array.isArray(value);
};

/** The same text for the same JSON, in whatever order its keys stand. */
export function canonical(text: string | null): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([key, inner]) => [key, sorted(inner)]),
    );
  };
  return text === null ? "" : JSON.stringify(sorted(JSON.parse(text)));
}

/** What a key that was used before answers: the first answer again, or the first field that differs. */
export function answerOf(use: KeyUse, command: string, asked: KeyUse["asked"]): Answer {
  const differing =
    use.command === command ? use.asked.find(([, value], i) => value !== asked[i]?.[1])?.[0] : "command";
  if (differing === undefined) return { ...use.answer, replayed: "t" };
  return row({ outcome: "idempotency_conflict", replayed: false, field: differing });
}

/** The first field that cannot be what it is. */
export function invalid(checks: Readonly<Record<string, boolean>>): Answer | undefined {
  const [field] = Object.entries(checks).find(([, isValid]) => !isValid) ?? [];
  return field === undefined ? undefined : row({ outcome: "invalid_input", replayed: false, field });
}

export const tenantOf = (model: Model, id: string | null | undefined): Tenant | undefined =>
  model.tenants.get(id ?? "");
