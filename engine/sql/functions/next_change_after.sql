-- The first instant after another one at which a balance changes by time alone: a grant begins or ends, a hold expires, a
-- window turns, an allowance begins or ends, access changes. With a version it goes by what was known when the balance had it,
-- and by the ends that were written since. p_access_until is when access changes, where the caller has asked already.
CREATE OR REPLACE FUNCTION purser.next_change_after(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_after timestamptz, p_version bigint DEFAULT NULL,
  p_access_until timestamptz DEFAULT NULL
) RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
BEGIN
  RETURN (
    SELECT coalesce(min(c.instant) FILTER (WHERE c.instant > p_after), 'infinity')
    FROM (
      SELECT unnest(ARRAY[g.effective_at, g.expires_at]) AS instant
        FROM purser.open_grants_at(p_slot, p_tenant, p_subject, p_feature, p_version) g
      UNION ALL
      SELECT h.expires_at FROM purser.open_holds_at(p_slot, p_tenant, p_subject, p_feature, p_version) h
      UNION ALL
      SELECT unnest(ARRAY[a.effective_at, a.ends_at, w.ends_at])
        FROM purser.allowances a
        LEFT JOIN LATERAL purser.window_at(a.window_unit, a.window_count, a.anchor, a.time_zone, p_after) w
          ON a.effective_at <= p_after
        WHERE a.tenant_id = p_tenant AND a.feature = p_feature AND a.slot = p_slot
          AND a.per = CASE WHEN p_subject = '' THEN 'tenant' ELSE 'subject' END
          AND a.effective_at < a.ends_at AND a.ends_at > p_after
      UNION ALL
      SELECT r.valid_until
        FROM purser.resolve_entitlement(p_slot, p_tenant, p_subject, p_feature, p_after, p_version IS NOT NULL) r
        WHERE p_access_until IS NULL
      UNION ALL
      SELECT p_access_until
    ) c);
END
$$;
