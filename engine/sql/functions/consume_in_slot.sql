-- Takes an amount from a balance, once per (tenant, idempotency key), or refuses and leaves nothing. One update decides and
-- takes: it waits for whoever holds the row, and what it asks of the row is asked again of what they left. Its cost does not
-- grow with the grants, consumptions or holds there are: one row updated, one fact added, one change told. Only what was not
-- taken is looked at for its reason.
--
-- The outcomes in their precedence: invalid_input (field), idempotency_conflict (field) or the first answer again with
-- replayed, tenant_unknown, feature_unknown, wrong_kind, subject_required, the reasons of resolve_entitlement in lower
-- case, limit_reached, insufficient_balance; else consumed. A refusal is not remembered: the same key is judged afresh.
--
-- resets_at and restricted_by are about the balance and not the consumption: the next instant at which time alone may give
-- more, and what restricts it, as of now. Where the input or the key is at fault nothing is said of the balance.
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
  v_test          boolean := false;
  v_now           timestamptz;
  v_under_lock    boolean := false;
  v_kind          text;
  v_enforcement   text;
  v_denied        text;
  v_available     numeric;
  v_interval_no   integer;
  v_interval_used numeric;
  v_version       bigint;
  v_as_of         timestamptz;
  v_next          timestamptz;
  v_resets        timestamptz;
  v_of_test       boolean;
  v_per           text;
  v_taken         numeric;
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

  -- Who has to wait for the row is never earlier than what it waited for: time there does not go back.
  v_now := clock_timestamp();
  -- The subject's own row, else the tenant's where the amount is shared, else one that is made now. More than one look,
  -- because a row that was only just made or is due is turned and asked again.
  FOR v_look IN 1..9 LOOP
    UPDATE purser.balances b
      SET version = b.version + 1, used = b.used + p_amount, interval_used = b.interval_used + p_amount,
          as_of = greatest(b.as_of, v_now)
      WHERE b.tenant_id = p_tenant AND b.subject = v_subject AND b.feature = p_feature AND b.slot = p_slot
        AND b.denied_reason IS NULL AND b.kind <> 'capacity' AND (b.per = 'subject') = (v_subject <> '') AND b.test = v_test
        AND b.next_change_at > greatest(b.as_of, v_now) AND (b.unlimited OR p_amount <= b.granted - b.used - b.held)
      RETURNING b.version, b.interval_no, b.interval_used, b.granted - b.used - b.held, b.unlimited, b.as_of, b.resets_at,
                b.restricted_by
      INTO v_version, v_interval_no, v_interval_used, v_available, unlimited, recorded_at, v_resets, restricted_by;
    IF v_version IS NOT NULL THEN
      overage := 0;
      v_taken := p_amount;
      EXIT;
    END IF;

    -- Why not. The lock comes first and alone, so that what is read is what every earlier holder has left.
    SELECT b.kind, b.enforcement, b.denied_reason, b.restricted_by, b.unlimited, b.granted - b.used - b.held,
           b.as_of, b.next_change_at, b.resets_at, b.test, b.per
      INTO v_kind, v_enforcement, v_denied, restricted_by, unlimited, v_available,
           v_as_of, v_next, v_resets, v_of_test, v_per
      FROM purser.balances b
      WHERE b.tenant_id = p_tenant AND b.subject = v_subject AND b.feature = p_feature AND b.slot = p_slot
        AND (p_subject = '' OR (b.per = 'subject') = (b.subject <> ''))
      FOR NO KEY UPDATE;
    IF v_kind IS NULL THEN
      IF v_subject <> '' THEN
        v_subject := '';
      ELSE
        SELECT o.balance_subject, o.outcome INTO v_subject, outcome
          FROM purser.open_balance(p_slot, p_tenant, p_subject, p_feature, purser.tenant_now(p_slot, p_tenant)) o;
        EXIT WHEN outcome IS NOT NULL;
        -- It was made by what is so now, and may have waited for a change of that.
        v_now := clock_timestamp();
        v_test := false;
        v_under_lock := false;
      END IF;
      CONTINUE;
    END IF;
    IF v_of_test <> v_test THEN
      v_test := v_of_test;
      v_now := purser.tenant_now(p_slot, p_tenant);
      v_under_lock := true;
      CONTINUE;
    END IF;
    -- A boundary may have come while it waited. Read once: while a row is turned the next grant or hold may end, and where many
    -- do one would run after the clock.
    IF NOT v_under_lock THEN
      v_now := clock_timestamp();
      v_under_lock := true;
    END IF;
    IF v_next <= greatest(v_as_of, v_now) THEN
      PERFORM purser.turn_balance(p_slot, p_tenant, v_subject, p_feature, greatest(v_as_of, v_now), 'boundary',
                                  'boundary_recompute', 0, NULL);
      CONTINUE;
    END IF;
    available := v_available;
    IF v_kind = 'capacity' OR v_per = 'subject' AND v_subject = '' THEN
      -- Not this balance was meant, so nothing is said of it.
      outcome := CASE v_kind WHEN 'capacity' THEN 'wrong_kind' ELSE 'subject_required' END;
      available := NULL;
      v_resets := NULL;
      restricted_by := NULL;
    ELSIF v_denied IS NOT NULL THEN
      outcome := lower(v_denied);
      available := CASE WHEN NOT unlimited THEN v_available END;
    ELSIF p_amount > v_available AND NOT unlimited THEN
      IF v_enforcement = 'hard' THEN
        outcome := CASE v_kind WHEN 'credits' THEN 'insufficient_balance' ELSE 'limit_reached' END;
      ELSE
        overage := p_amount - greatest(v_available, 0);
        v_taken := p_amount - overage;
        UPDATE purser.balances b
          SET version = b.version + 1, used = b.used + v_taken, overage = b.overage + consume_in_slot.overage,
              interval_used = b.interval_used + v_taken, as_of = greatest(b.as_of, v_now)
          WHERE b.tenant_id = p_tenant AND b.subject = v_subject AND b.feature = p_feature AND b.slot = p_slot
          RETURNING b.version, b.interval_no, b.interval_used, b.granted - b.used - b.held, b.as_of
          INTO v_version, v_interval_no, v_interval_used, v_available, recorded_at;
        EXIT;
      END IF;
    END IF;
    EXIT WHEN outcome IS NOT NULL;
  END LOOP;

  IF v_version IS NOT NULL THEN
    INSERT INTO purser.balance_facts (slot, tenant_id, subject, feature, version, kind, idempotency_key, amount, overage,
                                      interval_no, interval_used, balance_after, acting_subject, recorded_at, occurred_at,
                                      metadata)
      VALUES (p_slot, p_tenant, v_subject, p_feature, v_version, 'consume', p_idempotency_key, p_amount,
              consume_in_slot.overage, v_interval_no, v_interval_used,
              CASE WHEN NOT consume_in_slot.unlimited THEN v_available END,
              nullif(p_subject, v_subject), consume_in_slot.recorded_at, p_occurred_at, p_metadata)
      ON CONFLICT (tenant_id, idempotency_key, slot) DO NOTHING
      RETURNING version, amount, overage, balance_after INTO version, amount, overage, available;
    IF version IS NOT NULL THEN
      INSERT INTO purser.outbox (slot, tenant_id, kind, source, subject, features, version, recorded_at)
        VALUES (p_slot, p_tenant, 'balance', 'consumption', v_subject, ARRAY[p_feature], v_version,
                consume_in_slot.recorded_at);
      outcome := 'consumed';
      replayed := false;
      resets_at := nullif(v_resets, 'infinity');
      RETURN;
    END IF;
    -- The key was used before. What the update took is put back by the one who took it, before anybody else can see it, and
    -- the row is again as of its newest fact.
    UPDATE purser.balances b
      SET version = b.version - 1, used = b.used - v_taken, overage = b.overage - (p_amount - v_taken),
          interval_used = b.interval_used - v_taken,
          as_of = (SELECT f.recorded_at FROM purser.balance_facts f
                   WHERE f.tenant_id = b.tenant_id AND f.subject = b.subject AND f.feature = b.feature
                     AND f.version = b.version - 1 AND f.slot = b.slot)
      WHERE b.tenant_id = p_tenant AND b.subject = v_subject AND b.feature = p_feature AND b.slot = p_slot;
    available := v_available + v_taken;
  ELSIF outcome IS NULL THEN
    RAISE EXCEPTION 'balance (%, %, %) is due again right after it was turned', p_tenant, v_subject, p_feature
      USING ERRCODE = 'PU001';
  END IF;

  -- Refused, or the key was used before: the key decides first, so a consumption that happened is told again even where
  -- a new one would be refused.
  SELECT a.outcome, a.replayed, a.field, a.amount, a.overage, a.available, a.version, a.recorded_at
    INTO outcome, replayed, field, amount, overage, available, version, recorded_at
    FROM purser.consumption_answer(p_slot, p_tenant, p_subject, p_feature, p_amount, p_idempotency_key, p_occurred_at,
                                   p_metadata, outcome, available) a;
  unlimited := coalesce(CASE WHEN replayed THEN available IS NULL ELSE unlimited AND outcome = lower(v_denied) END, false);
  resets_at := CASE WHEN field IS NULL THEN nullif(v_resets, 'infinity') END;
  restricted_by := CASE WHEN field IS NULL THEN restricted_by END;
END
$$;
