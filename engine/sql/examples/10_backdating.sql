-- Decisions are never backdated: what was answered yesterday stays true. A consumption that happened earlier is paid from
-- what is there now, and occurred_at only places it in reports. A grant dated into the past counts from now on.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-01-31 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT outcome, available FROM purser.consume('acme', 'reports', 100, 'r-1');

-- March. A report of February is delivered late: the allowance of March pays.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-02 10:00+00');
SELECT outcome, available, recorded_at
FROM purser.consume('acme', 'reports', 1, 'r-2', p_occurred_at => '2026-02-20 16:00+00');
SELECT idempotency_key, amount, occurred_at, recorded_at FROM purser.consumptions ORDER BY version;

-- A present dated to February. It is there from now on, and February stays as full as it was.
SELECT outcome, available FROM purser.issue_grant('acme', 'reports', 50, 'present', p_effective_at => '2026-02-01 00:00+00');
SELECT dedupe_key, amount, effective_at, issued_at FROM purser.grants WHERE dedupe_key = 'present';
SELECT outcome, replayed FROM purser.issue_grant('acme', 'reports', 50, 'present', p_effective_at => '2026-02-01 00:00+00');
SELECT granted, used, available FROM purser.balances_current WHERE feature = 'reports';
