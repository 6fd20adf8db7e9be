-- Locks a capacity for a caller who counts its own rows: call it, then count in the same transaction, then compare. Until
-- that transaction ends nobody else gets past this, and because it bumps the balance's version it also holds where the
-- transaction reads an old snapshot (REPEATABLE READ fails with 40001 instead of deciding by it).
--
-- Outcomes in their precedence: invalid_input (field), tenant_unknown, feature_unknown, wrong_kind, subject_required, the reasons
-- of resolve_entitlement in lower case; else locked, with the limit (NULL while unlimited).
CREATE OR REPLACE FUNCTION purser.lock_capacity(
  p_tenant text, p_feature text, p_subject text DEFAULT '',
  OUT outcome text, OUT field text, OUT unlimited boolean, OUT quantity_limit numeric, OUT enforcement text,
  OUT version bigint, OUT restricted_by text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
  v_slot integer := purser.slot_of(p_tenant);
  v_row  record;
  v_now  timestamptz;
BEGIN
  field := CASE
    WHEN p_tenant IS NULL OR p_tenant = '' THEN 'tenant'
    WHEN p_feature IS NULL OR p_feature = '' THEN 'feature'
    WHEN p_subject IS NULL OR length(p_subject) > 200 THEN 'subject'
  END;
  IF field IS NOT NULL THEN
    outcome := 'invalid_input';
    RETURN;
  END IF;
  SELECT l.* INTO v_row FROM purser.lock_balance(v_slot, p_tenant, p_subject, p_feature, true) l;
  outcome := v_row.outcome;
  v_now := v_row.now_at;
  outcome := CASE
    WHEN outcome IS NOT NULL THEN outcome
    WHEN v_row.denied_reason IS NOT NULL THEN lower(v_row.denied_reason)
    ELSE 'locked'
  END;
  restricted_by := v_row.restricted_by;
  IF outcome = 'locked' THEN
    unlimited := v_row.unlimited;
    quantity_limit := CASE WHEN NOT v_row.unlimited THEN v_row.granted END;
    enforcement := v_row.enforcement;
    version := purser.write_occupied(v_slot, p_tenant, v_row.subject, p_feature, v_row.claimed, v_row.reported, 'lock', 0, NULL, v_now);
  END IF;
END
$$;
