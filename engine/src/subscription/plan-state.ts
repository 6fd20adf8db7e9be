// The rule that says what a plan means for a tenant: dated rows for its periods, for every feature of the catalogue and for
// every amount. Pure: it reads what it is given and knows no clock.
import { denialBy } from "../catalog/plan-terms.ts";
import { times } from "../foundation/quantity.ts";
import type { PlanFeatureRow, PlanRow } from "../store/catalog.ts";

const DAY_MS = 86_400_000;

export interface PlanStateInput {
  readonly plan: PlanRow;
  readonly features: readonly PlanFeatureRow[];
  readonly timeZone: string;
  /** When it takes effect, and what billing periods are counted from. */
  readonly at: Date;
  readonly billingAnchor: Date;
  readonly quantity: number;
  /** Makes the ids of new allowances. */
  readonly newId: () => string;
}

/** Rows with the column names of purser.subscription_periods, purser.entitlements and purser.allowances. */
export interface PlanState {
  readonly periods: readonly object[];
  readonly entitlements: readonly object[];
  readonly allowances: readonly object[];
}

/**
 * What a plan version means from `at` on. The future is in it: a trial's end is a second period, so nothing has to happen
 * at that instant.
 */
export function planState(input: PlanStateInput): PlanState {
  return {
    periods: periods(input),
    entitlements: input.features.map((feature) => entitlement(input.plan, feature)),
    allowances: input.features.flatMap((feature) => allowance(input, feature)),
  };
}

function periods({ plan, at }: PlanStateInput): object[] {
  const of = { plan: plan.plan, plan_version: plan.version, tier: plan.tier, tier_rank: plan.tier_rank };
  const start = at.toISOString();
  if (plan.trial_days === 0) return [{ ...of, effective_at: start, ends_at: "infinity", status: "active" }];
  const end = new Date(at.getTime() + plan.trial_days * DAY_MS).toISOString();
  const after =
    plan.after_trial === "active" ? { status: "active" } : { status: "expired", denied_reason: "TRIAL_EXPIRED" };
  return [
    { ...of, effective_at: start, ends_at: end, status: "trialing" },
    { ...of, effective_at: end, ends_at: "infinity", ...after },
  ];
}

function entitlement(plan: PlanRow, feature: PlanFeatureRow): object {
  return {
    feature: feature.feature,
    kind: feature.kind,
    enforcement: feature.enforcement,
    per: feature.per,
    denied_reason: denialBy(plan.tier_rank, feature),
    tier: plan.tier,
    required_tier: feature.minimum_tier,
    value: feature.kind === "value" && feature.included && !feature.unlimited ? feature.value : null,
    unlimited: feature.unlimited,
    always_on: feature.always_on,
    plan: plan.plan,
    plan_version: plan.version,
  };
}

function allowance(input: PlanStateInput, feature: PlanFeatureRow): object[] {
  const { plan } = input;
  if (!feature.included || feature.kind === "flag" || feature.kind === "value") return [];
  if (denialBy(plan.tier_rank, feature) !== null) return [];
  const billing = feature.window_unit === "billing_period";
  return [
    {
      allowance_id: input.newId(),
      feature: feature.feature,
      per: feature.per,
      source: "plan",
      plan: plan.plan,
      plan_version: plan.version,
      amount: feature.amount === null ? null : times(feature.amount, input.quantity),
      unlimited: feature.unlimited,
      window_unit: billing ? plan.billing_unit : (feature.window_unit ?? "lifetime"),
      window_count: billing ? plan.billing_count * feature.window_count : feature.window_count,
      anchor: input.billingAnchor.toISOString(),
      time_zone: input.timeZone,
      priority: feature.priority,
      rollover_cap: feature.rollover_cap,
      rollover_windows: feature.rollover_windows,
      on_change: feature.on_change,
    },
  ];
}
