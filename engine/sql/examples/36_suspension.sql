-- A suspension denies everything at once: the transition marks the tenant's balances as blocked in its own transaction,
-- so that a consumption never has to look further than the row it locks. Resuming restores exactly what was: nothing is
-- granted again, nothing is lost, and windows went on turning meanwhile.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-01-31 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 10, 'order-1');
SELECT outcome, available FROM purser.consume('acme', 'reports', 30, 'r-1');
SELECT outcome, available FROM purser.consume('acme', 'credits', 4, 'letter-1');

SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-10 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro', 'suspended');
SELECT feature, denied_reason FROM purser.balances ORDER BY feature;
SELECT outcome FROM purser.consume('acme', 'reports', 1, 'r-2');
SELECT outcome FROM purser.consume('acme', 'credits', 1, 'letter-2');

-- What is marked always on outlives a suspension, so that a suspended customer can still ask for help.
SELECT feature, allowed, reason FROM unnest(ARRAY['sso', 'support']) asked, purser.check_entitlement('acme', asked) ORDER BY feature;

SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-20 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT effective_at, ends_at, status FROM purser.subscription_periods ORDER BY effective_at;
SELECT feature, denied_reason, available FROM purser.balances_current WHERE feature IN ('credits', 'reports') ORDER BY feature;
SELECT outcome, available FROM purser.consume('acme', 'reports', 1, 'r-2');

-- Suspended again over the end of the window, and resumed in the next.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-27 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro', 'suspended');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-05 10:00+00');
SELECT outcome FROM purser.consume('acme', 'reports', 1, 'r-3');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT feature, denied_reason, available, next_change_at FROM purser.balances_current WHERE feature IN ('credits', 'reports') ORDER BY feature;

-- Canceled is another reason, and here what was bought stands on its own.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-06 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro', 'canceled');
SELECT feature, allowed, reason, source FROM unnest(ARRAY['credits', 'reports']) asked, purser.check_entitlement('acme', asked) ORDER BY feature;

-- What has no limit has none while it is suspended: the refusal says what a check says.
SELECT pg_temp.open_tenant('birch', '2026-03-01 10:00+00');
SELECT pg_temp.put_on_plan('birch', 'business');
SELECT pg_temp.put_on_plan('birch', 'business', 'suspended');
SELECT allowed, reason, unlimited, remaining FROM purser.check_entitlement('birch', 'reports');
SELECT outcome, unlimited, available FROM purser.consume('birch', 'reports', 1, 'r-1');
SELECT outcome, unlimited, available FROM purser.reserve('birch', 'reports', 1, 'r-2');
SELECT outcome, unlimited, available FROM purser.consume_many('birch', '[{"feature": "reports", "amount": 1}, {"feature": "reports", "amount": 2}]', 'r-3');
