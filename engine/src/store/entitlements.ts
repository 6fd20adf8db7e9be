import type { Session } from "./database.ts";

export interface DecisionRow {
  allowed: boolean;
  reason: string;
  feature: string;
  kind: string | null;
  tier: string | null;
  required_tier: string | null;
  value: unknown;
  quantity_limit: string | null;
  used: string | null;
  remaining: string | null;
  unlimited: boolean | null;
  over_limit: string | null;
  resets_at: Date | null;
  source: string | null;
  restricted_by: string | null;
  unlocked_by: string[];
  as_of: Date;
  version: string;
}

const COLUMNS_OF_ONE = `SELECT allowed, reason, feature, kind, tier, required_tier, value, quantity_limit, used, remaining,
    unlimited, over_limit, resets_at, source, restricted_by, unlocked_by, as_of, version
  FROM purser.check_entitlement($1::text, $2::text, $3::numeric, $4::text)`;

export async function checkEntitlement(
  session: Session,
  tenant: string,
  feature: string,
  amount: string | null,
  subject: string,
): Promise<DecisionRow[]> {
  return session.query<DecisionRow>(COLUMNS_OF_ONE, [tenant, feature, amount, subject]);
}

const COLUMNS_OF_ALL = `SELECT allowed, reason, feature, kind, tier, required_tier, value, quantity_limit, used, remaining,
    unlimited, over_limit, resets_at, source, restricted_by, unlocked_by, as_of, version
  FROM purser.entitlements_current WHERE tenant_id = $1::text ORDER BY feature`;

export async function entitlementsOf(session: Session, tenant: string): Promise<DecisionRow[]> {
  return session.query<DecisionRow>(COLUMNS_OF_ALL, [tenant]);
}

const HAS = `SELECT purser.has_entitlement($1::text, $2::text) AS entitled`;

export async function hasEntitlement(session: Session, tenant: string, feature: string): Promise<boolean> {
  const [row] = await session.query<{ entitled: boolean }>(HAS, [tenant, feature]);
  return row?.entitled ?? false;
}

const VALUE = `SELECT purser.entitlement_value($1::text, $2::text) AS value`;

export async function entitlementValue(session: Session, tenant: string, feature: string): Promise<string | null> {
  const [row] = await session.query<{ value: string | null }>(VALUE, [tenant, feature]);
  return row?.value ?? null;
}
