-- The one rule about access, amounts aside: may this holder use this feature at this instant, why, and between which
-- instants is that the answer. Reads dated rows only; for an instant that has passed by what was known then (p_past). The reasons stand in the order of their precedence
-- (engine/src/entitlement/README.md); the first that applies is the answer.
CREATE OR REPLACE FUNCTION purser.resolve_entitlement(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz, p_past boolean DEFAULT false,
  OUT allowed boolean, OUT reason text, OUT source text, OUT kind text, OUT enforcement text, OUT per text,
  OUT tier text, OUT required_tier text, OUT value jsonb, OUT unlimited boolean, OUT restricted_by text,
  OUT plan text, OUT plan_version integer, OUT valid_from timestamptz, OUT valid_until timestamptz
)
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_always_on      boolean;
  v_denied         text;
  v_period_denied  text;
  v_suspended      boolean;
  v_subscribed     boolean;
  v_subscribed_always boolean;
  v_purchased      boolean;
  v_mode           text;
  v_effect         text;
  v_override_value jsonb;
  v_degraded_value jsonb;
BEGIN
  allowed := false;
  unlimited := false;
  valid_from := '-infinity';
  valid_until := 'infinity';
  SELECT f.kind INTO kind FROM purser.features f WHERE f.key = p_feature;

  IF NOT EXISTS (SELECT FROM purser.tenants t WHERE t.tenant_id = p_tenant AND t.slot = p_slot AND t.erased_at IS NULL
                 AND (NOT p_past OR t.created_at <= p_at)) THEN
    reason := 'TENANT_UNKNOWN';
    RETURN;
  END IF;
  IF kind IS NULL THEN
    reason := 'FEATURE_UNKNOWN';
    RETURN;
  END IF;

  -- What the subscriptions say now. Of several the one that allows wins, then the one that gives most.
  SELECT bool_or(s.denied_reason = 'TENANT_SUSPENDED'), bool_or(s.denied_reason IS NULL),
         bool_or(s.denied_reason IS NULL OR s.denied_reason = 'TENANT_SUSPENDED')
    INTO v_suspended, v_subscribed, v_subscribed_always
    FROM purser.subscription_periods s
    WHERE s.tenant_id = p_tenant AND s.slot = p_slot AND s.effective_at <= p_at AND p_at < s.ends_at;
  SELECT s.denied_reason, CASE WHEN e.feature IS NULL THEN 'NOT_INCLUDED' ELSE e.denied_reason END,
         coalesce(e.tier, s.tier), coalesce(e.required_tier, f.minimum_tier), coalesce(e.enforcement, f.enforcement),
         coalesce(e.per, f.per), e.value, coalesce(e.unlimited, false), coalesce(e.always_on, f.always_on),
         e.plan, e.plan_version
    INTO v_period_denied, v_denied, tier, required_tier, enforcement, per, value, unlimited, v_always_on, plan, plan_version
    FROM purser.features f
    LEFT JOIN purser.subscription_periods s
      ON s.tenant_id = p_tenant AND s.slot = p_slot AND s.effective_at <= p_at AND p_at < s.ends_at
    LEFT JOIN purser.entitlements e
      ON e.tenant_id = s.tenant_id AND e.slot = s.slot AND e.subscription_id = s.subscription_id
      AND e.feature = p_feature AND e.effective_at <= p_at AND p_at < e.ends_at
    WHERE f.key = p_feature
    ORDER BY s.denied_reason IS NOT NULL, e.feature IS NULL, e.denied_reason IS NOT NULL, e.unlimited DESC,
             CASE WHEN jsonb_typeof(e.value) = 'number' THEN (e.value #>> '{}')::numeric END DESC NULLS LAST,
             s.tier_rank DESC, s.subscription_id
    LIMIT 1;
  -- What is always on lasts through a suspension as if there were none.
  IF v_always_on THEN
    v_subscribed := v_subscribed_always;
  END IF;
  -- What was bought or given stands on its own: it needs no subscription, unless the feature asks for a tier.
  IF required_tier IS NOT NULL THEN
    v_purchased := false;
  ELSIF p_past THEN
    -- Of a grant that has ended since open_grants has no row any more.
    v_purchased := EXISTS (
      SELECT FROM purser.grants g
      LEFT JOIN purser.grant_voids v ON v.tenant_id = g.tenant_id AND v.grant_id = g.grant_id AND v.slot = g.slot
      WHERE g.tenant_id = p_tenant AND g.subject = CASE per WHEN 'subject' THEN p_subject ELSE '' END
        AND g.feature = p_feature AND g.slot = p_slot
        AND g.source NOT IN ('plan', 'override', 'rollover') AND g.effective_at <= p_at AND p_at < g.expires_at
        AND g.issued_at <= p_at AND (v.voided_at IS NULL OR p_at < v.voided_at));
  ELSE
    v_purchased := EXISTS (
      SELECT FROM purser.open_grants g
      WHERE g.tenant_id = p_tenant AND g.subject = CASE per WHEN 'subject' THEN p_subject ELSE '' END
        AND g.feature = p_feature AND g.slot = p_slot
        AND g.source NOT IN ('plan', 'override', 'rollover') AND g.effective_at <= p_at AND p_at < g.expires_at);
  END IF;

  -- One that denies comes before one that allows; of two values the last one written holds.
  SELECT CASE WHEN bool_or(o.effect = 'deny') THEN 'deny' ELSE min(o.effect) END,
         (array_agg(o.value ORDER BY o.written_version DESC) FILTER (WHERE o.value IS NOT NULL))[1]
    INTO v_effect, v_override_value
    FROM purser.overrides o
    WHERE o.tenant_id = p_tenant AND o.feature = p_feature AND o.slot = p_slot
      AND o.effective_at <= p_at AND p_at < o.ends_at;
  SELECT r.mode, r.degraded_value INTO v_mode, v_degraded_value
    FROM purser.restrictions r
    WHERE r.tenant_id = p_tenant AND r.feature = p_feature AND r.slot = p_slot
      AND r.effective_at <= p_at AND p_at < r.ends_at
    ORDER BY array_position(ARRAY['disabled', 'frozen', 'degraded'], r.mode), r.written_version DESC
    LIMIT 1;

  -- The answer holds from the last start or end at or before this instant to the first one after it.
  SELECT coalesce(max(d.instant) FILTER (WHERE d.instant <= p_at), '-infinity'),
         coalesce(min(d.instant) FILTER (WHERE d.instant > p_at), 'infinity')
    INTO valid_from, valid_until
    FROM (
      SELECT unnest(ARRAY[s.effective_at, s.ends_at]) AS instant FROM purser.subscription_periods s
        WHERE s.tenant_id = p_tenant AND s.slot = p_slot
      UNION ALL
      SELECT unnest(ARRAY[e.effective_at, e.ends_at]) FROM purser.entitlements e
        WHERE e.tenant_id = p_tenant AND e.feature = p_feature AND e.slot = p_slot
      UNION ALL
      SELECT unnest(ARRAY[o.effective_at, o.ends_at]) FROM purser.overrides o
        WHERE o.tenant_id = p_tenant AND o.feature = p_feature AND o.slot = p_slot
      UNION ALL
      SELECT unnest(ARRAY[r.effective_at, r.ends_at]) FROM purser.restrictions r
        WHERE r.tenant_id = p_tenant AND r.feature = p_feature AND r.slot = p_slot
    ) d;

  source := CASE WHEN coalesce(v_subscribed, false) AND v_denied IS NULL THEN 'plan' WHEN v_purchased THEN 'purchase' END;
  IF coalesce(v_suspended, false) AND NOT v_always_on THEN
    reason := 'TENANT_SUSPENDED';
  ELSIF v_effect = 'deny' THEN
    reason := 'FEATURE_DISABLED';
    source := 'override';
  ELSIF v_mode = 'disabled' OR (v_mode = 'frozen' AND kind IN ('capacity', 'metered', 'credits')) THEN
    reason := 'RESTRICTED';
  ELSIF v_effect = 'allow' THEN
    allowed := true;
    reason := 'OVERRIDE';
    source := 'override';
    value := coalesce(v_override_value, value);
  ELSIF v_purchased THEN
    allowed := true;
    reason := 'INCLUDED';
  ELSIF NOT coalesce(v_subscribed, false) THEN
    reason := coalesce(v_period_denied, 'SUBSCRIPTION_INACTIVE');
  ELSIF v_denied IS NOT NULL THEN
    reason := v_denied;
  ELSE
    allowed := true;
    reason := 'INCLUDED';
  END IF;

  restricted_by := v_mode;
  IF NOT allowed THEN
    value := NULL;
    unlimited := false;
  ELSIF v_mode = 'degraded' THEN
    value := v_degraded_value;
    unlimited := false;
  END IF;
END
$$;
