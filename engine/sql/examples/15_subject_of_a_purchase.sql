-- What the tenant bought is the tenant's, with a plan or without one: whoever of it consumes is only recorded, as with a
-- feature that the plan shares. Nobody has to be named to buy, so nobody is refused for being named.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 10, 'order-1', p_source => 'product');
SELECT outcome, available FROM purser.consume('acme', 'credits', 4, 'letter-1', p_subject => 'ann');
SELECT allowed, reason, remaining FROM purser.check_entitlement('acme', 'credits', 6, p_subject => 'ben');
SELECT idempotency_key, subject, acting_subject, amount, balance_after FROM purser.consumptions ORDER BY version;
