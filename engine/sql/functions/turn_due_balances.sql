-- Turns those of the named balances of one slot that are due and that nobody has locked: what the boundary worker does
-- with what it found by an unlocked look. Asked again, or by two at once, each boundary is turned once. A row that is
-- locked is left to whoever holds it, who turns it before using it; so a slow transaction of a host never stops the
-- worker, and the worker, which waits for no balance, never closes a circle of waiting. Answers how many it turned.
--
-- A test tenant's balances are due by the clock of that tenant.
CREATE OR REPLACE FUNCTION purser.turn_due_balances(
  p_slot integer, p_tenants text[], p_subjects text[], p_features text[]
) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
DECLARE
  v_row    record;
  v_turned integer := 0;
BEGIN
  FOR v_row IN
    SELECT b.tenant_id, b.subject, b.feature, b.version,
           greatest(b.as_of, CASE WHEN b.test THEN purser.tenant_now(p_slot, b.tenant_id) ELSE clock_timestamp() END) AS at
      FROM unnest(p_tenants, p_subjects, p_features) named (tenant_id, subject, feature)
      JOIN purser.balances b
        ON b.tenant_id = named.tenant_id AND b.subject = named.subject AND b.feature = named.feature AND b.slot = p_slot
      WHERE b.next_change_at <= CASE WHEN b.test THEN purser.tenant_now(p_slot, b.tenant_id) ELSE clock_timestamp() END
      ORDER BY b.tenant_id, b.subject, b.feature
      FOR NO KEY UPDATE OF b SKIP LOCKED
  LOOP
    IF purser.turn_balance(p_slot, v_row.tenant_id, v_row.subject, v_row.feature, v_row.at, 'boundary',
                           'boundary_recompute', 0, NULL) > v_row.version THEN
      v_turned := v_turned + 1;
    END IF;
  END LOOP;
  RETURN v_turned;
END
$$;
