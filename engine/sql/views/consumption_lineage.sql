-- Which grants paid for each consumption, in the order in which they were drawn. Fixed once the interval has closed; until
-- then provisional. What was reversed since is not taken off: that is another fact. Overage was paid by no grant.
CREATE OR REPLACE VIEW purser.consumption_lineage WITH (security_invoker = true) AS
SELECT l.tenant_id, l.subject, l.feature, l.version, l.idempotency_key,
       row_number() OVER (PARTITION BY l.tenant_id, l.subject, l.feature, l.version
                          ORDER BY l.part, l.drawn, g.priority, g.expires_at, g.issued_version, g.grant_id) AS position,
       l.grant_id, g.dedupe_key, g.source, l.amount, l.provisional
FROM (
  -- The pinned part of a settled hold.
  SELECT f.slot, f.tenant_id, f.subject, f.feature, f.version, f.reference AS idempotency_key, 1 AS part, 0 AS drawn, a.grant_id,
         a.amount, false AS provisional
  FROM purser.balance_facts f
  JOIN purser.allocations a ON a.tenant_id = f.tenant_id AND a.subject = f.subject AND a.feature = f.feature
    AND a.version = f.version AND a.slot = f.slot
  WHERE f.kind = 'settle'
  UNION ALL
  -- The overlap of two stretches of a closed interval: the consumption's and the grant's.
  SELECT f.slot, f.tenant_id, f.subject, f.feature, f.version, coalesce(f.idempotency_key, f.reference), 2, u.from_used, u.grant_id,
         least(u.to_used, f.interval_used) - greatest(u.from_used, f.interval_used - (f.amount - f.overage - coalesce(f.pinned, 0))),
         false
  FROM purser.balance_facts f
  JOIN purser.burns u ON u.tenant_id = f.tenant_id AND u.subject = f.subject AND u.feature = f.feature
    AND u.interval_no = f.interval_no AND u.slot = f.slot
    AND u.from_used < f.interval_used AND u.to_used > f.interval_used - (f.amount - f.overage - coalesce(f.pinned, 0))
  WHERE f.kind IN ('consume', 'settle') AND f.amount > f.overage + coalesce(f.pinned, 0)
  UNION ALL
  -- And of the interval that is open, as if it closed now.
  SELECT f.slot, f.tenant_id, f.subject, f.feature, f.version, coalesce(f.idempotency_key, f.reference), 2, u.burned_from, u.grant_id,
         least(u.burned_to, f.interval_used) - greatest(u.burned_from, f.interval_used - (f.amount - f.overage - coalesce(f.pinned, 0))),
         true
  FROM purser.balances b
  CROSS JOIN LATERAL purser.grants_closed(b.slot, b.tenant_id, b.subject, b.feature, b.as_of) u
  JOIN purser.balance_facts f ON f.tenant_id = b.tenant_id AND f.subject = b.subject AND f.feature = b.feature
    AND f.interval_no = b.interval_no AND f.slot = b.slot
    AND u.burned_from < f.interval_used AND u.burned_to > f.interval_used - (f.amount - f.overage - coalesce(f.pinned, 0))
  WHERE b.interval_used > 0 AND f.kind IN ('consume', 'settle')
    AND f.amount > f.overage + coalesce(f.pinned, 0) AND u.burned_to > u.burned_from
) l
JOIN purser.grants g ON g.tenant_id = l.tenant_id AND g.grant_id = l.grant_id AND g.slot = l.slot;
