-- What happens at zero is the feature's own: hard refuses, soft allows and counts what went beyond as overage, observe
-- only counts. Overage is fixed when it happens and belongs to its window: a top-up afterwards does not pay for it, and
-- the next window begins without it. The facts keep it for the invoice.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-01-31 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');

-- Hard: the request that does not fit is refused whole; a smaller one may still fit.
SELECT outcome, available FROM purser.consume('acme', 'reports', 98, 'r-1');
SELECT outcome, available FROM purser.consume('acme', 'reports', 5, 'r-2');
SELECT outcome, available FROM purser.consume('acme', 'reports', 2, 'r-3');

-- Soft: 3 of the 8 go beyond, then all of the 2.
SELECT outcome, overage, available FROM purser.consume('acme', 'exports', 45, 'e-1');
SELECT outcome, overage, available FROM purser.consume('acme', 'exports', 8, 'e-2');
SELECT allowed, reason, quantity_limit, used, remaining, over_limit FROM purser.check_entitlement('acme', 'exports');
SELECT outcome, overage, available FROM purser.consume('acme', 'exports', 2, 'e-3');

-- Observe: the same arithmetic, and nobody is told that a limit was passed.
SELECT outcome, overage, available FROM purser.consume('acme', 'visits', 1200, 'v-1');
SELECT allowed, reason, quantity_limit, used, remaining, over_limit FROM purser.check_entitlement('acme', 'visits');

-- A top-up is there for what comes next.
SELECT outcome, available FROM purser.issue_grant('acme', 'exports', 20, 'order-1', p_source => 'top_up');
SELECT outcome, overage, available FROM purser.consume('acme', 'exports', 4, 'e-4');
SELECT feature, granted, used, available, overage FROM purser.balances_current
WHERE feature IN ('exports', 'reports', 'visits') ORDER BY feature;

-- The window turns: 50 anew, 16 left of the top-up, no overage.
SELECT * FROM purser.advance_test_clock('acme', '2026-02-28 10:00+00');
SELECT feature, granted, used, available, overage FROM purser.balances_current
WHERE feature IN ('exports', 'reports', 'visits') ORDER BY feature;
SELECT outcome, overage, available FROM purser.consume('acme', 'exports', 1, 'e-5');
SELECT feature, idempotency_key, amount, overage, balance_after, recorded_at FROM purser.consumptions ORDER BY feature, version;
