-- Takes an amount from a balance, once per (tenant, idempotency key), or refuses and leaves nothing. The whole decision is
-- taken under the lock of one row and its cost does not grow with the grants, consumptions or holds there are: one row
-- locked, one fact added, one row updated, one change told.
--
-- The outcomes in their precedence: invalid_input (field), idempotency_conflict (field) or the first answer again with
-- replayed, tenant_unknown, feature_unknown, wrong_kind, subject_required, the reasons of resolve_entitlement in lower
-- case, limit_reached, insufficient_balance; else consumed. A refusal is not remembered: the same key is judged afresh.
--
-- resets_at is about the balance and not the consumption: the next instant at which time alone may give more, as of now.
--
-- The hot door: the slot is a plain argument, so that a distributed engine can send the call to where the tenant lives.
CREATE OR REPLACE FUNCTION purser.consume_in_slot(
  p_slot integer, p_tenant text, p_feature text, p_amount numeric, p_idempotency_key text,
  p_subject text, p_occurred_at timestamptz, p_metadata jsonb,
  OUT outcome text, OUT replayed boolean, OUT field text, OUT amount numeric, OUT overage numeric,
  OUT available numeric, OUT unlimited boolean, OUT version bigint, OUT recorded_at timestamptz,
  OUT resets_at timestamptz, OUT restricted_by text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
  v_subject       text := p_subject;
  v_kind          text;
  v_enforcement   text;
  v_denied        text;
  v_available     numeric;
  v_used          numeric;
  v_overage       numeric;
  v_interval_no   integer;
  v_interval_used numeric;
  v_version       bigint;
  v_as_of         timestamptz;
  v_next          timestamptz;
  v_resets        timestamptz;
  v_test          boolean;
  v_per           text;
  v_ends          numeric;
  v_burned        numeric;
BEGIN
  -- Every expression is made ready anew in every transaction, whatever it finds. So the common case has few and short ones,
  -- and what only some need stands where only they come by.
  IF (p_tenant <> '' AND p_feature <> '' AND length(p_subject) <= 200 AND length(p_idempotency_key) BETWEEN 1 AND 200
      AND p_amount > 0 AND p_amount < 1e9 AND scale(p_amount) <= 6 AND p_occurred_at IS NULL AND p_metadata IS NULL)
     IS NOT TRUE
  THEN
    field := CASE
      WHEN p_tenant IS NULL OR p_tenant = '' THEN 'tenant'
      WHEN p_feature IS NULL OR p_feature = '' THEN 'feature'
      WHEN p_subject IS NULL OR length(p_subject) > 200 THEN 'subject'
      WHEN p_amount IS NULL OR NOT (p_amount > 0 AND p_amount < 1e15) OR scale(p_amount) > 6 AND p_amount <> trunc(p_amount, 6)
        OR scale(p_amount) > 0 AND length(ltrim(replace(trim_scale(p_amount)::text, '.', ''), '0')) > 15 THEN 'amount'
      WHEN p_idempotency_key IS NULL OR p_idempotency_key = '' OR length(p_idempotency_key) > 200 THEN 'idempotencyKey'
      WHEN p_occurred_at IS NOT NULL AND NOT isfinite(p_occurred_at) THEN 'occurredAt'
      WHEN p_metadata IS NOT NULL AND jsonb_typeof(p_metadata) <> 'object' THEN 'metadata'
    END;
    IF field IS NOT NULL THEN
      outcome := 'invalid_input';
      replayed := false;
      RETURN;
    END IF;
  END IF;

  -- The subject's own row, else the tenant's where the amount is shared, else one that is made now. Two more looks, because
  -- a row that was only just made or is due is turned and read again.
  FOR v_look IN 1..5 LOOP
    -- The lock comes first and alone, so that what decides is read after every earlier holder has committed.
    SELECT b.kind, b.enforcement, b.denied_reason, b.restricted_by, b.unlimited, b.granted - b.used - b.held, b.used, b.overage,
           b.interval_no, b.interval_used, b.version, b.as_of, b.next_change_at, b.resets_at, b.test, b.per
      INTO v_kind, v_enforcement, v_denied, restricted_by, unlimited, v_available, v_used, v_overage,
           v_interval_no, v_interval_used, v_version, v_as_of, v_next, v_resets, v_test, v_per
      FROM purser.balances b
      WHERE b.tenant_id = p_tenant AND b.subject = v_subject AND b.feature = p_feature AND b.slot = p_slot
      FOR NO KEY UPDATE;
    IF v_version IS NULL OR p_subject <> '' AND (v_per = 'subject') = (v_subject = '') THEN
      v_version := NULL;
      IF v_subject <> '' THEN
        v_subject := '';
      ELSE
        SELECT o.balance_subject, o.outcome INTO v_subject, outcome
          FROM purser.open_balance(p_slot, p_tenant, p_subject, p_feature, purser.tenant_now(p_slot, p_tenant)) o;
        EXIT WHEN outcome IS NOT NULL;
      END IF;
      CONTINUE;
    END IF;
    -- Read once: while a row is turned the next grant or hold may end, and where many do one would run after the clock.
    recorded_at := greatest(v_as_of, coalesce(recorded_at, CASE WHEN v_test THEN purser.tenant_now(p_slot, p_tenant)
                                                                ELSE clock_timestamp() END));
    EXIT WHEN v_next > recorded_at;
    PERFORM purser.turn_balance(p_slot, p_tenant, v_subject, p_feature, recorded_at, 'boundary', 'boundary_recompute', 0, NULL);
    v_version := NULL;
  END LOOP;

  IF (v_denied IS NULL AND v_version IS NOT NULL AND v_kind <> 'capacity' AND (v_per = 'tenant' OR v_subject <> '')
      AND (unlimited OR p_amount <= v_available))
  THEN
    overage := 0;
  ELSIF outcome IS NULL THEN
    IF v_version IS NULL THEN
      RAISE EXCEPTION 'balance (%, %, %) is due again right after it was turned', p_tenant, v_subject, p_feature
        USING ERRCODE = 'PU001';
    END IF;
    available := v_available;
    IF v_kind = 'capacity' THEN
      outcome := 'wrong_kind';
      available := NULL;
    ELSIF v_per = 'subject' AND v_subject = '' THEN
      outcome := 'subject_required';
    ELSIF v_denied IS NOT NULL THEN
      outcome := lower(v_denied);
      available := CASE WHEN NOT unlimited THEN v_available END;
    ELSIF v_enforcement = 'hard' THEN
      outcome := CASE v_kind WHEN 'credits' THEN 'insufficient_balance' ELSE 'limit_reached' END;
    ELSE
      overage := p_amount - greatest(v_available, 0);
    END IF;
  END IF;

  IF outcome IS NULL THEN
    INSERT INTO purser.balance_facts (slot, tenant_id, subject, feature, version, kind, idempotency_key, amount, overage,
                                      interval_no, interval_used, balance_after, acting_subject, recorded_at, occurred_at,
                                      metadata)
      VALUES (p_slot, p_tenant, v_subject, p_feature, v_version + 1, 'consume', p_idempotency_key, p_amount,
              consume_in_slot.overage, v_interval_no, v_interval_used + (p_amount - consume_in_slot.overage),
              CASE WHEN NOT consume_in_slot.unlimited THEN v_available - (p_amount - consume_in_slot.overage) END,
              nullif(p_subject, v_subject), consume_in_slot.recorded_at, p_occurred_at, p_metadata)
      ON CONFLICT (tenant_id, idempotency_key, slot) DO NOTHING
      RETURNING version, amount, overage, balance_after, interval_used, amount - overage
      INTO version, amount, overage, available, v_ends, v_burned;
    IF version IS NOT NULL THEN
      UPDATE purser.balances b
        SET version = consume_in_slot.version, used = v_used + v_burned, overage = v_overage + consume_in_slot.overage,
            interval_used = v_ends, as_of = recorded_at
        WHERE b.tenant_id = p_tenant AND b.subject = v_subject AND b.feature = p_feature AND b.slot = p_slot;
      INSERT INTO purser.outbox (slot, tenant_id, change_id, kind, source, subject, features, version, recorded_at)
        VALUES (p_slot, p_tenant, gen_random_uuid(), 'balance', 'consumption', v_subject, ARRAY[p_feature],
                consume_in_slot.version, consume_in_slot.recorded_at);
      outcome := 'consumed';
      replayed := false;
      resets_at := nullif(v_resets, 'infinity');
      RETURN;
    END IF;
    available := v_available;
  END IF;

  -- Refused, or the key was used before: the key decides first, so a consumption that happened is told again even where
  -- a new one would be refused.
  SELECT a.outcome, a.replayed, a.field, a.amount, a.overage, a.available, a.version, a.recorded_at
    INTO outcome, replayed, field, amount, overage, available, version, recorded_at
    FROM purser.consumption_answer(p_slot, p_tenant, p_subject, p_feature, p_amount, p_idempotency_key, p_occurred_at,
                                   p_metadata, outcome, available) a;
  unlimited := coalesce(CASE WHEN replayed THEN available IS NULL ELSE unlimited AND outcome = lower(v_denied) END, false);
  resets_at := CASE WHEN field IS NULL THEN nullif(v_resets, 'infinity') END;
END
$$;
