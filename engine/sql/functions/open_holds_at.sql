-- The holds that were open when a balance had a version; without a version those that are. A hold that was extended after
-- that version is told with the end it was given later, which decides nothing: it had not ended before that either.
CREATE OR REPLACE FUNCTION purser.open_holds_at(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_version bigint
) RETURNS TABLE (hold_key text, expires_at timestamptz, funded numeric, reserved_version bigint, interval_no integer)
LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 10
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF p_version IS NULL THEN
    RETURN QUERY SELECT h.hold_key, h.expires_at, h.funded, h.reserved_version, h.interval_no
      FROM purser.holds h
      WHERE h.tenant_id = p_tenant AND h.subject = p_subject AND h.feature = p_feature AND h.slot = p_slot
        AND h.status = 'open';
  ELSE
    RETURN QUERY SELECT h.hold_key, h.expires_at, h.funded, h.reserved_version, h.interval_no
      FROM purser.balance_facts f
      JOIN purser.holds h ON h.tenant_id = f.tenant_id AND h.subject = f.subject AND h.feature = f.feature AND h.slot = f.slot
        AND h.reserved_version <= f.version AND (h.ended_version IS NULL OR h.ended_version > f.version)
        -- One that was settled late had expired before that.
        AND h.expires_at > f.recorded_at
      WHERE f.tenant_id = p_tenant AND f.subject = p_subject AND f.feature = p_feature AND f.version = p_version
        AND f.slot = p_slot;
  END IF;
END
$$;
