-- Closes the interval of one balance and opens the next: the grants that paid are told what for, ended ones leave, due
-- ones begin, windows turn, and the row says what is true now. Called with the balance row locked, by the lazy path, by
-- the boundary worker and by every command that changes the set of grants: the same rows whoever comes first. Internal:
-- runs with its caller's rights, which only the writing functions have.
--
-- A boundary is dated to the boundary itself, so that it does not matter when somebody noticed; anything else to p_at.
CREATE OR REPLACE FUNCTION purser.turn_balance(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz,
  p_kind text, p_source text, p_amount numeric, p_reference text
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_before record;
  v_after  record;
  v_grant  record;
  v_now    timestamptz;
  v_at     timestamptz;
  v_number integer;
  v_overage numeric;
BEGIN
  SELECT b.version, b.interval_no, b.granted, b.used, b.held, b.overage, b.unlimited, b.denied_reason, b.as_of
    INTO v_before
    FROM purser.balances b
    WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = p_slot;
  -- A caller that read its clock before it waited for the lock may be behind what the row has seen since.
  v_now := greatest(p_at, v_before.as_of);
  SELECT t.* INTO v_after FROM purser.turned_balance(p_slot, p_tenant, p_subject, p_feature, v_now) t;
  v_at := CASE WHEN p_kind = 'boundary' THEN greatest(v_before.as_of, v_after.turned_at) ELSE v_now END;
  v_number := v_before.interval_no + 1;
  v_overage := CASE WHEN v_after.window_turned THEN 0 ELSE v_before.overage END;

  -- The loop's rows are worked out before its first statement runs, so it does not see what it writes.
  FOR v_grant IN SELECT g.* FROM purser.grants_after_turn(p_slot, p_tenant, p_subject, p_feature, v_now) g LOOP
    IF v_grant.burned_to > v_grant.burned_from THEN
      INSERT INTO purser.burns (slot, tenant_id, subject, feature, interval_no, grant_id, from_used, to_used)
        VALUES (p_slot, p_tenant, p_subject, p_feature, v_before.interval_no, v_grant.grant_id, v_grant.burned_from,
                v_grant.burned_to);
    END IF;
    IF v_grant.is_new THEN
      INSERT INTO purser.grants (slot, tenant_id, grant_id, subject, feature, amount, unlimited, source, effective_at,
                                 expires_at, priority, dedupe_key, allowance_id, issued_version, issued_at)
        VALUES (p_slot, p_tenant, v_grant.grant_id, p_subject, p_feature, v_grant.amount, v_grant.unlimited, v_grant.source,
                v_grant.effective_at, v_grant.expires_at, v_grant.priority, v_grant.dedupe_key, v_grant.allowance_id,
                v_grant.issued_version, v_grant.effective_at);
      INSERT INTO purser.open_grants (slot, tenant_id, subject, feature, grant_id, source, allowance_id, amount, unlimited,
                                      used, active, effective_at, expires_at, priority, issued_version)
        VALUES (p_slot, p_tenant, p_subject, p_feature, v_grant.grant_id, v_grant.source, v_grant.allowance_id,
                v_grant.amount, v_grant.unlimited, 0, true, v_grant.effective_at, v_grant.expires_at, v_grant.priority,
                v_grant.issued_version);
    ELSIF v_grant.ended THEN
      DELETE FROM purser.open_grants o
        WHERE o.tenant_id = p_tenant AND o.subject = p_subject AND o.feature = p_feature
          AND o.grant_id = v_grant.grant_id AND o.slot = p_slot;
      IF v_grant.allowance_ended THEN
        INSERT INTO purser.grant_voids (slot, tenant_id, grant_id, lapsed, reason, voided_by, voided_at)
          VALUES (p_slot, p_tenant, v_grant.grant_id,
                  CASE WHEN v_grant.unlimited THEN 0 ELSE v_grant.amount - v_grant.used END, 'allowance ended', 'purser', v_at);
      END IF;
    ELSIF v_grant.active <> v_grant.was_active OR v_grant.burned_to > v_grant.burned_from THEN
      UPDATE purser.open_grants o SET used = v_grant.used, active = v_grant.active
        WHERE o.tenant_id = p_tenant AND o.subject = p_subject AND o.feature = p_feature
          AND o.grant_id = v_grant.grant_id AND o.slot = p_slot;
    END IF;
  END LOOP;

  INSERT INTO purser.balance_facts (slot, tenant_id, subject, feature, version, kind, amount, overage, interval_no,
                                    interval_used, balance_after, reference, recorded_at)
    VALUES (p_slot, p_tenant, p_subject, p_feature, v_before.version + 1, p_kind, p_amount, 0, v_number, 0,
            CASE WHEN NOT v_after.unlimited THEN v_after.granted - v_after.used - v_before.held END, p_reference, v_at);
  UPDATE purser.balances b
    SET version = v_before.version + 1, as_of = v_at, next_change_at = v_after.next_change_at,
        denied_reason = v_after.denied_reason, restricted_by = v_after.restricted_by, enforcement = v_after.enforcement,
        per = v_after.per, unlimited = v_after.unlimited, granted = v_after.granted, used = v_after.used,
        overage = v_overage, interval_no = v_number, interval_used = 0
    WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = p_slot;
  -- Nothing material moved: nobody needs to be told.
  IF (v_before.granted, v_before.used, v_before.overage, v_before.unlimited, v_before.denied_reason)
     IS DISTINCT FROM (v_after.granted, v_after.used, v_overage, v_after.unlimited, v_after.denied_reason) THEN
    INSERT INTO purser.changes (slot, tenant_id, change_id, kind, source, subject, features, version, recorded_at)
      VALUES (p_slot, p_tenant, gen_random_uuid(), 'balance', p_source, p_subject, ARRAY[p_feature], v_before.version + 1, v_at);
  END IF;
  RETURN v_before.version + 1;
END
$$;
