-- What the row of one balance says once everything due by an instant has happened. Reads only: open_interval writes it,
-- balance_now answers with it where nobody has turned the balance yet, and for the past by what was known when the balance had
-- a version.
CREATE OR REPLACE FUNCTION purser.turned_balance(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz, p_version bigint DEFAULT NULL,
  OUT denied_reason text, OUT restricted_by text, OUT enforcement text, OUT per text, OUT unlimited boolean,
  OUT granted numeric, OUT used numeric, OUT held numeric, OUT exceeded numeric, OUT window_turned boolean,
  OUT next_change_at timestamptz, OUT resets_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_valid_until timestamptz;
BEGIN
  SELECT coalesce(bool_or(g.unlimited) FILTER (WHERE g.active), false),
         coalesce(sum(g.amount) FILTER (WHERE g.active AND NOT g.unlimited), 0),
         coalesce(sum(g.used) FILTER (WHERE g.active), 0),
         coalesce(sum(g.held) FILTER (WHERE g.active), 0), coalesce(sum(g.exceeded) FILTER (WHERE g.active), 0),
         -- Overage belongs to its window, of several allowances the one whose window ends last, and ends with the last of them.
         coalesce(max(g.window_ends_at) FILTER (WHERE g.was_active) <= p_at
                  OR max(g.window_ends_at) FILTER (WHERE g.was_active) IS NOT NULL
                     AND NOT coalesce(bool_or(g.allowance_id IS NOT NULL) FILTER (WHERE g.active), false), false)
    INTO unlimited, granted, used, held, exceeded, window_turned
    FROM purser.grants_after_turn(p_slot, p_tenant, p_subject, p_feature, p_at, p_version) g;
  SELECT CASE WHEN NOT r.allowed THEN r.reason END, r.restricted_by, r.enforcement, r.per, r.valid_until
    INTO denied_reason, restricted_by, enforcement, per, v_valid_until
    FROM purser.resolve_entitlement(p_slot, p_tenant, p_subject, p_feature, p_at, p_version IS NOT NULL) r;
  -- What access denies gives more when that changes, and not when a window turns; but what was bought needs no plan.
  SELECT c.next_at, CASE
      WHEN denied_reason IS NULL THEN c.gains_at
      WHEN denied_reason IN ('SUBSCRIPTION_INACTIVE', 'TRIAL_EXPIRED', 'NOT_INCLUDED') THEN least(v_valid_until, (
        SELECT min(g.effective_at) FROM purser.open_grants_at(p_slot, p_tenant, p_subject, p_feature, p_version) g
        WHERE g.effective_at > p_at))
      ELSE v_valid_until
    END
    INTO next_change_at, resets_at
    FROM purser.changes_around(p_slot, p_tenant, p_subject, p_feature, p_at, p_version, v_valid_until) c;
END
$$;
