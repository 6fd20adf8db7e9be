-- Brings every balance of a tenant up to what its dated rows say, and makes those that its allowances call for: the part
-- of a change of access that amounts feel at once. In the order of their keys, so that two of these never wait for each
-- other in a circle. Answers how many balances changed. Internal: runs with its caller's rights.
CREATE OR REPLACE FUNCTION purser.refresh_balances(p_slot integer, p_tenant text, p_at timestamptz, p_source text)
RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
DECLARE
  v_row     record;
  v_changed integer := 0;
BEGIN
  FOR v_row IN
    SELECT DISTINCT a.feature FROM purser.allowances a
      WHERE a.tenant_id = p_tenant AND a.slot = p_slot AND a.per = 'tenant'
        AND a.effective_at <= p_at AND p_at < a.ends_at
        AND NOT EXISTS (SELECT FROM purser.balances b WHERE b.tenant_id = a.tenant_id AND b.subject = ''
                        AND b.feature = a.feature AND b.slot = a.slot)
      ORDER BY a.feature
  LOOP
    PERFORM purser.open_balance(p_slot, p_tenant, '', v_row.feature, p_at, NULL);
  END LOOP;
  FOR v_row IN
    SELECT b.subject, b.feature, b.version > 0 AND b.next_change_at < p_at AS due FROM purser.balances b
      WHERE b.tenant_id = p_tenant AND b.slot = p_slot
      ORDER BY b.subject, b.feature
      FOR NO KEY UPDATE
  LOOP
    -- What happened before the change happened by the rows of then; they are dated, so they still say so.
    IF v_row.due THEN
      PERFORM purser.turn_balance(p_slot, p_tenant, v_row.subject, v_row.feature, p_at - interval '1 microsecond', 'boundary',
                                  'boundary_recompute', 0, NULL);
    END IF;
    PERFORM purser.turn_balance(p_slot, p_tenant, v_row.subject, v_row.feature, p_at, 'access', p_source, 0, NULL);
    v_changed := v_changed + 1;
  END LOOP;
  RETURN v_changed;
END
$$;
