import { newId } from "../foundation/id.ts";
import { slotOf } from "../foundation/slot.ts";
import { findPlan, planFeatures } from "../store/catalog.ts";
import type { Session } from "../store/database.ts";
import { subscriptionAt, writePlanState } from "../store/subscriptions.ts";
import { findTenant, lockTenant } from "../store/tenants.ts";
import { planState } from "./plan-state.ts";

export type RefreshOutcome =
  | { readonly outcome: "refreshed"; readonly changed: boolean }
  | { readonly outcome: "tenant_unknown" | "plan_unknown" };

/**
 * Writes again what the tenant's base subscription means, on the plan version it holds: features that were added to the
 * catalogue since appear, everything that already says the same stays. Twice is the same as once.
 */
export async function refreshPlanState(
  tx: Session,
  input: { readonly tenant: string; readonly actor: string },
): Promise<RefreshOutcome> {
  const slot = slotOf(input.tenant);
  const tenant = await findTenant(tx, slot, input.tenant);
  if (tenant === undefined) return { outcome: "tenant_unknown" };
  const { now_at: at, exactly } = await lockTenant(tx, slot, input.tenant);
  const subscription = await subscriptionAt(tx, slot, input.tenant, at);
  if (subscription === undefined) return { outcome: "refreshed", changed: false };
  const plan = await findPlan(tx, subscription.plan, subscription.plan_version);
  if (plan === undefined) return { outcome: "plan_unknown" };
  const features = await planFeatures(tx, plan.plan, plan.version);
  const billingAnchor = subscription.billing_anchor;
  const state = planState({ plan, features, timeZone: tenant.time_zone, at, billingAnchor, quantity: 1, newId });
  const written = await writePlanState(tx, {
    slot,
    tenant: input.tenant,
    subscription: {
      subscription_id: subscription.subscription_id,
      addon: false,
      quantity: 1,
      billing_anchor: billingAnchor.toISOString(),
    },
    entitlements: state.entitlements,
    allowances: state.allowances,
    // The periods are the subscription's own history; refreshing what a plan means does not touch them.
    periods: [],
    transition: null,
    at: exactly,
    actor: input.actor,
  });
  return { outcome: "refreshed", changed: written === "written" };
}
