-- What a plan means for a tenant is written as dated rows, and writing is reconciling: what already says the same is left
-- alone, what no longer belongs ends now, what is missing begins now. So a webhook that comes three times, a retry and a
-- repair are the same as once: no version moves, no cache is emptied, nothing is granted twice.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT outcome, available FROM purser.consume('acme', 'reports', 30, 'r-1');

CREATE TEMP VIEW counted AS
SELECT (SELECT version FROM purser.tenants) AS tenant_version,
       (SELECT count(*) FROM purser.subscription_periods) AS periods, (SELECT count(*) FROM purser.entitlements) AS entitlements,
       (SELECT count(*) FROM purser.allowances) AS allowances, (SELECT count(*) FROM purser.grants) AS grants,
       (SELECT count(*) FROM purser.balance_facts) AS facts, (SELECT count(*) FROM purser.outbox) AS changes,
       (SELECT count(*) FROM purser.audit_log) AS audited;
SELECT * FROM counted;

-- At the same instant, and a week later.
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-08 09:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT * FROM counted;
SELECT granted, used, available FROM purser.balances_current WHERE feature = 'reports';
