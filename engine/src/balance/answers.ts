import { quantityFrom } from "../foundation/quantity.ts";
import type { AnswerRow } from "../store/rows.ts";

/** A refusal: nothing happened. */
export interface Refusal<Code extends string> {
  readonly outcome: Code;
  /** The field that is invalid, or that differs from the first use of the key. */
  readonly field?: string;
  /** What was available when it was refused, where that was the reason. */
  readonly available?: number;
  /** When the balance changes next by time alone: the window's end, for instance. */
  readonly resetsAt?: Date;
  readonly restrictedBy?: string;
}

/** The refusal that a row tells. */
export function refusalFrom<Code extends string>(
  row: Pick<AnswerRow, "outcome" | "field"> & {
    readonly available?: string | null;
    readonly resets_at?: Date | null;
    readonly restricted_by?: string | null;
  },
): Refusal<Code> {
  const { field, available = null, resets_at: resetsAt = null, restricted_by: restrictedBy = null } = row;
  return {
    outcome: row.outcome as Code,
    ...(field === null ? {} : { field }),
    ...(available === null ? {} : { available: quantityFrom(available) }),
    ...(resetsAt === null ? {} : { resetsAt }),
    ...(restrictedBy === null ? {} : { restrictedBy }),
  };
}

/** A decimal that an answer has; null where the feature is unlimited. */
export const quantityOrNull = (decimal: string | null): number | null =>
  decimal === null ? null : quantityFrom(decimal);

/** A decimal that an answer of this outcome always has. */
export const quantityOf = (decimal: string | null): number => quantityFrom(decimal ?? "0");
