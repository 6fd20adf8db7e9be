-- Writes the allowance that stands in the place of a feature's own for a while: in the window of the allowance it masks,
-- the first of several in burn order, or for its whole time where there is none. Internal: runs with its caller's
-- rights.
CREATE OR REPLACE FUNCTION purser.write_mask(
  p_slot integer, p_tenant text, p_feature text, p_id uuid, p_source text, p_rank bigint, p_amount numeric, p_unlimited boolean,
  p_effective_at timestamptz, p_ends_at timestamptz
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO purser.allowances (slot, tenant_id, allowance_id, feature, per, source, mask_rank, amount, unlimited,
                                 window_unit, window_count, anchor, time_zone, priority, effective_at, ends_at)
    SELECT p_slot, p_tenant, p_id, p_feature, coalesce(a.per, r.per), p_source, p_rank, p_amount, p_unlimited,
           coalesce(a.window_unit, 'lifetime'), coalesce(a.window_count, 1), coalesce(a.anchor, p_effective_at),
           coalesce(a.time_zone, t.time_zone), coalesce(a.priority, 100), p_effective_at, p_ends_at
      FROM purser.tenants t
      CROSS JOIN LATERAL purser.resolve_entitlement(p_slot, p_tenant, '', p_feature, p_effective_at) r
      LEFT JOIN LATERAL (
        SELECT x.* FROM purser.allowances x
        WHERE x.tenant_id = p_tenant AND x.feature = p_feature AND x.slot = p_slot AND x.source = 'plan'
          AND x.effective_at <= p_effective_at AND p_effective_at < x.ends_at
        ORDER BY x.priority, x.effective_at, x.allowance_id
        LIMIT 1) a ON true
      WHERE t.tenant_id = p_tenant AND t.slot = p_slot;
END
$$;
