-- Moves the end of an open hold, later or sooner.
--
-- Outcomes in their precedence: invalid_input (field), hold_unknown, hold_settled, hold_released, hold_expired; else extended, also
-- where it ends then already (replayed).
CREATE OR REPLACE FUNCTION purser.extend(
  p_tenant text, p_hold_key text, p_expires_at timestamptz,
  OUT outcome text, OUT replayed boolean, OUT field text, OUT expires_at timestamptz, OUT available numeric, OUT version bigint
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
  v_slot   integer := purser.slot_of(p_tenant);
  v_hold   purser.holds;
  v_row    record;
  v_closed record;
  v_now    timestamptz;
BEGIN
  replayed := false;
  field := CASE
    WHEN p_tenant IS NULL OR p_tenant = '' THEN 'tenant'
    WHEN p_hold_key IS NULL OR p_hold_key = '' THEN 'holdKey'
    WHEN p_expires_at IS NULL OR NOT isfinite(p_expires_at) THEN 'expiresAt'
  END;
  IF field IS NOT NULL THEN
    outcome := 'invalid_input';
    RETURN;
  END IF;
  SELECT h.* INTO v_hold FROM purser.holds h
    WHERE h.tenant_id = p_tenant AND h.hold_key = p_hold_key AND h.slot = v_slot;
  IF v_hold.hold_key IS NULL THEN
    outcome := 'hold_unknown';
    RETURN;
  END IF;
  SELECT f.* INTO v_row FROM purser.freshen_balance(v_slot, p_tenant, v_hold.subject, v_hold.feature) f;
  v_now := v_row.now_at;
  SELECT h.* INTO v_hold FROM purser.holds h
    WHERE h.tenant_id = p_tenant AND h.hold_key = p_hold_key AND h.slot = v_slot;
  IF v_hold.status <> 'open' THEN
    outcome := 'hold_' || v_hold.status;
    RETURN;
  ELSIF p_expires_at <= v_now THEN
    outcome := 'invalid_input';
    field := 'expiresAt';
    RETURN;
  END IF;

  outcome := 'extended';
  expires_at := p_expires_at;
  version := v_row.version;
  available := CASE WHEN NOT v_row.unlimited THEN v_row.granted - v_row.used - v_row.held END;
  replayed := p_expires_at = v_hold.expires_at;
  IF NOT replayed THEN
    SELECT c.* INTO v_closed
      FROM purser.close_interval(v_slot, p_tenant, v_row.subject, v_hold.feature, v_now, false) c;
    UPDATE purser.holds h SET expires_at = p_expires_at
      WHERE h.tenant_id = p_tenant AND h.hold_key = p_hold_key AND h.slot = v_slot;
    SELECT o.version, o.available INTO version, available
      FROM purser.open_interval(v_slot, p_tenant, v_row.subject, v_hold.feature, v_now, v_closed.window_turned, 'extend',
                                'consumption', 0, p_hold_key,
                                p_metadata => jsonb_build_object('expiresAt', p_expires_at)) o;
  END IF;
END
$$;
