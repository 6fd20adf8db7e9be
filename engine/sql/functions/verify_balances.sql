-- What does not hold of the balances themselves: each row is the projection of its facts, for now and for versions of the
-- past, of which it recomputes all where there are few, and some by chance where there are many. A part of verify.
CREATE OR REPLACE FUNCTION purser.verify_balances(p_tenant text)
RETURNS TABLE (invariant text, tenant_id text, subject text, feature text, version bigint, detail text)
LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 5
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  c_looks constant integer := 20;
BEGIN
  RETURN QUERY
  WITH standing AS MATERIALIZED (
    SELECT b.* FROM purser.balances b WHERE p_tenant IS NULL OR b.tenant_id = p_tenant
  ), facts AS MATERIALIZED (
    SELECT f.tenant_id, f.subject, f.feature, f.version, f.kind, f.amount, f.overage, f.window_turned, f.recorded_at,
           f.balance_after, f.interval_no, f.interval_used,
           CASE f.kind WHEN 'consume' THEN f.idempotency_key ELSE f.reference END AS about
      FROM purser.balance_facts f WHERE p_tenant IS NULL OR f.tenant_id = p_tenant
  ), marks AS MATERIALIZED (
    SELECT f.tenant_id, f.subject, f.feature, max(f.version) AS newest,
           coalesce(max(f.version) FILTER (WHERE f.window_turned), 0) AS overage_version,
           coalesce(max(f.version) FILTER (WHERE f.kind = 'report'), 0) AS report_version
      FROM facts f GROUP BY 1, 2, 3
  ), undone AS MATERIALIZED (
    -- Few, and apart from the rest, so that nobody looks through all facts for each of them.
    SELECT f.tenant_id, f.subject, f.feature, f.version, o.version AS consumed_version
      FROM facts f
      JOIN facts o ON o.tenant_id = f.tenant_id AND o.about = f.about AND o.kind IN ('consume', 'settle')
      WHERE f.kind = 'reverse' AND f.overage > 0
  ), beside AS MATERIALIZED (
    -- As counted_at says of one balance.
    SELECT m.tenant_id, m.subject, m.feature, m.overage_version,
           coalesce(sum(CASE WHEN f.kind <> 'reverse' THEN f.overage WHEN u.version IS NOT NULL THEN -f.overage END)
                    FILTER (WHERE f.version >= m.overage_version), 0) AS overage,
           coalesce(sum(CASE f.kind WHEN 'report' THEN f.amount WHEN 'claim' THEN 1 WHEN 'release_claim' THEN -1 END)
                    FILTER (WHERE f.version >= m.report_version), 0) AS claimed,
           coalesce(bool_or(f.amount > 0) FILTER (WHERE f.version = m.report_version), false) AS reported
      FROM marks m
      JOIN facts f ON f.tenant_id = m.tenant_id AND f.subject = m.subject AND f.feature = m.feature
      LEFT JOIN undone u ON u.tenant_id = f.tenant_id AND u.subject = f.subject AND u.feature = f.feature
        AND u.version = f.version AND u.consumed_version > m.overage_version
      GROUP BY 1, 2, 3, 4
  ), of_grants AS MATERIALIZED (
    -- Whose rows verify_grants holds against what is immutable.
    SELECT o.tenant_id, o.subject, o.feature, bool_or(o.unlimited) AS unlimited,
           sum(o.amount) FILTER (WHERE NOT o.unlimited) AS granted, sum(o.used) AS used,
           sum(g.exceeded) AS exceeded
      FROM purser.open_grants o
      JOIN purser.grants g ON g.tenant_id = o.tenant_id AND g.grant_id = o.grant_id AND g.slot = o.slot
      WHERE o.active AND (p_tenant IS NULL OR o.tenant_id = p_tenant)
      GROUP BY 1, 2, 3
  ), of_holds AS MATERIALIZED (
    SELECT h.tenant_id, h.subject, h.feature,
           sum(CASE WHEN h.interval_no = b.interval_no THEN h.funded ELSE coalesce(p.amount, 0) END) AS held
      FROM purser.holds h
      JOIN standing b ON b.tenant_id = h.tenant_id AND b.subject = h.subject AND b.feature = h.feature
      LEFT JOIN LATERAL (
        SELECT sum(p.amount) AS amount
          FROM purser.hold_pins p
          JOIN purser.open_grants o ON o.tenant_id = p.tenant_id AND o.subject = h.subject AND o.feature = h.feature
            AND o.grant_id = p.grant_id AND o.slot = p.slot AND o.active
          WHERE p.tenant_id = h.tenant_id AND p.hold_key = h.hold_key AND p.slot = h.slot) p ON true
      WHERE h.status = 'open' AND (p_tenant IS NULL OR h.tenant_id = p_tenant)
      GROUP BY 1, 2, 3
  ), looks AS MATERIALIZED (
    SELECT b.slot, b.tenant_id, b.subject, b.feature, b.kind, f.version, f.recorded_at, f.balance_after
      FROM (SELECT count(*) AS facts FROM facts) c
      CROSS JOIN LATERAL (
        SELECT * FROM facts f
          -- Of several changes at one instant the dated rows know the last.
          WHERE NOT EXISTS (SELECT FROM purser.balance_facts n
                            WHERE n.tenant_id = f.tenant_id AND n.subject = f.subject AND n.feature = f.feature
                              AND n.version = f.version + 1 AND n.recorded_at = f.recorded_at)
            AND (c.facts <= c_looks OR random() < 2.0 * c_looks / c.facts)
          LIMIT c_looks) f
      JOIN standing b ON b.tenant_id = f.tenant_id AND b.subject = f.subject AND b.feature = f.feature
  )
  SELECT 'the row is at its newest fact', b.tenant_id, b.subject, b.feature, b.version,
         format('the row is at version %s, the newest fact has %s', b.version, coalesce(f.newest, 0))
    FROM standing b
    LEFT JOIN marks f ON f.tenant_id = b.tenant_id AND f.subject = b.subject AND f.feature = b.feature
    WHERE b.version <> coalesce(f.newest, 0)
  UNION ALL
  SELECT 'the row is what its newest fact left', b.tenant_id, b.subject, b.feature, b.version,
         format('the row has %s left as of %s, the fact %s as of %s',
                b.granted - b.used - b.held - CASE b.kind WHEN 'capacity' THEN b.claimed ELSE 0 END, b.as_of, f.balance_after,
                f.recorded_at)
    FROM standing b
    JOIN facts f ON f.tenant_id = b.tenant_id AND f.subject = b.subject AND f.feature = b.feature AND f.version = b.version
    WHERE f.balance_after IS DISTINCT FROM CASE WHEN NOT b.unlimited THEN
            b.granted - b.used - b.held - CASE b.kind WHEN 'capacity' THEN b.claimed ELSE 0 END END
       OR f.interval_no <> b.interval_no OR f.interval_used <> b.interval_used OR f.recorded_at <> b.as_of
  UNION ALL
  SELECT 'the row is what its grants and holds add up to', b.tenant_id, b.subject, b.feature, b.version,
         format('the row says %s granted, %s used, %s held, %s beyond; its grants and holds %s, %s, %s, %s', b.granted, b.used,
                b.held, b.exceeded, coalesce(g.granted, 0), coalesce(g.used, 0) + b.interval_used, coalesce(h.held, 0),
                coalesce(g.exceeded, 0))
    FROM standing b
    LEFT JOIN of_grants g ON g.tenant_id = b.tenant_id AND g.subject = b.subject AND g.feature = b.feature
    LEFT JOIN of_holds h ON h.tenant_id = b.tenant_id AND h.subject = b.subject AND h.feature = b.feature
    WHERE (b.unlimited, b.granted, b.used, b.held, b.exceeded)
          IS DISTINCT FROM (coalesce(g.unlimited, false), coalesce(g.granted, 0), coalesce(g.used, 0) + b.interval_used,
                            coalesce(h.held, 0), coalesce(g.exceeded, 0))
  UNION ALL
  SELECT 'what is counted beside grants is what facts say', b.tenant_id, b.subject, b.feature, b.version,
         format('the row says %s overage since version %s, %s occupied; the facts say %s since %s, %s', b.overage,
                b.overage_version, b.claimed, c.overage, c.overage_version, c.claimed)
    FROM standing b
    JOIN beside c ON c.tenant_id = b.tenant_id AND c.subject = b.subject AND c.feature = b.feature
    WHERE (b.overage, b.overage_version, b.claimed, b.reported)
          IS DISTINCT FROM (c.overage, c.overage_version, c.claimed, c.reported)
  UNION ALL
  SELECT 'the past adds up', l.tenant_id, l.subject, l.feature, l.version,
         format('%s were left, recomputed %s', l.balance_after, r.available)
    FROM looks l
    CROSS JOIN LATERAL purser.turned_balance(l.slot, l.tenant_id, l.subject, l.feature, l.recorded_at, l.version) t
    CROSS JOIN LATERAL (
      SELECT CASE WHEN NOT t.unlimited THEN t.granted - t.used - t.held - CASE l.kind WHEN 'capacity' THEN (
               SELECT c.claimed FROM purser.counted_at(l.slot, l.tenant_id, l.subject, l.feature, l.version) c) ELSE 0 END
             END AS available) r
    WHERE l.balance_after IS DISTINCT FROM r.available
  UNION ALL
  SELECT 'nothing is overspent', b.tenant_id, b.subject, b.feature, b.version, format('%s left', b.granted - b.used - b.held)
    FROM standing b WHERE NOT b.unlimited AND b.granted - b.used - b.held < 0;
END
$$;
