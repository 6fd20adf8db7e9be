// Text from outside. PostgreSQL cannot store a NUL and refuses half a surrogate pair; two spellings of one letter would
// make two tenants. Both are settled here, before anything is sent.

/** How long a tenant id, a subject and an idempotency key may be, in UTF-16 units. */
const LONGEST_NAME = 200;
const KEY_PATTERN = /^[a-z][a-z0-9_.:-]{0,62}$/;

/** Whether a text can be stored as it is: no NUL, no lone surrogate. */
export function isStorable(text: string): boolean {
  return !text.includes("\0") && !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
}

/** A name in Unicode NFC, or undefined where it is no text, empty (unless allowed), too long or not storable. */
export function asName(value: unknown, allowEmpty = false): string | undefined {
  return asText(value, LONGEST_NAME, allowEmpty);
}

/** The same for a text of another length. */
export function asText(value: unknown, longest: number, allowEmpty = false): string | undefined {
  if (typeof value !== "string" || !isStorable(value)) return undefined;
  const text = value.normalize("NFC");
  return text.length > longest || (text === "" && !allowEmpty) ? undefined : text;
}

/** Whether a text has the form of a feature, plan, tier, product or capability key. */
export function isKey(value: unknown): value is string {
  return typeof value === "string" && KEY_PATTERN.test(value);
}
