import { findPlan } from "../store/catalog.ts";
import type { Session } from "../store/database.ts";
import { type CreateTenantInput, type CreateTenantOutcome, createTenant } from "../tenant/create-tenant.ts";
import { subscribe } from "./subscribe.ts";

export interface OpenTenantInput extends CreateTenantInput {
  /** The plan it begins on, in the same transaction; none where it is not said. */
  readonly plan?: string | undefined;
}

export type OpenTenantOutcome = CreateTenantOutcome | { readonly outcome: "plan_unknown" };

/**
 * Makes a tenant and, where a plan is named, puts it on that plan, both or neither: from its first instant every feature
 * has an answer. A replay of the same tenant changes nothing about its subscription.
 */
export async function openTenant(tx: Session, { plan, ...input }: OpenTenantInput): Promise<OpenTenantOutcome> {
  if (plan !== undefined) {
    const found = await findPlan(tx, plan, null);
    if (found === undefined || found.addon) return { outcome: "plan_unknown" };
  }
  const created = await createTenant(tx, input);
  if (plan === undefined || created.outcome !== "created" || created.replayed) return created;
  await subscribe(tx, { tenant: input.tenant.normalize("NFC"), plan, actor: input.actor });
  return created;
}
