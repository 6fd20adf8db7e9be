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
  /** Its place among those that count now; null where it does not count yet. */
  burn_order: string | null;
  /** Where it stands among the grants of its balance, as a text that never changes. */
  position: string;
  effective_at: Date;
  expires_at: Date | null;
  priority: number;
  dedupe_key: string;
  issued_at: Date | null;
  metadata: Record<string, unknown> | null;
}

/** A balance without open grants. */
interface EmptyHolderRow {
  subject: string;
  feature: string;
  grant_id: null;
  position: "";
}

// A balance is worked out as a whole, so a page is cut twice: first of the holders, from the primary key of balances, then
// of the lines they have. A holder without a line stands for itself, so that whoever asks can go on behind it.
//
// Holders are balances, and allowances that nobody has drawn from yet and that so have no balance. Their grants stand in
// burn order, those that do not count yet at the place where they will. Unlimited ones come first: while one of them counts
// it pays and the finite ones rest. That order as one text: nothing in it changes by time or when others are added, so it is
// the key as well, and one that was made up compares like any other text.
const OPEN_GRANTS = `WITH tenant AS MATERIALIZED (
    SELECT purser.tenant_now($2::int, $1::text) AS now_at
  ), holder AS MATERIALIZED (
    SELECT h.subject, h.feature, greatest(h.as_of, t.now_at) AS at
      FROM (
        (SELECT b.subject, b.feature, b.as_of FROM purser.balances b
          WHERE b.tenant_id = $1::text AND b.slot = $2::int AND ($3::text IS NULL OR b.feature = $3::text)
            AND (b.subject, b.feature) >= ($4::text, $5::text)
          ORDER BY b.subject, b.feature LIMIT $7::int + 1)
        UNION ALL
        (SELECT DISTINCT '' COLLATE "C", a.feature, timestamptz '-infinity'
          FROM purser.allowances a CROSS JOIN tenant t
          WHERE a.tenant_id = $1::text AND a.slot = $2::int AND ($3::text IS NULL OR a.feature = $3::text)
            AND $4::text = '' AND a.feature >= $5::text AND a.per = 'tenant'
            AND a.effective_at <= t.now_at AND t.now_at < a.ends_at
            AND NOT EXISTS (SELECT FROM purser.balances b WHERE b.tenant_id = a.tenant_id AND b.subject = ''
                            AND b.feature = a.feature AND b.slot = a.slot))
      ) h CROSS JOIN tenant t
      ORDER BY h.subject, h.feature LIMIT $7::int + 1
  ), line AS MATERIALIZED (
    SELECT h.subject, h.feature, g.*
      FROM holder h
      LEFT JOIN LATERAL (
        SELECT g.grant_id, g.source, g.amount, g.unlimited, g.used, g.effective_at, g.expires_at, g.priority, g.dedupe_key,
               p.position, CASE WHEN g.active THEN count(*) FILTER (WHERE g.active) OVER (ORDER BY p.position) END AS burn_order
          FROM purser.grants_after_turn($2::int, $1::text, h.subject, h.feature, h.at) g
          CROSS JOIN LATERAL (
            SELECT concat(
              CASE WHEN g.unlimited THEN '0' ELSE '1' END,
              to_char(g.priority, 'FM0000'),
              CASE WHEN isfinite(g.expires_at)
                THEN lpad(((extract(epoch FROM g.expires_at) * 1000000)::bigint + 1e18)::text, 20, '0') ELSE '~' END,
              lpad(g.issued_version::text, 19, '0'),
              g.grant_id) COLLATE "C" AS position) p
          WHERE NOT g.ended
      ) g ON (h.subject, h.feature, g.position) > ($4::text, $5::text, $6::text)
      WHERE g.grant_id IS NOT NULL OR (h.subject, h.feature) > ($4::text, $5::text)
      ORDER BY h.subject, h.feature, g.position LIMIT $7::int
  )
  SELECT l.subject, l.feature, l.grant_id, l.source, l.amount, l.unlimited, l.used,
         CASE WHEN NOT l.unlimited THEN l.amount - l.used END AS remaining, l.burn_order, l.effective_at,
         nullif(l.expires_at, 'infinity') AS expires_at, l.priority, coalesce(l.dedupe_key, i.dedupe_key) AS dedupe_key,
         i.issued_at, i.metadata, coalesce(l.position, '') AS position
    FROM line l
    LEFT JOIN LATERAL (
      SELECT i.dedupe_key, i.issued_at, i.metadata FROM purser.grants i
        WHERE i.tenant_id = $1::text AND i.grant_id = l.grant_id AND i.slot = $2::int LIMIT 1
    ) i ON true
    ORDER BY l.subject, l.feature, l.position`;

/**
 * Open grants of a tenant behind one of them, by subject and feature and in burn order: those that count now or will count
 * later, each with what it has paid so far; of one feature where it is named.
 */
export async function openGrantsAfter(
  session: Session,
  of: { slot: number; tenant: string; feature: string | null },
  after: readonly string[],
  most: number,
): Promise<OpenGrantRow[]> {
  const found: OpenGrantRow[] = [];
  for (let [subject = "", feature = "", position = ""] = after; ; ) {
    const values = [of.tenant, of.slot, of.feature, subject, feature, position, most];
    const rows = await session.query<OpenGrantRow | EmptyHolderRow>(OPEN_GRANTS, values);
    for (const row of rows) if (row.grant_id !== null) found.push(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < most || found.length >= most) return found.slice(0, most);
    ({ subject, feature, position } = last);
  }
}
