// Pages of a list: in a fixed order, each beginning behind the last line of the one before, so that no line is told twice
// or left out while others are added. A page is not a snapshot: what changed meanwhile is told as it stands now.
import { isStorable } from "@purser/engine";
import { z } from "zod";

const MOST = 1000;
const LIMIT = `must be a whole number from 1 to ${MOST}`;
const CURSOR = "must be the nextCursor of a page";

/** Where a page begins: behind the line with this key. */
export type Key = readonly string[];

/** The query of a list whose lines have keys of `parts` names. */
export function page(parts: number, usual: number) {
  const wire = { type: "integer", minimum: 1, maximum: MOST, default: usual };
  return {
    limit: z
      .string(LIMIT)
      .regex(/^([1-9]\d{0,2}|1000)$/, LIMIT)
      .transform(Number)
      .meta({ wire, description: "How many lines at most." })
      .exactOptional(),
    cursor: z
      .string(CURSOR)
      .min(1, CURSOR)
      .max(4000, CURSOR)
      .transform((text) => keyAt(text, parts))
      .refine((key) => key !== undefined, CURSOR)
      .meta({ description: "The `nextCursor` of the page before. Not made by clients." })
      .exactOptional(),
  };
}

/** The member of every page that leads to the next one. */
export const nextCursor = z
  .string()
  .nullable()
  .meta({ description: "For the next page; null where this is the last. The header `Link` says the same." });

/** Clients must not make cursors of their own, hence not the plain names. */
export function cursorAfter(key: Key): string {
  return Buffer.from(JSON.stringify(key), "utf8").toString("base64url");
}

function keyAt(cursor: string, parts: number): Key | undefined {
  let key: unknown;
  try {
    key = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
  const names = Array.isArray(key) && key.length === parts && key.every(isName) ? key : undefined;
  return names !== undefined && cursorAfter(names) === cursor ? names : undefined;
}

const isName = (part: unknown): part is string => typeof part === "string" && part.length <= 200 && isStorable(part);

/** One page of a whole list: the lines behind `cursor` in the order of their keys, and where the next page begins. */
export function pageOf<Line>(
  lines: readonly Line[],
  keyOf: (line: Line) => Key,
  { limit, cursor }: { readonly limit: number; readonly cursor: Key | undefined },
): { readonly lines: readonly Line[]; readonly nextCursor: string | null } {
  const behind = lines
    .map((line) => ({ line, key: keyOf(line) }))
    .filter(({ key }) => cursor === undefined || compared(key, cursor) > 0)
    .toSorted((one, other) => compared(one.key, other.key));
  const shown = behind.slice(0, limit);
  const last = shown.at(-1);
  return {
    lines: shown.map(({ line }) => line),
    nextCursor: behind.length > limit && last !== undefined ? cursorAfter(last.key) : null,
  };
}

function compared(one: Key, other: Key): number {
  for (const [i, part] of one.entries()) {
    const against = other[i] ?? "";
    if (part !== against) return part < against ? -1 : 1;
  }
  return 0;
}
