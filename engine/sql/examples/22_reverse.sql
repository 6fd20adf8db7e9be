-- A consumption is undone by another fact, never changed. Its units return to the grants they came from. If one of those
-- has ended since, its units lapse, for otherwise a reversal would be a way to make them last; the outcome says how much
-- was restored and how much lapsed, and with reissue the lapsed part comes back as a manual grant.

\ir 00_catalog.sql

SELECT tenant, pg_temp.open_tenant(tenant, '2026-03-01 09:00+00') FROM unnest(ARRAY['acme', 'bolt']) tenant;
SELECT tenant, g.outcome, g.available
FROM unnest(ARRAY['acme', 'bolt']) tenant,
     purser.issue_grant(tenant, 'credits', 5, 'spring', p_expires_at => '2026-04-01 00:00+00') g ORDER BY tenant;
SELECT tenant, g.outcome, g.available
FROM unnest(ARRAY['acme', 'bolt']) tenant, purser.issue_grant(tenant, 'credits', 10, 'welcome') g ORDER BY tenant;

-- 5 of spring and 3 of welcome, and back again: spring is whole and pays first once more.
SELECT outcome, available FROM purser.consume('acme', 'credits', 8, 'letter-1');
SELECT outcome, replayed, restored, lapsed, available FROM purser.reverse_consumption('acme', 'letter-1', 'undo-1');
SELECT outcome, replayed, restored, lapsed, available FROM purser.reverse_consumption('acme', 'letter-1', 'undo-1');
SELECT outcome FROM purser.reverse_consumption('acme', 'letter-1', 'undo-2');
SELECT outcome FROM purser.reverse_consumption('acme', 'letter-9', 'undo-2');

-- The consumption stays, its key stays used.
SELECT outcome, replayed, available FROM purser.consume('acme', 'credits', 8, 'letter-1');

-- The same 8 again in both tenants, undone only in April, when spring has ended.
SELECT tenant, c.outcome, c.available
FROM unnest(ARRAY['acme', 'bolt']) tenant, purser.consume(tenant, 'credits', 8, 'letter-2') c ORDER BY tenant;
SELECT tenant, c.outcome FROM unnest(ARRAY['acme', 'bolt']) tenant, purser.advance_test_clock(tenant, '2026-04-02 09:00+00') c ORDER BY tenant;
SELECT outcome, restored, lapsed, available FROM purser.reverse_consumption('acme', 'letter-2', 'undo-3');
SELECT outcome, restored, lapsed, available FROM purser.reverse_consumption('bolt', 'letter-2', 'undo-3', p_reissue => true);
SELECT tenant_id, granted, used, available FROM purser.balances_current ORDER BY tenant_id;
SELECT tenant_id, source, amount, effective_at, expires_at FROM purser.grants ORDER BY tenant_id, issued_version;
SELECT kind, idempotency_key, reference, balance_after FROM purser.balance_facts
WHERE tenant_id = 'acme' AND kind IN ('consume', 'reverse') ORDER BY version;

-- Not all of it: first the overage goes, then what was drawn last comes back first, and never more than was taken.
SELECT pg_temp.open_tenant('cats', '2026-03-01 09:00+00');
SELECT pg_temp.put_on_plan('cats', 'pro');
SELECT outcome FROM purser.issue_grant('cats', 'exports', 10, 'gift');
SELECT outcome, overage, available FROM purser.consume('cats', 'exports', 63, 'e-1');
SELECT outcome, amount, overage, restored, available FROM purser.reverse_consumption('cats', 'e-1', 'undo-4', 5);
SELECT outcome, field FROM purser.reverse_consumption('cats', 'e-1', 'undo-4', 6);
SELECT outcome, field FROM purser.reverse_consumption('cats', 'e-1', 'undo-5', 59);
SELECT g.dedupe_key, a.amount FROM purser.allocations a JOIN purser.grants g USING (tenant_id, grant_id) WHERE g.tenant_id = 'cats';
SELECT granted, used, overage, available FROM purser.balances_current WHERE tenant_id = 'cats' AND feature = 'exports';
