// Answers that a client may keep and ask about again (RFC 9110, 8.8 and 13.1.2).
import { createHash } from "node:crypto";

/**
 * The tag of an answer. Weak: two answers with the same tag say the same, and the instant at which they said it may
 * differ.
 */
export function entityTag(said: unknown): string {
  return `W/"${createHash("sha256").update(JSON.stringify(said)).digest("base64url").slice(0, 22)}"`;
}

const ONE = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;

/** The strong tags that `If-Match` names; a weak one is never the same as another (RFC 9110, 13.1.1). `*` stands for itself. */
export function strongTags(header: string | undefined): readonly string[] | undefined {
  if (header === undefined) return undefined;
  return header
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one === "*" || (ONE.test(one) && !one.startsWith("W/")));
}

/** Whether `If-None-Match` names this tag. What cannot be read names none. */
export function namesTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === "*") return true;
  const opaque = (one: string) => one.replace(/^W\//, "");
  return header.split(",").some((one) => ONE.test(one.trim()) && opaque(one.trim()) === opaque(tag));
}
