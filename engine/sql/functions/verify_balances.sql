-- What does not hold of the balances themselves: each row is the projection of its facts, for now and for versions of the
-- past, of which it recomputes all where there are few and some by chance where there are many. A part of verify.
CREATE OR REPLACE FUNCTION purser.verify_balances(p_tenant text)
RETURNS TABLE (invariant text, tenant_id text, subject text, feature text, version bigint, detail text)
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  c_looks constant integer := 12;
BEGIN
  RETURN QUERY
  WITH standing AS MATERIALIZED (
    SELECT b.* FROM purser.balances b WHERE p_tenant IS NULL OR b.tenant_id = p_tenant
  ), looks AS MATERIALIZED (
    SELECT b.slot, b.tenant_id, b.subject, b.feature, b.kind, f.version, f.recorded_at, f.balance_after
      FROM standing b
      CROSS JOIN LATERAL (
        SELECT DISTINCT CASE WHEN b.version <= c_looks THEN n ELSE 1 + floor(random() * b.version)::bigint END AS version
          FROM generate_series(1, least(b.version, c_looks)) n) l
      JOIN purser.balance_facts f ON f.tenant_id = b.tenant_id AND f.subject = b.subject AND f.feature = b.feature
        AND f.version = l.version AND f.slot = b.slot
      -- Of several changes at one instant the dated rows know the last.
      WHERE NOT EXISTS (SELECT FROM purser.balance_facts n
                        WHERE n.tenant_id = f.tenant_id AND n.subject = f.subject AND n.feature = f.feature
                          AND n.version = f.version + 1 AND n.slot = f.slot AND n.recorded_at = f.recorded_at)
  )
  SELECT 'the row is at its newest fact', b.tenant_id, b.subject, b.feature, b.version,
         format('the row is at version %s, the newest fact has %s', b.version, coalesce(f.newest, 0))
    FROM standing b
    LEFT JOIN (SELECT f.tenant_id, f.subject, f.feature, max(f.version) AS newest FROM purser.balance_facts f
                 WHERE p_tenant IS NULL OR f.tenant_id = p_tenant GROUP BY 1, 2, 3) f
      ON f.tenant_id = b.tenant_id AND f.subject = b.subject AND f.feature = b.feature
    WHERE b.version <> coalesce(f.newest, 0)
  UNION ALL
  SELECT 'the row is what its newest fact left', b.tenant_id, b.subject, b.feature, b.version,
         format('the row has %s left as of %s, the fact %s as of %s',
                b.granted - b.used - b.held - CASE b.kind WHEN 'capacity' THEN b.claimed ELSE 0 END, b.as_of, f.balance_after,
                f.recorded_at)
    FROM standing b
    JOIN purser.balance_facts f ON f.tenant_id = b.tenant_id AND f.subject = b.subject AND f.feature = b.feature
      AND f.version = b.version AND f.slot = b.slot
    WHERE f.balance_after IS DISTINCT FROM CASE WHEN NOT b.unlimited THEN
            b.granted - b.used - b.held - CASE b.kind WHEN 'capacity' THEN b.claimed ELSE 0 END END
       OR f.interval_no <> b.interval_no OR f.interval_used <> b.interval_used OR f.recorded_at <> b.as_of
  UNION ALL
  -- From nothing but immutable rows.
  SELECT 'the row is what its grants and facts add up to', b.tenant_id, b.subject, b.feature, b.version,
         format('the row says %s granted, %s used, %s held, %s beyond; the facts say %s, %s, %s, %s', b.granted, b.used, b.held,
                b.exceeded, t.granted, t.used, t.held, t.exceeded)
    FROM standing b
    CROSS JOIN LATERAL purser.turned_balance(b.slot, b.tenant_id, b.subject, b.feature, b.as_of, b.version) t
    WHERE b.version > 0
      AND (b.unlimited, b.granted, b.used, b.held, b.exceeded) IS DISTINCT FROM (t.unlimited, t.granted, t.used, t.held, t.exceeded)
  UNION ALL
  SELECT 'what is counted beside grants is what facts say', b.tenant_id, b.subject, b.feature, b.version,
         format('the row says %s overage since version %s, %s occupied; the facts say %s since %s, %s', b.overage,
                b.overage_version, b.claimed, c.overage, c.overage_version, c.claimed)
    FROM standing b
    CROSS JOIN LATERAL purser.counted_at(b.slot, b.tenant_id, b.subject, b.feature, b.version) c
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
