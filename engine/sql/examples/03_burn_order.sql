-- Which grant pays: the lower priority number, then the earlier expiry, then the earlier issue. Consuming does not work
-- this out, it only counts: a fact knows which stretch of its interval it took, and when the set of active grants changes
-- the interval is closed and each grant is told which stretch of it was its own (burns). Laying the stretches over each
-- other says which grant paid for what. Until the interval is closed that answer is provisional.

\ir 00_catalog.sql

-- The stretches of consumptions over those of grants; in an open interval, over the stretches the grants would get.
CREATE TEMP VIEW lineage AS
WITH stretches AS (
  SELECT b.slot, b.tenant_id, b.subject, b.feature, b.interval_no, b.grant_id, b.from_used, b.to_used, false AS provisional
    FROM purser.burns b
  UNION ALL
  SELECT b.slot, b.tenant_id, b.subject, b.feature, b.interval_no, o.grant_id,
         coalesce(sum(o.amount - o.used) OVER (before_it ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0),
         sum(o.amount - o.used) OVER before_it, true
    FROM purser.balances b
    JOIN purser.open_grants o USING (slot, tenant_id, subject, feature)
    WHERE o.active
    WINDOW before_it AS (PARTITION BY b.tenant_id, b.subject, b.feature
                         ORDER BY o.priority, o.expires_at, o.issued_version, o.grant_id)
), taken AS (
  SELECT f.*, f.interval_used - (f.amount - f.overage) AS from_used FROM purser.balance_facts f WHERE f.kind = 'consume'
)
SELECT t.idempotency_key AS consumption, g.dedupe_key AS grant_key,
       least(t.interval_used, s.to_used) - greatest(t.from_used, s.from_used) AS amount, s.provisional
FROM taken t
JOIN stretches s USING (slot, tenant_id, subject, feature, interval_no)
JOIN purser.grants g USING (slot, tenant_id, grant_id)
WHERE greatest(t.from_used, s.from_used) < least(t.interval_used, s.to_used)
ORDER BY t.version, s.from_used;

SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 10, 'welcome');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 5, 'spring', p_expires_at => '2026-04-01 00:00+00');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 5, 'easter', p_expires_at => '2026-04-01 00:00+00');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 3, 'apology', p_priority => 50);

-- The apology goes first, then spring, which was issued before easter, and welcome, which never expires, last.
SELECT outcome, available FROM purser.consume('acme', 'credits', 4, 'letter-1');
SELECT outcome, available FROM purser.consume('acme', 'credits', 5, 'letter-2');
SELECT * FROM lineage;

-- A grant that would have gone first arrives afterwards. It pays for what comes, not for what was: the interval is closed.
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 2, 'reward', p_priority => 10);
SELECT outcome, available FROM purser.consume('acme', 'credits', 6, 'letter-3');
SELECT outcome, available FROM purser.consume('acme', 'credits', 1, 'letter-4');
SELECT * FROM lineage;

-- In April only welcome is left, and reading the balance is enough to see it.
SELECT * FROM purser.advance_test_clock('acme', '2026-04-01 00:00+00');
SELECT granted, used, available FROM purser.balances_current;
SELECT outcome, available FROM purser.consume('acme', 'credits', 9, 'letter-5');

SELECT dense_rank() OVER (ORDER BY interval_no) AS interval, idempotency_key, amount, interval_used, balance_after
FROM purser.balance_facts WHERE kind = 'consume' ORDER BY version;
SELECT dense_rank() OVER (ORDER BY b.interval_no) AS interval, g.dedupe_key, b.from_used, b.to_used
FROM purser.burns b JOIN purser.grants g USING (slot, tenant_id, grant_id) ORDER BY b.interval_no, b.from_used;
