-- The last instant until another one, and the first after it, at which a balance changes by time alone: a grant begins or
-- ends, a hold expires, a window turns, an allowance begins or ends, access changes. With a version it goes by what was known
-- when the balance had it, and by the ends that were written since. p_access_until is when access changes next, where the
-- caller has asked already and only wants to know what is next. Of what is next, gains_at is the first instant that may give
-- more: a window turns and its allowance goes on, an allowance or a grant begins, what masked an allowance ends.
CREATE OR REPLACE FUNCTION purser.changes_around(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz, p_version bigint DEFAULT NULL,
  p_access_until timestamptz DEFAULT NULL, OUT last_at timestamptz, OUT next_at timestamptz, OUT gains_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  SELECT max(c.instant) FILTER (WHERE c.instant <= p_at AND isfinite(c.instant)),
         coalesce(min(c.instant) FILTER (WHERE c.instant > p_at), 'infinity'),
         coalesce(min(c.instant) FILTER (WHERE c.instant > p_at AND c.gains), 'infinity')
    INTO last_at, next_at, gains_at
    FROM (
      SELECT unnest(ARRAY[g.effective_at, g.expires_at]) AS instant, unnest(ARRAY[true, false]) AS gains
        FROM purser.open_grants_at(p_slot, p_tenant, p_subject, p_feature, p_version) g
      UNION ALL
      SELECT h.expires_at, false FROM purser.open_holds_at(p_slot, p_tenant, p_subject, p_feature, p_version) h
      UNION ALL
      SELECT unnest(ARRAY[a.effective_at, a.ends_at, w.starts_at, w.ends_at]),
             unnest(ARRAY[true, a.source IN ('override', 'restriction'), false, w.ends_at < a.ends_at AND NOT EXISTS (
               SELECT FROM purser.allowances m
               WHERE m.tenant_id = p_tenant AND m.feature = p_feature AND m.slot = p_slot
                 AND m.mask_rank > a.mask_rank AND m.effective_at <= w.ends_at AND w.ends_at < m.ends_at)])
        FROM purser.allowances a
        LEFT JOIN LATERAL purser.window_at(a.window_unit, a.window_count, a.anchor, a.time_zone, p_at) w
          ON a.effective_at <= p_at AND p_at < a.ends_at
        WHERE a.tenant_id = p_tenant AND a.feature = p_feature AND a.slot = p_slot AND a.effective_at < a.ends_at
          -- What masks a plan does so for whoever holds the feature.
          AND (a.per = CASE WHEN p_subject = '' THEN 'tenant' ELSE 'subject' END OR a.source IN ('override', 'restriction'))
      UNION ALL
      SELECT unnest(ARRAY[r.valid_from, r.valid_until]), false
        FROM purser.resolve_entitlement(p_slot, p_tenant, p_subject, p_feature, p_at, p_version IS NOT NULL) r
        WHERE p_access_until IS NULL
      UNION ALL
      SELECT p_access_until, false
    ) c;
END
$$;
