import { asName, isStorable } from "../foundation/text.ts";
import { slotOf } from "../foundation/slot.ts";
import { canonicalJson, type Json } from "../foundation/canonical.ts";
import type { Session } from "../store/database.ts";
import { createTenant as create } from "../store/tenants.ts";

export interface CreateTenantInput {
  /** The application's own id; 1 to 200 characters, kept in Unicode NFC. */
  readonly tenant: string;
  readonly name?: string;
  readonly mode?: "live" | "test";
  /** IANA name; UTC where it is not said. */
  readonly timeZone?: string;
  /** ISO 4217; USD where it is not said. */
  readonly currency?: string;
  readonly metadata?: { readonly [key: string]: Json };
  /** Where a test tenant's clock begins; this machine's time where it is not said. */
  readonly clockAt?: Date;
  readonly actor: string;
}

export type CreateTenantOutcome =
  | { readonly outcome: "created"; readonly replayed: boolean }
  | { readonly outcome: "invalid_input" | "idempotency_conflict"; readonly field: string };

/** Makes a tenant. Its id is its idempotency key: the same again is a replay, another description of it a conflict. */
export async function createTenant(tx: Session, input: CreateTenantInput): Promise<CreateTenantOutcome> {
  const tenant = asName(input.tenant);
  if (tenant === undefined) return { outcome: "invalid_input", field: "tenant" };
  const name = input.name ?? "";
  if (typeof name !== "string" || !isStorable(name) || name.length > 500)
    return { outcome: "invalid_input", field: "name" };
  const metadata = canonicalJson(input.metadata ?? {});
  if (!isStorable(metadata) || metadata.includes("\\u0000")) return { outcome: "invalid_input", field: "metadata" };
  const row = await create(tx, {
    slot: slotOf(tenant),
    tenant,
    name: name.normalize("NFC"),
    mode: input.mode ?? "live",
    timeZone: input.timeZone ?? "UTC",
    currency: input.currency ?? "USD",
    metadata,
    clockAt: input.clockAt ?? null,
    actor: input.actor,
  });
  if (row?.outcome === "created") return { outcome: "created", replayed: row.replayed };
  return {
    outcome: row?.outcome === "idempotency_conflict" ? "idempotency_conflict" : "invalid_input",
    field: row?.field ?? "tenant",
  };
}
