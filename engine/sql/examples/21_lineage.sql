-- Lineage says which grants paid for a consumption. It is fixed when the interval closes, in the order in which the
-- consumptions were made; before that it is provisional. Everything closes an interval but consume, reserve, settle and
-- release. A hold is no consumption until it is settled, and overage was paid by no grant and never will be.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 5, 'spring', p_expires_at => '2026-04-01 00:00+00');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 10, 'welcome');

-- The call is reserved first and settled last, so the letter's units come first.
SELECT outcome, available FROM purser.reserve('acme', 'credits', 4, 'call-1', p_expires_at => '2026-03-01 10:00+00');
SELECT outcome, available FROM purser.consume('acme', 'credits', 3, 'letter-1');
SELECT idempotency_key, dedupe_key, amount, provisional FROM purser.consumption_lineage WHERE feature = 'credits' ORDER BY version, position;
SELECT outcome, available FROM purser.settle('acme', 'call-1', 4);
SELECT idempotency_key, dedupe_key, amount, provisional FROM purser.consumption_lineage WHERE feature = 'credits' ORDER BY version, position;

-- All of this was one interval. The next grant closes it, and what was provisional is fixed.
SELECT count(DISTINCT interval_no) AS intervals FROM purser.balance_facts
WHERE feature = 'credits' AND kind IN ('consume', 'reserve', 'settle');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 1, 'reward', p_priority => 10);
SELECT idempotency_key, dedupe_key, amount, provisional FROM purser.consumption_lineage WHERE feature = 'credits' ORDER BY version, position;

-- 3 of 53 exports were overage. The top-up that follows does not pay for them.
SELECT outcome, overage, available FROM purser.consume('acme', 'exports', 53, 'e-1');
SELECT outcome, available FROM purser.issue_grant('acme', 'exports', 20, 'order-1', p_source => 'top_up');
SELECT idempotency_key, amount, provisional FROM purser.consumption_lineage WHERE feature = 'exports' ORDER BY version, position;

-- One that nothing was left for is overage whole: nobody paid for it, and it does not appear.
SELECT outcome, overage FROM purser.consume('acme', 'exports', 20, 'e-2');
SELECT outcome, overage FROM purser.consume('acme', 'exports', 5, 'e-3');
SELECT idempotency_key, amount, provisional FROM purser.consumption_lineage WHERE feature = 'exports' ORDER BY version, position;
