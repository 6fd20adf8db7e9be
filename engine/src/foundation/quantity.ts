// Quantities: exact decimals with at most six fractional digits and fifteen significant ones, which is what a JSON number
// carries without loss. Arithmetic on them happens in SQL; here they are read and written, and multiplied by whole numbers.

const DECIMAL = /^(0|[1-9]\d{0,14})(?:\.(\d{1,6}))?$/;

/**
 * A quantity as the decimal text PostgreSQL takes, or undefined where it is none: not a non-negative decimal, more than
 * six fractional or fifteen significant digits, NaN, infinite, hexadecimal, in exponent notation.
 */
export function asQuantity(value: unknown): string | undefined {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string") return undefined;
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const significant = (match[1] + (match[2] ?? "").replace(/0+$/, "")).replace(/^0+/, "");
  return significant.length <= 15 ? text : undefined;
}

/**
 * The number for a decimal that PostgreSQL answered. A sum can have more than the fifteen digits that every number keeps; then
 * it is the nearest number there is. What is decided is decided in the database, exactly: a command that was carried out must not
 * fail because its answer is long.
 */
export const quantityFrom = (decimal: string): number => Number(decimal);

/** A decimal text times a whole number, exactly: in millionths, which is as fine as quantities are. */
export function times(decimal: string, factor: number): string {
  const [whole = "0", fraction = ""] = decimal.split(".");
  const millionths = BigInt(whole + fraction.padEnd(6, "0").slice(0, 6)) * BigInt(factor);
  const text = millionths.toString().padStart(7, "0");
  return `${text.slice(0, -6)}.${text.slice(-6)}`;
}
