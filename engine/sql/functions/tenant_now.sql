-- What time it is for a tenant: the clock of this machine, or for a test tenant the clock it was given. NULL for a tenant
-- that does not exist is never answered: an unknown tenant has the machine's time.
CREATE OR REPLACE FUNCTION purser.tenant_now(p_slot integer, p_tenant text) RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
DECLARE
  v_now timestamptz;
BEGIN
  SELECT c.now_at INTO v_now FROM purser.test_clocks c WHERE c.tenant_id = p_tenant AND c.slot = p_slot;
  RETURN coalesce(v_now, clock_timestamp());
END
$$;
