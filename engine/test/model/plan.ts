// What the model knows of tenants and of the dated rows that decide what they may do.
import { accessOf } from "./access.ts";
import { type Args, invalid, isName, row, tenantOf, when } from "./answer.ts";
import { closeInterval, record } from "./balance.ts";
import { type Instant, instantOf, type WindowUnit } from "./instant.ts";
import { millionths } from "./quantity.ts";
import type {
  Allowance,
  Answer,
  Balance,
  Dated,
  Enforcement,
  Entitlement,
  Feature,
  Holder,
  Kind,
  Model,
  Period,
  Subscription,
  Tenant,
} from "./state.ts";
import { inForce } from "./state.ts";
import { freshen, openBalance, overageWindowEnd, passTime, renew, turnOverage } from "./time.ts";

type Json = Readonly<Record<string, unknown>>;
const rows = (text: string | null | undefined): Json[] => (JSON.parse(text ?? "null") as Json[] | null) ?? [];
const maybe = (value: unknown): string | null => {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
};
const text = (value: unknown): string => maybe(value) ?? "";
const quantity = (value: unknown) => millionths(text(value));

/** What publish_catalog is told of features; the rest of a catalogue decides nothing here. */
export function publishCatalog(model: Model, args: Args): Answer {
  // Whoever compared with another revision looks again.
  if (Number(args["p_expected_revision"]) !== model.revision)
    return row({ outcome: "revision_conflict", revision: model.revision });
  model.revision += 1;
  const published = JSON.parse(args["p_rows"] ?? "{}") as { features?: Json[] };
  for (const one of published.features ?? []) {
    const feature: Feature = {
      key: text(one["key"]),
      kind: text(one["kind"]) as Kind,
      per: text(one["per"]) as Holder,
      enforcement: text(one["enforcement"]) as Enforcement,
      minimumTier: maybe(one["minimum_tier"]),
      alwaysOn: one["always_on"] === true,
    };
    model.features.set(feature.key, feature);
  }
  return row({ outcome: "published", revision: model.revision });
}

export function createTenant(model: Model, args: Args): Answer {
  const id = args["p_tenant"] ?? "";
  const [zone, clock] = [args["p_time_zone"] ?? "", args["p_clock_at"] ?? null];
  const refused = invalid({ tenant: isName(id), clock: clock !== null && Number.isFinite(instantOf(clock)) });
  if (refused !== undefined) return refused;
  if (model.tenants.has(id)) return row({ outcome: "created", replayed: true });
  const none = { subscriptions: new Map(), balances: new Map(), keys: new Map(), grantKeys: new Map() };
  model.tenants.set(id, {
    id,
    zone,
    clock: instantOf(clock ?? ""),
    masks: [],
    overrides: [],
    restrictions: [],
    ...none,
  });
  return row({ outcome: "created", replayed: false, field: null });
}

export function advanceClock(model: Model, args: Args): Answer {
  const [tenant, to] = [tenantOf(model, args["p_tenant"]), args["p_to"] ?? null];
  if (tenant === undefined) return row({ outcome: "tenant_unknown" });
  if (to === null || instantOf(to) < tenant.clock || instantOf(to) === Infinity)
    return row({ outcome: "invalid_input", field: "to", now_at: when(tenant.clock) });
  tenant.clock = instantOf(to);
  return row({ outcome: "advanced", field: null, now_at: when(tenant.clock) });
}

const worded = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? `${inner}` : inner));

/** Same rows, whatever their dates. */
const says = (one: Dated, other: Dated): boolean => {
  const words = ({ from: _from, until: _until, id: _id, ...rest }: Dated & { id?: unknown }) => worded(rest);
  return words(one) === words(other);
};

/**
 * Writes what a subscription means from now on: what already says the same is left alone, what no longer belongs ends now,
 * what is missing begins now.
 */
export function writePlanState(model: Model, args: Args): Answer {
  const tenant = tenantOf(model, args["p_tenant"]);
  if (tenant === undefined) throw new Error("a plan for nobody");
  const at = instantOf(args["p_at"] ?? "");
  const asked = JSON.parse(args["p_subscription"] ?? "{}") as Json;
  const id = text(asked["subscription_id"]);
  const addon = asked["addon"] === true;
  const others = [...tenant.subscriptions.values()].some((one) => !one.addon && one.id !== id);
  if (!addon && others) return row({ outcome: "already_subscribed" });
  const before = tenant.subscriptions.get(id);
  const empty = { id, addon, quantity: 0, periods: [], entitlements: [], allowances: [] };
  const subscription: Subscription = before ?? { ...empty, billingAnchor: instantOf(text(asked["billing_anchor"])) };
  const wanted: Subscription = {
    ...subscription,
    quantity: Number(asked["quantity"]),
    periods: periodsAfter(subscription.periods, rows(args["p_periods"]).map(periodOf)),
    entitlements: reconciled(
      subscription.entitlements,
      rows(args["p_entitlements"]).map((one) => entitlementOf(one, at)),
      at,
    ),
    allowances: reconciled(
      subscription.allowances,
      rows(args["p_allowances"]).map((one) => allowanceOf(one, id, at)),
      at,
    ),
  };
  if (before !== undefined && worded(wanted) === worded(before)) return row({ outcome: "unchanged" });
  changeAccess(model, tenant, () => tenant.subscriptions.set(id, wanted));
  return row({ outcome: "written" });
}

/** Writes dated rows, and brings every balance up to them; makes those that the tenant's allowances call for. */
export function changeAccess(model: Model, tenant: Tenant, write: () => void): void {
  const windowEnds = new Map<Balance, Instant | undefined>();
  // Time passes under the old rows before the new ones are written.
  for (const balance of tenant.balances.values()) {
    freshen(tenant, balance, tenant.clock - 1);
    // What the old rows said of the very instant of the change is not so any more.
    windowEnds.set(balance, overageWindowEnd(tenant, balance));
    passTime(tenant, balance);
  }
  write();
  const allowances = [...[...tenant.subscriptions.values()].flatMap((one) => one.allowances), ...tenant.masks];
  for (const { feature, per, ...dates } of allowances) {
    const access = accessOf(model, tenant.id, "", feature, tenant.clock);
    if (per === "tenant" && inForce(dates, tenant.clock) && access.allowed && access.per === "tenant")
      openBalance(tenant, "", feature);
  }
  for (const balance of tenant.balances.values()) {
    // A boundary at the very instant of the change is part of it.
    closeInterval(balance);
    renew(tenant, balance);
    turnOverage(balance, windowEnds.get(balance));
    record(balance, "access", 0n);
  }
}

const periodOf = (one: Json): Period => ({
  from: instantOf(text(one["effective_at"])),
  until: instantOf(text(one["ends_at"])),
  status: text(one["status"]),
  deniedReason: maybe(one["denied_reason"]),
  plan: text(one["plan"]),
  planVersion: Number(one["plan_version"]),
  tier: text(one["tier"]),
  rank: Number(one["tier_rank"]),
});

const entitlementOf = (one: Json, at: Instant): Entitlement => ({
  from: at,
  until: Infinity,
  feature: text(one["feature"]),
  kind: text(one["kind"]) as Kind,
  enforcement: text(one["enforcement"]) as Enforcement,
  per: text(one["per"]) as Holder,
  deniedReason: maybe(one["denied_reason"]),
  tier: text(one["tier"]),
  requiredTier: maybe(one["required_tier"]),
  value: one["value"] ?? null,
  unlimited: one["unlimited"] === true,
  alwaysOn: one["always_on"] === true,
  plan: text(one["plan"]),
  planVersion: Number(one["plan_version"]),
});

const allowanceOf = (one: Json, subscription: string, at: Instant): Allowance => ({
  id: text(one["allowance_id"]),
  subscription,
  feature: text(one["feature"]),
  per: text(one["per"]) as Holder,
  source: text(one["source"]),
  plan: maybe(one["plan"]),
  planVersion: Number(one["plan_version"]),
  amount: one["unlimited"] === true ? undefined : quantity(one["amount"]),
  priority: Number(one["priority"]),
  rule: {
    unit: text(one["window_unit"]) as WindowUnit,
    count: Number(one["window_count"]),
    anchor: instantOf(text(one["anchor"])),
    zone: text(one["time_zone"]),
  },
  rolloverCap: quantity(one["rollover_cap"]),
  rolloverWindows: Number(one["rollover_windows"] ?? 1),
  onChange: (maybe(one["on_change"]) ?? "keep") as Allowance["onChange"],
  from: at,
  until: Infinity,
});

/** Periods tile: what was in force ends where the first of the new ones begins. */
function periodsAfter(old: readonly Period[], written: readonly Period[]): Period[] {
  const start = Math.min(Infinity, ...written.map(({ from }) => from));
  return [
    ...old.filter(({ from }) => from < start).map((one) => ({ ...one, until: Math.min(one.until, start) })),
    ...written,
  ];
}

function reconciled<Row extends Dated & { readonly feature: string }>(
  old: readonly Row[],
  wanted: readonly Row[],
  at: Instant,
): Row[] {
  const kept = old.map((one) =>
    inForce(one, at) && !wanted.some((other) => says(one, other)) ? { ...one, until: at } : one,
  );
  const missing = wanted.filter(({ feature }) => !kept.some((one) => one.feature === feature && inForce(one, at)));
  return [...kept, ...missing];
}
