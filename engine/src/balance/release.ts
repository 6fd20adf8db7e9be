import type { releaseOutcomes } from "../foundation/outcome.ts";
import { asName } from "../foundation/text.ts";
import type { Session } from "../store/database.ts";
import { release as call } from "../store/holds.ts";
import { quantityOf, quantityOrNull, type Refusal, refusalFrom } from "./answers.ts";
import { checkedInput } from "./checked-input.ts";

type RefusalCode = Exclude<(typeof releaseOutcomes)[number], "released">;

export interface ReleaseInput {
  readonly tenant: string;
  /** The key it was reserved under. */
  readonly holdKey: string;
}

/** A hold that gave back what it had set aside, now or (`replayed`) before. Quantities in units of the feature. */
export interface Released {
  readonly outcome: "released";
  readonly replayed: boolean;
  readonly restored: number;
  /** Of grants that ended meanwhile: it has nothing to return to. */
  readonly lapsed: number;
  /** What was left right after it; null while the feature is unlimited. */
  readonly available: number | null;
  readonly version: number;
}

export type ReleaseOutcome = Released | Refusal<RefusalCode>;

/** Gives back what a hold set aside, once. A thin caller of `purser.release`, which says the rest. */
export async function release(tx: Session, input: ReleaseInput): Promise<ReleaseOutcome> {
  const checked = checkedInput({ tenant: asName(input.tenant), holdKey: asName(input.holdKey) });
  if ("outcome" in checked) return checked;
  const row = await call(tx, checked);
  if (row.outcome !== "released") return refusalFrom<RefusalCode>(row);
  return {
    outcome: "released",
    replayed: row.replayed,
    restored: quantityOf(row.restored),
    lapsed: quantityOf(row.lapsed),
    available: quantityOrNull(row.available),
    version: Number(row.version),
  };
}
