-- A grant counts over [effective_at, expires_at). Both ends are judged when somebody asks: no worker has to run for a
-- grant to begin at its first instant or to be gone at its last, and an answer that depends on the time says until when
-- it holds.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 2, 'welcome');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 10, 'fair',
  p_effective_at => '2026-03-10 00:00+00', p_expires_at => '2026-03-20 00:00+00');

-- Promised, and not there yet.
SELECT available, next_change_at FROM purser.balances_current;
SELECT outcome, available FROM purser.consume('acme', 'credits', 5, 'letter-1');

-- There from its first instant on, and burned first because it ends first.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-10 00:00+00');
SELECT available, next_change_at FROM purser.balances_current;
SELECT outcome, available FROM purser.consume('acme', 'credits', 5, 'letter-1');

-- Still there a moment before its end, gone at it. The row has not been touched and says 7; the answer is 2.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-19 23:59:59.999999+00');
SELECT available, next_change_at FROM purser.balances_current;
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-20 00:00+00');
SELECT granted - used AS in_the_row FROM purser.balances;
SELECT available, next_change_at FROM purser.balances_current;
SELECT allowed, reason, remaining FROM purser.check_entitlement('acme', 'credits', 3);
SELECT outcome, available FROM purser.consume('acme', 'credits', 3, 'letter-2');
SELECT outcome, available FROM purser.consume('acme', 'credits', 2, 'letter-2');

-- A grant that would already be over is no grant.
SELECT outcome, field FROM purser.issue_grant('acme', 'credits', 1, 'late', p_expires_at => '2026-03-20 00:00+00');
SELECT outcome, field FROM purser.issue_grant('acme', 'credits', 1, 'never',
  p_effective_at => '2026-04-01 00:00+00', p_expires_at => '2026-04-01 00:00+00');
SELECT kind, amount, balance_after, recorded_at FROM purser.balance_facts WHERE kind <> 'boundary' OR recorded_at >= '2026-03-10' ORDER BY version;
