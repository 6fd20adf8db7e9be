// The model's memory as the rows that PostgreSQL shows.
import { accessOf } from "./access.ts";
import { row, when, whenever } from "./answer.ts";
import { occupancyOf, occupiedOf } from "./claims.ts";
import { writtenInstant } from "./instant.ts";
import { availableOf, excessOf, grantOf, isUnlimited, overageOf, standingOf, versionOf } from "./balance.ts";
import type { Answer, Balance, Model, Tenant } from "./state.ts";
import { nextBoundary, newBalance, passTime } from "./time.ts";

/** Every balance of every tenant as it stands when its time has passed; it is a copy that is looked at. */
export function eachBalance<Result>(model: Model, show: (tenant: Tenant, balance: Balance) => Result): Result[] {
  return [...model.tenants.values()].flatMap((tenant) =>
    [...tenant.balances.values()].map((balance) => {
      const copy = structuredClone(balance);
      passTime(tenant, copy);
      return show(tenant, copy);
    }),
  );
}

/** A row of balances_current. */
export function balanceRow(model: Model, tenant: Tenant, balance: Balance): Answer {
  const { subject, feature } = balance;
  const access = accessOf(model, tenant.id, subject, feature, tenant.clock);
  return row({
    tenant_id: tenant.id,
    subject,
    feature,
    kind: access.kind,
    enforcement: access.enforcement,
    denied_reason: access.allowed ? null : access.reason,
    restricted_by: access.restrictedBy,
    unlimited: isUnlimited(balance),
    ...standingOf(balance),
    available: access.kind === "capacity" ? occupancyOf(balance).available : availableOf(balance),
    overage: overageOf(balance),
    claimed: occupiedOf(balance),
    version: versionOf(balance),
    over_limit: access.kind === "capacity" ? occupancyOf(balance).over_limit : excessOf(balance),
    as_of: when(balance.at),
    next_change_at: whenever(nextBoundary(tenant, balance)),
  });
}

/**
 * consumption_lineage with the dates of the grants, and without the keys that only the engine knows. An interval that is over
 * and that nobody has closed yet is still told as provisional.
 */
export const lineageRows = (model: Model): Answer[] =>
  [...model.tenants.values()].flatMap(({ id, balances }) =>
    [...balances.values()].flatMap((balance) =>
      balance.consumptions.flatMap(({ key, payments, interval }) =>
        payments.map(({ grant, amount, pinned }, i) => {
          const { source, effectiveAt, expiresAt, key: dedupeKey } = grantOf(balance, grant);
          const isOwn = ["plan", "override", "rollover"].includes(source);
          return row({
            tenant_id: id,
            subject: balance.subject,
            feature: balance.feature,
            idempotency_key: key,
            position: i + 1,
            dedupe_key: isOwn ? null : dedupeKey,
            source,
            amount,
            provisional: !pinned && interval === balance.interval,
            effective_at: when(effectiveAt),
            expires_at: when(expiresAt),
          });
        }),
      ),
    ),
  );

/** What balances_current would show of a balance that nobody has drawn on. */
export function untouchedRow(model: Model, id: string, subject: string, feature: string): Answer {
  const tenant = model.tenants.get(id);
  if (tenant === undefined) throw new Error(`no tenant ${id}`);
  return balanceRow(model, tenant, newBalance(tenant, subject, feature));
}

/** The ends of holds that ended before. */
export const formerEndsOf = (model: Model): ReadonlySet<string> =>
  new Set(
    [...model.tenants.values()]
      .flatMap(({ balances }) => [...balances.values()].flatMap(({ holds }) => holds))
      .flatMap(({ status, expiresAt, formerEnds }) => (status === "open" ? formerEnds : [...formerEnds, expiresAt]))
      .map((instant) => writtenInstant(instant)),
  );
