-- Ends a hold with what the work came to. Less than was reserved returns the rest; more takes the difference from what is
-- available now: where that is not enough a feature that refuses books the part that is covered (settled_short, the rest is
-- unfunded), any other counts overage. A hold that has expired may still be settled once (late): from what is available now.
--
-- Outcomes in their precedence: invalid_input (field), hold_unknown, hold_released, idempotency_conflict (field) or the first
-- answer again with replayed; else settled or settled_short. A restriction does not stop it: the work is done.
CREATE OR REPLACE FUNCTION purser.settle(
  p_tenant text, p_hold_key text, p_amount numeric, p_occurred_at timestamptz DEFAULT NULL, p_metadata jsonb DEFAULT NULL,
  OUT outcome text, OUT replayed boolean, OUT field text, OUT late boolean, OUT amount numeric, OUT overage numeric,
  OUT unfunded numeric, OUT available numeric, OUT version bigint
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
  v_slot    integer := purser.slot_of(p_tenant);
  v_hold    purser.holds;
  v_row     record;
  v_fact    record;
  v_after   record;
  v_closed  record;
  v_now     timestamptz;
  v_funded  numeric := 0;
  v_covered numeric;
  v_drawn   numeric;
  v_pinned  boolean;
BEGIN
  replayed := false;
  field := CASE
    WHEN p_tenant IS NULL OR p_tenant = '' THEN 'tenant'
    WHEN p_hold_key IS NULL OR p_hold_key = '' THEN 'holdKey'
    WHEN p_amount IS NULL OR p_amount <> 0 AND NOT purser.is_quantity(p_amount) THEN 'amount'
    WHEN p_occurred_at IS NOT NULL AND NOT isfinite(p_occurred_at) THEN 'occurredAt'
    WHEN p_metadata IS NOT NULL AND jsonb_typeof(p_metadata) <> 'object' THEN 'metadata'
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

  IF v_hold.status = 'released' THEN
    outcome := 'hold_released';
    RETURN;
  ELSIF v_hold.status = 'settled' THEN
    SELECT f.* INTO v_fact FROM purser.balance_facts f
      WHERE f.tenant_id = p_tenant AND f.subject = v_hold.subject AND f.feature = v_hold.feature
        AND f.version = v_hold.ended_version AND f.slot = v_slot;
    field := CASE
      WHEN v_hold.settled + v_hold.unfunded <> p_amount THEN 'amount'
      WHEN v_fact.occurred_at IS DISTINCT FROM p_occurred_at THEN 'occurredAt'
      WHEN v_fact.metadata IS DISTINCT FROM p_metadata THEN 'metadata'
    END;
    IF field IS NOT NULL THEN
      outcome := 'idempotency_conflict';
      RETURN;
    END IF;
    replayed := true;
    overage := v_fact.overage;
    unfunded := v_hold.unfunded;
    available := v_fact.balance_after;
    version := v_fact.version;
  ELSE
    late := v_hold.status = 'expired';
    v_funded := CASE WHEN late THEN 0 ELSE v_hold.funded END;
    v_covered := least(p_amount, v_funded);
    version := v_row.version + 1;
    v_pinned := NOT late AND v_hold.interval_no < v_row.interval_no;
    IF v_pinned THEN
      SELECT c.* INTO v_closed
        FROM purser.close_interval(v_slot, p_tenant, v_row.subject, v_hold.feature, v_now, false) c;
      PERFORM purser.end_pins(v_slot, p_tenant, v_row.subject, v_hold.feature, p_hold_key, v_covered, version);
      -- What its pins paid is used now and no longer held; what is available is asked next.
      UPDATE purser.holds h SET status = 'settled', ended_at = v_now
        WHERE h.tenant_id = p_tenant AND h.hold_key = p_hold_key AND h.slot = v_slot;
      SELECT t.enforcement, t.unlimited, t.granted - t.used - t.held AS available INTO v_after
        FROM purser.turned_balance(v_slot, p_tenant, v_row.subject, v_hold.feature, v_now) t;
    ELSE
      -- The hold's units, if it still has any, are those of the open interval.
      SELECT v_row.enforcement AS enforcement, v_row.unlimited AS unlimited,
             v_row.granted - v_row.used - v_row.held AS available INTO v_after;
    END IF;
    SELECT d.drawn, d.overage, d.unfunded INTO v_drawn, overage, unfunded
      FROM purser.drawn_from(p_amount - v_covered, v_after.enforcement, v_after.unlimited, v_after.available) d;
    UPDATE purser.holds h
      SET status = 'settled', late = settle.late, settled = p_amount - settle.unfunded, unfunded = settle.unfunded,
          ended_at = v_now, ended_version = settle.version
      WHERE h.tenant_id = p_tenant AND h.hold_key = p_hold_key AND h.slot = v_slot;
    IF v_pinned THEN
      SELECT o.available INTO available
        FROM purser.open_interval(v_slot, p_tenant, v_row.subject, v_hold.feature, v_now, v_closed.window_turned, 'settle',
                                  'consumption', p_amount - unfunded, p_hold_key, NULL, v_drawn, overage, v_covered,
                                  p_metadata, NULL, v_hold.acting_subject, p_occurred_at) o;
    ELSE
      v_drawn := v_covered + v_drawn;
      available := CASE WHEN NOT v_row.unlimited THEN v_row.granted - v_row.used - v_drawn - v_row.held + v_funded END;
      INSERT INTO purser.balance_facts (slot, tenant_id, subject, feature, version, kind, amount, overage, interval_no,
                                        interval_used, balance_after, reference, acting_subject, recorded_at, occurred_at,
                                        metadata)
        VALUES (v_slot, p_tenant, v_row.subject, v_hold.feature, version, 'settle', p_amount - unfunded, overage,
                v_row.interval_no, v_row.interval_used + v_drawn, available, p_hold_key, v_hold.acting_subject, v_now,
                p_occurred_at, p_metadata);
      UPDATE purser.balances b
        SET version = settle.version, used = v_row.used + v_drawn, held = v_row.held - v_funded,
            overage = v_row.overage + settle.overage, interval_used = v_row.interval_used + v_drawn, as_of = v_now
        WHERE b.tenant_id = p_tenant AND b.subject = v_row.subject AND b.feature = v_hold.feature AND b.slot = v_slot;
      INSERT INTO purser.outbox (slot, tenant_id, kind, source, subject, features, version, recorded_at)
        VALUES (v_slot, p_tenant, 'balance', 'consumption', v_row.subject, ARRAY[v_hold.feature], version,
                v_now);
    END IF;
    v_hold.late := late;
  END IF;
  outcome := CASE WHEN unfunded > 0 THEN 'settled_short' ELSE 'settled' END;
  late := v_hold.late;
  amount := round(p_amount - unfunded, 6);
  overage := round(overage, 6);
  unfunded := round(unfunded, 6);
END
$$;
