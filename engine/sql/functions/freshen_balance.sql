-- Locks the row of one balance and brings it up to now: what every command on an existing balance begins with. The lock
-- comes first and alone, so that what decides is read after every earlier holder has committed. No version, no balance.
-- Internal: runs with its caller's rights.
CREATE OR REPLACE FUNCTION purser.freshen_balance(
  p_slot integer, p_tenant text, p_subject text, p_feature text,
  OUT subject text, OUT kind text, OUT enforcement text, OUT per text, OUT denied_reason text, OUT restricted_by text,
  OUT unlimited boolean, OUT granted numeric, OUT used numeric, OUT held numeric, OUT overage numeric,
  OUT overage_version bigint, OUT claimed integer, OUT reported boolean, OUT interval_no integer, OUT interval_used numeric,
  OUT version bigint, OUT next_change_at timestamptz, OUT resets_at timestamptz, OUT now_at timestamptz
)
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_as_of timestamptz;
  v_test  boolean;
BEGIN
  FOR v_look IN 1..3 LOOP
    SELECT b.subject, b.kind, b.enforcement, b.per, b.denied_reason, b.restricted_by, b.unlimited, b.granted, b.used, b.held,
           b.overage, b.overage_version, b.claimed, b.reported, b.interval_no, b.interval_used, b.version, b.next_change_at,
           b.resets_at, b.as_of, b.test
      INTO subject, kind, enforcement, per, denied_reason, restricted_by, unlimited, granted, used, held, overage,
           overage_version, claimed, reported, interval_no, interval_used, version, next_change_at, resets_at, v_as_of, v_test
      FROM purser.balances b
      WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = p_slot
      FOR NO KEY UPDATE;
    IF version IS NULL THEN
      RETURN;
    END IF;
    -- Read once: while a row is turned the next grant or hold may end, and where many do one would run after the clock.
    now_at := greatest(v_as_of, coalesce(now_at, CASE WHEN v_test THEN purser.tenant_now(p_slot, p_tenant)
                                                      ELSE clock_timestamp() END));
    IF next_change_at > now_at THEN
      RETURN;
    END IF;
    PERFORM purser.turn_balance(p_slot, p_tenant, p_subject, p_feature, now_at, 'boundary', 'boundary_recompute', 0, NULL);
  END LOOP;
  RAISE EXCEPTION 'balance (%, %, %) is due again right after it was turned', p_tenant, p_subject, p_feature
    USING ERRCODE = 'PU001';
END
$$;
