import type { Json } from "../foundation/canonical.ts";
import type { reserveOutcomes } from "../foundation/outcome.ts";
import { asQuantity } from "../foundation/quantity.ts";
import { asName } from "../foundation/text.ts";
import type { Session } from "../store/database.ts";
import { reserve as call } from "../store/holds.ts";
import { quantityOf, quantityOrNull, type Refusal, refusalFrom } from "./answers.ts";
import { asInstant, asMetadata, checkedInput } from "./checked-input.ts";

type RefusalCode = Exclude<(typeof reserveOutcomes)[number], "reserved">;

export interface ReserveInput<Feature extends string = string> {
  readonly tenant: string;
  readonly feature: Feature;
  /** In units of the feature; more than zero, at most 6 fractional and 15 significant digits. 1 where it is not said. */
  readonly amount?: number | string | undefined;
  /** Names the hold, once per tenant over all commands that consume: a retry with the same key changes nothing. */
  readonly idempotencyKey: string;
  /** When it ends by itself; in 15 minutes where it is not said. */
  readonly expiresAt?: Date | undefined;
  /** Who inside the tenant. */
  readonly subject?: string | undefined;
  readonly metadata?: { readonly [key: string]: Json } | undefined;
}

/** An amount set aside, now or (`replayed`) the first time this key was used. Quantities in units of the feature. */
export interface Reserved {
  readonly outcome: "reserved";
  readonly replayed: boolean;
  /** The key it was reserved under. */
  readonly holdKey: string;
  readonly amount: number;
  /** What was left right after it; null while the feature is unlimited. */
  readonly available: number | null;
  readonly version: number;
  /** When the hold ends; of a replay, when it ends by now: it may have been extended. */
  readonly expiresAt: Date;
}

export type ReserveRefusal = Refusal<RefusalCode>;
export type ReserveOutcome = Reserved | ReserveRefusal;

/**
 * Sets an amount aside until it is settled, released or expires, once per key, or refuses and leaves nothing. A thin caller
 * of `purser.reserve`, which says the rest.
 */
export async function reserve(tx: Session, input: ReserveInput): Promise<ReserveOutcome> {
  const checked = checkedInput({
    tenant: asName(input.tenant),
    feature: asName(input.feature),
    subject: asName(input.subject ?? "", true),
    amount: asQuantity(input.amount ?? 1),
    idempotencyKey: asName(input.idempotencyKey),
    expiresAt: asInstant(input.expiresAt),
    metadata: asMetadata(input.metadata),
  });
  if ("outcome" in checked) return checked;
  const row = await call(tx, checked);
  if (row.outcome !== "reserved" || row.expires_at === null) return refusalFrom<RefusalCode>(row);
  return {
    outcome: "reserved",
    replayed: row.replayed,
    holdKey: checked.idempotencyKey,
    amount: quantityOf(row.amount),
    available: quantityOrNull(row.available),
    version: Number(row.version),
    expiresAt: row.expires_at,
  };
}
