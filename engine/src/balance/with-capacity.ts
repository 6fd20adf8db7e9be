import { Undone } from "../command.ts";
import { Fault } from "../foundation/fault.ts";
import type { capacityOutcomes } from "../foundation/outcome.ts";
import { asQuantity, quantityFrom } from "../foundation/quantity.ts";
import { asName } from "../foundation/text.ts";
import { lockCapacity } from "../store/claims.ts";
import type { Session } from "../store/database.ts";
import { type Refusal, refusalFrom } from "./answers.ts";
import type { Occupied } from "./capacity.ts";
import { checkedInput } from "./checked-input.ts";

type RefusalCode = Exclude<(typeof capacityOutcomes)[number], "admitted">;

export interface CapacityInput<Feature extends string = string, Tx = unknown> {
  readonly tenant: string;
  readonly feature: Feature;
  /** How many the write adds, more than zero; 1 where it is not said. */
  readonly amount?: number | undefined;
  readonly subject?: string | undefined;
  /**
   * Counts the caller's own rows, in the transaction it is given. The capacity is locked by then, so nobody who goes this
   * way can add one between the count and the write.
   */
  readonly count: (tx: Tx) => Promise<number>;
}

/** There was room, and the write has run. */
export interface Admitted<Result> extends Occupied {
  readonly outcome: "admitted";
  /** How many there were before the write. */
  readonly counted: number;
  /** How many there may be; null while unlimited. */
  readonly limit: number | null;
  readonly version: number;
  readonly result: Result;
}

export type WithCapacity<Result> =
  | Admitted<Result>
  | (Refusal<RefusalCode> & {
      /** How many there were, where that was the reason. */
      readonly counted?: number;
      readonly limit?: number;
    });

/**
 * Locks a capacity, counts the caller's own rows, and runs the caller's write where it fits: all in one transaction. A
 * refusal leaves as `Undone`, so that whoever opened the transaction rolls it back.
 */
export async function withCapacity<Result>(
  tx: Session,
  input: Omit<CapacityInput, "count">,
  count: () => Promise<number>,
  write: () => Promise<Result>,
): Promise<WithCapacity<Result>> {
  const checked = checkedInput({
    tenant: asName(input.tenant),
    feature: asName(input.feature),
    amount: asQuantity(input.amount ?? 1),
    subject: asName(input.subject ?? "", true),
  });
  if ("outcome" in checked) throw new Undone(checked);
  const amount = quantityFrom(checked.amount);
  if (amount === 0) throw new Undone({ outcome: "invalid_input", field: "amount" });
  const row = await lockCapacity(tx, checked);
  if (row.outcome !== "locked") throw new Undone(refusalFrom<RefusalCode>(row));
  const limit = row.quantity_limit === null ? null : quantityFrom(row.quantity_limit);
  const counted = await count();
  // A count that PostgreSQL answered as text would be added to by writing the amount behind it.
  if (typeof counted !== "number" || !Number.isSafeInteger(counted) || counted < 0) {
    throw new Fault("count_invalid", `count answered ${JSON.stringify(counted)}, which is no number of things`);
  }
  if (limit !== null && row.enforcement === "hard" && counted + amount > limit) {
    throw new Undone({ outcome: "limit_reached", available: Math.max(limit - counted, 0), counted, limit });
  }
  const result = await write();
  return {
    outcome: "admitted",
    counted,
    limit,
    available: limit === null ? null : Math.max(limit - counted - amount, 0),
    overLimit: limit === null ? 0 : Math.max(counted + amount - limit, 0),
    version: Number(row.version),
    result,
  };
}
