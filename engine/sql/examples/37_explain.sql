-- Why is the balance what it is? explain answers from immutable rows, for now and for any instant that has passed, and says
-- what a check said then: whatever happened since, and whether or not anybody had turned the balance by then.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-01-31 10:00+00'), pg_temp.put_on_plan('acme', 'pro');
SELECT outcome, available FROM purser.issue_grant('acme', 'reports', 30, 'order-7', p_source => 'top_up', p_expires_at => '2026-02-20 00:00+00');
SELECT outcome, available FROM purser.consume('acme', 'reports', 40, 'r-1');

-- On the tenth somebody asks. What a check answers then is written down here, to be compared below.
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-10 12:00+00');
SELECT outcome, available FROM purser.reserve('acme', 'reports', 25, 'batch', p_expires_at => '2026-02-10 18:00+00');
SELECT allowed, reason, quantity_limit, used, remaining FROM purser.check_entitlement('acme', 'reports');

-- Later the hold is settled with less, the order voided, the feature overridden, the plan left; three windows go by.
SELECT outcome, amount, available FROM purser.settle('acme', 'batch', 10);
SELECT outcome FROM purser.advance_test_clock('acme', '2026-02-12 09:00+00');
SELECT outcome, lapsed FROM purser.void_grant('acme', 'order-7', 'charged twice', 'mia');
SELECT outcome FROM purser.write_override('acme', 'reports', 'allow', 'sales', NULL, '2026-02-15 09:00+00', 'mia', p_amount => 200);
SELECT outcome FROM purser.advance_test_clock('acme', '2026-05-31 12:00+00');
SELECT outcome, available FROM purser.consume('acme', 'reports', 3, 'r-2');

-- Now: a window of its own, and 3 used of it.
SELECT allowed, reason, plan, granted, used, held, available, overage, window_starts_at, window_ends_at FROM purser.explain('acme', 'reports');
SELECT "position", source, status, amount, used, remaining, ended_at, ended_by, reason
FROM purser.explain_grants('acme', 'reports', p_ended => 3);

-- At noon of 10 February, in the end: the hold had just been settled. The order had not been voided then and paid first.
SELECT allowed, reason, granted, used, held, available, window_starts_at, window_ends_at
FROM purser.explain('acme', 'reports', p_at => '2026-02-10 12:00+00');
SELECT "position", source, status, amount, used, held, remaining
FROM purser.explain_grants('acme', 'reports', p_at => '2026-02-10 12:00+00');
SELECT hold_key, status, amount, settled, expires_at, ended_at FROM purser.explain_holds('acme', 'reports', p_at => '2026-02-10 12:00+00');
SELECT version, kind, idempotency_key, amount, balance_after, recorded_at,
       ARRAY(SELECT concat_ws(' ', l ->> 'amount', l ->> 'source') FROM jsonb_array_elements(lineage) l) AS paid_by
FROM purser.explain_facts('acme', 'reports', p_at => '2026-02-10 12:00+00');

-- On the 13th the override stood in the place of the allowance; the void and who did it are told.
SELECT allowed, reason, source, granted, used, available FROM purser.explain('acme', 'reports', p_at => '2026-02-13 00:00+00');
SELECT "position", source, status, amount, used, remaining, ended_by, reason
FROM purser.explain_grants('acme', 'reports', p_at => '2026-02-13 00:00+00');

-- Why it was voided is told with what happened, and so is what was said of a reversal.
SELECT outcome FROM purser.reverse_consumption('acme', 'r-2', 'undo-1', p_amount => 1, p_reason => 'one failed');
SELECT version, kind, amount, reference, reason FROM purser.explain_facts('acme', 'reports') WHERE kind = 'reverse';
SELECT version, kind, amount, reference, reason
FROM purser.explain_facts('acme', 'reports', p_at => '2026-02-13 00:00+00') WHERE kind = 'void';

-- In March nobody asked and no row was left; it was the whole allowance all the same. Before the plan there was nothing.
SELECT allowed, reason, granted, used, available, version FROM purser.explain('acme', 'reports', p_at => '2026-03-30 00:00+00');
SELECT allowed, reason, granted, used, available, version FROM purser.explain('acme', 'reports', p_at => '2026-01-01 00:00+00');

-- An instant to come: what will be the case where nothing else happens.
SELECT granted, used, available, window_ends_at FROM purser.explain('acme', 'reports', p_at => '2026-06-30 10:00+00');

-- Seats by name. What was released and claimed again since is told as it was.
SELECT outcome FROM purser.claim('acme', 'projects', 'apollo');
SELECT outcome FROM purser.claim('acme', 'projects', 'gemini');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-06-01 12:00+00');
SELECT outcome FROM purser.release_claim('acme', 'projects', 'apollo');
SELECT outcome FROM purser.advance_test_clock('acme', '2026-06-02 12:00+00');
SELECT outcome FROM purser.claim('acme', 'projects', 'apollo');
SELECT outcome FROM purser.write_override('acme', 'projects', 'allow', 'incident', NULL, '2026-06-03 12:00+00', 'mia', p_amount => 1);
SELECT reason, granted, claimed, available, over_limit FROM purser.explain('acme', 'projects');
SELECT resource, claimed_at, beyond_limit FROM purser.explain_claims('acme', 'projects');
SELECT reason, claimed, available FROM purser.explain('acme', 'projects', p_at => '2026-05-31 18:00+00');
SELECT resource, claimed_at FROM purser.explain_claims('acme', 'projects', p_at => '2026-05-31 18:00+00');
SELECT resource, claimed_at FROM purser.explain_claims('acme', 'projects', p_at => '2026-06-01 18:00+00');

-- verify recomputes all of it and has nothing to say.
SELECT * FROM purser.verify('acme');
