-- Lets a slot of a capacity go. Possible at any time, also while the feature is restricted or over its limit.
--
-- Outcomes in their precedence: invalid_input (field), tenant_unknown, feature_unknown, wrong_kind, claim_unknown (never claimed);
-- else released, also where it was released before (replayed).
CREATE OR REPLACE FUNCTION purser.release_claim(
  p_tenant text, p_feature text, p_resource text, p_subject text DEFAULT '',
  OUT outcome text, OUT replayed boolean, OUT field text, OUT claimed integer, OUT available numeric, OUT over_limit numeric,
  OUT version bigint
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
  v_claim record;
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
  SELECT c.subject INTO v_claim FROM purser.claims c
    WHERE c.tenant_id = p_tenant AND c.subject IN (p_subject, '') AND c.feature = p_feature AND c.resource = p_resource
      AND c.slot = v_slot
    ORDER BY c.subject = p_subject DESC
    LIMIT 1;
  IF v_claim.subject IS NULL THEN
    SELECT CASE WHEN r.reason IN ('TENANT_UNKNOWN', 'FEATURE_UNKNOWN') THEN lower(r.reason)
                WHEN r.kind <> 'capacity' THEN 'wrong_kind' ELSE 'claim_unknown' END
      INTO outcome
      FROM purser.resolve_entitlement(v_slot, p_tenant, p_subject, p_feature, purser.tenant_now(v_slot, p_tenant)) r;
    RETURN;
  END IF;
  SELECT f.* INTO v_row FROM purser.freshen_balance(v_slot, p_tenant, v_claim.subject, p_feature) f;
  v_now := v_row.now_at;
  SELECT c.released_version INTO v_claim FROM purser.claims c
    WHERE c.tenant_id = p_tenant AND c.subject = v_row.subject AND c.feature = p_feature AND c.resource = p_resource
      AND c.slot = v_slot;
  outcome := 'released';
  claimed := v_row.claimed;
  IF v_claim.released_version IS NOT NULL THEN
    replayed := true;
    version := v_claim.released_version;
  ELSE
    claimed := v_row.claimed - 1;
    version := v_row.version + 1;
    UPDATE purser.claims c SET released_version = release_claim.version, released_at = v_now
      WHERE c.tenant_id = p_tenant AND c.subject = v_row.subject AND c.feature = p_feature AND c.resource = p_resource
        AND c.slot = v_slot;
    PERFORM purser.write_occupied(v_slot, p_tenant, v_row.subject, p_feature, claimed, false, 'release_claim', 1, p_resource, v_now, nullif(p_subject, v_row.subject));
  END IF;
  available := CASE WHEN NOT v_row.unlimited THEN greatest(v_row.granted - claimed, 0) END;
  over_limit := CASE WHEN v_row.unlimited THEN 0 ELSE greatest(claimed - v_row.granted, 0) END;
END
$$;
