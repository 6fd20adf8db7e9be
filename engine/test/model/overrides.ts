// Overrides and restrictions in the model, and what stands in the place of allowances while they last.
import { accessOf } from "./access.ts";
import { type Args, given, invalid, isName, row, tenantOf } from "./answer.ts";
import { type Instant, instantOf } from "./instant.ts";
import { changeAccess } from "./plan.ts";
import { askedAmount } from "./quantity.ts";
import {
  type Answer,
  type Feature,
  inForce,
  type Mask,
  type Model,
  type Override,
  type Restriction,
  type Tenant,
} from "./state.ts";

interface Place {
  readonly tenant: Tenant;
  readonly feature: Feature;
  readonly from: Instant;
  readonly until: Instant;
}

/** What is written, of which feature and between which instants, or the refusal. */
function placeOf(model: Model, args: Args): Place | Answer {
  const [tenant, feature] = [tenantOf(model, args["p_tenant"]), model.features.get(args["p_feature"] ?? "")];
  if (tenant === undefined || feature === undefined)
    return row({ outcome: tenant === undefined ? "tenant_unknown" : "feature_unknown" });
  const [start, end] = [given(args, "p_effective_at", null), args["p_ends_at"] ?? null];
  const asked = start === null ? tenant.clock : instantOf(start);
  const from = Number.isFinite(asked) ? Math.max(tenant.clock, asked) : Number.NaN;
  return { tenant, feature, from, until: end === null ? -Infinity : instantOf(end) };
}

const isPlace = (place: Place | Answer): place is Place => typeof place["tenant"] === "object";

export function writeOverride(model: Model, args: Args): Answer {
  const place = placeOf(model, args);
  if (!isPlace(place)) return place;
  const { tenant, feature, from, until } = place;
  const effect = args["p_effect"] ?? "";
  const unlimited = given(args, "p_unlimited", "f") === "t";
  const asked = given(args, "p_amount", null);
  const amount = asked === null ? undefined : askedAmount(asked, 0n);
  const value: unknown = JSON.parse(given(args, "p_value", null) ?? "null");
  const isCounted = feature.kind !== "flag" && feature.kind !== "value";
  const refused = invalid({
    effect: ["allow", "deny"].includes(effect),
    reason: ["emergency", "incident", "compliance", "sales", "support"].includes(args["p_reason"] ?? ""),
    actor: isName(args["p_actor"]),
    effectiveAt: Number.isFinite(from),
    endsAt: from < until && until < Infinity,
    unlimited: !unlimited || asked === null,
    amount: (asked === null && !unlimited) || (effect === "allow" && isCounted && (unlimited || amount !== undefined)),
    value: value === null || (effect === "allow" && feature.kind === "value"),
  });
  if (refused !== undefined) return refused;
  const id = `override ${tenant.overrides.length + 1}`;
  changeAccess(model, tenant, () => {
    tenant.overrides.push({ id, feature: feature.key, effect: effect as Override["effect"], value, from, until });
    if (amount !== undefined || unlimited) mask(model, place, { id, amount, kind: 1 });
  });
  return row({ outcome: "written" });
}

export function writeRestriction(model: Model, args: Args): Answer {
  const place = placeOf(model, args);
  if (!isPlace(place)) return place;
  const { tenant, feature, from, until } = place;
  const mode = args["p_mode"] ?? "";
  const value: unknown = JSON.parse(given(args, "p_degraded_value", null) ?? "null");
  const amount = askedAmount(typeof value === "number" ? String(value) : null, 0n);
  const isDegraded = mode === "degraded";
  const refused = invalid({
    mode: ["disabled", "frozen", "degraded"].includes(mode) && !(isDegraded && feature.kind === "flag"),
    actor: isName(args["p_actor"]),
    effectiveAt: Number.isFinite(from),
    endsAt: from < until,
    degradedValue: isDegraded ? value !== null && (feature.kind === "value" || amount !== undefined) : value === null,
  });
  if (refused !== undefined) return refused;
  const id = `restriction ${tenant.restrictions.length + 1}`;
  const restriction = {
    id,
    feature: feature.key,
    mode: mode as Restriction["mode"],
    degradedValue: value,
    from,
    until,
  };
  changeAccess(model, tenant, () => {
    tenant.restrictions.push(restriction);
    if (isDegraded && feature.kind !== "value") mask(model, place, { id, amount, kind: 2 });
  });
  return row({ outcome: "written" });
}

/** Writes what stands in the place of the allowances: in the window of the first of them, or for its whole time. */
function mask(
  model: Model,
  { tenant, feature, from, until }: Place,
  { kind, ...asked }: Pick<Mask, "id" | "amount"> & { kind: number },
): void {
  const [masked] = [...tenant.subscriptions.values()]
    .flatMap(({ allowances }) => allowances)
    .filter((one) => one.feature === feature.key && inForce(one, from))
    .toSorted((one, other) => one.priority - other.priority || one.from - other.from);
  tenant.masks.push({
    ...asked,
    // Of two of a kind the last one written comes first.
    rank: kind * 1_000_000 + tenant.masks.length,
    from,
    until,
    subscription: "",
    feature: feature.key,
    source: "override",
    per: masked?.per ?? accessOf(model, tenant.id, "", feature.key, from).per,
    plan: null,
    planVersion: null,
    priority: masked?.priority ?? 100,
    onChange: "keep",
    rolloverCap: undefined,
    rolloverWindows: 1,
    rule: masked?.rule ?? {
      unit: "lifetime",
      count: 1,
      anchor: from,
      zone: tenant.zone,
    },
  });
}
