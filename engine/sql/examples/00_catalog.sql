-- Every story begins by playing this file. It publishes a small catalogue: three tiers, four plans, and one feature for
-- each thing a story tells about. A catalogue is published whole, on top of the revision it was compared with, so two
-- people who publish at the same time cannot mix their work: the slower one is told and looks again.
--
-- The two functions live only as long as the session. They stand for commands of the engine that are written in
-- TypeScript and end in the same SQL functions. Every tenant of a story is a test tenant, whose clock stands still
-- until the story moves it.

SET TIME ZONE 'UTC';

WITH written (line) AS (VALUES ('{
  "tiers": [
    {"key": "free",     "rank": 0, "name": "Free", "category": "free"},
    {"key": "pro",      "rank": 1, "name": "Pro"},
    {"key": "business", "rank": 2, "name": "Business"}],
  "features": [
    {"key": "credits",  "kind": "credits",  "name": "Prepaid credits"},
    {"key": "reports",  "kind": "metered",  "name": "Reports a month"},
    {"key": "minutes",  "kind": "metered",  "name": "Minutes a month, some of them carried over"},
    {"key": "alerts",   "kind": "metered",  "name": "Alerts a day"},
    {"key": "exports",  "kind": "metered",  "name": "Exports a month, more at a price", "enforcement": "soft"},
    {"key": "visits",   "kind": "metered",  "name": "Visits, counted and never refused", "enforcement": "observe"},
    {"key": "drafts",   "kind": "metered",  "name": "Drafts a month for each user"},
    {"key": "archive",  "kind": "metered",  "name": "Searches of the archive a month", "minimum_tier": "business"},
    {"key": "projects", "kind": "capacity", "name": "Projects at the same time", "on_downgrade": "frozen"},
    {"key": "history",  "kind": "value",    "name": "Days of history", "on_downgrade": "degraded", "degraded_value": 30},
    {"key": "sso",      "kind": "flag",     "name": "Single sign-on", "minimum_tier": "pro", "on_downgrade": "disabled"},
    {"key": "support",  "kind": "flag",     "name": "A person who answers", "always_on": true}],
  "plans": [
    {"key": "starter", "name": "Starter"}, {"key": "pro", "name": "Pro"}, {"key": "business", "name": "Business"},
    {"key": "more-alerts", "name": "5 alerts more a day", "addon": true}],
  "plan_versions": [
    {"plan": "starter", "tier": "free"}, {"plan": "pro", "tier": "pro"}, {"plan": "business", "tier": "business"},
    {"plan": "more-alerts", "tier": "free"}],
  "plan_inclusions": [
    {"plan": "starter",  "feature": "reports",  "amount": 10, "window_unit": "month"},
    {"plan": "starter",  "feature": "projects", "amount": 2, "window_unit": "lifetime"},
    {"plan": "starter",  "feature": "history",  "value": 30},
    {"plan": "starter",  "feature": "support"},
    {"plan": "pro",      "feature": "reports",  "amount": 100, "window_unit": "month"},
    {"plan": "pro",      "feature": "minutes",  "amount": 300, "window_unit": "month", "rollover_cap": 100},
    {"plan": "pro",      "feature": "alerts",   "amount": 5, "window_unit": "day"},
    {"plan": "pro",      "feature": "exports",  "amount": 50, "window_unit": "month"},
    {"plan": "pro",      "feature": "visits",   "amount": 1000, "window_unit": "month"},
    {"plan": "pro",      "feature": "drafts",   "amount": 20, "window_unit": "month", "per": "subject"},
    {"plan": "pro",      "feature": "projects", "amount": 5, "window_unit": "lifetime"},
    {"plan": "pro",      "feature": "history",  "value": 365},
    {"plan": "pro",      "feature": "sso"},
    {"plan": "pro",      "feature": "support"},
    {"plan": "business", "feature": "reports",  "unlimited": true, "window_unit": "month"},
    {"plan": "business", "feature": "archive",  "amount": 1000, "window_unit": "month"},
    {"plan": "business", "feature": "history",  "value": 3650},
    {"plan": "business", "feature": "sso"},
    {"plan": "more-alerts", "feature": "alerts", "amount": 5, "window_unit": "day"}]
}'::jsonb)), unwritten (part, line) AS (VALUES
  ('tiers', '{"description": "", "category": "paid", "active": true, "metadata": {}}'::jsonb),
  ('features', '{"description": "", "enforcement": "hard", "always_on": false, "per": "tenant", "on_error": "deny", "active": true, "metadata": {}}'),
  ('plans', '{"description": "", "addon": false, "active": true, "metadata": {}}'),
  ('plan_versions', '{"version": 1, "content_hash": "0000000000000000000000000000000000000000000000000000000000000000",
                      "billing_unit": "month", "billing_count": 1, "trial_days": 0, "after_trial": "expired",
                      "payment_grace_days": 0, "downgrade_grace_days": 7, "published_at": "2026-01-01T00:00:00Z"}'),
  ('plan_inclusions', '{"plan_version": 1, "unlimited": false, "window_count": 1, "per": "tenant", "on_change": "keep",
                        "priority": 100, "rollover_windows": 1}')
), whole (rows) AS (
  SELECT jsonb_object_agg(u.part, (SELECT jsonb_agg(u.line || row) FROM jsonb_array_elements(w.line -> u.part) row))
    FROM written w, unwritten u
)
SELECT p.outcome, p.revision
FROM whole, purser.publish_catalog(0, repeat('0', 64), '{}', whole.rows, 'story', '2026-01-01 00:00+00') p;

-- Somebody else compared with the same empty catalogue and comes second.
SELECT outcome, revision FROM purser.publish_catalog(0, repeat('1', 64), '{}', '{}', 'somebody else', '2026-01-01 00:00+00');

SELECT f.key, f.kind, f.enforcement, f.minimum_tier, starter.amount AS starter, pro.amount AS pro, pro.window_unit, pro.per
FROM purser.features f
LEFT JOIN purser.plan_inclusions starter ON starter.plan = 'starter' AND starter.feature = f.key
LEFT JOIN purser.plan_inclusions pro ON pro.plan = 'pro' AND pro.feature = f.key
ORDER BY f.key;

-- A test tenant, made at the instant its clock is set to.
CREATE FUNCTION pg_temp.open_tenant(p_tenant text, p_clock timestamptz, p_time_zone text DEFAULT 'UTC') RETURNS text
LANGUAGE sql AS $$
  SELECT outcome FROM purser.create_tenant(purser.slot_of(p_tenant), p_tenant, initcap(p_tenant), 'test', p_time_zone, 'EUR',
                                           NULL, p_clock, 'story');
$$;

-- Puts a tenant on a plan, now: what the plan says about each feature and the allowances that follow from it, as dated
-- rows. A suspension is a period of the same plan in which nothing may be used.
CREATE FUNCTION pg_temp.put_on_plan(p_tenant text, p_plan text, p_status text DEFAULT 'active', p_quantity integer DEFAULT 1,
                                    p_on_change text DEFAULT 'keep')
RETURNS text LANGUAGE sql AS $$
  WITH chosen AS (
    SELECT t.slot, t.tenant_id, t.time_zone, c.now_at, v.plan, v.version, v.tier, tier.rank, p.addon,
           md5(concat(t.tenant_id, CASE WHEN p.addon THEN v.plan END))::uuid AS subscription_id, s.billing_anchor
    FROM purser.tenants t
    JOIN purser.test_clocks c USING (tenant_id, slot)
    JOIN purser.plan_versions v ON v.plan = p_plan
    JOIN purser.plans p ON p.key = v.plan
    JOIN purser.tiers tier ON tier.key = v.tier
    LEFT JOIN purser.subscriptions s ON s.tenant_id = t.tenant_id AND s.slot = t.slot
      AND s.subscription_id = md5(concat(t.tenant_id, CASE WHEN p.addon THEN v.plan END))::uuid
    WHERE t.tenant_id = p_tenant
  ), periods AS (
    SELECT o.*, o.status = p_status AND o.plan = c.plan AND o.plan_version = c.version AS goes_on
    FROM chosen c JOIN purser.subscription_periods o USING (slot, tenant_id, subscription_id)
  ), lines AS (
    SELECT f.*, i.feature IS NOT NULL AS included, i.amount, i.unlimited, i.value, i.window_unit, i.window_count,
           i.per AS holder, i.priority, i.rollover_cap, i.rollover_windows, c.tier, c.plan, c.version, c.now_at,
           coalesce(c.billing_anchor, c.now_at) AS anchor, c.time_zone, m.rank > c.rank AS too_low
    FROM chosen c
    CROSS JOIN purser.features f
    LEFT JOIN purser.tiers m ON m.key = f.minimum_tier
    LEFT JOIN purser.plan_inclusions i ON i.plan = c.plan AND i.plan_version = c.version AND i.feature = f.key
    WHERE i.feature IS NOT NULL OR NOT c.addon
  )
  SELECT w.outcome
  FROM chosen c, purser.write_plan_state(c.slot, c.tenant_id,
    jsonb_build_object('subscription_id', c.subscription_id, 'addon', c.addon, 'quantity', p_quantity,
                       'billing_anchor', coalesce(c.billing_anchor, c.now_at)),
    (SELECT jsonb_agg(to_jsonb(p)) FROM (
       -- The history, its last period ended now, and the one that begins; or the history alone where it says so already.
       SELECT o.effective_at, CASE WHEN o.goes_on THEN o.ends_at ELSE least(o.ends_at, c.now_at) END AS ends_at, o.status,
              o.denied_reason, o.plan, o.plan_version, o.tier, o.tier_rank
         FROM periods o WHERE o.goes_on OR o.effective_at < c.now_at
       UNION ALL
       SELECT c.now_at, 'infinity', p_status,
              CASE p_status WHEN 'suspended' THEN 'TENANT_SUSPENDED' WHEN 'canceled' THEN 'SUBSCRIPTION_INACTIVE' END,
              c.plan, c.version, c.tier, c.rank
         WHERE NOT EXISTS (SELECT FROM periods o WHERE o.goes_on AND o.ends_at = 'infinity')) p),
    (SELECT jsonb_agg(jsonb_build_object('feature', l.key, 'kind', l.kind, 'enforcement', l.enforcement,
       'per', coalesce(l.holder, 'tenant'), 'tier', l.tier, 'required_tier', l.minimum_tier, 'value', l.value,
       'denied_reason', CASE WHEN l.too_low THEN 'TIER_INSUFFICIENT' WHEN NOT l.included THEN 'NOT_INCLUDED' END,
       'unlimited', coalesce(l.unlimited, false), 'always_on', l.always_on, 'plan', l.plan, 'plan_version', l.version)) FROM lines l),
    (SELECT jsonb_agg(jsonb_build_object('allowance_id', md5(concat_ws(':', p_tenant, l.plan, l.key, l.now_at))::uuid,
       'feature', l.key, 'per', l.holder, 'source', 'plan', 'plan', l.plan, 'plan_version', l.version,
       'amount', l.amount * p_quantity, 'unlimited', l.unlimited, 'window_unit', l.window_unit,
       'window_count', l.window_count, 'anchor', l.anchor, 'time_zone', l.time_zone, 'priority', l.priority,
       'rollover_cap', l.rollover_cap, 'rollover_windows', l.rollover_windows, 'on_change', p_on_change)) FROM lines l WHERE l.window_unit IS NOT NULL),
    NULL, c.now_at, 'story') w;
$$;
