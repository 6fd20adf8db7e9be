-- What happened to a balance from the beginning of the window an instant falls into up to that instant (where there is no
-- window, from the beginning), the newest first, a page of p_count behind the version p_before. Each consumption with the
-- grants that paid for it, each reversal with those it went back to: [{grantId, dedupeKey, source, amount, lapsed,
-- provisional}]. reason is what was said when it was reversed or voided.
CREATE OR REPLACE FUNCTION purser.explain_facts(
  p_tenant text, p_feature text, p_subject text DEFAULT '', p_at timestamptz DEFAULT NULL, p_before bigint DEFAULT NULL,
  p_count integer DEFAULT 50
) RETURNS TABLE (
  version bigint, kind text, amount numeric, overage numeric, balance_after numeric, idempotency_key text, reference text,
  acting_subject text, recorded_at timestamptz, occurred_at timestamptz, lineage jsonb, reason text
)
LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 50
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_place record;
  v_last  bigint;
  v_first bigint := 0;
BEGIN
  SELECT p.* INTO v_place FROM purser.explained_balance(p_tenant, p_feature, p_subject, p_at) p;
  v_last := least(v_place.version, p_before - 1);
  IF v_place.window_starts_at IS NOT NULL THEN
    v_first := purser.version_at(v_place.slot, p_tenant, v_place.subject, v_place.feature,
                                 v_place.window_starts_at - interval '1 microsecond');
  END IF;
  RETURN QUERY
  WITH page AS MATERIALIZED (
    SELECT f.* FROM purser.balance_facts f
      WHERE f.tenant_id = p_tenant AND f.subject = v_place.subject AND f.feature = v_place.feature AND f.slot = v_place.slot
        AND f.version <= v_last AND f.version > v_first
      ORDER BY f.version DESC
      LIMIT greatest(p_count, 0)
  ), lines AS (
    SELECT l.version, jsonb_agg(jsonb_build_object('grantId', l.grant_id, 'dedupeKey', l.dedupe_key, 'source', l.source,
             'amount', trim_scale(l.amount)::text, 'lapsed', '0', 'provisional', l.provisional) ORDER BY l.position) AS lineage
      FROM purser.consumption_lineage l
      WHERE l.tenant_id = p_tenant AND l.subject = v_place.subject AND l.feature = v_place.feature
        AND l.version IN (SELECT p.version FROM page p WHERE p.kind IN ('consume', 'settle'))
      GROUP BY l.version
    UNION ALL
    SELECT a.version, jsonb_agg(jsonb_build_object('grantId', a.grant_id, 'dedupeKey', g.dedupe_key, 'source', g.source,
             'amount', trim_scale(a.amount)::text, 'lapsed', trim_scale(a.lapsed)::text, 'provisional', false)
             ORDER BY g.priority, g.expires_at, g.issued_version, g.grant_id)
      FROM page p
      JOIN purser.allocations a ON a.tenant_id = p.tenant_id AND a.subject = p.subject AND a.feature = p.feature
        AND a.version = p.version AND a.slot = p.slot
      JOIN purser.grants g ON g.tenant_id = a.tenant_id AND g.grant_id = a.grant_id AND g.slot = a.slot
      WHERE p.kind = 'reverse'
      GROUP BY a.version
  )
  SELECT p.version, p.kind, p.amount, p.overage, p.balance_after,
         coalesce(p.idempotency_key, CASE p.kind WHEN 'settle' THEN p.reference END),
         -- A grant by the name its issuer knows.
         CASE WHEN p.kind IN ('grant', 'void') THEN (
           SELECT g.dedupe_key FROM purser.grants g
           WHERE g.tenant_id = p.tenant_id AND g.grant_id = p.reference::uuid AND g.slot = p.slot) ELSE p.reference END,
         coalesce(p.acting_subject, nullif(p.subject, '')), p.recorded_at, p.occurred_at, coalesce(l.lineage, '[]'),
         CASE p.kind
           WHEN 'reverse' THEN p.metadata ->> 'reason'
           WHEN 'void' THEN (
             SELECT v.reason FROM purser.grant_voids v
             WHERE v.tenant_id = p.tenant_id AND v.grant_id = p.reference::uuid AND v.slot = p.slot)
         END
    FROM page p
    LEFT JOIN lines l ON l.version = p.version
    ORDER BY p.version DESC;
END
$$;
