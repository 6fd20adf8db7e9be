-- Closes the interval of one balance at an instant: the grants that paid are told what for, open holds are pinned to the
-- grants they would burn, expired ones end, ended grants leave, due ones begin, windows turn. Called with the balance row
-- locked; open_interval follows, with whatever the command changes in between. Answers the instant the change is dated to
-- (a boundary is dated to the boundary itself, so that it does not matter when somebody noticed) and whether the window
-- turned. Internal: runs with its caller's rights, which only the writing functions have.
CREATE OR REPLACE FUNCTION purser.close_interval(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz, p_boundary boolean,
  OUT closed_at timestamptz, OUT window_turned boolean
)
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_before record;
  v_grant  record;
  v_now    timestamptz;
  v_last   timestamptz;
  v_window timestamptz;
  v_allowed boolean := false;
BEGIN
  SELECT b.version, b.interval_no, b.as_of INTO v_before
    FROM purser.balances b
    WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = p_slot;
  -- A caller that read its clock before it waited for the lock may be behind what the row has seen since.
  v_now := greatest(p_at, v_before.as_of);
  IF p_boundary THEN
    v_last := (purser.changes_around(p_slot, p_tenant, p_subject, p_feature, v_now)).last_at;
  END IF;
  -- The loop's rows are worked out before its first statement runs, so it does not see what it writes.
  FOR v_grant IN SELECT g.* FROM purser.grants_after_turn(p_slot, p_tenant, p_subject, p_feature, v_now) g LOOP
    v_window := greatest(v_window, CASE WHEN v_grant.was_active THEN v_grant.window_ends_at END);
    v_allowed := v_allowed OR v_grant.active AND v_grant.allowance_id IS NOT NULL;
    IF v_grant.burned_to > v_grant.burned_from THEN
      INSERT INTO purser.burns (slot, tenant_id, subject, feature, interval_no, grant_id, from_used, to_used)
        VALUES (p_slot, p_tenant, p_subject, p_feature, v_before.interval_no, v_grant.grant_id, v_grant.burned_from,
                v_grant.burned_to);
    END IF;
    IF v_grant.pin_keys IS NOT NULL THEN
      INSERT INTO purser.hold_pins (slot, tenant_id, hold_key, grant_id, amount)
        SELECT p_slot, p_tenant, p.hold_key, v_grant.grant_id, p.amount
          FROM unnest(v_grant.pin_keys, v_grant.pin_amounts) AS p (hold_key, amount);
    END IF;
    IF v_grant.is_new THEN
      INSERT INTO purser.grants (slot, tenant_id, grant_id, subject, feature, amount, unlimited, source, effective_at,
                                 expires_at, priority, dedupe_key, allowance_id, carried, accrued, exceeded, handed, issued_version,
                                 issued_at)
        VALUES (p_slot, p_tenant, v_grant.grant_id, p_subject, p_feature, v_grant.amount, v_grant.unlimited, v_grant.source,
                v_grant.effective_at, v_grant.expires_at, v_grant.priority, v_grant.dedupe_key, v_grant.allowance_id,
                v_grant.carried, v_grant.accrued, v_grant.exceeded, v_grant.handed, v_grant.issued_version, v_grant.effective_at);
      INSERT INTO purser.open_grants (slot, tenant_id, subject, feature, grant_id, source, allowance_id, amount, unlimited,
                                      used, active, effective_at, expires_at, priority, issued_version)
        VALUES (p_slot, p_tenant, p_subject, p_feature, v_grant.grant_id, v_grant.source, v_grant.allowance_id,
                v_grant.amount, v_grant.unlimited, 0, true, v_grant.effective_at, v_grant.expires_at, v_grant.priority,
                v_grant.issued_version);
    ELSIF v_grant.ended THEN
      DELETE FROM purser.open_grants o
        WHERE o.tenant_id = p_tenant AND o.subject = p_subject AND o.feature = p_feature
          AND o.grant_id = v_grant.grant_id AND o.slot = p_slot;
      IF v_grant.cut_short THEN
        INSERT INTO purser.grant_voids (slot, tenant_id, grant_id, lapsed, reason, voided_by, voided_at, voided_version)
          VALUES (p_slot, p_tenant, v_grant.grant_id,
                  CASE WHEN v_grant.unlimited THEN 0 ELSE v_grant.amount - v_grant.used - v_grant.held END,
                  'allowance ended', 'purser', v_grant.ends_at, v_before.version + 1);
      END IF;
    ELSIF v_grant.active <> v_grant.was_active OR v_grant.burned_to > v_grant.burned_from THEN
      UPDATE purser.open_grants o SET used = v_grant.used, active = v_grant.active
        WHERE o.tenant_id = p_tenant AND o.subject = p_subject AND o.feature = p_feature
          AND o.grant_id = v_grant.grant_id AND o.slot = p_slot;
    END IF;
  END LOOP;

  -- Overage belongs to its window, of several allowances the one whose window ends last, and ends with the last of them.
  window_turned := coalesce(v_window <= v_now OR v_window IS NOT NULL AND NOT v_allowed, false);
  closed_at := v_now;
  IF p_boundary THEN
    closed_at := greatest(v_before.as_of, coalesce(v_last, v_now));
  END IF;
  UPDATE purser.holds h SET status = 'expired', ended_at = h.expires_at, ended_version = v_before.version + 1
    WHERE h.tenant_id = p_tenant AND h.subject = p_subject AND h.feature = p_feature AND h.slot = p_slot
      AND h.status = 'open' AND h.expires_at <= v_now;
  -- From here the tables say what is; asking them again finds nothing due.
  UPDATE purser.balances b SET interval_no = v_before.interval_no + 1, interval_used = 0, as_of = closed_at
    WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = p_slot;
END
$$;
