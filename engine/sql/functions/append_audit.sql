-- One line of the audit log, in the transaction of the change it records. Internal: runs with its caller's rights.
CREATE OR REPLACE FUNCTION purser.append_audit(
  p_slot integer, p_tenant text, p_actor text, p_action text, p_target text, p_before jsonb, p_after jsonb,
  p_recorded_at timestamptz
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
BEGIN
  INSERT INTO purser.audit_log (slot, tenant_id, audit_id, actor, action, target, before, after, recorded_at)
    VALUES (p_slot, p_tenant, gen_random_uuid(), p_actor, p_action, p_target, p_before, p_after, p_recorded_at);
END
$$;
