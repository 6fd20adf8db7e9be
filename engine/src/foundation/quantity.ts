// Quantities: exact decimals with at most six fractional digits and fifteen significant ones, which is what a JSON number
// carries without loss. Arithmetic on them happens in SQL; here they are read and written, and multiplied by whole numbers.
import { Fault } from "./fault.ts";

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
 * The number for a decimal that PostgreSQL answered. A sum can have more digits than a number holds; then nothing is
 * rounded in silence and a fault is thrown.
 */
export function quantityFrom(decimal: string): number {
  // With its point, or its sign, at most fifteen digits.
  if (decimal.length <= 16) return Number(decimal);
  const trimmed = decimal.includes(".") ? decimal.replace(/\.?0+$/, "") : decimal;
  const value = Number(trimmed);
  if (trimmed.replace(/[-.]/g, "").replace(/^0+/, "").length > 15) {
    throw new Fault("quantity_not_exact", "a quantity has more than fifteen significant digits");
  }
  return value;
}

/** A decimal text times a whole number, exactly: in millionths, which is as fine as quantities are. */
export function times(decimal: string, factor: number): string {
  const [whole = "0", fraction = ""] = decimal.split(".");
  const millionths = BigInt(whole + fraction.padEnd(6, "0").slice(0, 6)) * BigInt(factor);
  const text = millionths.toString().padStart(7, "0");
  return `${text.slice(0, -6)}.${text.slice(-6)}`;
}
