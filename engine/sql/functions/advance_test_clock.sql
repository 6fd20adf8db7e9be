-- Moves a test tenant's clock forward; everything that time makes due for that tenant follows from it. Never backwards,
-- and never for a live tenant, which has no clock of its own.
CREATE OR REPLACE FUNCTION purser.advance_test_clock(
  p_tenant text, p_to timestamptz, OUT outcome text, OUT field text, OUT now_at timestamptz
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
  v_slot integer := purser.slot_of(p_tenant);
BEGIN
  SELECT c.now_at INTO now_at FROM purser.test_clocks c WHERE c.tenant_id = p_tenant AND c.slot = v_slot FOR NO KEY UPDATE;
  IF now_at IS NULL THEN
    outcome := CASE WHEN EXISTS (SELECT FROM purser.tenants t WHERE t.tenant_id = p_tenant AND t.slot = v_slot)
               THEN 'not_a_test_tenant' ELSE 'tenant_unknown' END;
  ELSIF p_to IS NULL OR p_to < now_at OR p_to = 'infinity' THEN
    outcome := 'invalid_input';
    field := 'to';
  ELSE
    UPDATE purser.test_clocks c SET now_at = p_to WHERE c.tenant_id = p_tenant AND c.slot = v_slot;
    now_at := p_to;
    outcome := 'advanced';
  END IF;
END
$$;
