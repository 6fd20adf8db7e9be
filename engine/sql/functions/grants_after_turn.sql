-- The grants of one balance once the interval that is open now has been closed and everything due by an instant has
-- happened: those it has (grants_closed says the rest) and those that its allowances bring (grants_due). Reads only; with a
-- version it answers for the past, by what was known when the balance had that version.
CREATE OR REPLACE FUNCTION purser.grants_after_turn(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz, p_version bigint DEFAULT NULL
) RETURNS TABLE (
  grant_id uuid, source text, allowance_id uuid, amount numeric, unlimited boolean, used numeric, held numeric,
  active boolean, effective_at timestamptz, expires_at timestamptz, priority integer, issued_version bigint,
  dedupe_key text, carried numeric, accrued numeric, burned_from numeric, burned_to numeric, was_active boolean,
  is_new boolean, ended boolean, cut_short boolean, ends_at timestamptz, exceeded numeric, handed numeric, window_ends_at timestamptz,
  pin_keys text[], pin_amounts numeric[]
)
LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 10
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_version bigint;
  v_since   timestamptz;
  v_grant   record;
  v_served  uuid[] := '{}';
BEGIN
  -- Of a holder that has none yet: what it will begin with.
  SELECT b.version, b.as_of INTO v_version, v_since
    FROM purser.balance_at(p_slot, p_tenant, p_subject, p_feature, p_version) b;
  v_version := coalesce(v_version, 0);
  FOR v_grant IN SELECT c.* FROM purser.grants_closed(p_slot, p_tenant, p_subject, p_feature, p_at, p_version) c LOOP
    IF v_grant.active AND v_grant.allowance_id IS NOT NULL THEN
      v_served := v_served || v_grant.allowance_id;
    END IF;
    RETURN QUERY SELECT v_grant.grant_id, v_grant.source, v_grant.allowance_id, v_grant.amount, v_grant.unlimited, v_grant.used,
      v_grant.held, v_grant.active, v_grant.effective_at, v_grant.expires_at, v_grant.priority, v_grant.issued_version,
      NULL::text, 0::numeric, 0::numeric, v_grant.burned_from, v_grant.burned_to, v_grant.was_active, false, v_grant.ended,
      v_grant.cut_short, v_grant.ends_at, v_grant.exceeded, 0::numeric, v_grant.window_ends_at, v_grant.pin_keys, v_grant.pin_amounts;
  END LOOP;
  -- Mostly every window has its grant already and there is no more to say.
  IF EXISTS (
    SELECT FROM purser.windows_due(p_slot, p_tenant, p_subject, p_feature, p_at,
                                   CASE WHEN v_version > 0 THEN v_since ELSE p_at END) w
    WHERE w.rolls_over OR w.allowance_id <> ALL (v_served)) THEN
    RETURN QUERY SELECT d.grant_id, d.source, d.allowance_id, d.amount, d.unlimited, 0::numeric, 0::numeric, true,
                        d.effective_at, d.expires_at, d.priority, v_version + 1, d.dedupe_key, d.carried, d.accrued, 0::numeric,
                        0::numeric, false, true, false, false, d.expires_at, d.exceeded, d.handed, NULL::timestamptz, NULL::text[],
                        NULL::numeric[]
      FROM purser.grants_due(p_slot, p_tenant, p_subject, p_feature, p_at, p_version) d;
  END IF;
END
$$;
