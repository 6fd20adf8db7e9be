-- What does not hold of grants: none pays for more than it is, the windows of an allowance tile and have one grant each at a
-- time, and what is open is what grants and voids say. A part of verify.
CREATE OR REPLACE FUNCTION purser.verify_grants(p_tenant text)
RETURNS TABLE (invariant text, tenant_id text, subject text, feature text, version bigint, detail text)
LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 5
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH given AS MATERIALIZED (
    SELECT g.*, v.voided_at, v.voided_version, v.lapsed AS void_lapsed
      FROM purser.grants g
      LEFT JOIN purser.grant_voids v ON v.tenant_id = g.tenant_id AND v.grant_id = g.grant_id AND v.slot = g.slot
      WHERE p_tenant IS NULL OR g.tenant_id = p_tenant
  ), lived AS MATERIALIZED (
    -- A product's allowance that is held several times would stand several times; every other one stands once.
    SELECT g.*, lag(coalesce(g.voided_at, g.expires_at)) OVER w AS ended_before
      FROM given g
      WHERE g.allowance_id IS NOT NULL AND g.effective_at < coalesce(g.voided_at, g.expires_at)
      WINDOW w AS (PARTITION BY g.tenant_id, g.subject, g.feature, g.allowance_id ORDER BY g.effective_at, g.issued_version)
  ), paid AS MATERIALIZED (
    -- What every grant has paid for, as grant_used says of one.
    SELECT x.tenant_id, x.grant_id, sum(x.amount) AS used
      FROM (
        SELECT u.tenant_id, u.grant_id, u.to_used - u.from_used AS amount FROM purser.burns u
          WHERE p_tenant IS NULL OR u.tenant_id = p_tenant
        UNION ALL
        SELECT a.tenant_id, a.grant_id, CASE f.kind WHEN 'reverse' THEN a.lapsed - a.amount ELSE a.amount END
          FROM purser.allocations a
          JOIN purser.balance_facts f ON f.tenant_id = a.tenant_id AND f.subject = a.subject AND f.feature = a.feature
            AND f.version = a.version AND f.slot = a.slot
          WHERE p_tenant IS NULL OR a.tenant_id = p_tenant) x
      GROUP BY 1, 2
  ), counted AS MATERIALIZED (
    SELECT g.*, coalesce(u.used, 0) AS used, g.effective_at <= b.as_of AS active
      FROM given g
      JOIN purser.balances b ON b.tenant_id = g.tenant_id AND b.subject = g.subject AND b.feature = g.feature AND b.slot = g.slot
      LEFT JOIN paid u ON u.tenant_id = g.tenant_id AND u.grant_id = g.grant_id
      WHERE g.voided_version IS NULL AND g.expires_at > b.as_of
  )
  SELECT 'one grant per dedupe key', g.tenant_id, min(g.subject), min(g.feature), min(g.issued_version),
         format('%s grants have the key %s', count(*), g.dedupe_key)
    FROM given g GROUP BY g.tenant_id, g.dedupe_key HAVING count(*) > 1
  UNION ALL
  SELECT 'a grant pays for no more than it is', g.tenant_id, g.subject, g.feature, g.issued_version,
         format('%s of %s used, %s held, of the grant %s', u.used, g.amount, coalesce(p.amount, 0), g.dedupe_key)
    FROM given g
    JOIN paid u ON u.tenant_id = g.tenant_id AND u.grant_id = g.grant_id
    LEFT JOIN (SELECT p.tenant_id, p.grant_id, sum(p.amount) AS amount
                 FROM purser.hold_pins p
                 JOIN purser.holds h ON h.tenant_id = p.tenant_id AND h.hold_key = p.hold_key AND h.slot = p.slot
                 WHERE h.status = 'open' AND (p_tenant IS NULL OR p.tenant_id = p_tenant)
                 GROUP BY 1, 2) p ON p.tenant_id = g.tenant_id AND p.grant_id = g.grant_id
    WHERE u.used < 0 OR NOT g.unlimited AND u.used + coalesce(p.amount, 0) > g.amount
  UNION ALL
  SELECT 'a void says what was left', g.tenant_id, g.subject, g.feature, g.voided_version,
         format('%s lapsed of %s, %s used, %s held, of the grant %s', g.void_lapsed, g.amount, u.used, u.held, g.dedupe_key)
    FROM given g
    CROSS JOIN LATERAL (
      SELECT purser.grant_used(g.slot, g.tenant_id, g.grant_id, g.voided_version) AS used, coalesce((
               SELECT sum(p.amount)
                 FROM purser.hold_pins p
                 JOIN purser.open_holds_at(g.slot, g.tenant_id, g.subject, g.feature, g.voided_version) h ON h.hold_key = p.hold_key
                 JOIN purser.balance_facts f ON f.tenant_id = g.tenant_id AND f.subject = g.subject AND f.feature = g.feature
                   AND f.version = g.voided_version AND f.slot = g.slot AND h.interval_no < f.interval_no
                 WHERE p.tenant_id = g.tenant_id AND p.grant_id = g.grant_id AND p.slot = g.slot), 0) AS held) u
    WHERE g.voided_version IS NOT NULL
      -- What had ended by its own date had lapsed before: a void takes nothing more from it.
      AND g.void_lapsed <> CASE WHEN g.unlimited OR g.expires_at <= g.voided_at THEN 0 ELSE g.amount - u.used - u.held END
  UNION ALL
  SELECT 'a window holds its grants', g.tenant_id, g.subject, g.feature, g.issued_version,
         format('the grant %s stands from %s to %s in a window from %s to %s', g.dedupe_key, g.effective_at, g.expires_at,
                w.starts_at, w.ends_at)
    FROM given g
    JOIN purser.allowances a ON a.tenant_id = g.tenant_id AND a.allowance_id = g.allowance_id AND a.slot = g.slot
    CROSS JOIN LATERAL purser.window_at(a.window_unit, a.window_count, a.anchor, a.time_zone, g.effective_at) w
    WHERE g.effective_at < w.starts_at OR g.expires_at > w.ends_at OR a.feature <> g.feature
       OR a.source NOT IN ('override', 'restriction') AND (a.per = 'subject') <> (g.subject <> '')
  UNION ALL
  SELECT 'a boundary has one effect', g.tenant_id, g.subject, g.feature, g.issued_version,
         format('the grant %s begins at %s where another of its allowance lasts until %s', g.dedupe_key, g.effective_at,
                g.ended_before)
    FROM lived g WHERE g.effective_at < g.ended_before
  UNION ALL
  SELECT 'open grants are what grants say', coalesce(o.tenant_id, c.tenant_id), coalesce(o.subject, c.subject),
         coalesce(o.feature, c.feature), coalesce(o.issued_version, c.issued_version),
         CASE WHEN c.grant_id IS NULL THEN format('the grant %s has ended', o.grant_id)
              WHEN o.grant_id IS NULL THEN format('the grant %s is missing', c.grant_id)
              ELSE format('the grant %s: %s used where %s was paid for', c.grant_id, o.used, c.used) END
    FROM counted c
    FULL JOIN (SELECT o.* FROM purser.open_grants o WHERE p_tenant IS NULL OR o.tenant_id = p_tenant) o
      ON o.tenant_id = c.tenant_id AND o.subject = c.subject AND o.feature = c.feature AND o.grant_id = c.grant_id
    WHERE (o.grant_id, o.source, o.allowance_id, o.amount, o.unlimited, o.used, o.active, o.effective_at, o.expires_at,
           o.priority, o.issued_version)
          IS DISTINCT FROM
          (c.grant_id, c.source, c.allowance_id, c.amount, c.unlimited, c.used, c.active, c.effective_at, c.expires_at,
           c.priority, c.issued_version)
  UNION ALL
  SELECT 'what became of a grant is a fact', x.tenant_id, x.subject, x.feature, x.version, x.detail
    FROM (
      SELECT g.slot, g.tenant_id, g.subject, g.feature, g.issued_version AS version,
             format('the grant %s has no fact that made it', g.dedupe_key) AS detail, NULL AS kind
        FROM given g
      UNION ALL
      SELECT g.slot, g.tenant_id, g.subject, g.feature, g.voided_version, format('nothing voided the grant %s', g.dedupe_key), NULL
        FROM given g WHERE g.voided_version IS NOT NULL
    ) x
    LEFT JOIN purser.balance_facts f ON f.tenant_id = x.tenant_id AND f.subject = x.subject AND f.feature = x.feature
      AND f.version = x.version AND f.slot = x.slot
    WHERE f.version IS NULL
  UNION ALL
  SELECT 'the periods of a subscription tile', s.tenant_id, '', '', NULL,
         format('one ends at %s, the next begins at %s', s.ended_before, s.effective_at)
    FROM (SELECT s.*, lag(s.ends_at) OVER (PARTITION BY s.tenant_id, s.subscription_id ORDER BY s.effective_at) AS ended_before
            FROM purser.subscription_periods s WHERE p_tenant IS NULL OR s.tenant_id = p_tenant) s
    WHERE s.ended_before <> s.effective_at
  UNION ALL
  SELECT 'a subscription says one thing about a feature', e.tenant_id, '', e.feature, NULL,
         format('from %s while another lasts until %s', e.effective_at, e.ended_before)
    FROM (SELECT e.*, lag(e.ends_at) OVER (PARTITION BY e.tenant_id, e.feature, e.subscription_id
                                           ORDER BY e.effective_at) AS ended_before
            FROM purser.entitlements e WHERE p_tenant IS NULL OR e.tenant_id = p_tenant) e
    WHERE e.ended_before > e.effective_at;
END
$$;
