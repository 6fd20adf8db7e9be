-- Ends the pins of a hold: its grants pay p_amount of them in burn order, what is over returns to grants in force and lapses
-- with those that have ended. The pins stay as what was: of a hold that has ended nobody counts them. Internal: runs with its caller's rights, between close_interval and open_interval.
CREATE OR REPLACE FUNCTION purser.end_pins(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_hold_key text, p_amount numeric, p_version bigint,
  OUT restored numeric, OUT lapsed numeric
)
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_pin  record;
  v_left numeric := p_amount;
  v_part numeric;
BEGIN
  restored := 0;
  lapsed := 0;
  FOR v_pin IN
    SELECT p.grant_id, p.amount, o.grant_id IS NOT NULL AS in_force
      FROM purser.hold_pins p
      JOIN purser.grants g ON g.tenant_id = p.tenant_id AND g.grant_id = p.grant_id AND g.slot = p.slot
      LEFT JOIN purser.open_grants o ON o.tenant_id = p.tenant_id AND o.subject = p_subject AND o.feature = p_feature
        AND o.grant_id = p.grant_id AND o.slot = p.slot
      WHERE p.tenant_id = p_tenant AND p.hold_key = p_hold_key AND p.slot = p_slot
      ORDER BY g.priority, g.expires_at, g.issued_version, g.grant_id
  LOOP
    v_part := least(v_pin.amount, v_left);
    v_left := v_left - v_part;
    IF v_part > 0 THEN
      INSERT INTO purser.allocations (slot, tenant_id, subject, feature, version, grant_id, amount)
        VALUES (p_slot, p_tenant, p_subject, p_feature, p_version, v_pin.grant_id, v_part);
      UPDATE purser.open_grants o SET used = o.used + v_part
        WHERE o.tenant_id = p_tenant AND o.subject = p_subject AND o.feature = p_feature AND o.grant_id = v_pin.grant_id
          AND o.slot = p_slot;
    END IF;
    IF v_pin.in_force THEN
      restored := restored + v_pin.amount - v_part;
    ELSE
      lapsed := lapsed + v_pin.amount - v_part;
    END IF;
  END LOOP;
END
$$;
