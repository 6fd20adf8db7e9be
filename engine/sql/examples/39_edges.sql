-- What is exactly the limit fits, and what ends exactly now has ended: intervals are half-open everywhere, and no amount is
-- rounded to one side.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');

-- Nothing can be set aside, lengthened or given until now: it would have ended before it began.
SELECT outcome, field FROM purser.issue_grant('acme', 'credits', 10, 'order-1', p_expires_at => '2026-03-01 09:00+00');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 10, 'order-1', p_expires_at => '2026-03-01 09:00:00.000001+00');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 10, 'order-2');
SELECT outcome, field FROM purser.reserve('acme', 'credits', 3, 'call-1', p_expires_at => '2026-03-01 09:00+00');
SELECT outcome, available FROM purser.reserve('acme', 'credits', 3, 'call-1', p_expires_at => '2026-03-01 10:00+00');
SELECT outcome, field FROM purser.extend('acme', 'call-1', '2026-03-01 09:00+00');

-- A hold that is settled in the interval it was reserved in closes nothing.
SELECT outcome, available FROM purser.settle('acme', 'call-1', 2);
SELECT kind, interval_no, interval_used FROM purser.balance_facts WHERE feature = 'credits' ORDER BY version;

-- All that is left of a consumption can be taken back, and not a millionth more.
SELECT outcome, available FROM purser.consume('acme', 'credits', 3, 'letter-1');
SELECT outcome, amount FROM purser.reverse_consumption('acme', 'letter-1', 'undo-1', 1);
SELECT outcome, field FROM purser.reverse_consumption('acme', 'letter-1', 'undo-2', 2.000001);
SELECT outcome, amount FROM purser.reverse_consumption('acme', 'letter-1', 'undo-2', 2);

-- The name under which the engine itself ends grants is nobody's.
SELECT outcome, field FROM purser.void_grant('acme', 'order-2', p_reason => 'not mine', p_actor => 'purser');

-- No project at all is a number of projects; while some are counted elsewhere nobody claims one, and the other way round.
SELECT outcome, counted FROM purser.report_count('acme', 'projects', 0);
SELECT outcome, claimed FROM purser.claim('acme', 'projects', 'apollo');
SELECT outcome FROM purser.report_count('acme', 'projects', 1);

-- Several at once are judged at the boundary like one: at the first instant of a day its alerts are there, and those that fit
-- exactly do. What is denied is denied to all of them, and to who counts rows of their own.
SELECT item, outcome, available FROM purser.consume_many('acme', '[{"feature": "alerts", "amount": 5, "idempotency_key": "a-1"}]');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-02 08:59:59.999999+00');
SELECT item, outcome, available FROM purser.consume_many('acme', '[{"feature": "alerts", "amount": 5, "idempotency_key": "a-2"}]');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-02 09:00+00');
SELECT item, outcome, available FROM purser.consume_many('acme', '[{"feature": "alerts", "amount": 5, "idempotency_key": "a-2"},
  {"feature": "alerts", "amount": 0.000001, "idempotency_key": "a-3"}]');
SELECT pg_temp.put_on_plan('acme', 'pro', 'suspended');
SELECT item, outcome FROM purser.consume_many('acme', '[{"feature": "alerts", "amount": 1, "idempotency_key": "a-4"}]');
SELECT outcome FROM purser.lock_capacity('acme', 'projects');
