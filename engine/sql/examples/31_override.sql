-- An override replaces what the plan says about one feature for a while, and always ends. Of an amount the plan's
-- allowance is masked and what the new value leaves is granted: max(0, value - used). At its end, judged when somebody
-- asks, the allowance comes back at max(0, N - used). What was bought is not touched by either.

\ir 00_catalog.sql

SELECT tenant, pg_temp.open_tenant(tenant, '2026-01-31 10:00+00'), pg_temp.put_on_plan(tenant, 'pro') FROM unnest(ARRAY['acme', 'bolt']) tenant;
SELECT outcome, available FROM purser.issue_grant('acme', 'reports', 7, 'order-1', p_source => 'top_up');
SELECT tenant, c.outcome, c.available FROM unnest(ARRAY['acme', 'bolt']) tenant, purser.consume(tenant, 'reports', 70, 'r-1') c ORDER BY tenant;

-- Acme is given 150 for ten days: 150 - 70, and the 7 it bought.
SELECT outcome FROM purser.write_override('acme', 'reports', p_effect => 'allow', p_amount => 150, p_reason => 'sales',
  p_effective_at => '2026-01-31 10:00+00', p_ends_at => '2026-02-10 10:00+00', p_actor => 'ann');
SELECT allowed, reason, source, remaining, over_limit FROM purser.check_entitlement('acme', 'reports');
SELECT outcome, available FROM purser.consume('acme', 'reports', 50, 'r-2');

-- Bolt is put down to 40 and is over by 30.
SELECT outcome FROM purser.write_override('bolt', 'reports', p_effect => 'allow', p_amount => 40, p_reason => 'incident',
  p_effective_at => '2026-01-31 10:00+00', p_ends_at => '2026-02-10 10:00+00', p_actor => 'ann');
SELECT allowed, reason, remaining, over_limit FROM purser.check_entitlement('bolt', 'reports');
SELECT outcome, available FROM purser.consume('bolt', 'reports', 1, 'r-2');

-- At the end: max(0, 100 - 120) and the 7; and 100 - 70. The window is still that of 31 January.
SELECT tenant, c.outcome FROM unnest(ARRAY['acme', 'bolt']) tenant, purser.advance_test_clock(tenant, '2026-02-10 10:00+00') c ORDER BY tenant;
SELECT tenant, c.allowed, c.reason, c.source, c.remaining, c.resets_at
FROM unnest(ARRAY['acme', 'bolt']) tenant, purser.check_entitlement(tenant, 'reports') c ORDER BY tenant;
SELECT tenant, c.outcome FROM unnest(ARRAY['acme', 'bolt']) tenant, purser.advance_test_clock(tenant, '2026-02-28 10:00+00') c ORDER BY tenant;
SELECT tenant_id, available FROM purser.balances_current WHERE feature = 'reports' ORDER BY tenant_id;

-- Of a value or a flag it is the answer itself; one that denies comes before one that allows.
SELECT outcome FROM purser.write_override('acme', 'history', p_effect => 'allow', p_value => '1000', p_reason => 'support',
  p_effective_at => '2026-02-28 10:00+00', p_ends_at => '2026-03-02 10:00+00', p_actor => 'ann');
SELECT outcome FROM purser.write_override('acme', 'sso', p_effect => 'deny', p_reason => 'incident',
  p_effective_at => '2026-02-28 10:00+00', p_ends_at => '2026-03-01 10:00+00', p_actor => 'ann');
SELECT feature, allowed, reason, value FROM unnest(ARRAY['history', 'sso']) asked, purser.check_entitlement('acme', asked) ORDER BY feature;
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-01 10:00+00');
SELECT feature, allowed, reason, value FROM unnest(ARRAY['history', 'sso']) asked, purser.check_entitlement('acme', asked) ORDER BY feature;

-- Without an end it is not an override.
SELECT outcome, field FROM purser.write_override('acme', 'sso', p_effect => 'deny', p_reason => 'incident',
  p_effective_at => '2026-03-01 10:00+00', p_ends_at => 'infinity', p_actor => 'ann');
