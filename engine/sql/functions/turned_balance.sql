-- What the row of one balance says once everything due by an instant has happened. Reads only: turn_balance writes it,
-- balance_now answers with it where nobody has turned the balance yet.
CREATE OR REPLACE FUNCTION purser.turned_balance(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz,
  OUT denied_reason text, OUT restricted_by text, OUT enforcement text, OUT per text, OUT unlimited boolean,
  OUT granted numeric, OUT used numeric, OUT window_turned boolean, OUT turned_at timestamptz,
  OUT next_change_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_valid_from   timestamptz;
  v_valid_until  timestamptz;
  v_allowance_at timestamptz;
BEGIN
  SELECT coalesce(bool_or(g.unlimited) FILTER (WHERE g.active), false),
         coalesce(sum(g.amount) FILTER (WHERE g.active AND NOT g.unlimited), 0),
         coalesce(sum(g.used) FILTER (WHERE g.active), 0),
         -- Overage belongs to its window: of several allowances the one whose window ends last.
         coalesce(bool_or(g.was_active AND g.allowance_id IS NOT NULL AND g.expires_at <= p_at)
           AND NOT bool_or(g.was_active AND g.allowance_id IS NOT NULL AND g.expires_at > p_at AND NOT g.allowance_ended),
           false),
         greatest(max(g.effective_at) FILTER (WHERE g.effective_at <= p_at),
                  max(g.expires_at) FILTER (WHERE g.expires_at <= p_at)),
         least(min(g.effective_at) FILTER (WHERE g.effective_at > p_at),
               min(g.expires_at) FILTER (WHERE g.expires_at > p_at))
    INTO unlimited, granted, used, window_turned, turned_at, next_change_at
    FROM purser.grants_after_turn(p_slot, p_tenant, p_subject, p_feature, p_at) g;

  -- An allowance that begins later, ends before its window does, or whose grant of this window was voided.
  SELECT min(least(CASE WHEN a.effective_at > p_at THEN a.effective_at END, a.ends_at,
                   (purser.window_at(a.window_unit, a.window_count, a.anchor, a.time_zone, p_at)).ends_at))
    INTO v_allowance_at
    FROM purser.allowances a
    WHERE a.tenant_id = p_tenant AND a.feature = p_feature AND a.slot = p_slot AND a.ends_at > p_at
      AND a.per = CASE WHEN p_subject = '' THEN 'tenant' ELSE 'subject' END;

  SELECT CASE WHEN NOT r.allowed THEN r.reason END, r.restricted_by, r.enforcement, r.per, r.valid_from, r.valid_until
    INTO denied_reason, restricted_by, enforcement, per, v_valid_from, v_valid_until
    FROM purser.resolve_entitlement(p_slot, p_tenant, p_subject, p_feature, p_at) r;

  turned_at := greatest(turned_at, v_valid_from);
  IF turned_at = '-infinity' OR turned_at IS NULL THEN
    turned_at := p_at;
  END IF;
  next_change_at := coalesce(least(next_change_at, v_allowance_at, v_valid_until), 'infinity');
END
$$;
