-- Closes the interval of one balance and opens the next, with nothing in between. Called with the balance row locked, by the
-- lazy path, by the boundary worker and by every command that only changes the set of grants: the same rows whoever comes
-- first. A boundary that turns out to be none (the hold that would have expired was settled) leaves no fact. Internal: runs
-- with its caller's rights.
CREATE OR REPLACE FUNCTION purser.turn_balance(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz,
  p_kind text, p_source text, p_amount numeric, p_reference text
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_version bigint;
  v_as_of   timestamptz;
  v_next    timestamptz;
  v_closed  record;
BEGIN
  IF p_kind = 'boundary' THEN
    SELECT b.version, b.as_of INTO v_version, v_as_of
      FROM purser.balances b
      WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = p_slot;
    v_next := CASE WHEN v_version > 0 THEN
      (purser.changes_around(p_slot, p_tenant, p_subject, p_feature, v_as_of)).next_at END;
    IF v_next > p_at THEN
      UPDATE purser.balances b SET next_change_at = v_next
        WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = p_slot;
      RETURN v_version;
    END IF;
  END IF;
  SELECT c.* INTO v_closed
    FROM purser.close_interval(p_slot, p_tenant, p_subject, p_feature, p_at, p_kind = 'boundary') c;
  SELECT o.version INTO v_version
    FROM purser.open_interval(p_slot, p_tenant, p_subject, p_feature, v_closed.closed_at, v_closed.window_turned, p_kind,
                              p_source, p_amount, p_reference) o;
  RETURN v_version;
END
$$;
