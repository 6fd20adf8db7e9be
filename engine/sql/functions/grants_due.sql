-- The grants that the allowances of one balance bring once everything due by an instant has happened, and that it does not
-- have yet. Reads only; with a version by what was known when the balance had it.
--
-- The grant of an allowance that opens a window is the allowance whole. One that begins inside a window, because the plan
-- changed or something masked it for a while, is what the allowance comes to less what the window has been used for before
-- (carried): nobody earns an allowance by changing back and forth.
CREATE OR REPLACE FUNCTION purser.grants_due(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz, p_version bigint DEFAULT NULL
) RETURNS TABLE (
  grant_id uuid, source text, allowance_id uuid, amount numeric, unlimited boolean, effective_at timestamptz,
  expires_at timestamptz, priority integer, dedupe_key text, carried numeric, accrued numeric, exceeded numeric, handed numeric
)
LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 10
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH balance AS (
    -- Of a holder that has none yet: what it will begin with.
    SELECT coalesce(b.version, 0) AS version, CASE WHEN b.version > 0 THEN b.as_of ELSE p_at END AS since
      FROM (VALUES (true)) always (there)
      LEFT JOIN purser.balance_at(p_slot, p_tenant, p_subject, p_feature, p_version) b ON true
  ), closed AS MATERIALIZED (
    SELECT * FROM purser.grants_closed(p_slot, p_tenant, p_subject, p_feature, p_at, p_version)
  ), due AS (
    -- Doubled, a colon in a subject's name is none that ends it: window 1 of "a" is not the beginning of "a:1".
    SELECT w.*, concat_ws(':', 'allowance', p_tenant, w.allowance_id, replace(p_subject, ':', '::'), w.number) AS base_key
      FROM balance
      CROSS JOIN LATERAL purser.windows_due(p_slot, p_tenant, p_subject, p_feature, p_at, balance.since) w
  ), wanted AS (
    -- Its grants so far: a window has several where a mask or its end cut one short.
    SELECT d.*, s.segments, s.latest
      FROM due d
      CROSS JOIN LATERAL (
        SELECT count(*) AS segments, (array_agg(g.grant_id ORDER BY g.issued_version DESC))[1] AS latest
          FROM purser.grants g
          WHERE g.tenant_id = p_tenant AND g.slot = p_slot
            AND (p_version IS NULL OR g.issued_version <= p_version)
            AND (g.dedupe_key = d.base_key OR g.dedupe_key > d.base_key || ':' AND g.dedupe_key < d.base_key || ';')
      ) s
  ), missing AS (
    SELECT w.allowance_id, w.source, w.family, w.amount, w.unlimited, w.priority, w.on_change, w.number, w.window_starts_at,
           w.window_ends_at, greatest(w.starts_at, v.voided_at, CASE WHEN c.cut_short THEN c.ends_at END) AS starts_at,
           w.ends_at, w.rolls_over, w.base_key, w.segments
      FROM wanted w
      LEFT JOIN closed c ON c.grant_id = w.latest
      LEFT JOIN purser.grant_voids v ON v.tenant_id = p_tenant AND v.grant_id = w.latest AND v.slot = p_slot
        AND (p_version IS NULL OR v.voided_version <= p_version)
      WHERE w.latest IS NULL OR c.cut_short OR v.voided_by = 'purser'
  ), before AS (
    -- What the window was used for before a grant that begins inside it: by each family of allowances (the plan of one
    -- subscription), and by what masked them.
    SELECT m.allowance_id, m.number, u.*
      FROM missing m
      CROSS JOIN LATERAL (
        SELECT (array_agg(x.allowance_id ORDER BY x.latest DESC) FILTER (WHERE x.own))[1] AS own_allowance,
               coalesce(sum(x.total) FILTER (WHERE x.own), 0) AS own_total,
               coalesce(sum(x.accrued) FILTER (WHERE x.own), 0) AS own_accrued,
               coalesce(sum(x.total) FILTER (WHERE NOT x.masks AND NOT x.elsewhere), 0) AS plan_total,
               CASE WHEN coalesce(max(x.latest) FILTER (WHERE x.masks), 0)
                         > coalesce(max(x.latest) FILTER (WHERE NOT x.masks), 0)
                 THEN max(x.total) FILTER (WHERE x.masks) END AS masked_total,
               CASE WHEN coalesce(max(x.latest) FILTER (WHERE x.masks), 0)
                         > coalesce(max(x.latest) FILTER (WHERE NOT x.masks), 0)
                 THEN max(x.masked) FILTER (WHERE x.masks) END AS masked
          FROM (
            SELECT DISTINCT ON (masks, elsewhere, family) a.allowance_id, g.issued_version AS latest,
                   a.source IN ('override', 'restriction') AS masks,
                   CASE WHEN a.source IN ('override', 'restriction') THEN NULL
                        ELSE coalesce(a.subscription_id, a.allowance_id) END AS family,
                   e.elsewhere, a.source = m.source AND coalesce(a.subscription_id, a.allowance_id) = m.family
                     AND NOT e.elsewhere AS own,
                   g.carried + y.taken AS total, g.handed + y.taken AS masked, g.accrued + CASE
                     WHEN NOT isfinite(m.window_starts_at) OR NOT isfinite(m.window_ends_at) THEN 0
                     WHEN a.unlimited THEN y.taken * extract(epoch FROM m.window_ends_at - m.window_starts_at) * 1000000
                     ELSE a.amount * extract(epoch FROM least(m.starts_at, a.ends_at) - g.effective_at) * 1000000
                   END AS accrued
              FROM purser.grants g
              JOIN purser.allowances a ON a.tenant_id = g.tenant_id AND a.allowance_id = g.allowance_id AND a.slot = g.slot
              JOIN purser.allowances mine ON mine.tenant_id = p_tenant AND mine.allowance_id = m.allowance_id AND mine.slot = p_slot
              -- A plan's other window was not this one, but what masked the plan went back to it.
              CROSS JOIN LATERAL (SELECT a.source = 'plan' AND mine.source = 'plan'
                AND (a.window_unit, a.window_count, a.anchor, a.time_zone)
                    <> (mine.window_unit, mine.window_count, mine.anchor, mine.time_zone) AS elsewhere) e
              LEFT JOIN closed c ON c.grant_id = g.grant_id
              LEFT JOIN purser.grant_voids v ON v.tenant_id = g.tenant_id AND v.grant_id = g.grant_id AND v.slot = g.slot
                AND (p_version IS NULL OR v.voided_version <= p_version)
              -- What open holds keep of it is taken as well: they may still settle.
              CROSS JOIN LATERAL (SELECT CASE
                  WHEN c.grant_id IS NOT NULL THEN c.used + c.held
                  WHEN v.grant_id IS NOT NULL AND NOT g.unlimited THEN g.amount - v.lapsed
                  -- As of its end: what a hold gives back later lapses with the grant.
                  ELSE purser.grant_used(p_slot, p_tenant, g.grant_id, coalesce(v.voided_version, p_version)) + coalesce((
                    SELECT sum(p.amount)
                    FROM purser.open_holds_at(p_slot, p_tenant, p_subject, p_feature, coalesce(v.voided_version, p_version)) h
                    JOIN purser.hold_pins p ON p.tenant_id = p_tenant AND p.hold_key = h.hold_key AND p.slot = p_slot
                    WHERE p.grant_id = g.grant_id), 0)
                END AS taken) y
              WHERE g.tenant_id = p_tenant AND g.subject = p_subject AND g.feature = p_feature AND g.slot = p_slot
                AND (p_version IS NULL OR g.issued_version <= p_version)
                AND (a.source <> 'product' OR a.allowance_id = m.allowance_id)
                AND g.effective_at < m.window_ends_at
                AND g.effective_at >= CASE WHEN m.source IN ('override', 'restriction') THEN '-infinity' ELSE m.window_starts_at END
                -- A mask written before there was a plan, or before another one, has a window of its own.
                AND CASE
                  WHEN (a.window_unit, a.window_count, a.anchor, a.time_zone)
                       = (mine.window_unit, mine.window_count, mine.anchor, mine.time_zone) OR e.elsewhere
                  THEN g.effective_at >= m.window_starts_at
                  WHEN a.source IN ('override', 'restriction') THEN mine.source = 'plan'
                  WHEN a.source = 'plan' AND mine.source IN ('override', 'restriction')
                  THEN m.starts_at < (purser.window_at(a.window_unit, a.window_count, a.anchor, a.time_zone, g.effective_at)).ends_at
                  ELSE false END
                -- What was used under a mask goes on to what comes when it ends, and where nothing does to nothing.
                AND (a.source NOT IN ('override', 'restriction') OR a.ends_at >= m.starts_at OR EXISTS (
                  SELECT FROM purser.allowances p
                  WHERE p.tenant_id = p_tenant AND p.feature = p_feature AND p.slot = p_slot AND p.source = 'plan'
                    AND p.per = CASE WHEN p_subject = '' THEN 'tenant' ELSE 'subject' END
                    AND p.effective_at <= a.ends_at AND a.ends_at < p.ends_at))
              ORDER BY masks, elsewhere, family, g.issued_version DESC, g.effective_at DESC
          ) x
      ) u
  ), shared AS (
    -- What was used under a mask is shared out over the allowances that come back, in burn order, the last takes the rest.
    SELECT m.*, b.own_allowance, coalesce(b.own_total, 0) AS own_total, coalesce(b.own_accrued, 0) AS own_accrued,
           CASE WHEN m.source IN ('override', 'restriction') THEN coalesce(b.masked_total, b.plan_total, 0) END AS mask_total,
           coalesce(b.masked, 0) AS extra,
           coalesce(sum(greatest(coalesce(m.amount, 0) - coalesce(b.own_total, 0), 0)) OVER w, 0) AS room_before,
           lead(m.allowance_id) OVER (PARTITION BY m.rolls_over, m.window_ends_at, m.source = 'product'
             ORDER BY m.priority, m.allowance_id) IS NULL AS is_last
      FROM missing m
      LEFT JOIN before b ON b.allowance_id = m.allowance_id AND b.number = m.number
      WINDOW w AS (PARTITION BY m.rolls_over, m.window_ends_at, m.source = 'product' ORDER BY m.priority, m.allowance_id
                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  ), carrying AS (
    SELECT s.*, CASE
        WHEN s.mask_total IS NOT NULL THEN s.mask_total
        WHEN s.is_last THEN s.own_total + greatest(s.extra - s.room_before, 0)
        ELSE s.own_total + least(greatest(coalesce(s.amount, 0) - s.own_total, 0), greatest(s.extra - s.room_before, 0))
      END AS use_before,
      CASE WHEN s.own_allowance IS NULL OR s.own_allowance = s.allowance_id OR s.mask_total IS NOT NULL THEN 'keep'
           ELSE s.on_change END AS policy
      FROM shared s
  ), valued AS (
    SELECT c.*, CASE c.policy WHEN 'reset' THEN 0 ELSE c.use_before END AS carried,
           CASE c.policy WHEN 'reset' THEN 0 ELSE c.own_accrued END AS accrued,
           -- What the window comes to with it.
           CASE WHEN c.policy = 'prorate' AND isfinite(c.window_starts_at) AND isfinite(c.window_ends_at)
             THEN trunc((c.own_accrued + c.amount * extract(epoch FROM c.window_ends_at - c.starts_at) * 1000000)
                        / (extract(epoch FROM c.window_ends_at - c.window_starts_at) * 1000000), 6)
             ELSE c.amount END AS whole
      FROM carrying c
  ), rolled AS (
    -- What is left of a window that has ended, of its grant or, where nobody was there to make one, of what it would be.
    SELECT w.number, w.priority, w.window_ends_at, w.rollover_ends_at, least(w.rollover_cap, CASE
        WHEN c.grant_id IS NOT NULL AND NOT c.cut_short THEN c.amount - c.used - c.held_at_end
        ELSE greatest(v.whole - v.carried, 0) END) AS amount,
        concat_ws(':', 'rollover', p_tenant, w.allowance_id, replace(p_subject, ':', '::'), w.number) AS dedupe_key
      FROM wanted w
      LEFT JOIN closed c ON c.grant_id = w.latest
      LEFT JOIN valued v ON v.allowance_id = w.allowance_id AND v.number = w.number
      WHERE w.rolls_over AND w.rollover_ends_at > p_at
  )
  SELECT encode(substring(sha256(convert_to(n.dedupe_key, 'UTF8')) FOR 16), 'hex')::uuid, n.source, n.allowance_id,
         CASE WHEN n.unlimited THEN 0 ELSE greatest(n.whole - n.carried, 0) END, n.unlimited, n.starts_at, n.ends_at, n.priority,
         n.dedupe_key, n.carried, n.accrued, CASE WHEN n.unlimited THEN 0 ELSE greatest(n.carried - n.whole, 0) END,
         CASE WHEN n.source = 'override' THEN n.extra ELSE 0 END
    FROM (SELECT v.allowance_id, v.extra, v.whole, v.unlimited, v.priority, v.starts_at, v.ends_at, v.carried, v.accrued,
                 CASE v.source WHEN 'restriction' THEN 'override' ELSE v.source END AS source,
                 v.base_key || CASE WHEN v.segments = 0 THEN '' ELSE ':' || v.segments END AS dedupe_key
            FROM valued v WHERE NOT v.rolls_over) n
  UNION ALL
  -- An id that sorts first: of two grants that end together, what was kept is drawn before what is new.
  SELECT overlay(encode(substring(sha256(convert_to(r.dedupe_key, 'UTF8')) FOR 16), 'hex') PLACING '00000000' FROM 1)::uuid,
         'rollover', NULL, r.amount, false, r.window_ends_at, r.rollover_ends_at, r.priority, r.dedupe_key, 0, 0, 0, 0
    FROM rolled r
    WHERE r.amount > 0;
END
$$;
