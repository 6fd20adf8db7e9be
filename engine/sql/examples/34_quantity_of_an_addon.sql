-- An add-on adds its inclusions as often as it was bought. More of it counts now, as an upgrade does: what was used in the
-- window stays used. Less of it waits for the end of the period unless it is asked for now, as it is here.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT pg_temp.put_on_plan('acme', 'more-alerts', p_quantity => 2);

-- 5 of the plan and 2 × 5. The plan's were issued first and are used first: 5 and 7.
SELECT granted, used, available FROM purser.balances_current WHERE feature = 'alerts';
SELECT outcome, available FROM purser.consume('acme', 'alerts', 12, 'a-1');

-- A third at noon: 3 × 5 less the 7.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-01 12:00+00');
SELECT pg_temp.put_on_plan('acme', 'more-alerts', p_quantity => 3);
SELECT available, next_change_at FROM purser.balances_current WHERE feature = 'alerts';
SELECT quantity FROM purser.subscriptions WHERE addon;

-- Only one of them from one o'clock on: max(0, 5 - 7).
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-01 13:00+00');
SELECT pg_temp.put_on_plan('acme', 'more-alerts', p_quantity => 1);
SELECT available, next_change_at FROM purser.balances_current WHERE feature = 'alerts';
SELECT outcome, available FROM purser.consume('acme', 'alerts', 1, 'a-2');

-- The next day: 5 and 5.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-02 09:00+00');
SELECT granted, used, available FROM purser.balances_current WHERE feature = 'alerts';
SELECT addon, quantity FROM purser.subscriptions ORDER BY addon;
