-- A grant is never changed; it can be ended early. What is left of it lapses at that instant, and what was spent of it
-- stays spent and keeps its lineage. A grant is named by its dedupe key, and voiding it twice is a replay.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 10, 'order-1');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 5, 'order-2');
SELECT outcome, available FROM purser.consume('acme', 'credits', 4, 'letter-1');

-- 4 of order-1 are spent, 6 lapse.
SELECT outcome, replayed, lapsed, available FROM purser.void_grant('acme', 'order-1', p_reason => 'issued by mistake', p_actor => 'ann');
SELECT outcome, replayed, lapsed, available FROM purser.void_grant('acme', 'order-1', p_reason => 'issued by mistake', p_actor => 'ann');
SELECT outcome FROM purser.void_grant('acme', 'order-9', p_reason => 'issued by mistake', p_actor => 'ann');
SELECT outcome, available FROM purser.consume('acme', 'credits', 6, 'letter-2');
SELECT outcome, available FROM purser.consume('acme', 'credits', 5, 'letter-2');

-- A spent grant can be voided: nothing lapses. A voided one is not issued again by the webhook that comes late.
SELECT outcome, replayed, lapsed, available FROM purser.void_grant('acme', 'order-2', p_reason => 'issued by mistake', p_actor => 'ann');
SELECT outcome, replayed FROM purser.issue_grant('acme', 'credits', 10, 'order-1');

SELECT idempotency_key, dedupe_key, amount, provisional FROM purser.consumption_lineage ORDER BY version, position;
SELECT g.dedupe_key, g.amount, v.lapsed, v.shortfall, v.reason, v.voided_by, v.voided_at
FROM purser.grants g JOIN purser.grant_voids v USING (tenant_id, grant_id) ORDER BY g.dedupe_key;
SELECT kind, amount, balance_after FROM purser.balance_facts WHERE kind <> 'boundary' ORDER BY version;

-- Of one that has expired nothing is left to lapse.
SELECT outcome FROM purser.issue_grant('acme', 'credits', 3, 'gift', p_expires_at => '2026-03-02 09:00+00');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-03 09:00+00');
SELECT outcome, lapsed, available FROM purser.void_grant('acme', 'gift', p_reason => 'issued by mistake', p_actor => 'ann');
SELECT * FROM purser.verify('acme');

-- Of a capacity what is occupied stays, and nothing is available; said again as it was said first.
SELECT outcome, available FROM purser.issue_grant('acme', 'projects', 3, 'order-3');
SELECT outcome, available FROM purser.claim('acme', 'projects', 'apollo');
SELECT outcome, replayed, lapsed, available FROM purser.void_grant('acme', 'order-3', p_reason => 'refunded', p_actor => 'ann');
SELECT outcome, replayed, lapsed, available FROM purser.void_grant('acme', 'order-3', p_reason => 'refunded', p_actor => 'ann');
