-- Undoes a consumption, whole or in part, by a fact of its own: overage first, then its units return to the grants they came
-- from, the last drawn first. To a grant that has ended they lapse, for otherwise a reversal would make it last; with
-- p_reissue the lapsed part comes back as a manual grant. A hold's consumption has the hold's key.
--
-- Outcomes in their precedence: invalid_input (field), idempotency_conflict (field) or the first answer again with replayed,
-- consumption_unknown, already_reversed; else reversed. The consumption's own key stays used.
CREATE OR REPLACE FUNCTION purser.reverse_consumption(
  p_tenant text, p_consumption_key text, p_idempotency_key text, p_amount numeric DEFAULT NULL,
  p_reissue boolean DEFAULT false, p_reason text DEFAULT '',
  OUT outcome text, OUT replayed boolean, OUT field text, OUT amount numeric, OUT restored numeric, OUT lapsed numeric,
  OUT overage numeric, OUT available numeric, OUT version bigint
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
  v_slot    integer := purser.slot_of(p_tenant);
  v_fact    record;
  v_undone  record;
  v_paid    record;
  v_row     record;
  v_closed  record;
  v_now     timestamptz;
  v_left    numeric;
  v_part    numeric;
  v_grant   uuid;
  v_asked   jsonb := jsonb_strip_nulls(jsonb_build_object('amount', trim_scale(p_amount), 'reissue', nullif(p_reissue, false),
                                                          'reason', nullif(p_reason, '')));
BEGIN
  replayed := false;
  field := CASE
    WHEN p_tenant IS NULL OR p_tenant = '' THEN 'tenant'
    WHEN p_consumption_key IS NULL OR p_consumption_key = '' THEN 'consumptionKey'
    WHEN p_amount IS NOT NULL AND NOT purser.is_quantity(p_amount) THEN 'amount'
    WHEN p_idempotency_key IS NULL OR p_idempotency_key = '' OR length(p_idempotency_key) > 200 THEN 'idempotencyKey'
    WHEN p_reissue IS NULL THEN 'reissue'
    WHEN p_reason IS NULL OR length(p_reason) > 1000 THEN 'reason'
  END;
  IF field IS NOT NULL THEN
    outcome := 'invalid_input';
    RETURN;
  END IF;

  -- Of a consumption the fact that has its key; of a hold the fact that settled it.
  SELECT f.subject, f.feature, f.version, f.amount, f.overage, coalesce(f.pinned, 0) AS pinned, f.interval_no, f.interval_used
    INTO v_fact
    FROM purser.balance_facts k
    LEFT JOIN purser.holds h ON k.kind = 'reserve' AND h.tenant_id = k.tenant_id AND h.hold_key = k.idempotency_key
      AND h.slot = k.slot AND h.status = 'settled'
    JOIN purser.balance_facts f ON f.tenant_id = k.tenant_id AND f.subject = k.subject AND f.feature = k.feature
      AND f.slot = k.slot AND f.version = CASE k.kind WHEN 'consume' THEN k.version ELSE h.ended_version END
    WHERE k.tenant_id = p_tenant AND k.idempotency_key = p_consumption_key AND k.slot = v_slot
      AND k.kind IN ('consume', 'reserve');
  IF v_fact.version IS NOT NULL THEN
    SELECT f.* INTO v_row FROM purser.freshen_balance(v_slot, p_tenant, v_fact.subject, v_fact.feature) f;
    v_now := v_row.now_at;
  END IF;
  SELECT f.kind, f.reference, f.amount, f.overage, f.balance_after, f.version, f.subject, f.feature, f.metadata INTO v_undone
    FROM purser.balance_facts f
    WHERE f.tenant_id = p_tenant AND f.idempotency_key = p_idempotency_key AND f.slot = v_slot;
  IF v_undone.version IS NOT NULL THEN
    field := CASE
      WHEN v_undone.kind <> 'reverse' THEN 'command'
      WHEN v_undone.reference <> p_consumption_key THEN 'consumptionKey'
      WHEN v_undone.metadata -> 'amount' IS DISTINCT FROM v_asked -> 'amount' THEN 'amount'
      WHEN v_undone.metadata -> 'reissue' IS DISTINCT FROM v_asked -> 'reissue' THEN 'reissue'
      WHEN v_undone.metadata -> 'reason' IS DISTINCT FROM v_asked -> 'reason' THEN 'reason'
    END;
    IF field IS NOT NULL THEN
      outcome := 'idempotency_conflict';
      RETURN;
    END IF;
    outcome := 'reversed';
    replayed := true;
    amount := v_undone.amount;
    overage := v_undone.overage;
    version := v_undone.version;
    available := v_undone.balance_after;
    SELECT coalesce(sum(a.lapsed), 0) INTO lapsed FROM purser.allocations a
      WHERE a.tenant_id = p_tenant AND a.subject = v_undone.subject AND a.feature = v_undone.feature
        AND a.version = v_undone.version AND a.slot = v_slot;
    restored := amount - overage - lapsed;
    RETURN;
  END IF;
  IF v_fact.version IS NULL THEN
    outcome := 'consumption_unknown';
    RETURN;
  END IF;
  SELECT coalesce(sum(f.amount), 0) AS amount, coalesce(sum(f.overage), 0) AS overage INTO v_undone
    FROM purser.balance_facts f
    WHERE f.tenant_id = p_tenant AND f.reference = p_consumption_key AND f.kind = 'reverse' AND f.slot = v_slot;
  IF v_undone.amount = v_fact.amount THEN
    outcome := 'already_reversed';
    RETURN;
  ELSIF p_amount > v_fact.amount - v_undone.amount THEN
    outcome := 'invalid_input';
    field := 'amount';
    RETURN;
  END IF;

  amount := coalesce(p_amount, v_fact.amount - v_undone.amount);
  overage := least(amount, v_fact.overage - v_undone.overage);
  restored := 0;
  lapsed := 0;
  v_left := amount - overage;
  version := v_row.version + 1;
  SELECT c.* INTO v_closed
    FROM purser.close_interval(v_slot, p_tenant, v_row.subject, v_fact.feature, v_now, false) c;
  FOR v_paid IN
    -- What paid for it, less what went back before, the last drawn first: the course of its interval after the pins.
    SELECT p.grant_id, p.amount - coalesce((
             SELECT sum(a.amount)
               FROM purser.balance_facts r
               JOIN purser.allocations a ON a.tenant_id = r.tenant_id AND a.subject = r.subject AND a.feature = r.feature
                 AND a.version = r.version AND a.slot = r.slot
               WHERE r.tenant_id = p_tenant AND r.reference = p_consumption_key AND r.kind = 'reverse' AND r.slot = v_slot
                 AND a.grant_id = p.grant_id), 0) AS amount,
           EXISTS (SELECT FROM purser.open_grants o
                   WHERE o.tenant_id = p_tenant AND o.subject = v_row.subject AND o.feature = v_fact.feature
                     AND o.grant_id = p.grant_id AND o.slot = v_slot) AS in_force
      FROM (
        SELECT l.grant_id, sum(l.amount) AS amount, max(l.drawn) AS drawn
          FROM (
            SELECT u.grant_id, least(u.to_used, v_fact.interval_used)
                     - greatest(u.from_used, v_fact.interval_used - (v_fact.amount - v_fact.overage - v_fact.pinned)) AS amount,
                   1 + u.from_used AS drawn
              FROM purser.burns u
              WHERE u.tenant_id = p_tenant AND u.subject = v_row.subject AND u.feature = v_fact.feature
                AND u.interval_no = v_fact.interval_no AND u.slot = v_slot
                AND u.from_used < v_fact.interval_used
                AND u.to_used > v_fact.interval_used - (v_fact.amount - v_fact.overage - v_fact.pinned)
            UNION ALL
            SELECT a.grant_id, a.amount,
                   row_number() OVER (ORDER BY g.priority, g.expires_at, g.issued_version, g.grant_id) - 1000000000
              FROM purser.allocations a
              JOIN purser.grants g ON g.tenant_id = a.tenant_id AND g.grant_id = a.grant_id AND g.slot = a.slot
              WHERE a.tenant_id = p_tenant AND a.subject = v_row.subject AND a.feature = v_fact.feature
                AND a.version = v_fact.version AND a.slot = v_slot
          ) l
          GROUP BY l.grant_id
      ) p
      ORDER BY p.drawn DESC
  LOOP
    v_part := least(v_left, v_paid.amount);
    CONTINUE WHEN v_part <= 0;
    v_left := v_left - v_part;
    INSERT INTO purser.allocations (slot, tenant_id, subject, feature, version, grant_id, amount, lapsed)
      VALUES (v_slot, p_tenant, v_row.subject, v_fact.feature, version, v_paid.grant_id, v_part,
              CASE WHEN v_paid.in_force THEN 0 ELSE v_part END);
    IF v_paid.in_force THEN
      restored := restored + v_part;
      UPDATE purser.open_grants o SET used = o.used - v_part
        WHERE o.tenant_id = p_tenant AND o.subject = v_row.subject AND o.feature = v_fact.feature
          AND o.grant_id = v_paid.grant_id AND o.slot = v_slot;
    ELSE
      lapsed := lapsed + v_part;
    END IF;
  END LOOP;
  IF v_left <> 0 THEN
    RAISE EXCEPTION 'the lineage of a consumption does not add up' USING ERRCODE = 'PU003';
  END IF;
  IF p_reissue AND lapsed > 0 THEN
    v_grant := gen_random_uuid();
    INSERT INTO purser.grants (slot, tenant_id, grant_id, subject, feature, amount, source, effective_at, expires_at, priority,
                               dedupe_key, issued_version, issued_at)
      VALUES (v_slot, p_tenant, v_grant, v_row.subject, v_fact.feature, lapsed, 'manual', v_now, 'infinity', 100,
              'reversal:' || p_idempotency_key, version, v_now)
      ON CONFLICT (tenant_id, dedupe_key, slot) DO NOTHING
      RETURNING grant_id INTO v_grant;
    -- As in open_interval: the key was free under the lock, and somebody used it on another balance in the meantime.
    IF v_grant IS NULL THEN
      RAISE EXCEPTION 'the idempotency key was used by another call at the same moment' USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO purser.open_grants (slot, tenant_id, subject, feature, grant_id, source, amount, unlimited, used, active,
                                    effective_at, expires_at, priority, issued_version)
      VALUES (v_slot, p_tenant, v_row.subject, v_fact.feature, v_grant, 'manual', lapsed, false, 0, true, v_now, 'infinity',
              100, version);
  END IF;
  SELECT o.available INTO available
    FROM purser.open_interval(v_slot, p_tenant, v_row.subject, v_fact.feature, v_now, v_closed.window_turned, 'reverse',
                              'consumption', amount, p_consumption_key, p_idempotency_key, 0, overage, NULL, v_asked,
                              -- The overage of a window that has turned since is history.
                              CASE WHEN v_closed.window_turned OR v_fact.version <= v_row.overage_version THEN 0
                                   ELSE -overage END) o;
  outcome := 'reversed';
  amount := round(amount, 6);
  overage := round(overage, 6);
  restored := round(restored, 6);
  lapsed := round(lapsed, 6);
END
$$;
