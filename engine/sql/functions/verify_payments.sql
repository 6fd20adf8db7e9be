-- What does not hold of who paid for what: every consumption is paid for in full, by grants that lived and had it, and what
-- was reversed went back to them. A part of verify.
CREATE OR REPLACE FUNCTION purser.verify_payments(p_tenant text)
RETURNS TABLE (invariant text, tenant_id text, subject text, feature text, version bigint, detail text)
LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 5
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH facts AS MATERIALIZED (
    SELECT f.*, CASE WHEN f.kind IN ('consume', 'settle') THEN f.amount - f.overage - coalesce(f.pinned, 0) ELSE 0 END AS drawn
      FROM purser.balance_facts f
      WHERE p_tenant IS NULL OR f.tenant_id = p_tenant
  ), burned AS MATERIALIZED (
    SELECT u.*, lag(u.to_used, 1, 0::numeric) OVER w AS from_expected
      FROM purser.burns u
      WHERE p_tenant IS NULL OR u.tenant_id = p_tenant
      WINDOW w AS (PARTITION BY u.tenant_id, u.subject, u.feature, u.interval_no ORDER BY u.from_used, u.to_used)
  ), closed AS MATERIALIZED (
    SELECT f.tenant_id, f.subject, f.feature, f.interval_no, max(f.interval_used) AS used, max(f.version) AS version
      FROM facts f GROUP BY 1, 2, 3, 4
  ), allocated AS MATERIALIZED (
    SELECT a.tenant_id, a.subject, a.feature, a.version, sum(a.amount) AS amount
      FROM purser.allocations a
      WHERE p_tenant IS NULL OR a.tenant_id = p_tenant
      GROUP BY 1, 2, 3, 4
  ), taken AS MATERIALIZED (
    SELECT f.tenant_id, f.subject, f.feature, f.version, f.amount, f.overage,
           CASE f.kind WHEN 'settle' THEN f.reference ELSE f.idempotency_key END AS consumption_key
      FROM facts f WHERE f.kind IN ('consume', 'settle')
  )
  SELECT 'the stretches of an interval meet', u.tenant_id, u.subject, u.feature, u.interval_no,
         format('a grant paid from %s where another ended at %s', u.from_used, u.from_expected)
    FROM burned u WHERE u.from_used <> u.from_expected
  UNION ALL
  SELECT 'a closed interval is paid for', c.tenant_id, c.subject, c.feature, c.version,
         format('%s used in interval %s, %s paid for', c.used, c.interval_no, coalesce(p.paid, 0))
    FROM closed c
    JOIN purser.balances b ON b.tenant_id = c.tenant_id AND b.subject = c.subject AND b.feature = c.feature
    LEFT JOIN (SELECT u.tenant_id, u.subject, u.feature, u.interval_no, sum(u.to_used - u.from_used) AS paid
                 FROM burned u GROUP BY 1, 2, 3, 4) p
      ON p.tenant_id = c.tenant_id AND p.subject = c.subject AND p.feature = c.feature AND p.interval_no = c.interval_no
    WHERE c.used <> 0 AND c.interval_no < b.interval_no AND c.used IS DISTINCT FROM p.paid
  UNION ALL
  SELECT 'nothing is paid that nobody used', u.tenant_id, u.subject, u.feature, u.interval_no::bigint,
         format('%s paid for in interval %s', u.to_used - u.from_used, u.interval_no)
    FROM burned u
    JOIN purser.balances b ON b.tenant_id = u.tenant_id AND b.subject = u.subject AND b.feature = u.feature AND b.slot = u.slot
    LEFT JOIN closed c ON c.tenant_id = u.tenant_id AND c.subject = u.subject AND c.feature = u.feature
      AND c.interval_no = u.interval_no
    WHERE u.to_used > coalesce(c.used, 0) OR u.interval_no >= b.interval_no
  UNION ALL
  SELECT 'the pinned part of a settlement is paid for', f.tenant_id, f.subject, f.feature, f.version,
         format('%s pinned, %s paid for', coalesce(f.pinned, 0), coalesce(a.amount, 0))
    FROM facts f
    LEFT JOIN allocated a ON a.tenant_id = f.tenant_id AND a.subject = f.subject AND a.feature = f.feature AND a.version = f.version
    WHERE f.kind = 'settle' AND coalesce(f.pinned, 0) <> coalesce(a.amount, 0)
  UNION ALL
  SELECT 'a reversal gives back what it says', f.tenant_id, f.subject, f.feature, f.version,
         format('%s reversed, %s of it overage, %s given back', f.amount, f.overage, coalesce(a.amount, 0))
    FROM facts f
    LEFT JOIN allocated a ON a.tenant_id = f.tenant_id AND a.subject = f.subject AND a.feature = f.feature AND a.version = f.version
    WHERE f.kind = 'reverse' AND f.amount - f.overage <> coalesce(a.amount, 0)
  UNION ALL
  SELECT 'no more is reversed than was taken', r.tenant_id, r.subject, r.feature, r.version,
         format('%s of %s reversed', r.amount, coalesce(t.amount, 0))
    FROM (SELECT f.tenant_id, f.subject, f.feature, f.reference, max(f.version) AS version, sum(f.amount) AS amount,
                 sum(f.overage) AS overage
            FROM facts f WHERE f.kind = 'reverse' GROUP BY 1, 2, 3, 4) r
    LEFT JOIN taken t ON t.tenant_id = r.tenant_id AND t.subject = r.subject AND t.feature = r.feature
      AND t.consumption_key = r.reference
    WHERE r.amount > coalesce(t.amount, 0) OR r.overage > coalesce(t.overage, 0)
  UNION ALL
  SELECT 'only what pays or gives back is allocated', a.tenant_id, a.subject, a.feature, a.version,
         format('%s allocated by %s', a.amount, coalesce(f.kind, 'nothing'))
    FROM allocated a
    LEFT JOIN facts f ON f.tenant_id = a.tenant_id AND f.subject = a.subject AND f.feature = a.feature AND f.version = a.version
    WHERE f.kind IS NULL OR f.kind NOT IN ('settle', 'reverse')
  UNION ALL
  SELECT 'who pays is a grant of this balance', p.tenant_id, p.subject, p.feature, p.version, format('the grant %s', p.grant_id)
    FROM (SELECT u.slot, u.tenant_id, u.subject, u.feature, u.interval_no::bigint AS version, u.grant_id FROM burned u
          UNION ALL
          SELECT a.slot, a.tenant_id, a.subject, a.feature, a.version, a.grant_id FROM purser.allocations a
            WHERE p_tenant IS NULL OR a.tenant_id = p_tenant) p
    LEFT JOIN purser.grants g ON g.tenant_id = p.tenant_id AND g.grant_id = p.grant_id AND g.slot = p.slot
    WHERE g.grant_id IS NULL OR (g.subject, g.feature) <> (p.subject, p.feature)
  UNION ALL
  -- What is pinned outlives its grant; nothing else does.
  SELECT 'nothing is paid by a grant outside its life', u.tenant_id, u.subject, u.feature, min(f.version),
         format('the grant %s', g.dedupe_key)
    FROM burned u
    JOIN purser.grants g ON g.tenant_id = u.tenant_id AND g.grant_id = u.grant_id AND g.slot = u.slot
    LEFT JOIN purser.grant_voids v ON v.tenant_id = g.tenant_id AND v.grant_id = g.grant_id AND v.slot = g.slot
    JOIN facts f ON f.tenant_id = u.tenant_id AND f.subject = u.subject AND f.feature = u.feature
      AND f.interval_no = u.interval_no AND f.drawn > 0
      AND f.interval_used > u.from_used AND f.interval_used - f.drawn < u.to_used
    WHERE f.recorded_at < g.effective_at OR f.recorded_at >= g.expires_at OR f.recorded_at > v.voided_at
       OR f.version < g.issued_version OR f.version >= v.voided_version
    GROUP BY 1, 2, 3, 4, 6;
END
$$;
