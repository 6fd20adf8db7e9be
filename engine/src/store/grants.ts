import type { Session } from "./database.ts";

export interface OpenGrantRow {
  subject: string;
  feature: string;
  grant_id: string;
  source: "plan" | "product" | "promotion" | "top_up" | "override" | "rollover" | "manual";
  amount: string;
  unlimited: boolean;
  used: string;
  remaining: string | null;
  active: boolean;
  effective_at: Date;
  expires_at: Date | null;
  priority: number;
  dedupe_key: string;
  issued_at: Date | null;
  metadata: Record<string, unknown> | null;
}

// Also of an allowance that nobody has drawn from yet, and so has no balance. While an unlimited grant is active it pays
// and the finite ones rest, hence before them.
const OPEN_GRANTS = `WITH tenant AS MATERIALIZED (
    SELECT purser.tenant_now($2::int, $1::text) AS now_at
  ), holder AS (
    SELECT b.subject, b.feature, greatest(b.as_of, t.now_at) AS at
      FROM purser.balances b CROSS JOIN tenant t WHERE b.tenant_id = $1::text AND b.slot = $2::int
    UNION ALL
    SELECT DISTINCT ''::text, a.feature, t.now_at
      FROM purser.allowances a CROSS JOIN tenant t
      WHERE a.tenant_id = $1::text AND a.slot = $2::int AND a.per = 'tenant'
        AND a.effective_at <= t.now_at AND t.now_at < a.ends_at
        AND NOT EXISTS (SELECT FROM purser.balances b WHERE b.tenant_id = a.tenant_id AND b.subject = ''
                        AND b.feature = a.feature AND b.slot = a.slot)
  )
  SELECT h.subject, h.feature, g.grant_id, g.source, g.amount, g.unlimited, g.used,
         CASE WHEN NOT g.unlimited THEN g.amount - g.used END AS remaining, g.active, g.effective_at,
         nullif(g.expires_at, 'infinity') AS expires_at, g.priority, coalesce(g.dedupe_key, i.dedupe_key) AS dedupe_key,
         i.issued_at, i.metadata
    FROM holder h
    CROSS JOIN LATERAL purser.grants_after_turn($2::int, $1::text, h.subject, h.feature, h.at) g
    LEFT JOIN purser.grants i ON i.tenant_id = $1::text AND i.grant_id = g.grant_id AND i.slot = $2::int
    WHERE NOT g.ended AND ($3::text IS NULL OR h.feature = $3::text)
    ORDER BY h.feature, h.subject, g.active DESC, g.active AND g.unlimited DESC, g.priority, g.expires_at,
             g.issued_version, g.grant_id`;

/** The grants that count now or will count later, each with what it has paid so far. */
export async function openGrantsOf(
  session: Session,
  slot: number,
  tenant: string,
  feature: string | null,
): Promise<OpenGrantRow[]> {
  return session.query<OpenGrantRow>(OPEN_GRANTS, [tenant, slot, feature]);
}
