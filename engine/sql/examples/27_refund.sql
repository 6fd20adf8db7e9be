-- A refund voids what was bought. Where some of it is spent already, the balance does not go below zero and the next
-- purchase is not docked: the shortfall is written on the refund and in the audit log, for people to act on.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 100, 'payment-1', p_source => 'product');
SELECT outcome, available FROM purser.consume('acme', 'credits', 30, 'letter-1');

-- The card company takes the money back.
SELECT outcome, replayed, lapsed, shortfall, available
FROM purser.void_grant('acme', 'payment-1', p_reason => 'charge disputed', p_actor => 'stripe', p_refund => true);
SELECT outcome, replayed, lapsed, shortfall, available
FROM purser.void_grant('acme', 'payment-1', p_reason => 'charge disputed', p_actor => 'stripe', p_refund => true);
SELECT outcome, available FROM purser.consume('acme', 'credits', 1, 'letter-2');

SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 50, 'payment-2', p_source => 'product');
SELECT idempotency_key, dedupe_key, amount FROM purser.consumption_lineage ORDER BY version, position;
SELECT g.dedupe_key, g.amount, v.lapsed, v.shortfall, v.reason
FROM purser.grants g JOIN purser.grant_voids v USING (tenant_id, grant_id);
SELECT actor, action, (after ->> 'lapsed')::numeric AS lapsed, (after ->> 'shortfall')::numeric AS shortfall
FROM purser.audit_log WHERE action = 'grant.void';
