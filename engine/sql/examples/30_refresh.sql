-- What time makes due is written by whoever comes first: the boundary worker, somebody who calls refresh, or the next
-- consumption. It is one function, a boundary is dated to the boundary, and the keys of what it grants follow from the
-- allowance and the window: the rows are the same, and doing it twice does nothing.

\ir 00_catalog.sql

SELECT tenant, pg_temp.open_tenant(tenant, '2026-01-31 10:00+00'), pg_temp.put_on_plan(tenant, 'pro') FROM unnest(ARRAY['lazy', 'prompt']) tenant;
SELECT tenant, c.outcome, c.available FROM unnest(ARRAY['lazy', 'prompt']) tenant, purser.consume(tenant, 'reports', 30, 'r-1') c ORDER BY tenant;
SELECT outcome, version FROM purser.refresh('prompt', 'reports');

-- A minute after the window has ended somebody comes to one of them. To the other nobody comes for a week.
SELECT tenant, c.outcome FROM unnest(ARRAY['lazy', 'prompt']) tenant, purser.advance_test_clock(tenant, '2026-02-28 10:01+00') c ORDER BY tenant;
SELECT outcome, version FROM purser.refresh('prompt', 'reports');
SELECT outcome, version FROM purser.refresh('prompt', 'reports');
SELECT tenant, c.outcome FROM unnest(ARRAY['lazy', 'prompt']) tenant, purser.advance_test_clock(tenant, '2026-03-07 10:01+00') c ORDER BY tenant;
SELECT tenant, c.outcome, c.available, c.version FROM unnest(ARRAY['lazy', 'prompt']) tenant, purser.consume(tenant, 'reports', 1, 'r-2') c ORDER BY tenant;

SELECT tenant_id, version, kind, amount, balance_after, recorded_at FROM purser.balance_facts WHERE feature = 'reports' ORDER BY tenant_id, version;
SELECT tenant_id, amount, issued_version, effective_at, expires_at FROM purser.grants WHERE feature = 'reports' ORDER BY tenant_id, issued_version;
SELECT outcome FROM purser.refresh('nobody', 'reports');
