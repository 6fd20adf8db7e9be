-- A check is a question without effect, and consume never passes where a check denies: both look at the same balance at
-- the same instant, also at one whose window nobody has turned, and at one that does not exist yet. The limit itself is
-- allowed; a millionth more is not.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-01-31 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT outcome FROM purser.issue_grant('acme', 'credits', 12.5, 'order-1');
CREATE TEMP TABLE asked (line integer, feature text, subject text, amount numeric);
INSERT INTO asked VALUES
  (1, 'reports', '', 100.000001), (2, 'reports', '', 100), (3, 'reports', '', 0.000001),
  (4, 'drafts', 'ann', 20.000001), (5, 'drafts', 'ann', 20), (6, 'drafts', 'ann', 0.000001), (7, 'drafts', '', 1),
  (8, 'credits', '', 12.500001), (9, 'credits', '', 12.5), (10, 'credits', '', 0.000001),
  (11, 'exports', '', 51), (12, 'exports', '', 1), (13, 'minutes', 'ben', 300), (14, 'minutes', '', 1);

-- A statement does not see its own effects, so each line is asked and then taken in statements of their own: first the
-- questions about an untouched tenant, then one line after the other, then the questions again.
SELECT a.line, a.feature, a.subject, a.amount, c.allowed, c.reason, c.remaining
FROM asked a, purser.check_entitlement('acme', a.feature, a.amount, a.subject) c ORDER BY a.line;
SELECT a.line, a.feature, a.subject, a.amount, c.outcome, c.overage, c.available
FROM asked a, purser.consume('acme', a.feature, a.amount, 'ask-' || a.line, a.subject) c ORDER BY a.line;
SELECT a.line, a.feature, a.subject, a.amount, c.allowed, c.reason, c.remaining
FROM asked a, purser.check_entitlement('acme', a.feature, a.amount, a.subject) c WHERE a.line IN (3, 6, 10, 12, 14) ORDER BY a.line;

-- The window has ended and nobody has turned it: the check already says so, and asking it turns nothing.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-28 10:00+00');
SELECT allowed, reason, used, remaining FROM purser.check_entitlement('acme', 'reports', 100);
SELECT count(*) AS facts FROM purser.balance_facts WHERE feature = 'reports';
SELECT outcome, available FROM purser.consume('acme', 'reports', 100, 'march');
SELECT allowed, reason, used, remaining FROM purser.check_entitlement('acme', 'reports');
