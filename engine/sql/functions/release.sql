-- Gives back what a hold set aside. Units pinned to a grant that has ended meanwhile have nothing to return to and lapse.
--
-- Outcomes in their precedence: invalid_input (field), hold_unknown, hold_settled, hold_expired; else released, also the second
-- time (replayed).
CREATE OR REPLACE FUNCTION purser.release(
  p_tenant text, p_hold_key text,
  OUT outcome text, OUT replayed boolean, OUT field text, OUT restored numeric, OUT lapsed numeric, OUT available numeric,
  OUT version bigint
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
  v_pinned boolean;
BEGIN
  replayed := false;
  field := CASE
    WHEN p_tenant IS NULL OR p_tenant = '' THEN 'tenant'
    WHEN p_hold_key IS NULL OR p_hold_key = '' THEN 'holdKey'
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

  IF v_hold.status IN ('settled', 'expired') THEN
    outcome := 'hold_' || v_hold.status;
    RETURN;
  END IF;
  outcome := 'released';
  IF v_hold.status = 'released' THEN
    replayed := true;
    restored := v_hold.restored;
    lapsed := v_hold.lapsed;
    version := v_hold.ended_version;
    SELECT f.balance_after INTO available FROM purser.balance_facts f
      WHERE f.tenant_id = p_tenant AND f.subject = v_hold.subject AND f.feature = v_hold.feature
        AND f.version = v_hold.ended_version AND f.slot = v_slot;
    RETURN;
  END IF;

  version := v_row.version + 1;
  v_pinned := v_hold.interval_no < v_row.interval_no;
  IF NOT v_pinned THEN
    restored := v_hold.funded;
    lapsed := 0;
    available := CASE WHEN NOT v_row.unlimited THEN v_row.granted - v_row.used - v_row.held + v_hold.funded END;
    INSERT INTO purser.balance_facts (slot, tenant_id, subject, feature, version, kind, amount, overage, interval_no,
                                      interval_used, balance_after, reference, recorded_at)
      VALUES (v_slot, p_tenant, v_row.subject, v_hold.feature, version, 'release', v_hold.amount, 0, v_row.interval_no,
              v_row.interval_used, available, p_hold_key, v_now);
    UPDATE purser.balances b SET version = release.version, held = v_row.held - v_hold.funded, as_of = v_now
      WHERE b.tenant_id = p_tenant AND b.subject = v_row.subject AND b.feature = v_hold.feature AND b.slot = v_slot;
    INSERT INTO purser.outbox (slot, tenant_id, kind, source, subject, features, version, recorded_at)
      VALUES (v_slot, p_tenant, 'balance', 'consumption', v_row.subject, ARRAY[v_hold.feature], version, v_now);
  ELSE
    SELECT c.* INTO v_closed
      FROM purser.close_interval(v_slot, p_tenant, v_row.subject, v_hold.feature, v_now, false) c;
    SELECT e.restored, e.lapsed INTO restored, lapsed
      FROM purser.end_pins(v_slot, p_tenant, v_row.subject, v_hold.feature, p_hold_key, 0, version) e;
  END IF;
  UPDATE purser.holds h
    SET status = 'released', restored = release.restored, lapsed = release.lapsed, ended_at = v_now,
        ended_version = release.version
    WHERE h.tenant_id = p_tenant AND h.hold_key = p_hold_key AND h.slot = v_slot;
  IF v_pinned THEN
    SELECT o.available INTO available
      FROM purser.open_interval(v_slot, p_tenant, v_row.subject, v_hold.feature, v_now, v_closed.window_turned, 'release',
                                'consumption', v_hold.amount, p_hold_key) o;
  END IF;
  restored := round(restored, 6);
  lapsed := round(lapsed, 6);
END
$$;
