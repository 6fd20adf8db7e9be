import { canonicalJson, type Json } from "../foundation/canonical.ts";

/** Metadata as text: bounded, because it is kept for ever. */
const LONGEST_METADATA = 16_384;

/** What JSON writes as an escape and PostgreSQL cannot keep: NUL and half a surrogate pair. */
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/;

/** A field of the input cannot be what it is. */
export interface InvalidInput {
  readonly outcome: "invalid_input";
  readonly field: string;
}

/**
 * The call, where each of its fields could be read; else the first that could not, in the order in which they stand here.
 * What only the database can judge is left to it.
 */
export function checkedInput<Call extends object>(
  read: {
    readonly [Field in keyof Call]: Call[Field] | undefined;
  },
): Call | InvalidInput {
  const wrong = Object.entries(read).find(([, value]) => value === undefined);
  return wrong === undefined ? (read as Call) : { outcome: "invalid_input", field: wrong[0] };
}

/** An instant as it is bound, null where none is named; undefined where it is no instant. */
export function asInstant(value: Date | undefined): Date | null | undefined {
  if (value === undefined) return null;
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value : undefined;
}

/** Metadata as text, null where there is none; undefined where it cannot be kept. */
export function asMetadata(value: { readonly [key: string]: Json } | undefined): string | null | undefined {
  if (value === undefined) return null;
  const text = canonicalJson(value);
  return text.length > LONGEST_METADATA || UNSTORABLE.test(text) ? undefined : text;
}
