-- A hold is pinned to the grants it would burn. When their window ends while the work is still running, the pinned units
-- outlive the grant, for that hold only: they are neither taken from the new window nor added to it. What is settled is
-- paid by the old window; what is released or left over has nothing to return to and lapses.

\ir 00_catalog.sql

SELECT tenant, pg_temp.open_tenant(tenant, '2026-01-31 10:00+00'), pg_temp.put_on_plan(tenant, 'pro')
FROM unnest(ARRAY['acme', 'bolt', 'cats']) tenant;
SELECT tenant, c.outcome, c.available
FROM unnest(ARRAY['acme', 'bolt', 'cats']) tenant, purser.consume(tenant, 'reports', 70, 'r-1') c ORDER BY tenant;

-- An hour before the window ends 20 of the last 30 are reserved for three hours.
SELECT tenant, c.outcome FROM unnest(ARRAY['acme', 'bolt', 'cats']) tenant, purser.advance_test_clock(tenant, '2026-02-28 09:00+00') c ORDER BY tenant;
SELECT tenant, c.outcome, c.available
FROM unnest(ARRAY['acme', 'bolt', 'cats']) tenant,
     purser.reserve(tenant, 'reports', 20, 'batch', p_expires_at => '2026-02-28 12:00+00') c ORDER BY tenant;

-- The new window has its hundred, whole. Of the old one the 10 that nobody held are gone.
SELECT tenant, c.outcome FROM unnest(ARRAY['acme', 'bolt', 'cats']) tenant, purser.advance_test_clock(tenant, '2026-02-28 11:00+00') c ORDER BY tenant;
SELECT tenant_id, available FROM purser.balances_current WHERE feature = 'reports' ORDER BY tenant_id;

-- Acme settles 15 of the 20, Bolt gives all back, Cats lets it run out: nothing changes for the new window.
SELECT outcome, late, amount, available FROM purser.settle('acme', 'batch', 15);
SELECT outcome, restored, lapsed, available FROM purser.release('bolt', 'batch');
SELECT tenant, c.outcome FROM unnest(ARRAY['acme', 'bolt', 'cats']) tenant, purser.advance_test_clock(tenant, '2026-02-28 12:00+00') c ORDER BY tenant;
SELECT tenant_id, held, available FROM purser.balances_current WHERE feature = 'reports' ORDER BY tenant_id;

-- The window that paid is the old one.
SELECT l.idempotency_key, l.amount, l.provisional, g.effective_at, g.expires_at
FROM purser.consumption_lineage l JOIN purser.grants g USING (tenant_id, grant_id)
WHERE l.tenant_id = 'acme' AND l.feature = 'reports' ORDER BY l.version, l.position;
