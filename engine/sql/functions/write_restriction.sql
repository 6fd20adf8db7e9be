-- Writes a restriction of one feature for one tenant, dated, with its end. A degraded amount masks the feature's allowances
-- as an override does, and overrides with them. Of two amounts or values at the same time the last one written holds; the one
-- before comes back when that ends. Internal to the commands of the subscription noun.
CREATE OR REPLACE FUNCTION purser.write_restriction(
  p_tenant text, p_feature text, p_mode text, p_effective_at timestamptz, p_ends_at timestamptz, p_actor text,
  p_degraded_value jsonb DEFAULT NULL, p_transition_id uuid DEFAULT NULL,
  OUT outcome text, OUT field text, OUT restriction_id uuid
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
  v_slot    integer := purser.slot_of(p_tenant);
  v_feature record;
  v_now     timestamptz;
  v_from    timestamptz;
  v_version bigint;
BEGIN
  v_now := (purser.lock_tenant(v_slot, p_tenant)).now_at;
  v_from := greatest(coalesce(p_effective_at, v_now), v_now);
  SELECT r.reason, r.kind INTO v_feature
    FROM purser.resolve_entitlement(v_slot, p_tenant, '', p_feature, v_from) r;
  outcome := CASE WHEN v_feature.reason IN ('TENANT_UNKNOWN', 'FEATURE_UNKNOWN') THEN lower(v_feature.reason) END;
  IF outcome IS NOT NULL THEN
    RETURN;
  END IF;
  field := CASE
    WHEN p_mode IS NULL OR p_mode NOT IN ('disabled', 'frozen', 'degraded') OR p_mode = 'degraded' AND v_feature.kind = 'flag'
      THEN 'mode'
    WHEN p_actor IS NULL OR p_actor = '' OR length(p_actor) > 200 THEN 'actor'
    WHEN p_effective_at IS NOT NULL AND NOT isfinite(p_effective_at) THEN 'effectiveAt'
    WHEN p_ends_at IS NULL OR p_ends_at <= v_from THEN 'endsAt'
    WHEN (p_mode = 'degraded') <> (p_degraded_value IS NOT NULL) THEN 'degradedValue'
    WHEN p_mode = 'degraded' AND v_feature.kind <> 'value' THEN CASE
      WHEN jsonb_typeof(p_degraded_value) <> 'number' THEN 'degradedValue'
      WHEN (p_degraded_value #>> '{}')::numeric <> 0 AND NOT purser.is_quantity((p_degraded_value #>> '{}')::numeric)
        THEN 'degradedValue' END
  END;
  IF field IS NOT NULL THEN
    outcome := 'invalid_input';
    RETURN;
  END IF;

  restriction_id := gen_random_uuid();
  v_version := purser.touch_tenant(v_slot, p_tenant);
  INSERT INTO purser.restrictions (slot, tenant_id, restriction_id, feature, mode, degraded_value, transition_id,
                                   written_version, effective_at, ends_at)
    VALUES (v_slot, p_tenant, restriction_id, p_feature, p_mode, p_degraded_value, p_transition_id, v_version, v_from,
            p_ends_at);
  IF p_mode = 'degraded' AND v_feature.kind <> 'value' THEN
    -- A restriction stands in for overrides as well, whenever those were written.
    PERFORM purser.write_mask(v_slot, p_tenant, p_feature, restriction_id, 'restriction', v_version + (1::bigint << 40),
                              (p_degraded_value #>> '{}')::numeric, false, v_from, p_ends_at);
  END IF;
  PERFORM purser.refresh_balances(v_slot, p_tenant, v_now, 'transition');
  PERFORM purser.append_audit(v_slot, p_tenant, p_actor, 'restriction.write', restriction_id::text, NULL,
                              jsonb_build_object('feature', p_feature, 'mode', p_mode, 'effectiveAt', v_from,
                                                 'endsAt', p_ends_at), v_now);
  outcome := 'written';
END
$$;
