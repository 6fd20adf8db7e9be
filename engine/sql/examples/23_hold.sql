-- Who does not know the cost beforehand reserves an estimate, does the work and settles what it came to. What is held
-- counts against what is available from the first instant, so two calls can never spend the same unit; less returns the
-- rest, more takes the difference if it is there. A hold is named by the key it was reserved under and ends once: settled,
-- released, or expired, which needs no worker. Work that finishes after that is still accepted, once, as paid afterwards.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 100, 'order-1');

-- Less than estimated.
SELECT outcome, replayed, available FROM purser.reserve('acme', 'credits', 40, 'call-1', p_expires_at => '2026-03-01 10:00+00');
SELECT outcome, replayed, available FROM purser.reserve('acme', 'credits', 40, 'call-1', p_expires_at => '2026-03-01 10:00+00');
SELECT granted, used, held, available FROM purser.balances_current;
SELECT outcome, available FROM purser.consume('acme', 'credits', 61, 'letter-1');
SELECT outcome, replayed, amount, available FROM purser.settle('acme', 'call-1', 30);
SELECT outcome, replayed, amount, available FROM purser.settle('acme', 'call-1', 30);
SELECT outcome, field FROM purser.settle('acme', 'call-1', 31);

-- More than estimated.
SELECT outcome, available FROM purser.reserve('acme', 'credits', 40, 'call-2', p_expires_at => '2026-03-01 10:00+00');
SELECT outcome, amount, unfunded, available FROM purser.settle('acme', 'call-2', 50);

-- Not needed after all. What ended cannot end another way, and the key of a hold is a key like any other.
SELECT outcome, available FROM purser.reserve('acme', 'credits', 15, 'call-3', p_expires_at => '2026-03-01 10:00+00');
SELECT outcome, replayed, restored, lapsed, available FROM purser.release('acme', 'call-3');
SELECT outcome, replayed, restored, lapsed, available FROM purser.release('acme', 'call-3');
SELECT outcome FROM purser.settle('acme', 'call-3', 15);
SELECT outcome, field FROM purser.consume('acme', 'credits', 15, 'call-3');
SELECT outcome FROM purser.settle('acme', 'call-9', 15);
SELECT outcome, available FROM purser.reserve('acme', 'credits', 21, 'call-4', p_expires_at => '2026-03-01 10:00+00');

-- One hold is extended in time, the other runs out. Nobody has to notice: the answer is right at the instant.
SELECT outcome, available FROM purser.reserve('acme', 'credits', 15, 'call-5', p_expires_at => '2026-03-01 10:00+00');
SELECT outcome, available FROM purser.reserve('acme', 'credits', 2, 'call-6', p_expires_at => '2026-03-01 10:00+00');
SELECT outcome, expires_at FROM purser.extend('acme', 'call-6', '2026-03-01 11:00+00');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-01 10:00+00');
SELECT held, available FROM purser.balances_current;
SELECT outcome FROM purser.extend('acme', 'call-5', '2026-03-01 11:00+00');

-- The provider answers late: paid from what is there now, and flagged.
SELECT outcome, replayed, late, amount, unfunded, available FROM purser.settle('acme', 'call-5', 12);
SELECT outcome, replayed, late, amount, unfunded, available FROM purser.settle('acme', 'call-5', 12);
SELECT outcome, late, amount, available FROM purser.settle('acme', 'call-6', 2);

SELECT amount, status, settled FROM purser.holds ORDER BY reserved_version;
SELECT granted, used, held, available FROM purser.balances_current;
