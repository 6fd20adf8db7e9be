-- Where the projects live in another system, that system says how many there are. A reported count is a snapshot with a
-- time: it is shown with it, it decides until the next report, and nothing that is over the limit is taken away.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');

SELECT outcome, counted, available, over_limit, reported_at FROM purser.report_count('acme', 'projects', 3);
SELECT allowed, reason, quantity_limit, used, remaining FROM purser.check_entitlement('acme', 'projects', 2);
SELECT allowed, reason FROM purser.check_entitlement('acme', 'projects', 3);

-- Seven were made while nobody asked. Then two are left.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-02 09:00+00');
SELECT outcome, counted, available, over_limit, reported_at FROM purser.report_count('acme', 'projects', 7);
SELECT allowed, reason, quantity_limit, used, remaining, over_limit FROM purser.check_entitlement('acme', 'projects');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-03 09:00+00');
SELECT outcome, counted, available, over_limit, reported_at FROM purser.report_count('acme', 'projects', 2);
SELECT allowed, reason, used, remaining, over_limit FROM purser.check_entitlement('acme', 'projects', 3);

SELECT outcome, field FROM purser.report_count('acme', 'projects', -1);
SELECT outcome FROM purser.report_count('acme', 'reports', 3);
SELECT counted, reported_at FROM purser.resource_snapshots ORDER BY version;
