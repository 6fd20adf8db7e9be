import type { Json } from "../foundation/canonical.ts";
import type { settleOutcomes } from "../foundation/outcome.ts";
import { asQuantity } from "../foundation/quantity.ts";
import { asName } from "../foundation/text.ts";
import type { Session } from "../store/database.ts";
import { settle as call } from "../store/holds.ts";
import { quantityOf, quantityOrNull, type Refusal, refusalFrom } from "./answers.ts";
import { asInstant, asMetadata, checkedInput } from "./checked-input.ts";

type RefusalCode = Exclude<(typeof settleOutcomes)[number], "settled" | "settled_short">;

export interface SettleInput {
  readonly tenant: string;
  /** The key it was reserved under. */
  readonly holdKey: string;
  /** What the work came to, from 0: less than was reserved returns the rest, more takes the difference. */
  readonly amount: number | string;
  /** When it happened, for reports. */
  readonly occurredAt?: Date | undefined;
  readonly metadata?: { readonly [key: string]: Json } | undefined;
}

/** A hold that ended with what the work came to, now or (`replayed`) before. Quantities in units of the feature. */
export interface Settled {
  /** `settled_short` where a feature that refuses could not cover all of it: `unfunded` is the rest. */
  readonly outcome: "settled" | "settled_short";
  readonly replayed: boolean;
  /** Whether the hold had expired: then all of it was taken from what was available. */
  readonly late: boolean;
  /** What was booked, overage included. */
  readonly amount: number;
  readonly overage: number;
  readonly unfunded: number;
  /** What was left right after it; null while the feature is unlimited. */
  readonly available: number | null;
  readonly version: number;
}

export type SettleOutcome = Settled | Refusal<RefusalCode>;

/** Ends a hold with what the work came to, once. A thin caller of `purser.settle`, which says the rest. */
export async function settle(tx: Session, input: SettleInput): Promise<SettleOutcome> {
  const checked = checkedInput({
    tenant: asName(input.tenant),
    holdKey: asName(input.holdKey),
    amount: asQuantity(input.amount),
    occurredAt: asInstant(input.occurredAt),
    metadata: asMetadata(input.metadata),
  });
  if ("outcome" in checked) return checked;
  const row = await call(tx, checked);
  if (row.outcome !== "settled" && row.outcome !== "settled_short") return refusalFrom<RefusalCode>(row);
  return {
    outcome: row.outcome,
    replayed: row.replayed,
    late: row.late,
    amount: quantityOf(row.amount),
    overage: quantityOf(row.overage),
    unfunded: quantityOf(row.unfunded),
    available: quantityOrNull(row.available),
    version: Number(row.version),
  };
}
