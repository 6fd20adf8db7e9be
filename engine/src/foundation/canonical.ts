import { createHash } from "node:crypto";

/** Anything that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * One text for all spellings of the same JSON value: keys sorted, absent and undefined alike, numbers as JavaScript prints
 * them (1 and 1.0 are one number), texts in Unicode NFC.
 */
export function canonicalJson(value: Json | undefined): string {
  if (value === undefined || value === null) return "null";
  if (typeof value === "string") return JSON.stringify(value.normalize("NFC"));
  if (typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const fields = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .toSorted()
    .map((key) => `${JSON.stringify(key.normalize("NFC"))}:${canonicalJson(value[key])}`);
  return `{${fields.join(",")}}`;
}

/** SHA-256 over the canonical text. */
export function canonicalHash(value: Json): Buffer {
  return createHash("sha256").update(canonicalJson(value), "utf8").digest();
}

/** The name of the first field, in alphabetical order, in which two objects differ; undefined where they do not. */
export function differingField(one: { [key: string]: Json }, other: { [key: string]: Json }): string | undefined {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
    .toSorted()
    .find((key) => canonicalJson(one[key]) !== canonicalJson(other[key]));
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
