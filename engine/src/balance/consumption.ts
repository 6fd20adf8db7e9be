// A consumption as a caller names it, as the database is asked for it, and as it is answered.
import type { Json } from "../foundation/canonical.ts";
import type { ConsumeOutcome, ConsumeRefusal } from "../foundation/outcome.ts";
import { instantFrom } from "../foundation/instant.ts";
import { asQuantity, quantityFrom } from "../foundation/quantity.ts";
import { slotOf } from "../foundation/slot.ts";
import { asName } from "../foundation/text.ts";
import type { ConsumeCall, ConsumeRow } from "../store/balances.ts";
import { asMetadata } from "./checked-input.ts";

export interface ConsumeInput<Feature extends string = string> {
  readonly tenant: string;
  readonly feature: Feature;
  /** In units of the feature; more than zero, at most 6 fractional and 15 significant digits. 1 where it is not said. */
  readonly amount?: number | string | undefined;
  /** Names this consumption, once per tenant over all commands that consume: a retry with the same key changes nothing. */
  readonly idempotencyKey: string;
  /** Who inside the tenant. */
  readonly subject?: string | undefined;
  /** When it happened, for reports; the decision is always about now. */
  readonly occurredAt?: Date | undefined;
  readonly metadata?: { readonly [key: string]: Json } | undefined;
}

/** The call to send for a consumption, or what of it is not valid. */
export function callOf(input: ConsumeInput): ConsumeCall | ConsumeRefusal {
  const tenant = asName(input.tenant);
  if (tenant === undefined) return invalid("tenant");
  const feature = asName(input.feature);
  if (feature === undefined) return invalid("feature");
  const subject = asName(input.subject ?? "", true);
  if (subject === undefined) return invalid("subject");
  const amount = asQuantity(input.amount === undefined ? 1 : input.amount);
  if (amount === undefined) return invalid("amount");
  const idempotencyKey = asName(input.idempotencyKey);
  if (idempotencyKey === undefined) return invalid("idempotencyKey");
  const occurredAt = input.occurredAt ?? null;
  if (occurredAt !== null && Number.isNaN(occurredAt.getTime())) return invalid("occurredAt");
  const metadata = asMetadata(input.metadata);
  if (metadata === undefined) return invalid("metadata");
  return { slot: slotOf(tenant), tenant, feature, amount, idempotencyKey, subject, occurredAt, metadata };
}

function invalid(field: string): ConsumeRefusal {
  return { outcome: "invalid_input", field };
}

/** What a row of the database answers. */
export function outcomeOf(row: ConsumeRow): ConsumeOutcome {
  if (row.outcome === "consumed" && row.recorded !== null) {
    return {
      outcome: "consumed",
      replayed: row.replayed,
      amount: quantityFrom(row.amount ?? "0"),
      overage: quantityFrom(row.overage ?? "0"),
      available: row.available === null ? null : quantityFrom(row.available),
      version: Number(row.version),
      recordedAt: instantFrom(row.recorded),
    };
  }
  return {
    outcome: row.outcome as ConsumeRefusal["outcome"],
    ...(row.field === null ? {} : { field: row.field }),
    ...(row.available === null ? {} : { available: quantityFrom(row.available) }),
    ...(row.resets_at === null ? {} : { resetsAt: row.resets_at }),
    ...(row.restricted_by === null ? {} : { restrictedBy: row.restricted_by }),
  };
}
