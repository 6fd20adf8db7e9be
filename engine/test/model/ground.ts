// What the random runs play on: one feature of each kind and enforcement, and plans that are drawn for each run.
import { createHash } from "node:crypto";
import fc from "fast-check";
import type { Args } from "./answer.ts";
import { type Instant, writtenInstant } from "./instant.ts";
import type { Enforcement, Holder, Kind } from "./state.ts";

interface GroundFeature {
  readonly kind: Kind;
  readonly enforcement?: Enforcement;
  readonly per?: Holder;
  readonly tier?: string;
  readonly alwaysOn?: boolean;
}

export const features: Readonly<Record<string, GroundFeature>> = {
  credits: { kind: "credits" },
  points: { kind: "credits", enforcement: "soft" },
  reports: { kind: "metered" },
  exports: { kind: "metered", enforcement: "soft" },
  visits: { kind: "metered", enforcement: "observe" },
  drafts: { kind: "metered", per: "subject" },
  archive: { kind: "metered", tier: "pro" },
  help: { kind: "metered", alwaysOn: true },
  projects: { kind: "capacity" },
  seats: { kind: "capacity", enforcement: "soft", per: "subject" },
  sso: { kind: "flag", tier: "pro" },
  history: { kind: "value" },
};
export const ranks = { free: 0, pro: 1 } as const;

export const catalogue: Args = {
  p_expected_revision: "0",
  p_content_hash: "0".repeat(64),
  p_content: "{}",
  p_actor: "model",
  p_at: "2024-01-01 00:00:00+00",
  p_rows: JSON.stringify({
    tiers: Object.entries(ranks).map(([key, rank]) => ({
      key,
      rank,
      name: key,
      description: "",
      category: "paid",
      active: true,
      metadata: {},
    })),
    features: Object.entries(features).map(
      ([key, { kind, enforcement = "hard", per = "tenant", tier, alwaysOn = false }]) => ({
        key,
        kind,
        enforcement,
        per,
        minimum_tier: tier ?? null,
        always_on: alwaysOn,
        name: key,
        description: "",
        on_error: "deny",
        active: true,
        metadata: {},
      }),
    ),
  }),
};

export interface Inclusion {
  /** Whole millionths; undefined where it is unlimited. */
  readonly amount: number | undefined;
  readonly unit: string;
  readonly count: number;
  readonly priority: number;
  readonly rolloverCap: number | undefined;
  readonly rolloverWindows: number;
  readonly onChange: string;
}
export interface Plan {
  readonly tier: keyof typeof ranks;
  readonly inclusions: Readonly<Record<string, Inclusion | undefined>>;
}

const MILLION = 1_000_000;
const amount = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 20 }).map((units) => units * MILLION) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 5 * MILLION }) },
  { weight: 1, arbitrary: fc.constant(0) },
);
const anyWindow = fc
  .record({
    unit: fc.constantFrom("day", "month", "week", "year", "hour", "lifetime"),
    count: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ unit, count }) => ({ unit, count: unit === "hour" ? count * 12 : count }));

const inclusion = (window: { unit: string; count: number }, priority: number): fc.Arbitrary<Inclusion> =>
  fc
    .record({
      amount: fc.oneof({ weight: 8, arbitrary: amount }, { weight: 1, arbitrary: fc.constant(undefined) }),
      // Mostly all plans count in the same windows, so that a change of plan falls inside one.
      window: fc.oneof({ weight: 6, arbitrary: fc.constant(window) }, { weight: 1, arbitrary: anyWindow }),
      priority: fc.constant(priority),
      rolloverCap: fc.option(
        amount.filter((cap) => cap > 0),
        { nil: undefined, freq: 3 },
      ),
      rolloverWindows: fc.integer({ min: 1, max: 3 }),
      onChange: fc.constantFrom("keep", "keep", "reset", "prorate"),
    })
    .map(({ window: { unit, count }, ...drawn }) => ({
      ...drawn,
      unit,
      count,
      rolloverCap: drawn.amount === undefined || unit === "lifetime" ? undefined : drawn.rolloverCap,
      onChange: unit === "lifetime" && drawn.onChange === "prorate" ? "keep" : drawn.onChange,
    }));

const included = Object.keys(features).filter((key) => !["credits", "points", "sso"].includes(key));
const windows = fc.array(anyWindow, { minLength: included.length, maxLength: included.length });

/** Three plans and, last, an add-on. What it brings is drawn after what the plan brings: nothing decides between equals. */
export const plans: fc.Arbitrary<Plan[]> = windows.chain((drawn) => {
  const planOf = (tier: Plan["tier"], priority: number, rarely: boolean) =>
    fc
      .tuple(
        ...drawn.map((window, i) =>
          included[i] === "history"
            ? fc.constant(undefined)
            : fc.option(inclusion(window, priority), { nil: undefined, freq: rarely ? 1 : 5 }),
        ),
      )
      .map((all) => ({ tier, inclusions: Object.fromEntries(included.map((key, i) => [key, all[i]])) }));
  return fc.tuple(
    planOf("free", 100, false),
    planOf("pro", 100, false),
    planOf("pro", 100, false),
    planOf("free", 120, true),
  );
});

const uuid = (text: string): string => {
  // Any stable text of the right shape does: the same subscription and the same allowance have the same id.
  return createHash("md5")
    .update(text)
    .digest("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
};

export interface PlanChange {
  readonly tenant: string;
  readonly slot: string;
  readonly zone: string;
  readonly at: Instant;
  readonly anchor: Instant;
  readonly plan: Plan;
  readonly number: number;
  readonly addon: boolean;
  readonly status: string;
  readonly quantity: number;
  /** Makes the ids of its rows new ones. */
  readonly serial: string;
}

const denials: Readonly<Record<string, string>> = {
  suspended: "TENANT_SUSPENDED",
  canceled: "SUBSCRIPTION_INACTIVE",
  expired: "TRIAL_EXPIRED",
  past_due: "PAYMENT_PAST_DUE",
  paused: "GRACE_PERIOD_EXPIRED",
};

/** The arguments of write_plan_state, as the engine's own rule would write them. */
export function planState(change: PlanChange): Args {
  const { serial, tenant, slot, plan, number, at, anchor, status, quantity, addon, zone } = change;
  const terms = { plan: `plan-${number}`, plan_version: 1, tier: plan.tier };
  const rank = ranks[plan.tier];
  const denial = (key: string, { tier }: GroundFeature): string | null => {
    if (tier !== undefined && ranks[tier as Plan["tier"]] > rank) return "TIER_INSUFFICIENT";
    return plan.inclusions[key] === undefined && !(key === "sso") ? "NOT_INCLUDED" : null;
  };
  const entitlements = Object.entries(features)
    .filter(([key]) => !addon || plan.inclusions[key] !== undefined)
    .map(([key, feature]) => ({
      ...terms,
      feature: key,
      kind: feature.kind,
      enforcement: feature.enforcement ?? "hard",
      per: feature.per ?? "tenant",
      required_tier: feature.tier ?? null,
      value: null,
      denied_reason: denial(key, feature),
      always_on: feature.alwaysOn ?? false,
      unlimited: plan.inclusions[key] !== undefined && plan.inclusions[key].amount === undefined,
    }));
  const allowances = Object.entries(plan.inclusions).flatMap(([key, included_]) =>
    included_ === undefined || denial(key, features[key] ?? { kind: "flag" }) !== null
      ? []
      : [
          {
            allowance_id: uuid(`${serial}/${tenant}/${key}`),
            feature: key,
            plan: terms.plan,
            plan_version: 1,
            per: features[key]?.per ?? "tenant",
            source: "plan",
            priority: included_.priority,
            amount: included_.amount === undefined ? null : (included_.amount * quantity) / MILLION,
            unlimited: included_.amount === undefined,
            window_unit: included_.unit,
            window_count: included_.count,
            anchor: writtenInstant(anchor),
            time_zone: zone,
            rollover_windows: included_.rolloverWindows,
            on_change: included_.onChange,
            rollover_cap: included_.rolloverCap === undefined ? null : included_.rolloverCap / MILLION,
          },
        ],
  );
  const period = { ...terms, tier_rank: rank, status, denied_reason: denials[status] ?? null };
  return {
    p_slot: slot,
    p_tenant: tenant,
    p_subscription: JSON.stringify({
      subscription_id: uuid(`${tenant}/${addon ? "addon" : "base"}`),
      addon,
      quantity,
      billing_anchor: writtenInstant(anchor),
    }),
    p_periods: JSON.stringify([{ ...period, effective_at: writtenInstant(at), ends_at: "infinity" }]),
    p_entitlements: JSON.stringify(entitlements),
    p_allowances: JSON.stringify(allowances),
    p_transition: null,
    p_at: writtenInstant(at),
    p_actor: "model",
  };
}
