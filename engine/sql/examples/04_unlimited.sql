-- Unlimited is a state and not a big number. While it lasts nothing is refused and no finite grant is burned: what was
-- bought before is there afterwards, to the unit. What was used meanwhile is counted all the same.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 10, 'order-1');
SELECT outcome, unlimited, available FROM purser.consume('acme', 'credits', 4, 'letter-1');

-- A week without a limit begins. Its amount is none.
SELECT outcome, available
FROM purser.issue_grant('acme', 'credits', NULL, 'launch-week', p_unlimited => true, p_expires_at => '2026-03-08 09:00+00');
SELECT outcome, unlimited, available FROM purser.consume('acme', 'credits', 5000, 'letter-2');
SELECT allowed, reason, unlimited, quantity_limit, remaining FROM purser.check_entitlement('acme', 'credits', 1000000);
SELECT purser.entitlement_value('acme', 'credits') IS NULL AS no_number_to_name;

-- More is bought during the week, to be used first. It waits as well.
SELECT outcome, unlimited, available FROM purser.consume('acme', 'credits', 70, 'letter-3');
SELECT outcome FROM purser.issue_grant('acme', 'credits', 1, 'order-2', p_priority => 10);
SELECT outcome, unlimited, available FROM purser.consume('acme', 'credits', 30, 'letter-4');

-- The week is over: 10 - 4 + 1 are left.
SELECT * FROM purser.advance_test_clock('acme', '2026-03-08 09:00+00');
SELECT unlimited, granted, used, available FROM purser.balances_current;
SELECT outcome, unlimited, available FROM purser.consume('acme', 'credits', 8, 'letter-5');
SELECT outcome, unlimited, available FROM purser.consume('acme', 'credits', 7, 'letter-5');

SELECT idempotency_key, amount, balance_after FROM purser.consumptions ORDER BY version;
SELECT g.dedupe_key, sum(b.to_used - b.from_used) AS paid_for
FROM purser.grants g JOIN purser.burns b USING (slot, tenant_id, grant_id) GROUP BY g.dedupe_key ORDER BY g.dedupe_key;
