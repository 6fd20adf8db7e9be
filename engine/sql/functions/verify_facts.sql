-- What does not hold of the facts of balances by themselves: their numbers, times and keys, and that each goes on where the
-- one before ended. A part of verify.
CREATE OR REPLACE FUNCTION purser.verify_facts(p_tenant text)
RETURNS TABLE (invariant text, tenant_id text, subject text, feature text, version bigint, detail text)
LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 5
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH facts AS MATERIALIZED (
    SELECT f.*, row_number() OVER w AS expected, lag(f.balance_after) OVER w AS after_before,
           lag(f.interval_no) OVER w AS interval_before, lag(f.interval_used) OVER w AS used_before,
           lag(f.recorded_at) OVER w AS recorded_before,
           CASE WHEN f.kind IN ('consume', 'settle') THEN f.amount - f.overage - coalesce(f.pinned, 0) ELSE 0 END AS drawn
      FROM purser.balance_facts f
      WHERE p_tenant IS NULL OR f.tenant_id = p_tenant
      WINDOW w AS (PARTITION BY f.tenant_id, f.subject, f.feature ORDER BY f.version)
  )
  SELECT 'versions have no gap', f.tenant_id, f.subject, f.feature, f.version,
         format('the fact of number %s has version %s', f.expected, f.version)
    FROM facts f WHERE f.version <> f.expected
  UNION ALL
  SELECT 'time never goes back', f.tenant_id, f.subject, f.feature, f.version,
         format('recorded at %s after one of %s', f.recorded_at, f.recorded_before)
    FROM facts f WHERE f.recorded_at < f.recorded_before
  UNION ALL
  -- What holds and claims do to it is theirs to say: of a hold what was set aside, of a claim one slot.
  SELECT 'balance_after continues', f.tenant_id, f.subject, f.feature, f.version,
         format('%s after %s, by %s of %s', f.balance_after, f.after_before, f.kind, f.amount)
    FROM facts f
    LEFT JOIN purser.holds h ON f.kind IN ('reserve', 'release') AND h.tenant_id = f.tenant_id AND h.slot = f.slot
      AND h.hold_key = CASE f.kind WHEN 'reserve' THEN f.idempotency_key ELSE f.reference END
    WHERE f.interval_no = f.interval_before AND f.kind IN ('consume', 'reserve', 'release', 'claim', 'release_claim', 'lock')
      AND f.balance_after <> f.after_before + CASE f.kind
        WHEN 'consume' THEN -f.drawn WHEN 'reserve' THEN -h.funded WHEN 'release' THEN h.funded
        WHEN 'claim' THEN -1 WHEN 'release_claim' THEN 1 ELSE 0 END
  UNION ALL
  SELECT 'an interval goes on or the next one opens', f.tenant_id, f.subject, f.feature, f.version,
         format('interval %s, %s used, after interval %s, %s used', f.interval_no, f.interval_used, f.interval_before,
                f.used_before)
    FROM facts f
    WHERE f.interval_no NOT IN (coalesce(f.interval_before, 0), coalesce(f.interval_before, 0) + 1)
       OR f.interval_used <> CASE f.interval_no WHEN f.interval_before THEN f.used_before ELSE 0 END + f.drawn
       OR f.interval_no <> f.interval_before AND f.kind IN ('consume', 'reserve')
       OR f.window_turned AND f.interval_no = f.interval_before
  UNION ALL
  SELECT 'one effect per idempotency key', f.tenant_id, min(f.subject), min(f.feature), min(f.version),
         format('%s facts have the key %s', count(*), f.idempotency_key)
    FROM facts f WHERE f.idempotency_key IS NOT NULL
    GROUP BY f.tenant_id, f.idempotency_key HAVING count(*) > 1
  UNION ALL
  -- These tables have hardly a CHECK, for their writer's sake (docs/decisions/0009).
  SELECT 'a row holds what its columns may', f.tenant_id, f.subject, f.feature, f.version,
         format('kind %s, amount %s, overage %s, key %s', f.kind, f.amount, f.overage, f.idempotency_key)
    FROM facts f
    WHERE f.version < 1 OR f.interval_no < 1 OR f.interval_used < 0 OR f.overage < 0 OR f.pinned <= 0
       OR f.overage + coalesce(f.pinned, 0) > f.amount OR length(f.idempotency_key) NOT BETWEEN 1 AND 200
       OR f.kind NOT IN ('grant', 'void', 'boundary', 'access', 'consume', 'reverse', 'reserve', 'settle', 'release', 'extend',
                         'claim', 'release_claim', 'report', 'lock')
       OR NOT (f.amount < 1e30 AND f.interval_used < 1e30 AND coalesce(f.balance_after, 0) < 1e30)
  UNION ALL
  SELECT 'a row holds what its columns may', b.tenant_id, b.subject, b.feature, b.version,
         format('granted %s, used %s, held %s, overage %s, claimed %s', b.granted, b.used, b.held, b.overage, b.claimed)
    FROM purser.balances b
    WHERE (p_tenant IS NULL OR b.tenant_id = p_tenant) AND
      (least(b.granted, b.used, b.held, b.overage, b.exceeded, b.interval_used, b.claimed, b.interval_no, b.version) < 0
       OR NOT greatest(b.granted, b.used, b.held, b.overage, b.exceeded, b.interval_used) < 1e30
       OR b.kind NOT IN ('capacity', 'metered', 'credits') OR b.enforcement NOT IN ('hard', 'soft', 'observe')
       OR b.per NOT IN ('tenant', 'subject'))
  UNION ALL
  SELECT 'what takes has a key of its own', f.tenant_id, f.subject, f.feature, f.version,
         format('%s with the key %s', f.kind, f.idempotency_key)
    FROM facts f WHERE (f.kind IN ('consume', 'reserve', 'reverse')) <> (f.idempotency_key IS NOT NULL)
  UNION ALL
  SELECT 'nothing is overspent', f.tenant_id, f.subject, f.feature, f.version, format('%s were left', f.balance_after)
    FROM facts f
    JOIN purser.balances b ON b.tenant_id = f.tenant_id AND b.subject = f.subject AND b.feature = f.feature AND b.slot = f.slot
    WHERE f.balance_after < 0 AND b.kind <> 'capacity'
  UNION ALL
  -- These tables have no foreign key, for their writer's sake.
  SELECT 'what happened, happened to a balance', o.tenant_id, o.subject, o.feature, o.version, o.detail
    FROM (
      SELECT f.slot, f.tenant_id, f.subject, f.feature, f.version, 'a fact without a balance' AS detail FROM facts f
      UNION ALL
      SELECT u.slot, u.tenant_id, u.subject, u.feature, u.interval_no, 'a burn without a balance' FROM purser.burns u
        WHERE p_tenant IS NULL OR u.tenant_id = p_tenant
      UNION ALL
      SELECT a.slot, a.tenant_id, a.subject, a.feature, a.version, 'an allocation without a balance' FROM purser.allocations a
        WHERE p_tenant IS NULL OR a.tenant_id = p_tenant
    ) o
    LEFT JOIN purser.balances b ON b.tenant_id = o.tenant_id AND b.subject = o.subject AND b.feature = o.feature AND b.slot = o.slot
    WHERE b.tenant_id IS NULL
  UNION ALL
  SELECT 'a row stands in the slot of its tenant', b.tenant_id, b.subject, b.feature, b.version, format('in slot %s', b.slot)
    FROM purser.balances b
    WHERE (p_tenant IS NULL OR b.tenant_id = p_tenant) AND b.slot <> purser.slot_of(b.tenant_id)
  UNION ALL
  SELECT 'a reported count is kept', f.tenant_id, f.subject, f.feature, f.version, format('%s was reported', f.amount)
    FROM facts f
    LEFT JOIN purser.resource_snapshots s ON s.tenant_id = f.tenant_id AND s.subject = f.subject AND s.feature = f.feature
      AND s.version = f.version AND s.slot = f.slot
    WHERE f.kind = 'report' AND s.counted IS DISTINCT FROM f.amount;
END
$$;
