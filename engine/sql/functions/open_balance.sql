-- Finds the balance that a holder draws from, or makes it where an allowance provides for one and nobody has used it yet.
-- Answers the subject the balance is kept under ('' for the tenant as a whole), or why there is none. A new row is due at
-- once: whoever asked turns it before reading a number from it. p_capacity says which kind of verb asks (NULL: any that
-- counts). Internal: runs with its caller's rights.
CREATE OR REPLACE FUNCTION purser.open_balance(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz,
  p_capacity boolean DEFAULT false,
  OUT balance_subject text, OUT outcome text
)
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_answer record;
  v_known  bigint;
  v_locked bigint;
BEGIN
  SELECT t.version INTO v_known FROM purser.tenants t WHERE t.tenant_id = p_tenant AND t.slot = p_slot;
  LOOP
    SELECT r.allowed, r.reason, r.kind, r.enforcement, r.per INTO v_answer
      FROM purser.resolve_entitlement(p_slot, p_tenant, p_subject, p_feature, p_at) r;
    outcome := CASE
      WHEN v_answer.reason IN ('TENANT_UNKNOWN', 'FEATURE_UNKNOWN') THEN lower(v_answer.reason)
      WHEN v_answer.kind IN ('flag', 'value') OR (v_answer.kind = 'capacity') <> p_capacity THEN 'wrong_kind'
      WHEN v_answer.per = 'subject' AND p_subject = '' THEN 'subject_required'
      WHEN NOT v_answer.allowed THEN lower(v_answer.reason)
    END;
    IF outcome IS NOT NULL THEN
      RETURN;
    END IF;
    -- A change of access brings all balances up to date that it sees. It would not see one that is being made, nor would
    -- that one know of the change: so one waits for the other, and what was decided before is decided again.
    SELECT t.version INTO v_locked FROM purser.tenants t WHERE t.tenant_id = p_tenant AND t.slot = p_slot FOR SHARE;
    EXIT WHEN v_locked = v_known;
    v_known := v_locked;
  END LOOP;
  balance_subject := CASE WHEN v_answer.per = 'subject' THEN p_subject ELSE '' END;
  INSERT INTO purser.balances (slot, tenant_id, subject, feature, kind, enforcement, per, unlimited, granted, used, held,
                               overage, claimed, interval_no, interval_used, version, as_of, next_change_at, test)
    VALUES (p_slot, p_tenant, balance_subject, p_feature, v_answer.kind, v_answer.enforcement, v_answer.per, false, 0, 0,
            0, 0, 0, 0, 0, 0, '-infinity', '-infinity',
            EXISTS (SELECT FROM purser.test_clocks c WHERE c.tenant_id = p_tenant AND c.slot = p_slot))
    ON CONFLICT (tenant_id, subject, feature, slot) DO NOTHING;
END
$$;
