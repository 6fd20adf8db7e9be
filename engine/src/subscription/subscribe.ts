import { newId } from "../foundation/id.ts";
import { slotOf } from "../foundation/slot.ts";
import { findPlan, planFeatures } from "../store/catalog.ts";
import type { Session } from "../store/database.ts";
import { subscriptionAt, writePlanState } from "../store/subscriptions.ts";
import { findTenant, lockTenant } from "../store/tenants.ts";
import { planState } from "./plan-state.ts";

export interface SubscribeInput {
  readonly tenant: string;
  readonly plan: string;
  /** A version of the plan; the newest where it is not said. */
  readonly version?: number | undefined;
  /** What billing periods and allowances are counted from; now where it is not said. */
  readonly billingAnchor?: Date | undefined;
  /** For who has been a customer before: the plan's trial is left out. */
  readonly withoutTrial?: boolean;
  readonly actor: string;
}

export type SubscribeOutcome =
  | {
      readonly outcome: "subscribed";
      readonly subscriptionId: string;
      readonly plan: string;
      readonly planVersion: number;
    }
  | { readonly outcome: "tenant_unknown" | "plan_unknown" | "already_subscribed" };

/**
 * Gives a tenant its base subscription, from now on: what the plan says about every feature, its amounts, and the end of
 * a trial, in one transaction. A tenant has one base subscription; a second is `already_subscribed`.
 */
export async function subscribe(tx: Session, input: SubscribeInput): Promise<SubscribeOutcome> {
  const slot = slotOf(input.tenant);
  const tenant = await findTenant(tx, slot, input.tenant);
  if (tenant === undefined) return { outcome: "tenant_unknown" };
  const found = await findPlan(tx, input.plan, input.version ?? null);
  if (found === undefined || found.addon) return { outcome: "plan_unknown" };
  const plan = input.withoutTrial === true ? { ...found, trial_days: 0 } : found;
  const { now_at: at, exactly } = await lockTenant(tx, slot, input.tenant);
  if ((await subscriptionAt(tx, slot, input.tenant, at)) !== undefined) return { outcome: "already_subscribed" };

  const subscriptionId = newId();
  const billingAnchor = input.billingAnchor ?? at;
  const features = await planFeatures(tx, plan.plan, plan.version);
  const state = planState({ plan, features, timeZone: tenant.time_zone, at, billingAnchor, quantity: 1, newId });
  const written = await writePlanState(tx, {
    slot,
    tenant: input.tenant,
    subscription: {
      subscription_id: subscriptionId,
      addon: false,
      quantity: 1,
      billing_anchor: billingAnchor.toISOString(),
    },
    ...state,
    transition: {
      transition_id: newId(),
      kind: "subscribe",
      to_plan: plan.plan,
      to_version: plan.version,
      status: "effective",
    },
    at: exactly,
    actor: input.actor,
  });
  if (written === "already_subscribed") return { outcome: written };
  return { outcome: "subscribed", subscriptionId, plan: plan.plan, planVersion: plan.version };
}
