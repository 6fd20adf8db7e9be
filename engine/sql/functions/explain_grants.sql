-- The grants behind a balance at an instant, in burn order: those that count, those that do not count yet, and of those that
-- have ended the last ones, each with why. status: counts, resting (an unlimited grant pays meanwhile), not_yet, expired,
-- voided (ended_by, reason), masked (by an override or a restriction), replaced (its allowance ended, another plan came). A
-- grant that has ended may still be held, by the holds that were pinned to it.
CREATE OR REPLACE FUNCTION purser.explain_grants(
  p_tenant text, p_feature text, p_subject text DEFAULT '', p_at timestamptz DEFAULT NULL, p_ended integer DEFAULT 20
) RETURNS TABLE (
  "position" bigint, grant_id uuid, dedupe_key text, source text, status text, amount numeric, unlimited boolean, used numeric,
  held numeric, remaining numeric, priority integer, effective_at timestamptz, expires_at timestamptz, ended_at timestamptz,
  ended_by text, reason text
)
LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 10
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_place record;
BEGIN
  SELECT p.* INTO v_place FROM purser.explained_balance(p_tenant, p_feature, p_subject, p_at) p;
  RETURN QUERY
  WITH state AS MATERIALIZED (
    SELECT g.* FROM purser.grants_after_turn(v_place.slot, p_tenant, v_place.subject, v_place.feature, v_place.at,
                                             v_place.version) g
  ), interval_open AS (
    SELECT b.interval_no FROM purser.balance_at(v_place.slot, p_tenant, v_place.subject, v_place.feature, v_place.version) b
  ), pins AS (
    SELECT p.grant_id, sum(p.amount) AS amount
      FROM purser.open_holds_at(v_place.slot, p_tenant, v_place.subject, v_place.feature, v_place.version) h
      JOIN purser.hold_pins p ON p.tenant_id = p_tenant AND p.hold_key = h.hold_key AND p.slot = v_place.slot
      WHERE h.expires_at > v_place.at AND h.interval_no < (SELECT interval_no FROM interval_open)
      GROUP BY p.grant_id
  ), past AS (
    -- Those that had left the balance by then; the newest ends first.
    SELECT g.grant_id, coalesce(v.voided_at, g.expires_at) AS ended_at, v.voided_by, v.reason
      FROM purser.grants g
      LEFT JOIN purser.grant_voids v ON v.tenant_id = g.tenant_id AND v.grant_id = g.grant_id AND v.slot = g.slot
        AND v.voided_version <= v_place.version
      WHERE g.tenant_id = p_tenant AND g.subject = v_place.subject AND g.feature = v_place.feature AND g.slot = v_place.slot
        AND g.issued_version <= v_place.version AND g.grant_id NOT IN (SELECT s.grant_id FROM state s)
      ORDER BY 2 DESC, g.issued_version DESC, g.grant_id
      LIMIT greatest(p_ended, 0)
  ), told AS (
    SELECT s.grant_id, s.dedupe_key, s.source, s.amount, s.unlimited, s.used, s.held, s.priority, s.effective_at, s.expires_at,
           s.issued_version, s.allowance_id, s.active, CASE WHEN s.ended THEN s.ends_at END AS ended_at, s.cut_short,
           NULL::text AS voided_by, NULL::text AS reason
      FROM state s
    UNION ALL
    SELECT g.grant_id, g.dedupe_key, g.source, g.amount, g.unlimited,
           purser.grant_used(g.slot, g.tenant_id, g.grant_id, v_place.version), coalesce(n.amount, 0), g.priority, g.effective_at,
           g.expires_at, g.issued_version, g.allowance_id, false, p.ended_at, coalesce(p.voided_by = 'purser', false), p.voided_by,
           p.reason
      FROM past p
      JOIN purser.grants g ON g.tenant_id = p_tenant AND g.grant_id = p.grant_id AND g.slot = v_place.slot
      LEFT JOIN pins n ON n.grant_id = g.grant_id
  ), explained AS (
    SELECT t.*, m.source AS mask, o.created_by, coalesce(o.reason, r.mode) AS mask_reason
      FROM told t
      -- What came in its place at the instant at which it was cut short.
      LEFT JOIN LATERAL (
        SELECT a.* FROM purser.allowances a
        WHERE t.cut_short AND a.tenant_id = p_tenant AND a.feature = v_place.feature AND a.slot = v_place.slot
          AND a.source IN ('override', 'restriction') AND a.effective_at = t.ended_at AND a.effective_at < a.ends_at
        ORDER BY a.mask_rank DESC LIMIT 1) m ON true
      LEFT JOIN purser.overrides o ON o.tenant_id = p_tenant AND o.override_id = m.allowance_id AND o.slot = v_place.slot
      LEFT JOIN purser.restrictions r ON r.tenant_id = p_tenant AND r.restriction_id = m.allowance_id AND r.slot = v_place.slot
  )
  SELECT row_number() OVER (ORDER BY e.ended_at DESC NULLS FIRST, NOT e.unlimited, e.priority, e.expires_at, e.issued_version,
                                     e.grant_id),
         e.grant_id, coalesce(e.dedupe_key, g.dedupe_key), e.source,
         CASE
           WHEN e.ended_at IS NULL AND NOT e.active THEN 'not_yet'
           WHEN e.ended_at IS NULL AND NOT e.unlimited AND bool_or(e.active AND e.unlimited) OVER () THEN 'resting'
           WHEN e.ended_at IS NULL THEN 'counts'
           WHEN e.mask IS NOT NULL THEN 'masked'
           WHEN e.cut_short THEN 'replaced'
           WHEN e.voided_by IS NOT NULL THEN 'voided'
           ELSE 'expired'
         END,
         e.amount, e.unlimited, e.used, e.held,
         -- What nobody can have any more is not left.
         CASE WHEN e.unlimited THEN NULL WHEN e.ended_at IS NULL THEN e.amount - e.used - e.held ELSE 0 END,
         e.priority, e.effective_at, nullif(e.expires_at, 'infinity'), e.ended_at,
         CASE WHEN e.mask IS NOT NULL THEN coalesce(e.created_by, e.mask) WHEN NOT e.cut_short THEN e.voided_by END,
         CASE WHEN e.mask IS NOT NULL THEN e.mask_reason WHEN NOT e.cut_short THEN e.reason END
    FROM explained e
    LEFT JOIN purser.grants g ON g.tenant_id = p_tenant AND g.grant_id = e.grant_id AND g.slot = v_place.slot
    ORDER BY 1;
END
$$;
