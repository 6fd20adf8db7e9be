-- An override may be written before there is anything it stands in the place of. When a plan brings the feature, to each
-- user by themselves, the override holds for each of them, and at its end each has what the plan gives.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-01-31 10:00+00');
SELECT outcome FROM purser.write_override('acme', 'drafts', p_effect => 'allow', p_amount => 3, p_reason => 'support',
  p_effective_at => '2026-01-31 11:00+00', p_ends_at => '2026-02-01 11:00+00', p_actor => 'ann');
SELECT allowed, reason, resets_at FROM purser.check_entitlement('acme', 'drafts');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-01-31 10:30+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT allowed, remaining, resets_at FROM purser.check_entitlement('acme', 'drafts', p_subject => 'ann');

-- Under the override: 3 for ann, 3 for bob.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-01 10:00+00');
SELECT subject, c.allowed, c.reason, c.remaining, c.resets_at
FROM unnest(ARRAY['ann', 'bob']) subject, purser.check_entitlement('acme', 'drafts', p_subject => subject) c ORDER BY subject;
SELECT outcome, available FROM purser.consume('acme', 'drafts', 2, 'd-1', p_subject => 'ann');

-- At its end: 20 - 2, and 20.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-01 11:00+00');
SELECT subject, c.remaining FROM unnest(ARRAY['ann', 'bob']) subject, purser.check_entitlement('acme', 'drafts', p_subject => subject) c ORDER BY subject;
SELECT outcome, available FROM purser.consume('acme', 'drafts', 18, 'd-2', p_subject => 'ann');

-- What the plan's window was used for until then counts, and so does what holds keep of it: 3 - 1 - 2.
SELECT pg_temp.open_tenant('birch', '2026-01-31 10:00+00');
SELECT outcome FROM purser.write_override('birch', 'reports', p_effect => 'allow', p_amount => 3, p_reason => 'support',
  p_effective_at => '2026-01-31 11:00+00', p_ends_at => '2026-02-01 11:00+00', p_actor => 'ann');
SELECT pg_temp.put_on_plan('birch', 'pro');
SELECT outcome, available FROM purser.consume('birch', 'reports', 1, 'r-1');
SELECT outcome, available FROM purser.reserve('birch', 'reports', 2, 'r-2', '2026-01-31 14:00+00');
SELECT outcome FROM purser.advance_test_clock('birch', '2026-01-31 11:00+00');
SELECT allowed, reason, remaining FROM purser.check_entitlement('birch', 'reports');
SELECT outcome, available FROM purser.consume('birch', 'reports', 1, 'r-3');
