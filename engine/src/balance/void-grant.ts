import type { voidOutcomes } from "../foundation/outcome.ts";
import { asName, asText } from "../foundation/text.ts";
import type { Session } from "../store/database.ts";
import { voidGrant as call } from "../store/voids.ts";
import { quantityOf, quantityOrNull, type Refusal, refusalFrom } from "./answers.ts";
import { checkedInput } from "./checked-input.ts";

type RefusalCode = Exclude<(typeof voidOutcomes)[number], "voided">;

export interface VoidInput {
  readonly tenant: string;
  /** The grant's own key. */
  readonly dedupeKey: string;
  /** Why, for the audit log; 1 to 1,000 characters. */
  readonly reason: string;
  readonly actor: string;
  /** Whether it is a refund: then what was spent of the grant is recorded as the shortfall. */
  readonly refund?: boolean | undefined;
}

/** A grant that ended early, now or (`replayed`) before. Quantities in units of the feature. */
export interface Voided {
  readonly outcome: "voided";
  readonly replayed: boolean;
  /** What was left of it and is gone. */
  readonly lapsed: number;
  /** Of a refund: what had been spent of it, which is not taken back. */
  readonly shortfall: number;
  /** Of the balance, right after it; null while it is unlimited. */
  readonly available: number | null;
  readonly version: number;
}

export type VoidOutcome = Voided | Refusal<RefusalCode>;

/** Ends a grant early, once. A thin caller of `purser.void_grant`, which says the rest. */
export async function voidGrant(tx: Session, input: VoidInput): Promise<VoidOutcome> {
  const checked = checkedInput({
    tenant: asName(input.tenant),
    dedupeKey: asText(input.dedupeKey, 1000),
    reason: asText(input.reason, 1000),
    actor: asName(input.actor),
    refund: input.refund ?? false,
  });
  if ("outcome" in checked) return checked;
  const row = await call(tx, checked);
  if (row.outcome !== "voided") return refusalFrom<RefusalCode>(row);
  return {
    outcome: "voided",
    replayed: row.replayed,
    lapsed: quantityOf(row.lapsed),
    shortfall: quantityOf(row.shortfall),
    available: quantityOrNull(row.available),
    version: Number(row.version),
  };
}
