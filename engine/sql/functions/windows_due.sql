-- The windows of a balance's allowances that need a grant at an instant: the one that holds it, and those that ended since
-- the balance was last turned and hand something on (rolls_over). Each with the stretch of it that its allowance covers and
-- what the allowance comes to there when nothing of the window had been used.
CREATE OR REPLACE FUNCTION purser.windows_due(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz, p_since timestamptz
) RETURNS TABLE (
  allowance_id uuid, source text, family uuid, amount numeric, unlimited boolean, priority integer, on_change text,
  number bigint, window_starts_at timestamptz, window_ends_at timestamptz, starts_at timestamptz, ends_at timestamptz,
  rolls_over boolean, rollover_cap numeric, rollover_ends_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 2
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH RECURSIVE promised AS (
    SELECT a.*
      FROM purser.allowances a
      WHERE a.tenant_id = p_tenant AND a.feature = p_feature AND a.slot = p_slot AND a.effective_at < a.ends_at
        -- What masks a plan does so for whoever holds the feature.
        AND (a.per = CASE WHEN p_subject = '' THEN 'tenant' ELSE 'subject' END OR a.source IN ('override', 'restriction'))
  ), walked AS (
    SELECT p.allowance_id, 0 AS back, w.number, w.starts_at, w.ends_at
      FROM promised p
      CROSS JOIN LATERAL purser.window_at(p.window_unit, p.window_count, p.anchor, p.time_zone, p_at) w
      WHERE p.effective_at <= p_at AND (p.ends_at > p_at OR p.rollover_cap IS NOT NULL AND p.ends_at > p_since)
    UNION ALL
    SELECT w.allowance_id, w.back + 1, w.number - 1,
           purser.window_start(p.window_unit, p.window_count, p.anchor, p.time_zone, w.number - 1), w.starts_at
      FROM walked w JOIN promised p ON p.allowance_id = w.allowance_id
      WHERE p.rollover_cap IS NOT NULL AND w.back < p.rollover_windows AND w.starts_at > p_since
  )
  SELECT p.allowance_id, p.source, coalesce(p.subscription_id, p.allowance_id), p.amount, p.unlimited, p.priority, p.on_change,
         w.number, w.starts_at, w.ends_at,
         -- Where something masked the allowance earlier in this window, it begins again when that ended.
         greatest(w.starts_at, p.effective_at, (
           SELECT max(m.ends_at) FROM promised m
           WHERE m.mask_rank > p.mask_rank AND m.ends_at <= least(p_at, w.ends_at) AND m.ends_at > p.effective_at)),
         least(w.ends_at, p.ends_at), w.back > 0, p.rollover_cap,
         CASE WHEN w.back > 0 THEN
           purser.window_start(p.window_unit, p.window_count, p.anchor, p.time_zone, w.number + 1 + p.rollover_windows) END
    FROM walked w
    JOIN promised p ON p.allowance_id = w.allowance_id
    WHERE CASE WHEN w.back = 0
      THEN p_at < p.ends_at
           AND NOT EXISTS (SELECT FROM promised m WHERE m.mask_rank > p.mask_rank AND m.effective_at <= p_at AND p_at < m.ends_at)
      ELSE NOT p.unlimited AND p.effective_at < w.ends_at AND w.ends_at <= p.ends_at
           AND NOT EXISTS (SELECT FROM promised m
                           WHERE m.mask_rank > p.mask_rank AND m.effective_at < w.ends_at AND w.ends_at <= m.ends_at)
    END;
END
$$;
