-- The grants of one balance as they stand once the interval that is open now has been closed and everything due by an
-- instant has happened: what each paid for in the closed interval, what open holds keep of it, and whether it has ended.
-- Reads only, so that a question about a balance nobody has turned yet and the turning itself are the same rule; with a
-- version the rule goes by what was known when the balance had it, and so answers for the past.
--
-- One step is enough however many boundaries were missed: a consume never passes a boundary without turning, so everything
-- in the interval was used before the first of them, and holds are pinned at the first of them.
CREATE OR REPLACE FUNCTION purser.grants_closed(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz, p_version bigint DEFAULT NULL
) RETURNS TABLE (
  grant_id uuid, source text, allowance_id uuid, amount numeric, unlimited boolean, used numeric, held numeric,
  active boolean, effective_at timestamptz, expires_at timestamptz, priority integer, issued_version bigint,
  burned_from numeric, burned_to numeric, was_active boolean, ended boolean, cut_short boolean, ends_at timestamptz,
  held_at_end numeric, exceeded numeric, window_ends_at timestamptz, pin_keys text[], pin_amounts numeric[]
)
LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 10
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH balance AS (
    SELECT b.interval_used, b.unlimited, b.interval_no, b.as_of
      FROM purser.balance_at(p_slot, p_tenant, p_subject, p_feature, p_version) b
  ), open_holds AS (
    SELECT h.hold_key, h.expires_at, h.funded, h.reserved_version, h.interval_no = balance.interval_no AS unpinned
      FROM purser.open_holds_at(p_slot, p_tenant, p_subject, p_feature, p_version) h CROSS JOIN balance
  ), pins AS (
    SELECT p.grant_id, p.amount, h.expires_at
      FROM open_holds h
      JOIN purser.hold_pins p ON p.tenant_id = p_tenant AND p.hold_key = h.hold_key AND p.slot = p_slot
      WHERE NOT h.unpinned
  ), held AS (
    SELECT g.*, i.exceeded,
           -- What masks an allowance has no window of its own to overrun.
           CASE WHEN a.source NOT IN ('override', 'restriction') THEN w.ends_at ELSE (
             SELECT max(x.ends_at) FROM purser.allowances m
               CROSS JOIN balance
               CROSS JOIN LATERAL purser.window_at(m.window_unit, m.window_count, m.anchor, m.time_zone, balance.as_of) x
               WHERE m.tenant_id = p_tenant AND m.feature = p_feature AND m.slot = p_slot
                 AND m.source NOT IN ('override', 'restriction') AND m.per = CASE WHEN p_subject = '' THEN 'tenant' ELSE 'subject' END
                 AND m.effective_at <= balance.as_of AND balance.as_of < m.ends_at) END AS window_ends_at, least(g.expires_at, a.ends_at, (
             SELECT min(m.effective_at) FROM purser.allowances m
             WHERE m.tenant_id = p_tenant AND m.feature = p_feature AND m.slot = p_slot
               AND m.mask_rank > a.mask_rank AND m.effective_at >= g.effective_at AND m.effective_at < m.ends_at)) AS ends_at,
           -- While an unlimited grant is active the first of those pays for everything and the finite ones rest.
           CASE WHEN g.active AND g.unlimited = (SELECT balance.unlimited FROM balance)
                THEN CASE WHEN g.unlimited THEN 1e30
                          ELSE g.amount - g.used - coalesce((SELECT sum(p.amount) FROM pins p WHERE p.grant_id = g.grant_id), 0)
                     END
                ELSE 0 END AS burnable
      FROM purser.open_grants_at(p_slot, p_tenant, p_subject, p_feature, p_version) g
      LEFT JOIN purser.allowances a
        ON a.tenant_id = p_tenant AND a.allowance_id = g.allowance_id AND a.slot = p_slot
      LEFT JOIN LATERAL purser.window_at(a.window_unit, a.window_count, a.anchor, a.time_zone, g.effective_at) w
        ON a.source NOT IN ('override', 'restriction')
      LEFT JOIN purser.grants i
        ON g.allowance_id IS NOT NULL AND i.tenant_id = p_tenant AND i.grant_id = g.grant_id AND i.slot = p_slot
  ), ordered AS (
    SELECT h.*, coalesce(sum(h.burnable) OVER (
             ORDER BY h.priority, h.expires_at, h.issued_version, h.grant_id
             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
      FROM held h
  ), reserved AS (
    -- The holds of this interval come after its consumptions, in the order in which they were made. One that expires at the
    -- first boundary takes no part: at one instant holds expire before grants end.
    SELECT o.hold_key, o.expires_at, o.funded, balance.interval_used + coalesce(sum(o.funded) OVER (
             ORDER BY o.reserved_version ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS lower_end
      FROM open_holds o CROSS JOIN balance
      WHERE o.unpinned AND o.funded > 0
        AND (o.expires_at > p_at
             OR o.expires_at <> (
               purser.changes_around(p_slot, p_tenant, p_subject, p_feature, balance.as_of, p_version)).next_at)
  ), new_pins AS (
    SELECT o.grant_id, r.hold_key, r.expires_at,
           least(o.before + o.burnable, r.lower_end + r.funded) - greatest(o.before, r.lower_end) AS amount
      FROM reserved r
      -- A grant that waits, or has nothing left, may stand between two that a hold reaches over.
      JOIN ordered o ON o.burnable > 0 AND o.before < r.lower_end + r.funded AND r.lower_end < o.before + o.burnable
  ), kept AS (
    SELECT o.grant_id,
           coalesce(sum(p.amount) FILTER (WHERE p.expires_at > p_at), 0) AS held,
           coalesce(sum(p.amount) FILTER (WHERE p.expires_at > o.ends_at), 0) AS held_at_end,
           array_agg(p.hold_key ORDER BY p.hold_key) FILTER (WHERE p.hold_key IS NOT NULL AND p.expires_at > p_at) AS pin_keys,
           array_agg(p.amount ORDER BY p.hold_key) FILTER (WHERE p.hold_key IS NOT NULL AND p.expires_at > p_at) AS pin_amounts
      FROM ordered o
      JOIN (SELECT n.grant_id, n.amount, n.expires_at, n.hold_key FROM new_pins n
            UNION ALL SELECT p.grant_id, p.amount, p.expires_at, NULL FROM pins p) p ON p.grant_id = o.grant_id
      GROUP BY o.grant_id
  )
  SELECT o.grant_id, o.source, o.allowance_id, o.amount, o.unlimited,
         o.used + least(o.before + o.burnable, balance.interval_used) - least(o.before, balance.interval_used),
         coalesce(k.held, 0), o.effective_at <= p_at AND p_at < o.ends_at, o.effective_at, o.expires_at, o.priority,
         o.issued_version, least(o.before, balance.interval_used), least(o.before + o.burnable, balance.interval_used),
         o.active, o.ends_at <= p_at, o.ends_at <= p_at AND o.ends_at < o.expires_at, o.ends_at, coalesce(k.held_at_end, 0),
         o.exceeded, o.window_ends_at, k.pin_keys, k.pin_amounts
    FROM ordered o
    CROSS JOIN balance
    LEFT JOIN kept k ON k.grant_id = o.grant_id;
END
$$;
