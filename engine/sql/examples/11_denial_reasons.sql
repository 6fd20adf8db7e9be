-- Why not? The reasons are a closed list in order of precedence, and the first that applies is the answer: who asks comes
-- before what for, a suspension before the plan, the plan before the amount. consume refuses with the same word. Where
-- buying something would help, the answer names it.

\ir 00_catalog.sql

SELECT tenant, pg_temp.open_tenant(tenant, '2026-03-01 09:00+00')
FROM unnest(ARRAY['no-plan', 'on-pro', 'on-starter', 'suspended']) tenant;
SELECT pg_temp.put_on_plan('on-starter', 'starter');
SELECT pg_temp.put_on_plan('on-pro', 'pro');
SELECT pg_temp.put_on_plan('suspended', 'pro', 'suspended');
SELECT outcome, available FROM purser.issue_grant('on-pro', 'credits', 5, 'order-1');
SELECT outcome, available FROM purser.consume('on-pro', 'reports', 100, 'r-1');

SELECT asked.tenant, asked.feature, asked.amount, checked.allowed, checked.reason, consumed.outcome, checked.unlocked_by
FROM (VALUES
  (1, 'nobody',     'teleport', 1),
  (2, 'suspended',  'teleport', 1),
  (3, 'suspended',  'archive',  1),
  (4, 'suspended',  'reports',  1),
  (5, 'no-plan',    'archive',  1),
  (6, 'no-plan',    'reports',  1),
  (7, 'on-starter', 'archive',  1),
  (8, 'on-starter', 'minutes',  1),
  (9, 'on-starter', 'reports',  11),
  (10, 'on-pro',    'reports',  1),
  (11, 'on-pro',    'credits',  6),
  (12, 'on-pro',    'credits',  5)
) asked (line, tenant, feature, amount),
  purser.check_entitlement(asked.tenant, asked.feature, asked.amount) checked,
  purser.consume(asked.tenant, asked.feature, asked.amount, 'ask-' || asked.line) consumed
ORDER BY asked.line;

-- Flags and values are not consumed; whether they may be used follows the same list.
SELECT asked.tenant, asked.feature, checked.allowed, checked.reason, checked.tier, checked.required_tier, checked.value
FROM (VALUES
  (1, 'suspended', 'sso'), (2, 'no-plan', 'teleport'), (3, 'no-plan', 'sso'), (4, 'on-starter', 'sso'),
  (5, 'on-starter', 'history'), (6, 'on-pro', 'history'), (7, 'on-pro', 'sso')
) asked (line, tenant, feature), purser.check_entitlement(asked.tenant, asked.feature) checked
ORDER BY asked.line;
SELECT outcome FROM purser.consume('on-pro', 'sso', 1, 'flag');

-- The two short questions. has_entitlement does not look at amounts; entitlement_value names the number there is.
SELECT tenant, purser.has_entitlement(tenant, 'reports') AS has_reports, purser.entitlement_value(tenant, 'reports') AS reports,
       purser.entitlement_value(tenant, 'history') AS history, purser.entitlement_value(tenant, 'teleport') AS teleport
FROM unnest(ARRAY['nobody', 'no-plan', 'on-pro', 'on-starter', 'suspended']) tenant ORDER BY tenant;
