-- The holds of a balance as they stood at an instant: the open ones by their end, then the last that had ended. The end of
-- one that was extended later is told as it was known then.
CREATE OR REPLACE FUNCTION purser.explain_holds(
  p_tenant text, p_feature text, p_subject text DEFAULT '', p_at timestamptz DEFAULT NULL, p_ended integer DEFAULT 20
) RETURNS TABLE (
  hold_key text, status text, amount numeric, funded numeric, settled numeric, unfunded numeric, restored numeric,
  lapsed numeric, late boolean, acting_subject text, reserved_at timestamptz, expires_at timestamptz, ended_at timestamptz
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
  WITH known AS (
    SELECT h.*, h.ended_version <= v_place.version AS over, coalesce((
             SELECT (f.metadata ->> 'expiresAt')::timestamptz FROM purser.balance_facts f
             WHERE f.tenant_id = h.tenant_id AND f.subject = h.subject AND f.feature = h.feature AND f.slot = h.slot
               AND f.kind = 'extend' AND f.reference = h.hold_key AND f.version > h.reserved_version
               AND f.version <= v_place.version AND h.asked_until <> h.expires_at
             ORDER BY f.version DESC LIMIT 1), h.asked_until) AS ends_at
      FROM purser.holds h
      WHERE h.tenant_id = p_tenant AND h.subject = v_place.subject AND h.feature = v_place.feature AND h.slot = v_place.slot
        AND h.reserved_version <= v_place.version
  ), told AS (
    SELECT k.*, CASE WHEN k.over THEN k.status WHEN k.ends_at <= v_place.at THEN 'expired' ELSE 'open' END AS then_status,
           CASE WHEN k.over THEN k.ended_at WHEN k.ends_at <= v_place.at THEN k.ends_at END AS then_ended_at
      FROM known k
  )
  SELECT t.hold_key, t.then_status, t.amount, t.funded, CASE WHEN t.over THEN t.settled END,
         CASE WHEN t.over THEN t.unfunded ELSE 0 END, CASE WHEN t.over THEN t.restored END, CASE WHEN t.over THEN t.lapsed END,
         t.over AND t.late, t.acting_subject, t.reserved_at, t.ends_at, t.then_ended_at
    FROM (
      SELECT t.*, row_number() OVER (PARTITION BY t.then_status = 'open'
                                     ORDER BY t.then_ended_at DESC NULLS FIRST, t.ends_at, t.reserved_version) AS place
        FROM told t) t
    WHERE t.then_status = 'open' OR t.place <= p_ended
    ORDER BY t.then_status = 'open' DESC, t.place;
END
$$;
