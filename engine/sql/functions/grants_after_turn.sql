-- The grants of one balance as they stand once the interval that is open now has been closed and everything due by an
-- instant has happened: what each paid for in the closed interval, which have ended, which begin, and the ones that
-- allowances bring. Reads only, so that a question about a balance nobody has turned yet and the turning itself are the
-- same rule.
--
-- One step is enough however many boundaries were missed: a consume never passes a boundary without turning, so everything
-- in the interval was used before the first of them.
CREATE OR REPLACE FUNCTION purser.grants_after_turn(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz
) RETURNS TABLE (
  grant_id uuid, source text, allowance_id uuid, amount numeric, unlimited boolean, used numeric, active boolean,
  effective_at timestamptz, expires_at timestamptz, priority integer, issued_version bigint, dedupe_key text,
  burned_from numeric, burned_to numeric, was_active boolean, is_new boolean, ended boolean, allowance_ended boolean
)
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH balance AS (
    SELECT b.interval_used, b.unlimited, b.version
      FROM purser.balances b
      WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = p_slot
  ), held AS (
    SELECT g.*, least(g.expires_at, a.ends_at) AS ends_at, coalesce(a.ends_at <= p_at, false) AS allowance_over,
           -- While an unlimited grant is active the first of those pays for everything and the finite ones rest.
           CASE WHEN g.active AND g.unlimited = (SELECT balance.unlimited FROM balance)
                THEN CASE WHEN g.unlimited THEN 1e30 ELSE g.amount - g.used END ELSE 0 END AS burnable
      FROM purser.open_grants g
      LEFT JOIN purser.allowances a
        ON a.tenant_id = g.tenant_id AND a.allowance_id = g.allowance_id AND a.slot = g.slot
      WHERE g.tenant_id = p_tenant AND g.subject = p_subject AND g.feature = p_feature AND g.slot = p_slot
  ), ordered AS (
    SELECT h.*, coalesce(sum(h.burnable) OVER (
             ORDER BY h.priority, h.expires_at, h.issued_version, h.grant_id
             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
      FROM held h
  ), burned AS (
    SELECT o.*, least(o.before, balance.interval_used) AS lower_end,
           least(o.before + o.burnable, balance.interval_used) AS upper_end
      FROM ordered o CROSS JOIN balance
  )
  SELECT b.grant_id, b.source, b.allowance_id, b.amount, b.unlimited, b.used + (b.upper_end - b.lower_end),
         b.effective_at <= p_at AND p_at < b.ends_at, b.effective_at, b.expires_at, b.priority, b.issued_version, NULL::text,
         b.lower_end, b.upper_end, b.active, false, b.ends_at <= p_at, b.allowance_over AND b.expires_at > p_at
    FROM burned b
  UNION ALL
  SELECT encode(substring(sha256(convert_to(n.dedupe_key, 'UTF8')) FOR 16), 'hex')::uuid, n.source, n.allowance_id,
         coalesce(n.amount, 0), n.unlimited, 0, true, n.starts_at, n.ends_at, n.priority,
         (SELECT balance.version + 1 FROM balance), n.dedupe_key, 0, 0, false, true, false, false
    FROM (
      SELECT a.allowance_id, a.amount, a.unlimited, a.priority,
             CASE a.source WHEN 'override' THEN 'override' WHEN 'product' THEN 'product' ELSE 'plan' END AS source,
             greatest(w.starts_at, a.effective_at) AS starts_at, least(w.ends_at, a.ends_at) AS ends_at,
             concat_ws(':', 'allowance', p_tenant, a.allowance_id, p_subject, w.number) AS dedupe_key
        FROM purser.allowances a
        CROSS JOIN LATERAL purser.window_at(a.window_unit, a.window_count, a.anchor, a.time_zone, p_at) w
        WHERE a.tenant_id = p_tenant AND a.feature = p_feature AND a.slot = p_slot
          AND a.per = CASE WHEN p_subject = '' THEN 'tenant' ELSE 'subject' END
          AND a.effective_at <= p_at AND p_at < a.ends_at
    ) n
    WHERE NOT EXISTS (SELECT FROM purser.grants g
                      WHERE g.tenant_id = p_tenant AND g.dedupe_key = n.dedupe_key AND g.slot = p_slot);
END
$$;
