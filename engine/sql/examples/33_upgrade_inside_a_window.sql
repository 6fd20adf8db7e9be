-- Changing the plan in the middle of a window keeps the window and its anchor. What remains is what the new plan gives
-- less what the allowance was used for in this window, and never less than nothing: nobody earns an allowance by changing
-- back and forth, and nobody loses what was bought.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-01-31 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'starter');
SELECT outcome, available FROM purser.consume('acme', 'reports', 7, 'r-1');
SELECT outcome, available FROM purser.issue_grant('acme', 'reports', 5, 'order-1', p_source => 'top_up');

-- Ten days later: 100 - 7, and the 5 that were bought.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-10 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT available, next_change_at FROM purser.balances_current WHERE feature = 'reports';
SELECT outcome, available FROM purser.consume('acme', 'reports', 20, 'r-2');

-- Back again at once: max(0, 10 - 27), and the 5. Up again: 100 - 27, and the 5.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-11 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'starter');
SELECT available, next_change_at FROM purser.balances_current WHERE feature = 'reports';
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-12 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT available, next_change_at FROM purser.balances_current WHERE feature = 'reports';

-- To unlimited and down again. What was used without a limit is used.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-13 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'business');
SELECT outcome, unlimited, available FROM purser.consume('acme', 'reports', 50, 'r-3');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-14 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT available, next_change_at FROM purser.balances_current WHERE feature = 'reports';

-- The window turns when it always would have.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-28 10:00+00');
SELECT available, next_change_at FROM purser.balances_current WHERE feature = 'reports';
