-- Gives back every slot that a holder has leased for a duty, and answers how many. Locks them first, in the order in which
-- lease_slots does. Internal to the duties.
CREATE OR REPLACE FUNCTION purser.release_slots(p_duty text, p_holder uuid) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
DECLARE
  v_released integer;
BEGIN
  PERFORM FROM purser.slot_leases l WHERE l.duty = p_duty AND l.holder = p_holder ORDER BY l.slot FOR UPDATE;
  WITH gone AS (
    DELETE FROM purser.slot_leases l WHERE l.duty = p_duty AND l.holder = p_holder RETURNING 1
  ) SELECT count(*) INTO v_released FROM gone;
  RETURN v_released;
END
$$;
