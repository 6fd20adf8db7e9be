-- A key is used once per tenant, over all features and all consuming commands. The same question under the same key is
-- told the first answer again, whatever has happened since; another question under it is a conflict that names the field
-- and changes nothing. A refusal had no effect, so it is not remembered: after a top-up the same key is judged afresh.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-10 09:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT outcome, replayed, available FROM purser.issue_grant('acme', 'credits', 20, 'order-1');

-- The webhook of the purchase arrives twice; then a forged one with another amount.
SELECT outcome, replayed, available FROM purser.issue_grant('acme', 'credits', 20, 'order-1');
SELECT outcome, field FROM purser.issue_grant('acme', 'credits', 200, 'order-1');

SELECT outcome, replayed, amount, available, version FROM purser.consume('acme', 'credits', 5, 'letter-1');
SELECT outcome, replayed, amount, available, version FROM purser.consume('acme', 'credits', 5, 'letter-1');
SELECT outcome, field FROM purser.consume('acme', 'credits', 6, 'letter-1');
SELECT outcome, field FROM purser.consume('acme', 'reports', 5, 'letter-1');
SELECT outcome, field FROM purser.consume('acme', 'credits', 5, 'letter-1', p_subject => 'ann');
SELECT outcome, field FROM purser.consume('acme', 'credits', 5, 'letter-1', p_metadata => '{"to": "Ann"}');
SELECT outcome, field FROM purser.consume('acme', 'credits', 5, 'letter-1', p_occurred_at => '2026-03-09 12:00+00');

-- Too much at once, a top-up, and the same key again.
SELECT outcome, replayed, available FROM purser.consume('acme', 'credits', 100, 'mailing');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 85, 'order-2');
SELECT outcome, replayed, available FROM purser.consume('acme', 'credits', 100, 'mailing');

-- Nothing is left for a new key, and the old one still has its answer.
SELECT outcome, replayed, available FROM purser.consume('acme', 'credits', 5, 'letter-2');
SELECT outcome, replayed, available FROM purser.consume('acme', 'credits', 5, 'letter-1');

-- So it has while the tenant is suspended.
SELECT * FROM purser.advance_test_clock('acme', '2026-03-11 09:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro', 'suspended');
SELECT outcome, replayed FROM purser.consume('acme', 'credits', 5, 'letter-2');
SELECT outcome, replayed, available, recorded_at FROM purser.consume('acme', 'credits', 5, 'letter-1');

-- After seventeen calls: two grants, two consumptions.
SELECT dedupe_key, amount FROM purser.grants WHERE feature = 'credits' ORDER BY dedupe_key;
SELECT idempotency_key, amount, balance_after FROM purser.consumptions ORDER BY version;
