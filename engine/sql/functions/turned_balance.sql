-- What the row of one balance says once everything due by an instant has happened. Reads only: open_interval writes it,
-- balance_now answers with it where nobody has turned the balance yet, and for the past by what was known when the balance had
-- a version.
CREATE OR REPLACE FUNCTION purser.turned_balance(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz, p_version bigint DEFAULT NULL,
  OUT denied_reason text, OUT restricted_by text, OUT enforcement text, OUT per text, OUT unlimited boolean,
  OUT granted numeric, OUT used numeric, OUT held numeric, OUT exceeded numeric, OUT window_turned boolean, OUT turned_at timestamptz,
  OUT next_change_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_valid_from  timestamptz;
BEGIN
  SELECT coalesce(bool_or(g.unlimited) FILTER (WHERE g.active), false),
         coalesce(sum(g.amount) FILTER (WHERE g.active AND NOT g.unlimited), 0),
         coalesce(sum(g.used) FILTER (WHERE g.active), 0),
         coalesce(sum(g.held) FILTER (WHERE g.active), 0), coalesce(sum(g.exceeded) FILTER (WHERE g.active), 0),
         -- Overage belongs to its window: of several allowances the one whose window ends last.
         coalesce(max(w.ends_at) FILTER (WHERE g.was_active) <= p_at, false),
         greatest(max(g.effective_at) FILTER (WHERE g.effective_at <= p_at), max(g.ends_at) FILTER (WHERE g.ended)),
         least(min(g.effective_at) FILTER (WHERE g.effective_at > p_at), min(g.ends_at) FILTER (WHERE g.ends_at > p_at))
    INTO unlimited, granted, used, held, exceeded, window_turned, turned_at, next_change_at
    FROM purser.grants_after_turn(p_slot, p_tenant, p_subject, p_feature, p_at, p_version) g
    LEFT JOIN purser.allowances a ON a.tenant_id = p_tenant AND a.allowance_id = g.allowance_id AND a.slot = p_slot
    LEFT JOIN LATERAL purser.window_at(a.window_unit, a.window_count, a.anchor, a.time_zone, g.effective_at) w
      ON a.allowance_id IS NOT NULL;

  SELECT CASE WHEN NOT r.allowed THEN r.reason END, r.restricted_by, r.enforcement, r.per, r.valid_from
    INTO denied_reason, restricted_by, enforcement, per, v_valid_from
    FROM purser.resolve_entitlement(p_slot, p_tenant, p_subject, p_feature, p_at, p_version IS NOT NULL) r;

  turned_at := greatest(turned_at, v_valid_from, (
    SELECT max(h.expires_at) FROM purser.open_holds_at(p_slot, p_tenant, p_subject, p_feature, p_version) h
    WHERE h.expires_at <= p_at));
  IF turned_at = '-infinity' OR turned_at IS NULL THEN
    turned_at := p_at;
  END IF;
  next_change_at := least(coalesce(next_change_at, 'infinity'),
                          purser.next_change_after(p_slot, p_tenant, p_subject, p_feature, p_at, p_version));
END
$$;
