import type { reversalOutcomes } from "../foundation/outcome.ts";
import { asQuantity } from "../foundation/quantity.ts";
import { asName, asText } from "../foundation/text.ts";
import { reverseConsumption as call } from "../store/consumptions.ts";
import type { Session } from "../store/database.ts";
import { quantityOf, quantityOrNull, type Refusal, refusalFrom } from "./answers.ts";
import { checkedInput } from "./checked-input.ts";

type RefusalCode = Exclude<(typeof reversalOutcomes)[number], "reversed">;

export interface ReversalInput {
  readonly tenant: string;
  /** The key it was consumed under; of a hold that was settled, the hold's. */
  readonly consumptionKey: string;
  /** Names this reversal, once per tenant over all commands that consume. */
  readonly idempotencyKey: string;
  /** How much of it; all that is left of it where it is not said. */
  readonly amount?: number | string | undefined;
  /** Whether what would lapse, because its grant has ended, comes back as a grant of its own. */
  readonly reissue?: boolean | undefined;
  /** Why; at most 1,000 characters. */
  readonly reason?: string | undefined;
}

/** A consumption undone, now or (`replayed`) the first time this key was used. Quantities in units of the feature. */
export interface Reversed {
  readonly outcome: "reversed";
  readonly replayed: boolean;
  readonly amount: number;
  /** Of it, what returned to grants that are in force. */
  readonly restored: number;
  /** Of it, what its grants no longer take. */
  readonly lapsed: number;
  /** Of it, what had been overage. */
  readonly overage: number;
  /** What was left right after it; null while the feature is unlimited. */
  readonly available: number | null;
  readonly version: number;
}

export type ReversalOutcome = Reversed | Refusal<RefusalCode>;

/** Undoes a consumption, whole or in part, once per key. A thin caller of `purser.reverse_consumption`. */
export async function reverseConsumption(tx: Session, input: ReversalInput): Promise<ReversalOutcome> {
  const checked = checkedInput({
    tenant: asName(input.tenant),
    consumptionKey: asName(input.consumptionKey),
    amount: input.amount === undefined ? null : asQuantity(input.amount),
    idempotencyKey: asName(input.idempotencyKey),
    reissue: input.reissue ?? false,
    reason: asText(input.reason ?? "", 1000, true),
  });
  if ("outcome" in checked) return checked;
  const row = await call(tx, checked);
  if (row.outcome !== "reversed") return refusalFrom<RefusalCode>(row);
  return {
    outcome: "reversed",
    replayed: row.replayed,
    amount: quantityOf(row.amount),
    restored: quantityOf(row.restored),
    lapsed: quantityOf(row.lapsed),
    overage: quantityOf(row.overage),
    available: quantityOrNull(row.available),
    version: Number(row.version),
  };
}
