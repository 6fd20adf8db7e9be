-- Work may cost more than was reserved. The reserved part is paid by the window it was pinned to, the difference by what
-- is active now. Where that is not enough, the feature's enforcement decides: soft counts overage; hard books the part
-- that is covered and says settled_short, with the rest unfunded, because the work is done and no unit is invented.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-01-31 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 10, 'order-1');

-- Hard and not covered: 8 reserved, 15 needed, 10 there were.
SELECT outcome, available FROM purser.reserve('acme', 'credits', 8, 'call-1', p_expires_at => '2026-01-31 11:00+00');
SELECT outcome, replayed, amount, overage, unfunded, available FROM purser.settle('acme', 'call-1', 15);
SELECT outcome, replayed, amount, overage, unfunded, available FROM purser.settle('acme', 'call-1', 15);

-- What is bought afterwards is whole: the shortfall is no debt.
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 4, 'order-2');
SELECT amount, status, settled, unfunded FROM purser.holds;

-- Soft: 45 reserved, 60 needed, 50 there were.
SELECT outcome, available FROM purser.reserve('acme', 'exports', 45, 'export-1', p_expires_at => '2026-01-31 11:00+00');
SELECT outcome, amount, overage, unfunded, available FROM purser.settle('acme', 'export-1', 60);

-- Across the end of a window: 20 of January's, and the 5 above them of February's.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-28 09:00+00');
SELECT outcome, available FROM purser.reserve('acme', 'reports', 20, 'batch', p_expires_at => '2026-02-28 12:00+00');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-28 11:00+00');
SELECT outcome, amount, overage, unfunded, available FROM purser.settle('acme', 'batch', 25);
SELECT l.idempotency_key, l.amount, g.expires_at
FROM purser.consumption_lineage l JOIN purser.grants g USING (tenant_id, grant_id)
WHERE l.feature = 'reports' ORDER BY l.version, l.position;

-- In one window, but pinned, because its interval closed: 2 set aside, and of the 6 that were available the difference.
SELECT pg_temp.open_tenant('birch', '2026-01-31 10:00+00');
SELECT outcome, available FROM purser.issue_grant('birch', 'credits', 10, 'order-1');
SELECT outcome, available FROM purser.reserve('birch', 'credits', 2, 'call-1', p_expires_at => '2026-01-31 11:00+00');
SELECT outcome, available FROM purser.extend('birch', 'call-1', '2026-01-31 12:00+00');
SELECT outcome, available FROM purser.consume('birch', 'credits', 2, 'letter-1');
SELECT outcome, amount, unfunded, available FROM purser.settle('birch', 'call-1', 7);
