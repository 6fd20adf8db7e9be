// May a holder use a feature at an instant, amounts aside: the reasons of the decision in the order of their precedence.
import type { Instant } from "./instant.ts";
import {
  type Balance,
  type Dated,
  type Enforcement,
  type Entitlement,
  type Holder,
  inForce,
  type Kind,
  type Model,
  type Override,
  type Period,
  type Restriction,
  type Tenant,
} from "./state.ts";

export interface Access {
  readonly allowed: boolean;
  readonly reason: string;
  readonly source: string | null;
  readonly kind: Kind | null;
  readonly enforcement: Enforcement;
  readonly per: Holder;
  readonly tier: string | null;
  readonly requiredTier: string | null;
  readonly value: unknown;
  readonly unlimited: boolean;
  readonly restrictedBy: string | null;
}

export const balanceOf = (tenant: Tenant, subject: string, feature: string): Balance | undefined =>
  tenant.balances.get(`${feature}/${subject}`);

const unknown = {
  allowed: false,
  source: null,
  enforcement: "hard",
  per: "tenant",
  tier: null,
  requiredTier: null,
} as const;
const nothing = { ...unknown, value: null, unlimited: false, restrictedBy: null } as const;

/** What one subscription says about a feature at an instant. */
interface Voice {
  readonly id: string;
  readonly period: Period;
  readonly entitlement: Entitlement | undefined;
}

export function accessOf(model: Model, id: string, subject: string, key: string, at: Instant): Access {
  const tenant = model.tenants.get(id);
  const feature = model.features.get(key);
  if (tenant === undefined) return { ...nothing, kind: feature?.kind ?? null, reason: "TENANT_UNKNOWN" };
  if (feature === undefined) return { ...nothing, kind: null, reason: "FEATURE_UNKNOWN" };

  const voices: Voice[] = [...tenant.subscriptions.values()].flatMap(({ id: subscription, periods, entitlements }) =>
    periods
      .filter((period) => inForce(period, at))
      .map((period) => ({
        id: subscription,
        period,
        entitlement: entitlements.find((one) => one.feature === key && inForce(one, at)),
      })),
  );
  const voice = voices.toSorted(bestFirst)[0];
  const said = voice?.entitlement;
  const per = said?.per ?? feature.per;
  const alwaysOn = said?.alwaysOn ?? feature.alwaysOn;
  const requiredTier = said?.requiredTier ?? feature.minimumTier;
  const suspended = voices.some(({ period }) => period.deniedReason === "TENANT_SUSPENDED") && !alwaysOn;
  const subscribed = voices.some(
    ({ period: { deniedReason } }) => deniedReason === null || (alwaysOn && deniedReason === "TENANT_SUSPENDED"),
  );
  const planDenies = said === undefined ? (voice === undefined ? null : "NOT_INCLUDED") : said.deniedReason;
  // What was bought or given stands on its own: it needs no subscription, unless the feature asks for a tier.
  const purchased =
    requiredTier === null &&
    (balanceOf(tenant, per === "subject" ? subject : "", key)?.grants ?? []).some(
      (grant) =>
        !["plan", "override", "rollover"].includes(grant.source) && grant.effectiveAt <= at && at < grant.endsAt,
    );
  const override = overrideOf(tenant, key, at);
  const restriction = restrictionOf(tenant, key, at);
  const counted = ["capacity", "metered", "credits"].includes(feature.kind);

  const decision = ((): { allowed: boolean; reason: string; source?: string; value?: unknown } => {
    if (suspended) return { allowed: false, reason: "TENANT_SUSPENDED" };
    if (override?.effect === "deny") return { allowed: false, reason: "FEATURE_DISABLED", source: "override" };
    if (restriction?.mode === "disabled" || (restriction?.mode === "frozen" && counted))
      return { allowed: false, reason: "RESTRICTED" };
    if (override !== undefined)
      return { allowed: true, reason: "OVERRIDE", source: "override", value: override.value ?? said?.value };
    if (purchased) return { allowed: true, reason: "INCLUDED" };
    if (!subscribed) return { allowed: false, reason: voice?.period.deniedReason ?? "SUBSCRIPTION_INACTIVE" };
    if (planDenies !== null) return { allowed: false, reason: planDenies };
    return { allowed: true, reason: "INCLUDED" };
  })();

  const degraded = decision.allowed && restriction?.mode === "degraded";
  return {
    allowed: decision.allowed,
    reason: decision.reason,
    source: decision.source ?? (subscribed && planDenies === null ? "plan" : purchased ? "purchase" : null),
    kind: feature.kind,
    enforcement: said?.enforcement ?? feature.enforcement,
    per,
    tier: said?.tier ?? voice?.period.tier ?? null,
    requiredTier,
    value: degraded ? restriction.degradedValue : decision.allowed ? (decision.value ?? said?.value ?? null) : null,
    unlimited: decision.allowed && !degraded && (said?.unlimited ?? false),
    restrictedBy: restriction?.mode ?? null,
  };
}

/** Of several subscriptions the one that allows wins, then the one that gives most. */
function bestFirst(one: Voice, other: Voice): number {
  const rank = ({ period, entitlement, id }: Voice) => [
    period.deniedReason === null ? 0 : 1,
    entitlement === undefined ? 1 : 0,
    entitlement !== undefined && entitlement.deniedReason !== null ? 1 : 0,
    entitlement?.unlimited === true ? 0 : 1,
    typeof entitlement?.value === "number" ? -entitlement.value : Infinity,
    -period.rank,
    id,
  ];
  const [ones, others] = [rank(one), rank(other)];
  const place = ones.findIndex((value, i) => value !== others[i]);
  return place === -1 ? 0 : (ones[place] ?? 0) < (others[place] ?? 0) ? -1 : 1;
}

/** One that denies comes before one that allows; of two values the last one written holds. */
export function overrideOf(tenant: Tenant, feature: string, at: Instant): Override | undefined {
  const now = tenant.overrides.filter((one) => one.feature === feature && inForce(one, at));
  const withValue = now.findLast(({ value }) => value !== null);
  return now.find(({ effect }) => effect === "deny") ?? withValue ?? now[0];
}

export function restrictionOf(tenant: Tenant, feature: string, at: Instant): Restriction | undefined {
  const now = tenant.restrictions.filter((one) => one.feature === feature && inForce(one, at)).toReversed();
  return (["disabled", "frozen", "degraded"] as const).flatMap((mode) => now.filter((one) => one.mode === mode))[0];
}

/** The instants at which the answer may change by time alone. */
export function accessDates(tenant: Tenant, feature: string): Instant[] {
  const dated: Dated[] = [
    ...[...tenant.subscriptions.values()].flatMap(({ periods, entitlements }) => [
      ...periods,
      ...entitlements.filter((one) => one.feature === feature),
    ]),
    ...tenant.overrides.filter((one) => one.feature === feature),
    ...tenant.restrictions.filter((one) => one.feature === feature),
  ];
  return dated.flatMap(({ from, until }) => [from, until]);
}
