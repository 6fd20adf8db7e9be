import type { Json } from "../foundation/canonical.ts";
import type { grantOutcomes } from "../foundation/outcome.ts";
import { asQuantity, quantityFrom } from "../foundation/quantity.ts";
import { asName } from "../foundation/text.ts";
import { issueGrant as call } from "../store/balances.ts";
import type { Session } from "../store/database.ts";
import { asMetadata } from "./checked-input.ts";

export interface GrantInput<Feature extends string = string> {
  readonly tenant: string;
  readonly feature: Feature;
  /** In units of the feature, more than zero; left out for unlimited use. */
  readonly amount?: number | string | undefined;
  readonly unlimited?: boolean | undefined;
  /** Names this grant, once per tenant: the same purchase can never grant twice. */
  readonly dedupeKey: string;
  readonly subject?: string | undefined;
  readonly source?: "product" | "promotion" | "top_up" | "manual" | undefined;
  /** From when it counts; now at the earliest. */
  readonly effectiveAt?: Date | undefined;
  /** Until when it counts; for ever where it is not said. */
  readonly expiresAt?: Date | undefined;
  /** Lower is drawn first; 100 where it is not said. */
  readonly priority?: number | undefined;
  readonly metadata?: { readonly [key: string]: Json } | undefined;
}

export type GrantOutcome =
  | {
      readonly outcome: "granted";
      readonly replayed: boolean;
      readonly grantId: string;
      /** Available right after this grant; null while unlimited. */
      readonly available: number | null;
    }
  | { readonly outcome: Exclude<(typeof grantOutcomes)[number], "granted">; readonly field?: string };

/** Adds an amount to a balance, once per dedupe key. A thin caller of `purser.issue_grant`, which says the rest. */
export async function issueGrant(tx: Session, input: GrantInput): Promise<GrantOutcome> {
  const tenant = asName(input.tenant);
  if (tenant === undefined) return invalid("tenant");
  const feature = asName(input.feature);
  if (feature === undefined) return invalid("feature");
  const subject = asName(input.subject ?? "", true);
  if (subject === undefined) return invalid("subject");
  const unlimited = input.unlimited ?? false;
  const amount = unlimited && input.amount === undefined ? null : asQuantity(input.amount);
  if (amount === undefined) return invalid("amount");
  const dedupeKey = asName(input.dedupeKey);
  if (dedupeKey === undefined) return invalid("dedupeKey");
  const priority = input.priority ?? 100;
  if (!Number.isInteger(priority)) return invalid("priority");
  for (const field of ["effectiveAt", "expiresAt"] as const) {
    if (Number.isNaN(input[field]?.getTime())) return invalid(field);
  }
  const metadata = asMetadata(input.metadata);
  if (metadata === undefined) return invalid("metadata");

  const row = await call(tx, {
    tenant,
    feature,
    amount,
    dedupeKey,
    subject,
    priority,
    unlimited,
    metadata,
    source: input.source ?? "manual",
    effectiveAt: input.effectiveAt ?? null,
    expiresAt: input.expiresAt ?? null,
  });
  if (row.outcome === "granted" && row.grant_id !== null) {
    return {
      outcome: "granted",
      replayed: row.replayed,
      grantId: row.grant_id,
      available: row.available === null ? null : quantityFrom(row.available),
    };
  }
  return {
    outcome: row.outcome as Exclude<GrantOutcome["outcome"], "granted">,
    ...(row.field === null ? {} : { field: row.field }),
  };
}

function invalid(field: string): GrantOutcome {
  return { outcome: "invalid_input", field };
}
