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
  SELECT coalesce(bool_or(w.unlimited), false), coalesce(sum(w.amount), 0) INTO unlimited, granted
    FROM purser.windows_due(p_slot, p_tenant, p_subject, p_feature, p_at, p_at) w
    WHERE NOT w.rolls_over;
  resets_at := nullif((purser.changes_around(p_slot, p_tenant, p_subject, p_feature, p_at)).gains_at, 'infinity');
END
$$;
