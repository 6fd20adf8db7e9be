-- Tells every cache that a tenant's access changed: its version and its slot's epoch go up in the transaction of the
-- change. Internal: runs with its caller's rights.
CREATE OR REPLACE FUNCTION purser.touch_tenant(p_slot integer, p_tenant text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
DECLARE
  v_version bigint;
BEGIN
  UPDATE purser.tenants t SET version = t.version + 1
    WHERE t.tenant_id = p_tenant AND t.slot = p_slot
    RETURNING t.version INTO v_version;
  INSERT INTO purser.slot_epochs AS e (slot, epoch) VALUES (p_slot, 1)
    ON CONFLICT (slot) DO UPDATE SET epoch = e.epoch + 1;
  RETURN v_version;
END
$$;
