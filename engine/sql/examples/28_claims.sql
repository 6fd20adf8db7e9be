-- A claim is one occupied slot of a capacity, named by the thing it stands for, so claiming it again is a replay. When the
-- limit falls below what is occupied nothing is deleted: the claims stay, the balance says by how much it is over and
-- which claims are the newest, and new ones are refused until there is room again.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');

-- Five projects fit. Archiving one makes room for another.
SELECT resource, c.outcome, c.replayed, c.claimed, c.available
FROM unnest(ARRAY['apollo', 'borealis', 'cosmos', 'delta', 'echo', 'fox']) resource, purser.claim('acme', 'projects', resource) c ORDER BY resource;
SELECT outcome, replayed, claimed, available FROM purser.claim('acme', 'projects', 'apollo');
SELECT outcome, replayed, claimed, available FROM purser.release_claim('acme', 'projects', 'cosmos');
SELECT outcome, replayed, claimed, available FROM purser.release_claim('acme', 'projects', 'cosmos');
SELECT outcome, replayed, claimed, available FROM purser.claim('acme', 'projects', 'fox');

-- On the starter plan there are two. All five projects live on.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-02 09:00+00');
SELECT pg_temp.put_on_plan('acme', 'starter');
SELECT allowed, reason, quantity_limit, used, remaining, over_limit FROM purser.check_entitlement('acme', 'projects');
SELECT resource FROM purser.claims WHERE released_at IS NULL ORDER BY claimed_version DESC LIMIT 3;

-- What is held may be claimed again; what was let go may not come back while there is no room.
SELECT outcome, replayed, claimed FROM purser.claim('acme', 'projects', 'apollo');
SELECT outcome, claimed FROM purser.release_claim('acme', 'projects', 'fox');
SELECT outcome, claimed FROM purser.claim('acme', 'projects', 'fox');
SELECT resource, c.outcome, c.claimed FROM unnest(ARRAY['borealis', 'delta', 'echo']) resource, purser.release_claim('acme', 'projects', resource) c ORDER BY resource;
SELECT outcome, replayed, claimed, available FROM purser.claim('acme', 'projects', 'fox');
SELECT resource FROM purser.claims WHERE released_at IS NULL ORDER BY resource;

-- A slot is whole: into one and a half fits one.
SELECT pg_temp.open_tenant('birch', '2026-01-31 10:00+00');
SELECT outcome, available FROM purser.issue_grant('birch', 'projects', 1.5, 'order-1');
SELECT outcome, claimed, available FROM purser.claim('birch', 'projects', 'apollo');
SELECT outcome, claimed, available FROM purser.claim('birch', 'projects', 'borealis');
