-- What becomes of a window when the plan changes inside it is said by the new plan's inclusion: keep (33_upgrade_inside_a_window)
-- carries what was used, reset begins afresh, prorate counts each plan for its part of the window. The window itself stays.

\ir 00_catalog.sql

-- Half of a month on starter, half on pro, 4 used: 10 / 2 + 100 / 2 - 4. Asked again it is the same.
SELECT pg_temp.open_tenant('acme', '2026-01-31 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'starter');
SELECT outcome, available FROM purser.consume('acme', 'reports', 4, 'r-1');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-14 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro', p_on_change => 'prorate');
SELECT pg_temp.put_on_plan('acme', 'pro', p_on_change => 'prorate');
SELECT available, over_limit, next_change_at FROM purser.balances_current WHERE tenant_id = 'acme' AND feature = 'reports';

-- Afresh: the whole amount, whatever was used. The next window is whole in any case.
SELECT pg_temp.put_on_plan('acme', 'starter', p_on_change => 'reset');
SELECT available, over_limit, next_change_at FROM purser.balances_current WHERE tenant_id = 'acme' AND feature = 'reports';
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-28 10:00+00');
SELECT available, over_limit, next_change_at FROM purser.balances_current WHERE tenant_id = 'acme' AND feature = 'reports';

-- Downwards: the window comes to 100 / 2 + 10 / 2, of which 90 were used; over by 35 until it turns.
SELECT pg_temp.open_tenant('birch', '2026-01-31 10:00+00');
SELECT pg_temp.put_on_plan('birch', 'pro');
SELECT outcome, available FROM purser.consume('birch', 'reports', 90, 'r-1');
SELECT outcome FROM purser.advance_test_clock('birch', '2026-02-14 10:00+00');
SELECT pg_temp.put_on_plan('birch', 'starter', p_on_change => 'prorate');
SELECT available, over_limit, next_change_at FROM purser.balances_current WHERE tenant_id = 'birch' AND feature = 'reports';

-- Without a limit comes to what was used: 50 of it, and 100 / 2 for the rest.
SELECT pg_temp.open_tenant('cedar', '2026-01-31 10:00+00');
SELECT pg_temp.put_on_plan('cedar', 'business');
SELECT outcome, unlimited FROM purser.consume('cedar', 'reports', 50, 'r-1');
SELECT outcome FROM purser.advance_test_clock('cedar', '2026-02-14 10:00+00');
SELECT pg_temp.put_on_plan('cedar', 'pro', p_on_change => 'prorate');
SELECT available, over_limit, next_change_at FROM purser.balances_current WHERE tenant_id = 'cedar' AND feature = 'reports';
