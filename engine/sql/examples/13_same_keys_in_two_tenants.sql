-- Everything a tenant names is its own: keys, subjects, grants. Two tenants that use the same words for all of them, as
-- two customers with the same numbering do, never meet.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00'), pg_temp.open_tenant('bolt', '2026-03-01 09:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro'), pg_temp.put_on_plan('bolt', 'pro');

SELECT outcome, replayed, available FROM purser.issue_grant('acme', 'credits', 10, 'order-1');
SELECT outcome, replayed, available FROM purser.issue_grant('bolt', 'credits', 70, 'order-1');
SELECT outcome, replayed, available FROM purser.consume('acme', 'credits', 4, 'letter-1');
SELECT outcome, replayed, available FROM purser.consume('bolt', 'credits', 5, 'letter-1');
SELECT outcome, replayed, available FROM purser.consume('acme', 'drafts', 1, 'draft-1', p_subject => 'ann');
SELECT outcome, replayed, available FROM purser.consume('bolt', 'drafts', 2, 'draft-1', p_subject => 'ann');

-- Each key is replayed, or in conflict, in its own tenant only.
SELECT outcome, replayed, available FROM purser.consume('acme', 'credits', 4, 'letter-1');
SELECT outcome, field FROM purser.consume('bolt', 'credits', 4, 'letter-1');
SELECT tenant_id, feature, subject, granted, used, available FROM purser.balances_current
WHERE feature IN ('credits', 'drafts') ORDER BY tenant_id, feature;

-- Each clock is its tenant's.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-04-01 09:00+00');
SELECT tenant_id, feature, subject, granted, used, available FROM purser.balances_current
WHERE feature = 'drafts' ORDER BY tenant_id;
SELECT tenant_id, idempotency_key, amount, balance_after FROM purser.consumptions ORDER BY idempotency_key, tenant_id;
