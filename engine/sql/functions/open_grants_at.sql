-- The grants that counted or would count later when a balance had a version, with what was used of each when its open
-- interval began: recomputed from grants, voids, burns and allocations. Without a version the rows of open_grants, which
-- say the same of now.
CREATE OR REPLACE FUNCTION purser.open_grants_at(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_version bigint
) RETURNS TABLE (
  grant_id uuid, source text, allowance_id uuid, amount numeric, unlimited boolean, used numeric, active boolean,
  effective_at timestamptz, expires_at timestamptz, priority integer, issued_version bigint
)
LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 10
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF p_version IS NULL THEN
    RETURN QUERY SELECT o.grant_id, o.source, o.allowance_id, o.amount, o.unlimited, o.used, o.active, o.effective_at,
                        o.expires_at, o.priority, o.issued_version
      FROM purser.open_grants o
      WHERE o.tenant_id = p_tenant AND o.subject = p_subject AND o.feature = p_feature AND o.slot = p_slot;
  ELSE
    RETURN QUERY SELECT g.grant_id, g.source, g.allowance_id, g.amount, g.unlimited,
                        purser.grant_used(p_slot, p_tenant, g.grant_id, p_version), g.effective_at <= f.recorded_at,
                        g.effective_at, g.expires_at, g.priority, g.issued_version
      FROM purser.balance_facts f
      JOIN purser.grants g ON g.tenant_id = f.tenant_id AND g.subject = f.subject AND g.feature = f.feature
        AND g.slot = f.slot AND g.issued_version <= f.version AND g.expires_at > f.recorded_at
      WHERE f.tenant_id = p_tenant AND f.subject = p_subject AND f.feature = p_feature AND f.version = p_version
        AND f.slot = p_slot
        AND NOT EXISTS (SELECT FROM purser.grant_voids v WHERE v.tenant_id = g.tenant_id AND v.grant_id = g.grant_id
                        AND v.slot = g.slot AND v.voided_version <= p_version);
  END IF;
END
$$;
