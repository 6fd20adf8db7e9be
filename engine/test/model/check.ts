// check_entitlement of the model: a question without effect.
import { accessDates, accessOf, balanceOf } from "./access.ts";
import { type Args, given, row, tenantOf, when, whenever } from "./answer.ts";
import { availableOf, excessOf, isUnlimited, overageOf, standingOf, versionOf } from "./balance.ts";
import { occupiedOf, roomOf } from "./claims.ts";
import { millionths, positive } from "./quantity.ts";
import type { Answer, Model } from "./state.ts";
import { nextGain, openBalance, passTime } from "./time.ts";

const UNIT = 1_000_000n;

/** Asked of a copy of the model, since letting time pass and opening a balance are steps of their own. */
export function check(model: Model, args: Args): Answer {
  const [id, feature] = [args["p_tenant"] ?? "", args["p_feature"] ?? ""];
  const subject = given(args, "p_subject", "") ?? "";
  const amount = millionths(given(args, "p_amount", null) ?? "1");
  const tenant = tenantOf(model, id);
  const access = accessOf(model, id, subject, feature, tenant?.clock ?? 0);
  const words = {
    feature,
    kind: access.kind,
    tier: access.tier,
    required_tier: access.requiredTier,
    source: access.source,
    restricted_by: access.restrictedBy,
    as_of: when(tenant?.clock),
    value: access.value === null ? null : JSON.stringify(access.value),
  };
  const plain = { allowed: access.allowed, reason: access.reason, unlimited: access.unlimited, version: 0 };
  if (tenant === undefined || access.kind === null) return row({ ...words, ...plain });
  if (access.kind === "flag" || access.kind === "value") {
    const next = accessDates(tenant, feature).filter((instant) => instant > tenant.clock);
    return row({ ...words, ...plain, resets_at: whenever(Math.min(Infinity, ...next)) });
  }

  const holder = access.per === "subject" ? subject : "";
  const version = balanceOf(tenant, holder, feature) === undefined ? 0 : undefined;
  const balance = openBalance(tenant, holder, feature);
  passTime(tenant, balance);
  const unlimited = isUnlimited(balance);
  const { granted, used } = standingOf(balance);
  const left = access.kind === "capacity" ? roomOf(balance) : availableOf(balance);
  const over = access.kind === "capacity" ? positive(-(left ?? 0n)) : excessOf(balance);
  const remaining = left === undefined ? undefined : positive(left);
  const numbers = {
    unlimited,
    quantity_limit: unlimited ? undefined : granted,
    remaining,
    over_limit: over,
    used: access.kind === "capacity" ? BigInt(occupiedOf(balance)) * UNIT : used + overageOf(balance),
    resets_at: whenever(nextGain(tenant, balance, access)),
    version: version ?? versionOf(balance),
  };
  const short = remaining !== undefined && amount !== undefined && amount > remaining;
  const decide = (): { allowed: boolean; reason: string } => {
    if (!access.allowed) return access;
    if (access.per === "subject" && subject === "") return { allowed: false, reason: "NOT_INCLUDED" };
    if (short && access.enforcement === "hard")
      return { allowed: false, reason: access.kind === "credits" ? "INSUFFICIENT_BALANCE" : "LIMIT_REACHED" };
    if (amount === undefined || amount <= 0n || amount >= 10n ** 15n * UNIT)
      return { allowed: false, reason: "UNAVAILABLE" };
    return { allowed: true, reason: short && access.enforcement === "soft" ? "OVERAGE" : access.reason };
  };
  const { allowed, reason } = decide();
  return row({ ...words, ...numbers, allowed, reason });
}
