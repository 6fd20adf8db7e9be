// Who holds which plan, and what they use of it: for saying beforehand whom a change of the catalogue would touch.
import type { Session } from "./database.ts";

const VERSIONS_HELD = `SELECT DISTINCT p.plan, p.plan_version AS version
  FROM purser.subscription_periods p
  WHERE p.plan = ANY ($1::text[]) AND clock_timestamp() < p.ends_at
  ORDER BY p.plan, p.plan_version`;

export interface VersionHeldRow {
  plan: string;
  version: number;
}

/** The versions of some plans that anybody holds or will hold. */
export async function versionsHeld(session: Session, plans: readonly string[]): Promise<VersionHeldRow[]> {
  return session.query<VersionHeldRow>(VERSIONS_HELD, [plans]);
}

// Both statements look at the same page: the tenants that hold one of the plans now, in the order of their ids.
const HOLDERS = `WITH page AS (
    SELECT t.tenant_id, t.slot, coalesce(c.now_at, clock_timestamp()) AS now_at
    FROM purser.tenants t
    LEFT JOIN purser.test_clocks c ON c.tenant_id = t.tenant_id AND c.slot = t.slot
    WHERE t.tenant_id > $2::text AND t.erased_at IS NULL AND ($4::text IS NULL OR t.mode = $4::text)
      AND EXISTS (SELECT FROM purser.subscription_periods p
                  WHERE p.tenant_id = t.tenant_id AND p.slot = t.slot AND p.plan = ANY ($1::text[])
                    AND p.effective_at <= coalesce(c.now_at, clock_timestamp())
                    AND coalesce(c.now_at, clock_timestamp()) < p.ends_at)
    ORDER BY t.tenant_id LIMIT $3::int)
  SELECT page.tenant_id, p.plan, p.plan_version AS version
  FROM page
  JOIN purser.subscription_periods p ON p.tenant_id = page.tenant_id AND p.slot = page.slot
  WHERE p.plan = ANY ($1::text[]) AND p.effective_at <= page.now_at AND page.now_at < p.ends_at
  ORDER BY page.tenant_id, p.plan, p.plan_version`;

export interface HolderRow {
  tenant_id: string;
  plan: string;
  version: number;
}

/** A page of tenants that hold one of the plans, with all that they hold of them; of one mode where it is named. */
export async function holdersAfter(
  session: Session,
  page: { plans: readonly string[]; after: string; count: number; mode: string | null },
): Promise<HolderRow[]> {
  return session.query<HolderRow>(HOLDERS, [page.plans, page.after, page.count, page.mode]);
}

// What a holder would have: what is granted now, with the plan's own amount exchanged. A purchase stays what it is, and
// one that is unlimited knows no limit to be over.
//
// The balances of the page come first, by themselves: begun from the amounts, a plan made without seeing them looks every
// amount up for every tenant (2.4 s instead of 15 ms a page of 500 where a plan has 1,000 features).
const OVER = `WITH held AS MATERIALIZED (
    SELECT t.tenant_id, t.slot, p.plan, p.plan_version, p.subscription_id, s.quantity, b.subject, b.feature,
           coalesce(c.now_at, clock_timestamp()) AS now_at
    FROM unnest($1::text[]) AS page (tenant_id)
    JOIN purser.tenants t ON t.tenant_id = page.tenant_id
    LEFT JOIN purser.test_clocks c ON c.tenant_id = t.tenant_id AND c.slot = t.slot
    JOIN purser.subscription_periods p ON p.tenant_id = t.tenant_id AND p.slot = t.slot
      AND p.effective_at <= coalesce(c.now_at, clock_timestamp()) AND coalesce(c.now_at, clock_timestamp()) < p.ends_at
    JOIN purser.subscriptions s
      ON s.tenant_id = p.tenant_id AND s.subscription_id = p.subscription_id AND s.slot = p.slot
    JOIN purser.balances b ON b.tenant_id = t.tenant_id AND b.slot = t.slot
  ), wanted AS MATERIALIZED (
    SELECT w.* FROM jsonb_to_recordset($2::jsonb) AS w (plan text, version int, feature text, amount numeric)
  ), changed AS MATERIALIZED (
    SELECT held.*, wanted.amount FROM held
    JOIN wanted ON wanted.plan = held.plan AND wanted.version = held.plan_version AND wanted.feature = held.feature
  )
  SELECT h.tenant_id, h.plan, h.feature, h.subject, u.uses::text, (u.others + h.amount * h.quantity)::text AS quantity_limit
  FROM changed h
  CROSS JOIN LATERAL purser.balance_now(h.slot, h.tenant_id, h.subject, h.feature) n
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(a.amount), 0) AS amount, coalesce(bool_or(a.unlimited), false) AS unlimited
    FROM purser.allowances a
    WHERE a.tenant_id = h.tenant_id AND a.slot = h.slot AND a.feature = h.feature
      AND a.subscription_id = h.subscription_id AND a.effective_at <= h.now_at AND h.now_at < a.ends_at
  ) planned
  CROSS JOIN LATERAL (
    SELECT CASE n.kind WHEN 'capacity' THEN n.claimed ELSE n.used + n.overage + n.held END AS uses,
           greatest(n.granted - planned.amount, 0) AS others
  ) u
  WHERE (NOT n.unlimited OR planned.unlimited) AND u.uses > u.others + h.amount * h.quantity
  ORDER BY h.tenant_id, h.plan, h.feature, h.subject`;

export interface OverRow {
  tenant_id: string;
  plan: string;
  feature: string;
  subject: string;
  uses: string;
  quantity_limit: string;
}

/** Of some tenants those who use more of a feature than they would have if their version's amount became another one. */
export async function overLimit(
  session: Session,
  tenants: readonly string[],
  amounts: readonly { plan: string; version: number; feature: string; amount: string }[],
): Promise<OverRow[]> {
  return session.query<OverRow>(OVER, [tenants, JSON.stringify(amounts)]);
}
