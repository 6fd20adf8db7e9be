// A change of plan in the middle of a window, through the rule and the function that every change of plan ends in.
import { newId } from "../../src/foundation/id.ts";
import { slotOf } from "../../src/foundation/slot.ts";
import { findPlan, planFeatures } from "../../src/store/catalog.ts";
import type { Session } from "../../src/store/database.ts";
import { subscriptionAt, writePlanState } from "../../src/store/subscriptions.ts";
import { tenantNow } from "../../src/store/tenants.ts";
import { planState } from "../../src/subscription/plan-state.ts";

/** Puts a tenant's base subscription on another plan, now; window and anchor stay. */
export async function changePlan(tx: Session, tenant: string, key: string): Promise<void> {
  const slot = slotOf(tenant);
  const at = await tenantNow(tx, slot, tenant);
  const before = await subscriptionAt(tx, slot, tenant, at);
  const plan = await findPlan(tx, key, null);
  if (before === undefined || plan === undefined) throw new Error(`nothing to change to ${key}`);
  const billingAnchor = before.billing_anchor;
  const features = await planFeatures(tx, plan.plan, plan.version);
  await writePlanState(tx, {
    slot,
    tenant,
    subscription: {
      subscription_id: before.subscription_id,
      addon: false,
      quantity: 1,
      billing_anchor: billingAnchor.toISOString(),
    },
    ...planState({ plan, features, timeZone: "UTC", at, billingAnchor, quantity: 1, newId }),
    transition: null,
    at: at.toISOString(),
    actor: "test",
  });
}
