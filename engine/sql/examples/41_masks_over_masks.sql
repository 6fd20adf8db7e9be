-- Overrides that overlap: of two amounts the last one written holds while it lasts, and the other comes back at its end. An
-- amount that a restriction degrades to stands in for both, and one degraded amount for another by the same rule. What the
-- window was used for goes with it all the way.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-01-31 10:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT outcome, available FROM purser.consume('acme', 'reports', 70, 'r-1');

-- Sold in January: 500 until the end of February. An incident, three days long: 90 instead.
SELECT outcome FROM purser.write_override('acme', 'reports', p_effect => 'allow', p_amount => 500, p_reason => 'sales',
  p_effective_at => '2026-01-31 10:00+00', p_ends_at => '2026-02-28 09:00+00', p_actor => 'ann');
SELECT outcome, available FROM purser.consume('acme', 'reports', 5, 'r-2');
SELECT outcome FROM purser.write_override('acme', 'reports', p_effect => 'allow', p_amount => 90, p_reason => 'incident',
  p_effective_at => '2026-02-01 10:00+00', p_ends_at => '2026-02-04 10:00+00', p_actor => 'bob');

-- Without an amount an override says that the feature may be used, and leaves the amounts as they are.
SELECT outcome FROM purser.write_override('acme', 'reports', p_effect => 'allow', p_reason => 'support',
  p_effective_at => '2026-01-31 11:00+00', p_ends_at => '2026-02-20 10:00+00', p_actor => 'bob');

-- A restriction to 80 in the middle of the incident, and one to 85 around it that is written later.
SELECT outcome FROM purser.write_restriction('acme', 'reports', p_mode => 'degraded', p_degraded_value => '80',
  p_effective_at => '2026-02-02 10:00+00', p_ends_at => '2026-02-03 10:00+00', p_actor => 'ann');
SELECT outcome FROM purser.write_restriction('acme', 'reports', p_mode => 'degraded', p_degraded_value => '85',
  p_effective_at => '2026-02-02 16:00+00', p_ends_at => '2026-02-02 20:00+00', p_actor => 'ann');

-- 425, then 90 - 75, 80 - 75, 85 - 75 of which one is taken, 80 - 76, 90 - 76, 500 - 76, and the plan's 100 - 76.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-01-31 12:00+00');
SELECT reason, remaining FROM purser.check_entitlement('acme', 'reports');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-01 10:00+00');
SELECT reason, remaining FROM purser.check_entitlement('acme', 'reports');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-02 10:00+00');
SELECT reason, remaining, restricted_by FROM purser.check_entitlement('acme', 'reports');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-02 16:00+00');
SELECT outcome, available FROM purser.consume('acme', 'reports', 1, 'r-3');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-02 20:00+00');
SELECT reason, remaining, restricted_by FROM purser.check_entitlement('acme', 'reports');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-03 10:00+00');
SELECT reason, remaining FROM purser.check_entitlement('acme', 'reports');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-04 10:00+00');
SELECT reason, remaining FROM purser.check_entitlement('acme', 'reports');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-28 09:00+00');
SELECT reason, remaining FROM purser.check_entitlement('acme', 'reports');

-- Why each of them is what it is.
SELECT status, amount, used, ended_by, reason FROM purser.explain_grants('acme', 'reports') ORDER BY position;

-- Of two values the last one written holds as well, and the first is back after it.
SELECT outcome FROM purser.write_override('acme', 'history', p_effect => 'allow', p_value => '1000', p_reason => 'sales',
  p_effective_at => '2026-02-28 09:00+00', p_ends_at => '2026-03-10 09:00+00', p_actor => 'ann');
SELECT outcome FROM purser.write_override('acme', 'history', p_effect => 'allow', p_value => '7', p_reason => 'incident',
  p_effective_at => '2026-02-28 09:00+00', p_ends_at => '2026-03-01 09:00+00', p_actor => 'bob');
SELECT outcome FROM purser.write_override('acme', 'history', p_effect => 'allow', p_reason => 'support',
  p_effective_at => '2026-02-28 09:00+00', p_ends_at => '2026-03-01 09:00+00', p_actor => 'bob');
SELECT reason, value FROM purser.check_entitlement('acme', 'history');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-03-01 09:00+00');
SELECT reason, value FROM purser.check_entitlement('acme', 'history');
