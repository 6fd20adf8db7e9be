-- Opens the next interval of one balance after close_interval: its row says what its grants and holds add up to now, one
-- fact says why, and whoever listens is told where something material moved. p_drawn is what the command itself takes of
-- the new interval (the part of a settled hold that was not pinned), p_overage_change what it does to the overage of the
-- window where that is not what the fact records. Internal: runs with its caller's rights.
CREATE OR REPLACE FUNCTION purser.open_interval(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz, p_window_turned boolean,
  p_kind text, p_source text, p_amount numeric, p_reference text,
  p_idempotency_key text DEFAULT NULL, p_drawn numeric DEFAULT 0, p_overage numeric DEFAULT 0, p_pinned numeric DEFAULT NULL,
  p_metadata jsonb DEFAULT NULL, p_overage_change numeric DEFAULT NULL, p_acting_subject text DEFAULT NULL,
  p_occurred_at timestamptz DEFAULT NULL,
  OUT version bigint, OUT available numeric
)
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_before  record;
  v_after   record;
  v_overage numeric;
  v_written bigint;
BEGIN
  SELECT b.version, b.interval_no, b.granted, b.used, b.held, b.overage, b.unlimited, b.denied_reason, b.kind, b.claimed
    INTO v_before
    FROM purser.balances b
    WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = p_slot;
  SELECT t.* INTO v_after FROM purser.turned_balance(p_slot, p_tenant, p_subject, p_feature, p_at) t;
  version := v_before.version + 1;
  v_overage := CASE WHEN p_window_turned THEN 0 ELSE v_before.overage END + coalesce(p_overage_change, p_overage);
  available := CASE WHEN NOT v_after.unlimited THEN v_after.granted - v_after.used - v_after.held - p_drawn
                         - CASE v_before.kind WHEN 'capacity' THEN v_before.claimed ELSE 0 END END;
  INSERT INTO purser.balance_facts (slot, tenant_id, subject, feature, version, kind, idempotency_key, amount, overage, pinned,
                                    interval_no, interval_used, balance_after, reference, acting_subject, recorded_at,
                                    occurred_at, metadata, window_turned)
    VALUES (p_slot, p_tenant, p_subject, p_feature, version, p_kind, p_idempotency_key, p_amount,
            p_overage, nullif(p_pinned, 0), v_before.interval_no, p_drawn,
            available, p_reference, p_acting_subject, p_at, p_occurred_at, p_metadata, p_window_turned)
    ON CONFLICT (tenant_id, idempotency_key, slot) DO NOTHING
    RETURNING version INTO v_written;
  -- Looked up under the lock and free then: somebody used it on another balance in the meantime.
  IF v_written IS NULL THEN
    RAISE EXCEPTION 'the idempotency key was used by another call at the same moment' USING ERRCODE = 'serialization_failure';
  END IF;
  UPDATE purser.balances b
    SET version = open_interval.version, as_of = p_at, next_change_at = v_after.next_change_at,
        resets_at = v_after.resets_at, denied_reason = v_after.denied_reason, restricted_by = v_after.restricted_by, enforcement = v_after.enforcement,
        per = v_after.per, unlimited = v_after.unlimited, granted = v_after.granted, used = v_after.used + p_drawn,
        held = v_after.held, overage = v_overage, exceeded = v_after.exceeded,
        overage_version = CASE WHEN p_window_turned THEN open_interval.version ELSE b.overage_version END,
        interval_used = p_drawn
    WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = p_slot;
  -- Of a capacity that is over its limit nothing is available.
  available := CASE WHEN available < 0 THEN 0 ELSE available END;
  -- Nothing material moved: nobody needs to be told.
  IF (v_before.granted, v_before.used, v_before.held, v_before.overage, v_before.unlimited, v_before.denied_reason)
     IS DISTINCT FROM
     (v_after.granted, v_after.used + p_drawn, v_after.held, v_overage, v_after.unlimited, v_after.denied_reason) THEN
    INSERT INTO purser.outbox (slot, tenant_id, kind, source, subject, features, version, recorded_at)
      VALUES (p_slot, p_tenant, 'balance', p_source, p_subject, ARRAY[p_feature], open_interval.version, p_at);
  END IF;
END
$$;
