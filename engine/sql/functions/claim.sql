-- Occupies a slot of a capacity under the name of the thing it stands for, or refuses and leaves nothing. A name that is
-- held already is a replay, also while the feature is restricted or over its limit.
--
-- Outcomes in their precedence: invalid_input (field), tenant_unknown, feature_unknown, wrong_kind, subject_required, the first
-- answer again with replayed, the reasons of resolve_entitlement in lower case, count_reported (the slots are counted by
-- report_count), limit_reached; else claimed.
CREATE OR REPLACE FUNCTION purser.claim(
  p_tenant text, p_feature text, p_resource text, p_subject text DEFAULT '',
  OUT outcome text, OUT replayed boolean, OUT field text, OUT claimed integer, OUT available numeric, OUT over_limit numeric,
  OUT version bigint, OUT restricted_by text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
  v_slot  integer := purser.slot_of(p_tenant);
  v_row   record;
  v_now   timestamptz;
  v_held  bigint;
BEGIN
  replayed := false;
  field := CASE
    WHEN p_tenant IS NULL OR p_tenant = '' THEN 'tenant'
    WHEN p_feature IS NULL OR p_feature = '' THEN 'feature'
    WHEN p_resource IS NULL OR p_resource = '' OR length(p_resource) > 300 THEN 'resource'
    WHEN p_subject IS NULL OR length(p_subject) > 200 THEN 'subject'
  END;
  IF field IS NOT NULL THEN
    outcome := 'invalid_input';
    RETURN;
  END IF;
  SELECT l.* INTO v_row FROM purser.lock_balance(v_slot, p_tenant, p_subject, p_feature, true) l;
  outcome := v_row.outcome;
  v_now := v_row.now_at;
  IF outcome IS NOT NULL THEN
    RETURN;
  END IF;

  SELECT c.claimed_version INTO v_held FROM purser.claims c
    WHERE c.tenant_id = p_tenant AND c.subject = v_row.subject AND c.feature = p_feature AND c.resource = p_resource
      AND c.slot = v_slot AND c.released_at IS NULL;
  claimed := v_row.claimed;
  restricted_by := v_row.restricted_by;
  outcome := CASE
    WHEN v_held IS NOT NULL THEN 'claimed'
    WHEN v_row.denied_reason IS NOT NULL THEN lower(v_row.denied_reason)
    WHEN v_row.reported AND v_row.claimed > 0 THEN 'count_reported'
    WHEN v_row.enforcement = 'hard' AND NOT v_row.unlimited AND v_row.claimed + 1 > v_row.granted THEN 'limit_reached'
  END;
  IF v_held IS NOT NULL THEN
    replayed := true;
    version := v_held;
  ELSIF outcome IS NULL THEN
    outcome := 'claimed';
    claimed := v_row.claimed + 1;
    version := v_row.version + 1;
    INSERT INTO purser.claims AS c (slot, tenant_id, subject, feature, resource, claimed_version, claimed_at)
      VALUES (v_slot, p_tenant, v_row.subject, p_feature, p_resource, version, v_now)
      ON CONFLICT (tenant_id, subject, feature, resource, slot) DO UPDATE
        SET claimed_version = excluded.claimed_version, claimed_at = excluded.claimed_at, released_version = NULL,
            released_at = NULL;
    PERFORM purser.write_occupied(v_slot, p_tenant, v_row.subject, p_feature, claimed, false, 'claim', 1, p_resource, v_now, nullif(p_subject, v_row.subject));
  END IF;
  available := CASE WHEN NOT v_row.unlimited THEN greatest(v_row.granted - claimed, 0) END;
  over_limit := CASE WHEN v_row.unlimited THEN 0 ELSE greatest(claimed - v_row.granted, 0) END;
END
$$;
