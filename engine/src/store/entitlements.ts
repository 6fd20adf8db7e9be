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

// The page is cut from the features before any of them is decided about.
const COLUMNS_OF_PAGE = `SELECT c.allowed, c.reason, c.feature, c.kind, c.tier, c.required_tier, c.value, c.quantity_limit,
    c.used, c.remaining, c.unlimited, c.over_limit, c.resets_at, c.source, c.restricted_by, c.unlocked_by, c.as_of, c.version
  FROM purser.tenants t
  CROSS JOIN (
    SELECT f.key FROM purser.features f WHERE f.active AND f.key > $3::text ORDER BY f.key LIMIT $4::int
  ) f
  CROSS JOIN LATERAL purser.check_entitlement(t.tenant_id, f.key) c
  WHERE t.tenant_id = $1::text AND t.slot = $2::int AND t.erased_at IS NULL
  ORDER BY f.key`;

/** Decisions about a tenant for the features on sale behind one of them, in the order of their keys. */
export async function entitlementsAfter(
  session: Session,
  of: { slot: number; tenant: string },
  [feature = ""]: readonly string[],
  most: number,
): Promise<DecisionRow[]> {
  return session.query<DecisionRow>(COLUMNS_OF_PAGE, [of.tenant, of.slot, feature, most]);
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
