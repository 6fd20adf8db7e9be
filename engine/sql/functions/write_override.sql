-- Writes an override of one feature for one tenant: dated, attributed, always with an end. An amount masks the allowances of
-- the feature: what it comes to less what the window has been used for stands in their place until it ends. What was bought
-- is not touched. Of several at the same time one that denies comes first, of two amounts or values the last one written; what
-- it covered comes back when it ends. One without an amount leaves amounts as they are, likewise values. Internal to the commands of the subscription noun.
CREATE OR REPLACE FUNCTION purser.write_override(
  p_tenant text, p_feature text, p_effect text, p_reason text, p_effective_at timestamptz, p_ends_at timestamptz, p_actor text,
  p_value jsonb DEFAULT NULL, p_amount numeric DEFAULT NULL, p_unlimited boolean DEFAULT false, p_note text DEFAULT '',
  OUT outcome text, OUT field text, OUT override_id uuid
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
  SELECT r.reason, r.kind, r.value INTO v_feature
    FROM purser.resolve_entitlement(v_slot, p_tenant, '', p_feature, v_from) r;
  outcome := CASE WHEN v_feature.reason IN ('TENANT_UNKNOWN', 'FEATURE_UNKNOWN') THEN lower(v_feature.reason) END;
  IF outcome IS NOT NULL THEN
    RETURN;
  END IF;
  field := CASE
    WHEN p_effect IS NULL OR p_effect NOT IN ('allow', 'deny') THEN 'effect'
    WHEN p_reason IS NULL OR p_reason NOT IN ('emergency', 'incident', 'compliance', 'sales', 'support') THEN 'reason'
    WHEN p_actor IS NULL OR p_actor = '' OR length(p_actor) > 200 THEN 'actor'
    WHEN p_effective_at IS NOT NULL AND NOT isfinite(p_effective_at) THEN 'effectiveAt'
    WHEN p_ends_at IS NULL OR p_ends_at = 'infinity' OR p_ends_at <= v_from THEN 'endsAt'
    WHEN p_unlimited IS NULL OR p_unlimited AND p_amount IS NOT NULL THEN 'unlimited'
    WHEN (p_amount IS NOT NULL OR p_unlimited) AND (p_effect = 'deny' OR v_feature.kind IN ('flag', 'value'))
      OR p_amount <> 0 AND NOT purser.is_quantity(p_amount) THEN 'amount'
    WHEN p_value IS NOT NULL AND (p_effect = 'deny' OR v_feature.kind <> 'value') THEN 'value'
  END;
  IF field IS NOT NULL THEN
    outcome := 'invalid_input';
    RETURN;
  END IF;

  override_id := gen_random_uuid();
  v_version := purser.touch_tenant(v_slot, p_tenant);
  INSERT INTO purser.overrides (slot, tenant_id, override_id, feature, effect, value, amount, unlimited, original_value, reason,
                                note, created_by, written_version, effective_at, ends_at)
    VALUES (v_slot, p_tenant, override_id, p_feature, p_effect, p_value, p_amount, p_unlimited, v_feature.value, p_reason,
            coalesce(p_note, ''), p_actor, v_version, v_from, p_ends_at);
  IF p_amount IS NOT NULL OR p_unlimited THEN
    PERFORM purser.write_mask(v_slot, p_tenant, p_feature, override_id, 'override', v_version, p_amount, p_unlimited, v_from,
                              p_ends_at);
  END IF;
  PERFORM purser.refresh_balances(v_slot, p_tenant, v_now, 'override');
  PERFORM purser.append_audit(v_slot, p_tenant, p_actor, 'override.write', override_id::text, NULL,
                              jsonb_build_object('feature', p_feature, 'effect', p_effect, 'reason', p_reason,
                                                 'effectiveAt', v_from, 'endsAt', p_ends_at), v_now);
  outcome := 'written';
END
$$;
