-- A restriction limits a feature while a downgrade waits. Disabled denies everything, but work that holds something may
-- settle it. Frozen keeps what is there, readable and claimed, and lets nothing new begin. Degraded allows with the lower
-- value that the feature declares. Its end is written with its beginning, and nobody has to lift it.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT outcome, available FROM purser.reserve('acme', 'reports', 10, 'batch', p_expires_at => '2026-03-01 12:00+00');
SELECT outcome, claimed FROM purser.claim('acme', 'projects', 'apollo');

SELECT outcome FROM purser.write_restriction('acme', 'reports', p_mode => 'disabled',
  p_effective_at => '2026-03-01 09:00+00', p_ends_at => '2026-03-08 09:00+00', p_actor => 'ann');
SELECT outcome FROM purser.write_restriction('acme', 'projects', p_mode => 'frozen',
  p_effective_at => '2026-03-01 09:00+00', p_ends_at => '2026-03-08 09:00+00', p_actor => 'ann');
SELECT outcome FROM purser.write_restriction('acme', 'history', p_mode => 'degraded', p_degraded_value => '30',
  p_effective_at => '2026-03-01 09:00+00', p_ends_at => '2026-03-08 09:00+00', p_actor => 'ann');
SELECT feature, allowed, reason, restricted_by, value, unlocked_by
FROM unnest(ARRAY['history', 'projects', 'reports']) asked, purser.check_entitlement('acme', asked) ORDER BY feature;

-- Disabled: no consumption and no hold begins, the open one is settled.
SELECT outcome, restricted_by FROM purser.consume('acme', 'reports', 1, 'r-1');
SELECT outcome FROM purser.reserve('acme', 'reports', 1, 'batch-2', p_expires_at => '2026-03-01 12:00+00');
SELECT outcome, amount FROM purser.settle('acme', 'batch', 10);

-- What happened before it is told again, with what restricts the balance now; of a key that was for something else nothing is.
SELECT outcome, replayed, available, resets_at, restricted_by FROM purser.reserve('acme', 'reports', 10, 'batch', p_expires_at => '2026-03-01 12:00+00');
SELECT outcome, field, resets_at, restricted_by FROM purser.reserve('acme', 'reports', 11, 'batch', p_expires_at => '2026-03-01 12:00+00');
SELECT outcome, field, resets_at, restricted_by FROM purser.consume('acme', 'reports', 11, 'batch');

-- Frozen: apollo stays and is still claimed, borealis has to wait.
SELECT outcome, replayed, claimed FROM purser.claim('acme', 'projects', 'apollo');
SELECT outcome, claimed FROM purser.claim('acme', 'projects', 'borealis');

-- A week later it is over, and every number is where it was.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-08 09:00+00');
SELECT feature, allowed, reason, restricted_by, value, used, remaining
FROM unnest(ARRAY['history', 'projects', 'reports']) asked, purser.check_entitlement('acme', asked) ORDER BY feature;
SELECT outcome, available FROM purser.consume('acme', 'reports', 1, 'r-1');
SELECT outcome, claimed FROM purser.claim('acme', 'projects', 'borealis');
