// How pages of a list travel: each begins behind the last line of the one before, so that no line is told twice or left out
// while others are added. A page is not a snapshot: what changed meanwhile is told as it stands now.
import { isStorable, type Key } from "@purser/engine";
import { z } from "zod";

const MOST = 1000;
const LIMIT = `must be a whole number from 1 to ${MOST}`;
const CURSOR = "must be the nextCursor of a page";

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
export const cursorAfter = (key: Key) => Buffer.from(JSON.stringify(key), "utf8").toString("base64url");

/** The cursor of the page that follows, if one does. */
export const cursorOf = ({ next }: { readonly next: Key | null }) => (next === null ? null : cursorAfter(next));

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

/** At most 200 characters, as the database counts them, are at most 400 here. */
const isName = (part: unknown): part is string => typeof part === "string" && part.length <= 400 && isStorable(part);
