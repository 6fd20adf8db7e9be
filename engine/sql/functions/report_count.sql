-- Says how many slots of a capacity are occupied where the things themselves live elsewhere. The count is a snapshot with a
-- time: it decides until the next one, and nothing that is over the limit is taken away.
--
-- Outcomes in their precedence: invalid_input (field), tenant_unknown, feature_unknown, wrong_kind, subject_required, claims_kept
-- (the slots are kept by claim), the denials where there is no balance yet; else reported.
CREATE OR REPLACE FUNCTION purser.report_count(
  p_tenant text, p_feature text, p_count integer, p_subject text DEFAULT '',
  OUT outcome text, OUT field text, OUT counted integer, OUT available numeric, OUT over_limit numeric,
  OUT reported_at timestamptz, OUT version bigint
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
  v_slot integer := purser.slot_of(p_tenant);
  v_row  record;
BEGIN
  field := CASE
    WHEN p_tenant IS NULL OR p_tenant = '' THEN 'tenant'
    WHEN p_feature IS NULL OR p_feature = '' THEN 'feature'
    WHEN p_count IS NULL OR p_count < 0 THEN 'count'
    WHEN p_subject IS NULL OR length(p_subject) > 200 THEN 'subject'
  END;
  IF field IS NOT NULL THEN
    outcome := 'invalid_input';
    RETURN;
  END IF;
  SELECT l.* INTO v_row FROM purser.lock_balance(v_slot, p_tenant, p_subject, p_feature, true) l;
  outcome := v_row.outcome;
  reported_at := v_row.now_at;
  outcome := CASE
    WHEN outcome IS NOT NULL THEN outcome
    WHEN v_row.claimed > 0 AND NOT v_row.reported THEN 'claims_kept'
  END;
  IF outcome IS NOT NULL THEN
    reported_at := NULL;
    RETURN;
  END IF;
  outcome := 'reported';
  counted := p_count;
  version := v_row.version + 1;
  INSERT INTO purser.resource_snapshots (slot, tenant_id, subject, feature, version, counted, reported_at)
    VALUES (v_slot, p_tenant, v_row.subject, p_feature, version, p_count, reported_at);
  PERFORM purser.write_occupied(v_slot, p_tenant, v_row.subject, p_feature, p_count, p_count > 0, 'report', p_count, NULL, reported_at);
  available := CASE WHEN NOT v_row.unlimited THEN greatest(v_row.granted - counted, 0) END;
  over_limit := CASE WHEN v_row.unlimited THEN 0 ELSE greatest(counted - v_row.granted, 0) END;
END
$$;
