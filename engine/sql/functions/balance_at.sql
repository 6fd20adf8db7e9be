-- The open interval of a balance as its fact of a version left it, told by immutable rows alone; without a version what the
-- row says now. Version 0 is a balance that nothing has happened to yet, whether or not there is a row.
CREATE OR REPLACE FUNCTION purser.balance_at(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_version bigint
) RETURNS TABLE (version bigint, as_of timestamptz, interval_no integer, interval_used numeric, unlimited boolean)
LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 1
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF p_version IS NULL THEN
    RETURN QUERY SELECT b.version, b.as_of, b.interval_no, b.interval_used, b.unlimited
      FROM purser.balances b
      WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = p_slot;
  ELSIF p_version = 0 THEN
    RETURN QUERY SELECT 0::bigint, timestamptz '-infinity', 0, 0::numeric, false;
  ELSE
    RETURN QUERY SELECT f.version, f.recorded_at, f.interval_no, f.interval_used, EXISTS (
        SELECT FROM purser.open_grants_at(p_slot, p_tenant, p_subject, p_feature, p_version) g WHERE g.active AND g.unlimited)
      FROM purser.balance_facts f
      WHERE f.tenant_id = p_tenant AND f.subject = p_subject AND f.feature = p_feature AND f.version = p_version
        AND f.slot = p_slot;
  END IF;
END
$$;
