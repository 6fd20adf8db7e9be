-- Nobody has to turn a window. A tenant that was away for months finds the window that it came back in, with all of its
-- allowance and nothing of the ones between. A question sees this without changing a row; the first consumption writes
-- it. So a jump in one step and a walk in many small ones end with the same rows.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant(tenant, '2026-01-31 10:00+00'), pg_temp.put_on_plan(tenant, 'pro') FROM unnest(ARRAY['hare', 'snail']) tenant;
SELECT tenant, c.outcome, c.available
FROM unnest(ARRAY['hare', 'snail']) tenant, purser.consume(tenant, 'reports', 30, 'r-1') c ORDER BY tenant;
SELECT tenant, g.outcome, g.available
FROM unnest(ARRAY['hare', 'snail']) tenant,
     purser.issue_grant(tenant, 'reports', 7, 'gift', p_expires_at => '2026-03-15 00:00+00') g ORDER BY tenant;

-- The snail walks and looks around at every step; the hare jumps over three ends of windows and the end of the gift.
SELECT now_at FROM purser.advance_test_clock('snail', '2026-02-28 09:00+00');
SELECT granted, used, available FROM purser.balances_current WHERE tenant_id = 'snail' AND feature = 'reports';
SELECT now_at FROM purser.advance_test_clock('snail', '2026-03-10 10:00+00');
SELECT granted, used, available FROM purser.balances_current WHERE tenant_id = 'snail' AND feature = 'reports';
SELECT now_at FROM purser.advance_test_clock('snail', '2026-04-01 10:00+00');
SELECT granted, used, available FROM purser.balances_current WHERE tenant_id = 'snail' AND feature = 'reports';
SELECT tenant, now_at FROM unnest(ARRAY['hare', 'snail']) tenant, purser.advance_test_clock(tenant, '2026-05-02 10:00+00') ORDER BY tenant;

-- The rows are still those of January. The answer is that of May.
SELECT tenant_id, granted, used, next_change_at FROM purser.balances WHERE feature = 'reports' ORDER BY tenant_id;
SELECT tenant_id, granted, used, available, next_change_at FROM purser.balances_current WHERE feature = 'reports' ORDER BY tenant_id;

SELECT tenant, c.outcome, c.available, c.resets_at
FROM unnest(ARRAY['hare', 'snail']) tenant, purser.consume(tenant, 'reports', 40, 'r-2') c ORDER BY tenant;

-- The windows of March and April left no rows: nothing happened in them.
SELECT tenant_id, source, amount, effective_at, expires_at FROM purser.grants WHERE feature = 'reports' ORDER BY tenant_id, issued_version;
SELECT tenant_id, kind, amount, balance_after, recorded_at FROM purser.balance_facts WHERE feature = 'reports' ORDER BY tenant_id, version;
