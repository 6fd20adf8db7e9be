-- Sets an amount aside until it is settled, released or expires, once per (tenant, idempotency key), or refuses and leaves
-- nothing. What is held counts against what is available from this instant, so no two calls can spend the same unit. The
-- hold is named by its key and ends by itself at p_expires_at, in 15 minutes where nothing is said. Asked again with the same
-- key it answers as before, but for expires_at, which is when the hold ends by now: it may have been extended.
--
-- The outcomes in their precedence are those of consume, but reserved. Where the feature does not refuse (soft, observe)
-- only what is there is set aside; the rest becomes overage when it is settled.
CREATE OR REPLACE FUNCTION purser.reserve(
  p_tenant text, p_feature text, p_amount numeric, p_idempotency_key text, p_expires_at timestamptz DEFAULT NULL,
  p_subject text DEFAULT '', p_metadata jsonb DEFAULT NULL,
  OUT outcome text, OUT replayed boolean, OUT field text, OUT amount numeric, OUT available numeric, OUT unlimited boolean,
  OUT version bigint, OUT expires_at timestamptz, OUT resets_at timestamptz, OUT restricted_by text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
  c_lasts  constant interval := '15 minutes';
  v_slot   integer := purser.slot_of(p_tenant);
  v_row    record;
  v_funded numeric;
  v_fact   record;
  v_inserted bigint;
BEGIN
  replayed := false;
  field := CASE
    WHEN p_tenant IS NULL OR p_tenant = '' THEN 'tenant'
    WHEN p_feature IS NULL OR p_feature = '' THEN 'feature'
    WHEN p_subject IS NULL OR length(p_subject) > 200 THEN 'subject'
    WHEN NOT purser.is_quantity(p_amount) THEN 'amount'
    WHEN p_idempotency_key IS NULL OR p_idempotency_key = '' OR length(p_idempotency_key) > 200 THEN 'idempotencyKey'
    WHEN p_expires_at IS NOT NULL AND NOT isfinite(p_expires_at) THEN 'expiresAt'
    WHEN p_metadata IS NOT NULL AND jsonb_typeof(p_metadata) <> 'object' THEN 'metadata'
  END;
  IF field IS NOT NULL THEN
    outcome := 'invalid_input';
    RETURN;
  END IF;

  SELECT l.* INTO v_row FROM purser.lock_balance(v_slot, p_tenant, p_subject, p_feature, false) l;
  -- Only now is it known what time it is here.
  outcome := CASE
    WHEN v_row.outcome IS DISTINCT FROM 'tenant_unknown'
      AND p_expires_at <= coalesce(v_row.now_at, purser.tenant_now(v_slot, p_tenant)) THEN 'invalid_input'
    ELSE v_row.outcome END;
  available := v_row.granted - v_row.used - v_row.held;
  expires_at := coalesce(p_expires_at, v_row.now_at + c_lasts);
  IF v_row.outcome IS NULL THEN
    restricted_by := v_row.restricted_by;
    resets_at := nullif(v_row.resets_at, 'infinity');
  END IF;
  IF outcome IS NULL THEN
    outcome := CASE
      WHEN v_row.denied_reason IS NOT NULL THEN lower(v_row.denied_reason)
      WHEN v_row.enforcement = 'hard' AND NOT v_row.unlimited AND p_amount > available THEN
        CASE v_row.kind WHEN 'credits' THEN 'insufficient_balance' ELSE 'limit_reached' END
    END;
  END IF;

  IF outcome IS NULL THEN
    v_funded := CASE WHEN v_row.unlimited THEN p_amount ELSE least(p_amount, greatest(available, 0)) END;
    version := v_row.version + 1;
    available := CASE WHEN NOT v_row.unlimited THEN available - v_funded END;
    INSERT INTO purser.balance_facts (slot, tenant_id, subject, feature, version, kind, idempotency_key, amount, overage,
                                      interval_no, interval_used, balance_after, acting_subject, recorded_at, metadata)
      VALUES (v_slot, p_tenant, v_row.subject, p_feature, version, 'reserve', p_idempotency_key, p_amount, 0,
              v_row.interval_no, v_row.interval_used, available, nullif(p_subject, v_row.subject), v_row.now_at, p_metadata)
      ON CONFLICT (tenant_id, idempotency_key, slot) DO NOTHING
      RETURNING version INTO v_inserted;
    IF v_inserted IS NOT NULL THEN
      INSERT INTO purser.holds (slot, tenant_id, hold_key, subject, feature, acting_subject, amount, funded, status,
                                interval_no, reserved_version, reserved_at, asked_until, expires_at)
        VALUES (v_slot, p_tenant, p_idempotency_key, v_row.subject, p_feature, nullif(p_subject, v_row.subject), p_amount,
                v_funded, 'open', v_row.interval_no, version, v_row.now_at, expires_at, expires_at);
      UPDATE purser.balances b
        SET version = v_inserted, held = v_row.held + v_funded, as_of = v_row.now_at,
            next_change_at = least(v_row.next_change_at, reserve.expires_at)
        WHERE b.tenant_id = p_tenant AND b.subject = v_row.subject AND b.feature = p_feature AND b.slot = v_slot;
      INSERT INTO purser.outbox (slot, tenant_id, kind, source, subject, features, version, recorded_at)
        VALUES (v_slot, p_tenant, 'balance', 'consumption', v_row.subject, ARRAY[p_feature], v_inserted,
                v_row.now_at);
      outcome := 'reserved';
      amount := round(p_amount, 6);
      unlimited := v_row.unlimited;
      RETURN;
    END IF;
  END IF;

  -- Refused, or the key was used before: the key decides first.
  SELECT f.kind, f.feature, coalesce(f.acting_subject, f.subject) AS subject, f.amount, f.balance_after, f.version,
         f.metadata, h.asked_until, h.reserved_at, h.expires_at
    INTO v_fact
    FROM purser.balance_facts f
    LEFT JOIN purser.holds h ON h.tenant_id = f.tenant_id AND h.hold_key = f.idempotency_key AND h.slot = f.slot
    WHERE f.tenant_id = p_tenant AND f.idempotency_key = p_idempotency_key AND f.slot = v_slot;
  unlimited := false;
  version := NULL;
  IF v_fact.version IS NULL THEN
    expires_at := NULL;
    unlimited := coalesce(v_row.unlimited AND outcome = lower(v_row.denied_reason), false);
    available := CASE WHEN v_row.kind <> 'capacity' AND NOT v_row.unlimited AND outcome <> 'invalid_input' THEN available END;
    IF outcome = 'invalid_input' THEN
      field := 'expiresAt';
      restricted_by := NULL;
      resets_at := NULL;
    END IF;
    RETURN;
  END IF;
  field := CASE
    WHEN v_fact.kind <> 'reserve' THEN 'command'
    WHEN v_fact.feature <> p_feature THEN 'feature'
    WHEN v_fact.subject <> p_subject THEN 'subject'
    WHEN v_fact.amount <> p_amount THEN 'amount'
    WHEN v_fact.asked_until <> coalesce(p_expires_at, v_fact.reserved_at + c_lasts) THEN 'expiresAt'
    WHEN v_fact.metadata IS DISTINCT FROM p_metadata THEN 'metadata'
  END;
  available := NULL;
  expires_at := NULL;
  IF field IS NOT NULL THEN
    outcome := 'idempotency_conflict';
    restricted_by := NULL;
    resets_at := NULL;
    RETURN;
  END IF;
  outcome := 'reserved';
  replayed := true;
  amount := v_fact.amount;
  available := v_fact.balance_after;
  unlimited := v_fact.balance_after IS NULL;
  version := v_fact.version;
  expires_at := v_fact.expires_at;
END
$$;
