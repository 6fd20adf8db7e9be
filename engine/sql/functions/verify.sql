-- Recomputes what must hold of every balance from its immutable rows and answers what does not hold: nothing is what anybody
-- should see. One tenant, or all where none is named. The invariants are numbered in engine/src/balance/README.md.
CREATE OR REPLACE FUNCTION purser.verify(p_tenant text DEFAULT NULL)
RETURNS TABLE (invariant text, tenant_id text, subject text, feature text, version bigint)
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH rows AS MATERIALIZED (
    SELECT b.* FROM purser.balances b WHERE p_tenant IS NULL OR b.tenant_id = p_tenant
  ), facts AS MATERIALIZED (
    SELECT f.*, row_number() OVER w AS expected, lag(f.balance_after) OVER w AS after_before,
           lag(f.interval_no) OVER w AS interval_before, lag(f.interval_used) OVER w AS used_before,
           CASE WHEN f.kind IN ('consume', 'settle') THEN f.amount - f.overage - coalesce(f.pinned, 0) ELSE 0 END AS drawn
      FROM purser.balance_facts f
      WHERE p_tenant IS NULL OR f.tenant_id = p_tenant
      WINDOW w AS (PARTITION BY f.tenant_id, f.subject, f.feature ORDER BY f.version)
  )
  SELECT 'versions have no gap', f.tenant_id, f.subject, f.feature, f.version FROM facts f WHERE f.version <> f.expected
  UNION ALL
  SELECT 'balance_after continues', f.tenant_id, f.subject, f.feature, f.version FROM facts f
    WHERE f.kind = 'consume' AND f.balance_after <> f.after_before - f.drawn
  UNION ALL
  SELECT 'an interval goes on or the next one opens', f.tenant_id, f.subject, f.feature, f.version FROM facts f
    WHERE f.interval_no NOT IN (f.interval_before, f.interval_before + 1)
       OR f.interval_used <> CASE f.interval_no WHEN f.interval_before THEN f.used_before ELSE 0 END + f.drawn
       OR f.interval_no <> f.interval_before AND f.kind IN ('consume', 'reserve')
  UNION ALL
  -- Joined and not looked up row by row: what was gathered above has no index.
  SELECT 'the row is at its newest fact', b.tenant_id, b.subject, b.feature, b.version FROM rows b
    LEFT JOIN (SELECT f.tenant_id, f.subject, f.feature, max(f.version) AS version FROM facts f GROUP BY 1, 2, 3) n
      ON n.tenant_id = b.tenant_id AND n.subject = b.subject AND n.feature = b.feature
    WHERE b.version <> coalesce(n.version, 0)
  UNION ALL
  SELECT 'the row is what its newest fact left', b.tenant_id, b.subject, b.feature, b.version FROM rows b
    JOIN facts f ON f.tenant_id = b.tenant_id AND f.subject = b.subject AND f.feature = b.feature AND f.version = b.version
    WHERE f.balance_after IS DISTINCT FROM CASE WHEN NOT b.unlimited THEN
            b.granted - b.used - b.held - CASE b.kind WHEN 'capacity' THEN b.claimed ELSE 0 END END
       OR f.interval_no <> b.interval_no OR f.interval_used <> b.interval_used
  UNION ALL
  -- From nothing but immutable rows: what the grants in force add up to, and what of them closed intervals and this one used.
  SELECT 'the row is what its grants and facts add up to', b.tenant_id, b.subject, b.feature, b.version FROM rows b
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(g.amount) FILTER (WHERE NOT g.unlimited), 0) AS granted,
             coalesce(sum(purser.grant_used(g.slot, g.tenant_id, g.grant_id)), 0) AS used
        FROM purser.grants g
        WHERE g.tenant_id = b.tenant_id AND g.subject = b.subject AND g.feature = b.feature AND g.slot = b.slot
          AND g.effective_at <= b.as_of AND b.as_of < g.expires_at AND g.issued_version <= b.version
          AND NOT EXISTS (SELECT FROM purser.grant_voids v
                          WHERE v.tenant_id = g.tenant_id AND v.grant_id = g.grant_id AND v.slot = g.slot)) s
    WHERE (b.granted, b.used) IS DISTINCT FROM (s.granted, s.used + b.interval_used)
  UNION ALL
  SELECT 'held is what open holds keep', b.tenant_id, b.subject, b.feature, b.version FROM rows b
    WHERE b.held <> (
      SELECT coalesce(sum(CASE WHEN h.interval_no = b.interval_no THEN h.funded ELSE (
               SELECT coalesce(sum(p.amount), 0) FROM purser.hold_pins p
               JOIN purser.open_grants o ON o.tenant_id = p.tenant_id AND o.subject = b.subject AND o.feature = b.feature
                 AND o.grant_id = p.grant_id AND o.slot = p.slot AND o.active
               WHERE p.tenant_id = h.tenant_id AND p.hold_key = h.hold_key AND p.slot = h.slot) END), 0)
        FROM purser.holds h
        WHERE h.tenant_id = b.tenant_id AND h.subject = b.subject AND h.feature = b.feature AND h.slot = b.slot
          AND h.status = 'open')
  UNION ALL
  SELECT 'a hold ends once', h.tenant_id, h.subject, h.feature, h.reserved_version FROM purser.holds h
    JOIN rows b ON b.tenant_id = h.tenant_id AND b.subject = h.subject AND b.feature = h.feature AND b.slot = h.slot
    WHERE h.status = 'open' AND h.expires_at <= b.as_of
       OR (SELECT count(*) FROM facts f WHERE f.tenant_id = h.tenant_id AND f.subject = h.subject AND f.feature = h.feature
             AND f.reference = h.hold_key AND f.kind IN ('settle', 'release'))
          <> CASE WHEN h.status IN ('settled', 'released') THEN 1 ELSE 0 END
       OR h.status <> 'open' AND EXISTS (SELECT FROM purser.hold_pins p WHERE p.tenant_id = h.tenant_id AND p.hold_key = h.hold_key
                                           AND p.slot = h.slot)
  UNION ALL
  SELECT 'what is occupied is what is claimed', b.tenant_id, b.subject, b.feature, b.version FROM rows b
    WHERE b.claimed <> CASE WHEN b.reported THEN b.claimed ELSE (
      SELECT count(*) FROM purser.claims c WHERE c.tenant_id = b.tenant_id AND c.subject = b.subject AND c.feature = b.feature
        AND c.slot = b.slot AND c.released_at IS NULL) END
  UNION ALL
  SELECT 'overage is what its window''s facts say', b.tenant_id, b.subject, b.feature, b.version FROM rows b
    LEFT JOIN (
      SELECT f.tenant_id, f.subject, f.feature, sum(CASE WHEN f.kind <> 'reverse' THEN f.overage WHEN EXISTS (
               SELECT FROM facts o WHERE o.tenant_id = f.tenant_id AND o.subject = f.subject AND o.feature = f.feature
                 AND o.version > r.overage_version AND (o.kind = 'consume' AND o.idempotency_key = f.reference
                                                        OR o.kind = 'settle' AND o.reference = f.reference))
               THEN -f.overage ELSE 0 END) AS overage
        FROM facts f
        JOIN rows r ON r.tenant_id = f.tenant_id AND r.subject = f.subject AND r.feature = f.feature
        WHERE f.overage > 0 AND f.version > r.overage_version
        GROUP BY 1, 2, 3) w ON w.tenant_id = b.tenant_id AND w.subject = b.subject AND w.feature = b.feature
    WHERE b.overage <> coalesce(w.overage, 0)
  UNION ALL
  SELECT 'nothing is overspent', b.tenant_id, b.subject, b.feature, b.version FROM rows b
    WHERE b.enforcement = 'hard' AND NOT b.unlimited AND b.granted - b.used - b.held < 0
  UNION ALL
  SELECT 'a grant pays for no more than it is', g.tenant_id, g.subject, g.feature, g.issued_version FROM purser.grants g
    JOIN rows b ON b.tenant_id = g.tenant_id AND b.subject = g.subject AND b.feature = g.feature AND b.slot = g.slot
    WHERE NOT g.unlimited
      AND purser.grant_used(g.slot, g.tenant_id, g.grant_id) + coalesce((
            SELECT sum(p.amount) FROM purser.hold_pins p
            JOIN purser.holds h ON h.tenant_id = p.tenant_id AND h.hold_key = p.hold_key AND h.slot = p.slot
            WHERE p.tenant_id = g.tenant_id AND p.grant_id = g.grant_id AND p.slot = g.slot AND h.subject = g.subject
              AND h.feature = g.feature), 0) > g.amount
  UNION ALL
  SELECT 'a closed interval is paid for', c.tenant_id, c.subject, c.feature, c.version FROM (
      SELECT f.tenant_id, f.subject, f.feature, f.interval_no, max(f.interval_used) AS used, max(f.version) AS version
        FROM facts f GROUP BY 1, 2, 3, 4) c
    JOIN rows b ON b.tenant_id = c.tenant_id AND b.subject = c.subject AND b.feature = c.feature
    WHERE c.interval_no < b.interval_no AND c.used <> coalesce((
      SELECT sum(u.to_used - u.from_used) FROM purser.burns u
      WHERE u.tenant_id = c.tenant_id AND u.subject = c.subject AND u.feature = c.feature AND u.interval_no = c.interval_no
        AND u.slot = b.slot), 0)
  UNION ALL
  SELECT 'the pinned part of a settlement is paid for', f.tenant_id, f.subject, f.feature, f.version FROM facts f
    WHERE f.kind = 'settle' AND coalesce(f.pinned, 0) <> coalesce((
      SELECT sum(a.amount) FROM purser.allocations a WHERE a.tenant_id = f.tenant_id AND a.subject = f.subject
        AND a.feature = f.feature AND a.version = f.version AND a.slot = f.slot), 0)
  UNION ALL
  SELECT 'a reversal gives back what it says, and no more than was taken', f.tenant_id, f.subject, f.feature, f.version FROM facts f
    WHERE f.kind = 'reverse' AND (f.amount - f.overage <> coalesce((
      SELECT sum(a.amount) FROM purser.allocations a WHERE a.tenant_id = f.tenant_id AND a.subject = f.subject
        AND a.feature = f.feature AND a.version = f.version AND a.slot = f.slot), 0)
      OR (SELECT sum(r.amount) FROM facts r WHERE r.kind = 'reverse' AND r.tenant_id = f.tenant_id AND r.reference = f.reference)
         > (SELECT o.amount FROM facts o WHERE o.tenant_id = f.tenant_id AND (o.kind = 'consume' AND o.idempotency_key = f.reference
                                                OR o.kind = 'settle' AND o.reference = f.reference)))
  UNION ALL
  SELECT 'nothing is paid by a grant outside its life', u.tenant_id, u.subject, u.feature, min(f.version) FROM purser.burns u
    JOIN purser.grants g ON g.tenant_id = u.tenant_id AND g.grant_id = u.grant_id AND g.slot = u.slot
    JOIN facts f ON f.tenant_id = u.tenant_id AND f.subject = u.subject AND f.feature = u.feature
      AND f.interval_no = u.interval_no AND f.drawn > 0
      AND f.interval_used > u.from_used AND f.interval_used - f.drawn < u.to_used
    WHERE f.recorded_at < g.effective_at OR f.recorded_at >= g.expires_at
    GROUP BY 1, 2, 3, 4;
END
$$;
