// Amounts of the model: whole millionths of a unit in a bigint, so that nothing is ever rounded.

/** Whole millionths of a unit. */
export type Amount = bigint;

const MILLION = 1_000_000n;
const decimal = /^(-?)(\d+)(?:\.(\d+))?$/;

/** What a text of PostgreSQL's type numeric amounts to; undefined where it is no number of whole millionths. */
export function millionths(text: string): Amount | undefined {
  const [, sign, whole = "", fraction = ""] = decimal.exec(text) ?? [];
  const places = fraction.replace(/0+$/, "");
  if (sign === undefined || places.length > 6) return undefined;
  const size = BigInt(whole) * MILLION + BigInt(places.padEnd(6, "0"));
  return sign === "-" ? -size : size;
}

/**
 * An amount as a caller may give it: above `least`, below 10^15, at most 6 places after the point and 15 significant
 * digits. Undefined where it is not such a number.
 */
export function askedAmount(text: string | null | undefined, least = 1n): Amount | undefined {
  const amount = text === null || text === undefined ? undefined : millionths(text);
  if (amount === undefined || amount < least || amount >= 10n ** 15n * MILLION) return undefined;
  const digits = decimalOf(amount).replace(/^0+\.0*|\./g, "");
  return amount % MILLION !== 0n && digits.length > 15 ? undefined : amount;
}

/** As PostgreSQL would write it, without zeros at the end: 95, 0.5, -3. */
export function decimalOf(amount: Amount): string {
  const size = amount < 0n ? -amount : amount;
  const places = (size % MILLION).toString().padStart(6, "0").replace(/0+$/, "");
  return `${amount < 0n ? "-" : ""}${size / MILLION}${places === "" ? "" : `.${places}`}`;
}

export const sum = (amounts: readonly Amount[]): Amount => amounts.reduce((total, amount) => total + amount, 0n);
export const least = (one: Amount, other: Amount): Amount => (one < other ? one : other);
export const positive = (amount: Amount): Amount => (amount > 0n ? amount : 0n);
