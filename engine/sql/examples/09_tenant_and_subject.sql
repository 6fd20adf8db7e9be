-- One consumption touches one balance. Where the plan says per tenant there is one balance for all, and the subject is
-- only recorded. Where it says per subject everybody has an allowance of their own, made when it is first used; asking
-- without saying who is refused, because no balance could be meant.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');

-- Reports are the tenant's: Ann and Ben draw on the same hundred.
SELECT outcome, available FROM purser.consume('acme', 'reports', 60, 'r-1', p_subject => 'ann');
SELECT outcome, available FROM purser.consume('acme', 'reports', 60, 'r-2', p_subject => 'ben');
SELECT outcome, available FROM purser.consume('acme', 'reports', 40, 'r-3', p_subject => 'ben');
SELECT idempotency_key, subject, acting_subject, amount, balance_after FROM purser.consumptions ORDER BY version;

-- Drafts are everybody's own: twenty for Ann, twenty for Ben.
SELECT outcome, available FROM purser.consume('acme', 'drafts', 1, 'd-1');
SELECT outcome, available FROM purser.consume('acme', 'drafts', 15, 'd-1', p_subject => 'ann');
SELECT outcome, available FROM purser.consume('acme', 'drafts', 15, 'd-2', p_subject => 'ben');
SELECT outcome, available FROM purser.consume('acme', 'drafts', 15, 'd-3', p_subject => 'ben');

-- Cas has used none and has no balance, and a check knows what he would find.
SELECT allowed, quantity_limit, used, remaining FROM purser.check_entitlement('acme', 'drafts', 20, p_subject => 'cas');
SELECT allowed, reason FROM purser.check_entitlement('acme', 'drafts', 21, p_subject => 'cas');
SELECT subject, feature, granted, used, available FROM purser.balances_current WHERE feature = 'drafts' ORDER BY subject;

-- Something extra for Ben is Ben's.
SELECT outcome, available FROM purser.issue_grant('acme', 'drafts', 10, 'thanks', p_subject => 'ben');
SELECT outcome, available FROM purser.consume('acme', 'drafts', 15, 'd-3', p_subject => 'ben');
SELECT outcome, available FROM purser.consume('acme', 'drafts', 15, 'd-4', p_subject => 'ann');

-- Everybody's window turns at the same instant, that of the subscription.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-04-01 09:00+00');
SELECT subject, granted, used, available, next_change_at FROM purser.balances_current WHERE feature = 'drafts' ORDER BY subject;
