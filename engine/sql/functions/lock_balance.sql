-- Finds, locks and freshens the balance that a holder draws from: the subject's own, else the tenant's where the amount is
-- shared, else one that is made now; or says why there is none. Internal: runs with its caller's rights.
CREATE OR REPLACE FUNCTION purser.lock_balance(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_capacity boolean,
  OUT outcome text, OUT subject text, OUT kind text, OUT enforcement text, OUT per text, OUT denied_reason text, OUT restricted_by text,
  OUT unlimited boolean, OUT granted numeric, OUT used numeric, OUT held numeric, OUT overage numeric,
  OUT overage_version bigint, OUT claimed integer, OUT reported boolean, OUT interval_no integer, OUT interval_used numeric,
  OUT version bigint, OUT next_change_at timestamptz, OUT resets_at timestamptz, OUT now_at timestamptz
)
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_subject text := p_subject;
  v_found   boolean := false;
BEGIN
  FOR v_look IN 1..3 LOOP
    SELECT f.subject, f.kind, f.enforcement, f.per, f.denied_reason, f.restricted_by, f.unlimited, f.granted, f.used, f.held,
           f.overage, f.overage_version, f.claimed, f.reported, f.interval_no, f.interval_used, f.version, f.next_change_at,
           f.resets_at, f.now_at
      INTO subject, kind, enforcement, per, denied_reason, restricted_by, unlimited, granted, used, held, overage,
           overage_version, claimed, reported, interval_no, interval_used, version, next_change_at, resets_at, now_at
      FROM purser.freshen_balance(p_slot, p_tenant, v_subject, p_feature) f;
    v_found := version IS NOT NULL AND (p_subject = '' OR (per = 'subject') = (v_subject <> ''));
    EXIT WHEN v_found;
    IF v_subject <> '' AND v_look = 1 THEN
      v_subject := '';
    ELSE
      SELECT o.balance_subject, o.outcome INTO v_subject, outcome
        FROM purser.open_balance(p_slot, p_tenant, p_subject, p_feature, purser.tenant_now(p_slot, p_tenant), p_capacity) o;
      IF outcome IS NOT NULL THEN
        RETURN;
      END IF;
    END IF;
  END LOOP;
  outcome := CASE
    WHEN NOT v_found THEN 'feature_unknown'
    WHEN (kind = 'capacity') <> p_capacity THEN 'wrong_kind'
    WHEN per = 'subject' AND subject = '' THEN 'subject_required'
  END;
END
$$;
