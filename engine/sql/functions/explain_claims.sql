-- The slots of a capacity that were occupied under a name at an instant, the newest first; those that came last are the ones
-- beyond the limit, where there are any. None where the slots are counted by report_count.
CREATE OR REPLACE FUNCTION purser.explain_claims(
  p_tenant text, p_feature text, p_subject text DEFAULT '', p_at timestamptz DEFAULT NULL, p_count integer DEFAULT 100
) RETURNS TABLE (resource text, claimed_at timestamptz, claimed_version bigint, beyond_limit boolean)
LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 50
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_place record;
  v_over  numeric;
BEGIN
  SELECT p.* INTO v_place FROM purser.explained_balance(p_tenant, p_feature, p_subject, p_at) p;
  SELECT n.over_limit INTO v_over
    FROM purser.balance_now(v_place.slot, p_tenant, v_place.subject, v_place.feature, v_place.at) n;
  RETURN QUERY
  WITH known AS (
    SELECT c.resource, c.claimed_at, c.claimed_version
      FROM purser.claims c
      WHERE c.tenant_id = p_tenant AND c.subject = v_place.subject AND c.feature = v_place.feature AND c.slot = v_place.slot
        AND c.claimed_version <= v_place.version
        AND (c.released_version IS NULL OR c.released_version > v_place.version)
    UNION ALL
    -- Of a name that was released and claimed again since, the row knows only the last time.
    SELECT f.reference, f.recorded_at, f.version
      FROM (
        SELECT DISTINCT ON (f.reference) f.reference, f.recorded_at, f.version, f.kind
          FROM purser.claims c
          JOIN purser.balance_facts f ON f.tenant_id = c.tenant_id AND f.subject = c.subject AND f.feature = c.feature
            AND f.slot = c.slot AND f.reference = c.resource AND f.kind IN ('claim', 'release_claim')
            AND f.version <= v_place.version
          WHERE c.tenant_id = p_tenant AND c.subject = v_place.subject AND c.feature = v_place.feature
            AND c.slot = v_place.slot AND c.claimed_version > v_place.version
          ORDER BY f.reference, f.version DESC) f
      WHERE f.kind = 'claim'
  )
  SELECT k.resource, k.claimed_at, k.claimed_version,
         row_number() OVER (ORDER BY k.claimed_version DESC) <= coalesce(v_over, 0)
    FROM known k
    ORDER BY k.claimed_version DESC
    LIMIT p_count;
END
$$;
