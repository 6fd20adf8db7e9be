-- Every consumption, newest versions last: what was taken, by whom, under which key (of a settled hold the hold's), and what
-- was left.
CREATE OR REPLACE VIEW purser.consumptions WITH (security_invoker = true) AS
SELECT f.tenant_id, f.subject, f.feature, f.version,
       CASE f.kind WHEN 'settle' THEN f.reference ELSE f.idempotency_key END AS idempotency_key, f.amount, f.overage,
       f.balance_after, coalesce(f.acting_subject, f.subject) AS acting_subject, f.recorded_at, f.occurred_at, f.metadata
FROM purser.balance_facts f
WHERE f.kind IN ('consume', 'settle');
