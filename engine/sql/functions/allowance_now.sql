-- What a holder who has used nothing yet would find: the sum of the allowances for one subject at this instant. Lets a
-- check answer before the subject's balance was ever made.
CREATE OR REPLACE FUNCTION purser.allowance_now(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz,
  OUT unlimited boolean, OUT granted numeric, OUT resets_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  SELECT coalesce(bool_or(a.unlimited), false), coalesce(sum(a.amount), 0), nullif(min(least(w.ends_at, a.ends_at)), 'infinity')
    INTO unlimited, granted, resets_at
    FROM purser.allowances a
    CROSS JOIN LATERAL purser.window_at(a.window_unit, a.window_count, a.anchor, a.time_zone, p_at) w
    WHERE a.tenant_id = p_tenant AND a.feature = p_feature AND a.slot = p_slot
      AND a.per = CASE WHEN p_subject = '' THEN 'tenant' ELSE 'subject' END
      AND a.effective_at <= p_at AND p_at < a.ends_at;
END
$$;
