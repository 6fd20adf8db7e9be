-- Writes what a subscription means for a tenant: its periods, what it says about each feature and its allowances, all of
-- them dated. Reconciles: rows that already say the same are left alone, what no longer belongs ends at p_at, what is
-- missing begins there; so writing the same state twice changes nothing. The only writer of plan allowances.
--
-- The rows come from the pure rule in engine/src/subscription/plan-state.ts as JSON arrays with the tables' own column
-- names. Internal to the commands of the subscription noun.
CREATE OR REPLACE FUNCTION purser.write_plan_state(
  p_slot integer, p_tenant text, p_subscription jsonb, p_periods jsonb, p_entitlements jsonb, p_allowances jsonb,
  p_transition jsonb, p_at timestamptz, p_actor text, OUT outcome text, OUT tenant_version bigint
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
  v_subscription uuid := (p_subscription ->> 'subscription_id')::uuid;
  v_from         timestamptz;
  v_rows         bigint;
  v_changes      bigint;
BEGIN
  SELECT t.version INTO tenant_version FROM purser.tenants t
    WHERE t.tenant_id = p_tenant AND t.slot = p_slot
    FOR NO KEY UPDATE;
  -- Whoever came first while this one waited for the lock has it.
  IF NOT (p_subscription ->> 'addon')::boolean AND EXISTS (
    SELECT FROM purser.subscriptions s
    WHERE s.tenant_id = p_tenant AND s.slot = p_slot AND NOT s.addon AND s.subscription_id <> v_subscription) THEN
    outcome := 'already_subscribed';
    RETURN;
  END IF;

  WITH written AS (
    INSERT INTO purser.subscriptions AS s (slot, tenant_id, subscription_id, addon, quantity, billing_anchor, provider,
                                      provider_id, created_at, version)
      SELECT p_slot, p_tenant, v_subscription, s.addon, s.quantity, s.billing_anchor, s.provider, s.provider_id, p_at, 1
        FROM jsonb_populate_record(NULL::purser.subscriptions, p_subscription) s
      ON CONFLICT (tenant_id, subscription_id, slot) DO UPDATE SET quantity = excluded.quantity, version = s.version + 1
        WHERE s.quantity <> excluded.quantity
    RETURNING 1
  ) SELECT count(*) INTO v_changes FROM written;

  -- Periods tile: what was in force ends where the first of the new ones begins, and a future that is no longer the case
  -- never begins. No periods given: they stay as they are.
  SELECT min(p.effective_at) INTO v_from
    FROM jsonb_populate_recordset(NULL::purser.subscription_periods, p_periods) p;
  WITH written AS (
    UPDATE purser.subscription_periods s SET ends_at = v_from
      WHERE s.tenant_id = p_tenant AND s.slot = p_slot AND s.subscription_id = v_subscription
        AND s.effective_at < v_from AND v_from < s.ends_at
    RETURNING 1
  ) SELECT count(*) INTO v_rows FROM written;
  v_changes := v_changes + v_rows;
  DELETE FROM purser.subscription_periods s
    WHERE s.tenant_id = p_tenant AND s.slot = p_slot AND s.subscription_id = v_subscription AND s.effective_at > v_from
      AND s.effective_at NOT IN (
        SELECT p.effective_at FROM jsonb_populate_recordset(NULL::purser.subscription_periods, p_periods) p);
  WITH written AS (
    INSERT INTO purser.subscription_periods AS s (slot, tenant_id, subscription_id, effective_at, ends_at, status, denied_reason,
                                             plan, plan_version, tier, tier_rank)
      SELECT p_slot, p_tenant, v_subscription, p.effective_at, p.ends_at, p.status, p.denied_reason, p.plan, p.plan_version,
             p.tier, p.tier_rank
        FROM jsonb_populate_recordset(NULL::purser.subscription_periods, p_periods) p
      ON CONFLICT (tenant_id, subscription_id, effective_at, slot) DO UPDATE
        SET ends_at = excluded.ends_at, status = excluded.status, denied_reason = excluded.denied_reason,
            plan = excluded.plan, plan_version = excluded.plan_version, tier = excluded.tier, tier_rank = excluded.tier_rank
        WHERE (s.ends_at, s.status, s.denied_reason, s.plan, s.plan_version, s.tier, s.tier_rank) IS DISTINCT FROM
              (excluded.ends_at, excluded.status, excluded.denied_reason, excluded.plan, excluded.plan_version, excluded.tier,
               excluded.tier_rank)
    RETURNING 1
  ) SELECT count(*) INTO v_rows FROM written;
  v_changes := v_changes + v_rows;

  -- An open entitlement or allowance that is not among the wanted ones, word for word, ends now.
  WITH written AS (
    UPDATE purser.entitlements e SET ends_at = p_at
      WHERE e.tenant_id = p_tenant AND e.slot = p_slot AND e.subscription_id = v_subscription
        AND e.effective_at < p_at AND p_at < e.ends_at
        AND NOT EXISTS (
          SELECT FROM jsonb_populate_recordset(NULL::purser.entitlements, p_entitlements) w
          WHERE (w.feature, w.kind, w.enforcement, w.per, w.denied_reason, w.tier, w.required_tier, w.value, w.unlimited,
                 w.always_on, w.plan, w.plan_version)
                IS NOT DISTINCT FROM
                (e.feature, e.kind, e.enforcement, e.per, e.denied_reason, e.tier, e.required_tier, e.value, e.unlimited,
                 e.always_on, e.plan, e.plan_version))
    RETURNING 1
  ) SELECT count(*) INTO v_rows FROM written;
  v_changes := v_changes + v_rows;
  WITH written AS (
    INSERT INTO purser.entitlements AS e (slot, tenant_id, feature, subscription_id, effective_at, ends_at, kind, enforcement, per,
                                     denied_reason, tier, required_tier, value, unlimited, always_on, plan, plan_version)
      SELECT p_slot, p_tenant, w.feature, v_subscription, p_at, 'infinity', w.kind, w.enforcement, w.per, w.denied_reason,
             w.tier, w.required_tier, w.value, w.unlimited, w.always_on, w.plan, w.plan_version
        FROM jsonb_populate_recordset(NULL::purser.entitlements, p_entitlements) w
        WHERE NOT EXISTS (
          SELECT FROM purser.entitlements e
          WHERE e.tenant_id = p_tenant AND e.slot = p_slot AND e.subscription_id = v_subscription AND e.feature = w.feature
            AND e.effective_at < p_at AND p_at < e.ends_at)
      -- A row that began at this very instant was never in force: it is replaced, unless it says the same.
      ON CONFLICT (tenant_id, feature, subscription_id, effective_at, slot) DO UPDATE
        SET kind = excluded.kind, enforcement = excluded.enforcement, per = excluded.per,
            denied_reason = excluded.denied_reason, tier = excluded.tier, required_tier = excluded.required_tier,
            value = excluded.value, unlimited = excluded.unlimited, always_on = excluded.always_on, plan = excluded.plan,
            plan_version = excluded.plan_version
        WHERE (e.kind, e.enforcement, e.per, e.denied_reason, e.tier, e.required_tier, e.value, e.unlimited, e.always_on,
               e.plan, e.plan_version)
              IS DISTINCT FROM
              (excluded.kind, excluded.enforcement, excluded.per, excluded.denied_reason, excluded.tier,
               excluded.required_tier, excluded.value, excluded.unlimited, excluded.always_on, excluded.plan,
               excluded.plan_version)
    RETURNING 1
  ) SELECT count(*) INTO v_rows FROM written;
  v_changes := v_changes + v_rows;

  WITH written AS (
    UPDATE purser.allowances a SET ends_at = p_at
      WHERE a.tenant_id = p_tenant AND a.slot = p_slot AND a.subscription_id = v_subscription
        AND a.effective_at <= p_at AND p_at < a.ends_at
        AND NOT EXISTS (
          SELECT FROM jsonb_populate_recordset(NULL::purser.allowances, p_allowances) w
          WHERE (w.feature, w.per, w.source, w.plan, w.plan_version, w.amount, w.unlimited, w.window_unit, w.window_count,
                 w.anchor, w.time_zone, w.priority, w.rollover_cap, w.rollover_windows)
                IS NOT DISTINCT FROM
                (a.feature, a.per, a.source, a.plan, a.plan_version, a.amount, a.unlimited, a.window_unit, a.window_count,
                 a.anchor, a.time_zone, a.priority, a.rollover_cap, a.rollover_windows))
    RETURNING 1
  ) SELECT count(*) INTO v_rows FROM written;
  v_changes := v_changes + v_rows;
  WITH written AS (
    INSERT INTO purser.allowances (slot, tenant_id, allowance_id, feature, per, source, mask_rank, subscription_id, plan, plan_version,
                                   amount, unlimited, window_unit, window_count, anchor, time_zone, priority, rollover_cap,
                                   rollover_windows, on_change, effective_at, ends_at)
      SELECT p_slot, p_tenant, w.allowance_id, w.feature, w.per, w.source, CASE w.source WHEN 'plan' THEN 0 END, v_subscription,
             w.plan, w.plan_version, w.amount, w.unlimited, w.window_unit, w.window_count, w.anchor, w.time_zone, w.priority, w.rollover_cap,
             w.rollover_windows, coalesce(w.on_change, 'keep'), p_at, 'infinity'
        FROM jsonb_populate_recordset(NULL::purser.allowances, p_allowances) w
        WHERE NOT EXISTS (
          SELECT FROM purser.allowances a
          WHERE a.tenant_id = p_tenant AND a.slot = p_slot AND a.subscription_id = v_subscription AND a.feature = w.feature
            AND a.effective_at <= p_at AND p_at < a.ends_at)
    RETURNING 1
  ) SELECT count(*) INTO v_rows FROM written;
  v_changes := v_changes + v_rows;

  IF p_transition IS NOT NULL THEN
    INSERT INTO purser.transitions (slot, tenant_id, transition_id, subscription_id, kind, from_plan, from_version, to_plan,
                                    to_version, reason, requested_by, requested_at, effective_at, grace_ends_at, status)
      SELECT p_slot, p_tenant, t.transition_id, v_subscription, t.kind, t.from_plan, t.from_version, t.to_plan, t.to_version,
             coalesce(t.reason, ''), p_actor, p_at, coalesce(t.effective_at, p_at), t.grace_ends_at, t.status
        FROM jsonb_populate_record(NULL::purser.transitions, p_transition) t;
  END IF;

  IF v_changes = 0 THEN
    outcome := 'unchanged';
    RETURN;
  END IF;
  outcome := 'written';
  tenant_version := purser.touch_tenant(p_slot, p_tenant);
  PERFORM purser.refresh_balances(p_slot, p_tenant, p_at, 'plan_grant');
  INSERT INTO purser.outbox (slot, tenant_id, kind, source, subject, features, version, recorded_at)
    VALUES (p_slot, p_tenant, 'subscription', 'transition', '',
            ARRAY(SELECT w.feature FROM jsonb_populate_recordset(NULL::purser.entitlements, p_entitlements) w ORDER BY 1),
            tenant_version, p_at);
  PERFORM purser.append_audit(p_slot, p_tenant, p_actor, 'subscription.write', v_subscription::text, NULL,
                              jsonb_build_object('periods', p_periods, 'transition', p_transition), p_at);
END
$$;
