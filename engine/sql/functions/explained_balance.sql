-- Which balance an explanation is about and as of which version: the feature behind a capability, the subject the balance is
-- kept under, the instant (now where none is named, or one without an end), and the window it falls into, of several the one that ends last.
CREATE OR REPLACE FUNCTION purser.explained_balance(
  p_tenant text, p_feature text, p_subject text, p_at timestamptz,
  OUT slot integer, OUT feature text, OUT subject text, OUT at timestamptz, OUT version bigint,
  OUT window_starts_at timestamptz, OUT window_ends_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  slot := purser.slot_of(p_tenant);
  feature := coalesce((SELECT c.feature FROM purser.capabilities c
                       WHERE c.key = p_feature AND NOT EXISTS (SELECT FROM purser.features f WHERE f.key = p_feature)),
                      p_feature, '');
  at := CASE WHEN isfinite(p_at) THEN p_at ELSE purser.tenant_now(slot, p_tenant) END;
  SELECT CASE r.per WHEN 'subject' THEN coalesce(p_subject, '') ELSE '' END INTO subject
    FROM purser.resolve_entitlement(slot, p_tenant, coalesce(p_subject, ''), feature, at, true) r;
  IF NOT coalesce(isfinite(p_at), false) THEN
    at := greatest(at, (SELECT b.as_of FROM purser.balances b
                        WHERE b.tenant_id = p_tenant AND b.subject = explained_balance.subject
                          AND b.feature = explained_balance.feature AND b.slot = explained_balance.slot));
  END IF;
  version := purser.version_at(slot, p_tenant, subject, feature, at);
  SELECT nullif(w.starts_at, '-infinity'), nullif(w.ends_at, 'infinity') INTO window_starts_at, window_ends_at
    FROM purser.grants_after_turn(slot, p_tenant, subject, feature, at, version) g
    JOIN purser.allowances a ON a.tenant_id = p_tenant AND a.allowance_id = g.allowance_id AND a.slot = explained_balance.slot
    CROSS JOIN LATERAL purser.window_at(a.window_unit, a.window_count, a.anchor, a.time_zone, g.effective_at) w
    WHERE g.active
    ORDER BY w.ends_at DESC, w.starts_at
    LIMIT 1;
END
$$;
