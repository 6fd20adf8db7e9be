-- Minutes that were not used roll over into the next window: what is left of that window's allowance, up to the cap, as a
-- grant of its own that ends with the next window. What rolled over once does not roll over again. Windows that nobody
-- was there for are walked in order, so being away neither loses nor multiplies anything.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-01-31 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT outcome, available FROM purser.consume('acme', 'minutes', 250, 'm-1');

-- 50 are left, less than the cap of 100.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-28 10:00+00');
SELECT available, next_change_at FROM purser.balances_current WHERE feature = 'minutes';

-- Hardly anything is used in March. More than the cap is left of its allowance, so 100 roll over; of January nothing does.
SELECT outcome, available FROM purser.consume('acme', 'minutes', 1, 'm-2');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-31 10:00+00');
SELECT available, next_change_at FROM purser.balances_current WHERE feature = 'minutes';

-- All 400 are used. Nothing rolls over.
SELECT outcome, available FROM purser.consume('acme', 'minutes', 400, 'm-3');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-04-30 10:00+00');
SELECT available FROM purser.balances_current WHERE feature = 'minutes';
SELECT outcome, available FROM purser.consume('acme', 'minutes', 280, 'm-4');

-- Away for three windows. 20 rolled into the next one, 100 into each after it.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-07-31 10:00+00');
SELECT available, next_change_at FROM purser.balances_current WHERE feature = 'minutes';
SELECT outcome, available FROM purser.consume('acme', 'minutes', 1, 'm-5');
SELECT source, amount, effective_at, expires_at FROM purser.grants
WHERE feature = 'minutes' AND source = 'rollover' AND effective_at < '2026-04-30 10:00+00' ORDER BY effective_at;
