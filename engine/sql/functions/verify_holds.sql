-- What does not hold of holds and claims: each hold ends once and as its facts say, while open it keeps what it set aside,
-- and what is occupied is what was claimed. A part of verify.
CREATE OR REPLACE FUNCTION purser.verify_holds(p_tenant text)
RETURNS TABLE (invariant text, tenant_id text, subject text, feature text, version bigint, detail text)
LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 5
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH kept AS MATERIALIZED (
    SELECT h.*, b.as_of, b.interval_no AS interval_now
      FROM purser.holds h
      JOIN purser.balances b ON b.tenant_id = h.tenant_id AND b.subject = h.subject AND b.feature = h.feature AND b.slot = h.slot
      WHERE p_tenant IS NULL OR h.tenant_id = p_tenant
  ), facts AS MATERIALIZED (
    SELECT f.* FROM purser.balance_facts f
      WHERE (p_tenant IS NULL OR f.tenant_id = p_tenant)
        AND f.kind IN ('reserve', 'settle', 'release', 'claim', 'release_claim')
  ), ends AS MATERIALIZED (
    SELECT f.tenant_id, f.reference AS hold_key, count(*) AS times, max(f.version) AS version, max(f.kind) AS kind,
           max(f.amount) AS amount
      FROM facts f WHERE f.kind IN ('settle', 'release') GROUP BY 1, 2
  ), pinned AS MATERIALIZED (
    SELECT p.tenant_id, p.hold_key, sum(p.amount) AS amount
      FROM purser.hold_pins p WHERE p_tenant IS NULL OR p.tenant_id = p_tenant GROUP BY 1, 2
  ), named AS MATERIALIZED (
    SELECT DISTINCT ON (f.tenant_id, f.subject, f.feature, f.reference) f.*
      FROM facts f WHERE f.kind IN ('claim', 'release_claim')
      ORDER BY f.tenant_id, f.subject, f.feature, f.reference, f.version DESC
  )
  SELECT 'a hold begins once', coalesce(h.tenant_id, f.tenant_id), coalesce(h.subject, f.subject), coalesce(h.feature, f.feature),
         coalesce(h.reserved_version, f.version),
         CASE WHEN h.hold_key IS NULL THEN format('nothing was kept of the hold %s', f.idempotency_key)
              ELSE format('the hold %s is not what was reserved', h.hold_key) END
    FROM kept h
    FULL JOIN (SELECT * FROM facts WHERE kind = 'reserve') f ON f.tenant_id = h.tenant_id AND f.idempotency_key = h.hold_key
    WHERE (h.subject, h.feature, h.reserved_version, h.amount, h.interval_no, h.reserved_at)
          IS DISTINCT FROM (f.subject, f.feature, f.version, f.amount, f.interval_no, f.recorded_at)
  UNION ALL
  SELECT 'a hold ends once', h.tenant_id, h.subject, h.feature, h.reserved_version,
         format('the hold %s is %s, and was ended %s times by settling or releasing', h.hold_key, h.status, coalesce(e.times, 0))
    FROM kept h
    LEFT JOIN ends e ON e.tenant_id = h.tenant_id AND e.hold_key = h.hold_key
    WHERE coalesce(e.times, 0) <> CASE WHEN h.status IN ('settled', 'released') THEN 1 ELSE 0 END
       OR h.status = 'open' AND (h.expires_at <= h.as_of OR h.ended_version IS NOT NULL)
       OR h.status = 'settled' AND (e.kind <> 'settle' OR e.version IS DISTINCT FROM h.ended_version
                                    OR e.amount IS DISTINCT FROM h.settled)
       OR h.status = 'released' AND (e.kind <> 'release' OR e.version IS DISTINCT FROM h.ended_version)
       OR h.status = 'expired' AND (h.ended_at <> h.expires_at OR h.ended_version IS NULL)
       OR h.late AND (h.status <> 'settled' OR h.ended_at < h.expires_at)
  UNION ALL
  SELECT 'nothing ends that was not reserved', e.tenant_id, '', '', e.version, format('the hold %s', e.hold_key)
    FROM ends e
    LEFT JOIN kept h ON h.tenant_id = e.tenant_id AND h.hold_key = e.hold_key
    WHERE h.hold_key IS NULL
  UNION ALL
  SELECT 'only a settlement leaves something unfunded', h.tenant_id, h.subject, h.feature, h.reserved_version,
         format('%s of the hold %s', h.unfunded, h.hold_key)
    FROM kept h WHERE h.unfunded > 0 AND h.status <> 'settled'
  UNION ALL
  SELECT 'a pinned hold has what it set aside', h.tenant_id, h.subject, h.feature, h.reserved_version,
         format('%s of %s pinned of the hold %s', coalesce(p.amount, 0), h.funded, h.hold_key)
    FROM kept h
    LEFT JOIN pinned p ON p.tenant_id = h.tenant_id AND p.hold_key = h.hold_key
    WHERE h.status = 'open' AND coalesce(p.amount, 0) <> CASE WHEN h.interval_no < h.interval_now THEN h.funded ELSE 0 END
       OR p.amount > h.funded
  UNION ALL
  SELECT 'what is claimed is what was claimed last', coalesce(c.tenant_id, f.tenant_id), coalesce(c.subject, f.subject),
         coalesce(c.feature, f.feature), coalesce(f.version, c.claimed_version), format('the claim %s', coalesce(c.resource, f.reference))
    FROM (SELECT c.* FROM purser.claims c WHERE p_tenant IS NULL OR c.tenant_id = p_tenant) c
    FULL JOIN named f ON f.tenant_id = c.tenant_id AND f.subject = c.subject AND f.feature = c.feature AND f.reference = c.resource
    WHERE f.version IS DISTINCT FROM coalesce(c.released_version, c.claimed_version)
       OR (f.kind = 'claim') <> (c.released_version IS NULL);
END
$$;
