-- Many consumptions in one call, of one tenant or of thousands, each judged exactly as consume_in_slot would judge it if
-- they came one by one in this order. What is paid once a call and not once an item: the plan, the lock and the update of a
-- balance, and the line that tells of its change. The lanes of the engine send what has queued here, consume_many what
-- somebody asks for at once.
--
-- Balances are locked in the order slot, tenant, subject, feature, before anything that decides is read. A balance whose
-- summed demand fits is settled by running sums; only where it does not fit are its items looked at one after the other,
-- because a large one that is refused must not block a small one behind it. What is out of the ordinary (an input that is
-- not plainly valid, a key shared by items of different balances) is left to consume_in_slot itself.
--
-- Without p_wait a balance that somebody else holds is passed over: its items come back with the outcome NULL, nothing has
-- happened to them, and whoever asked waits for them in another call.
--
-- Raises 40001, and has done nothing, where a key was used by somebody else at the same moment for a balance that is not
-- among these: asked again it finds that key.
CREATE OR REPLACE FUNCTION purser.consume_many_in_slots(
  p_slots integer[], p_tenants text[], p_features text[], p_amounts numeric[], p_idempotency_keys text[],
  p_subjects text[], p_occurred_at timestamptz[], p_metadata jsonb[], p_wait boolean
) RETURNS TABLE (
  item integer, outcome text, replayed boolean, field text, amount numeric, overage numeric, available numeric,
  unlimited boolean, version bigint, recorded_at timestamptz, resets_at timestamptz, restricted_by text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 50
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
  -- One element an item.
  v_plain    boolean[];
  v_holders  text[];
  v_numbers  bigint[];
  v_times    timestamptz[];
  v_used     boolean[];
  v_earlier  boolean[];
  v_single   boolean[];
  v_tight    boolean[];
  v_refusals text[];
  v_versions bigint[];
  v_overages numeric[];
  v_ends     numeric[];
  v_lefts    numeric[];
  -- One element a locked balance, in the order of locking: an item's number is its balance's place here.
  v_balances purser.balances[];
  v_all_plain boolean;
  v_any_due   boolean;
  v_any_lost  boolean;
  v_any_tight boolean;
  v_any_told  boolean;
  v_again    boolean;
  v_clock    timestamptz;
  v_row      record;
  v_number   bigint;
  v_version  bigint;
  v_end      numeric;
  v_left     numeric;
  v_overage  numeric;
  v_taken    text[];
  v_accepted bigint;
  v_written  bigint;
BEGIN
  -- Only what is plainly valid is judged here.
  SELECT array_agg(c.plain), bool_and(c.plain), array_agg(NULL::text) INTO v_plain, v_all_plain, v_refusals FROM (
    SELECT coalesce(i.tenant <> '' AND i.feature <> '' AND length(i.subject) <= 200
                    AND i.amount > 0 AND scale(i.amount) <= 6 AND i.amount < CASE scale(i.amount) WHEN 0 THEN 1e15 ELSE 1e9 END
                    AND i.key <> '' AND length(i.key) <= 200 AND (i.occurred_at IS NULL OR isfinite(i.occurred_at))
                    AND (i.metadata IS NULL OR jsonb_typeof(i.metadata) = 'object'), false) AS plain
    FROM ROWS FROM (unnest(p_tenants), unnest(p_features), unnest(p_amounts), unnest(p_idempotency_keys),
                    unnest(p_subjects), unnest(p_occurred_at), unnest(p_metadata))
      WITH ORDINALITY AS i (tenant, feature, amount, key, subject, occurred_at, metadata, item)
    ORDER BY i.item) c;

  -- More than one look, because a balance that was only just made or is due is turned and read again.
  FOR v_look IN 1..7 LOOP
    -- The subject's own balance where it has one, else the tenant's. It may be another one by the time it is locked.
    IF '' = ALL (p_subjects) THEN
      v_holders := p_subjects;
    ELSE
      SELECT array_agg(h.holder) INTO v_holders FROM (
        SELECT coalesce(own.subject, '') AS holder
        FROM ROWS FROM (unnest(p_slots), unnest(p_tenants), unnest(p_features), unnest(p_subjects))
          WITH ORDINALITY AS i (slot, tenant, feature, subject, item)
        LEFT JOIN LATERAL (
          SELECT b.subject FROM purser.balances b
          WHERE i.subject <> '' AND b.tenant_id = i.tenant AND b.subject = i.subject AND b.feature = i.feature
            AND b.slot = i.slot AND b.per = 'subject'
          LIMIT 1) own ON true
        ORDER BY i.item) h;
    END IF;

    -- Whoever changes a tenant's access locks the tenant and then its balances. A balance that is yet to be made asks for the
    -- tenant too, and so asks for it first.
    IF p_wait AND v_look = 1 THEN
      PERFORM FROM purser.tenants t
        WHERE (t.tenant_id, t.slot) IN (
          SELECT i.tenant, i.slot
          FROM unnest(p_slots, p_tenants, v_holders, p_features, v_plain) AS i (slot, tenant, holder, feature, plain)
          WHERE i.plain AND NOT EXISTS (
            SELECT FROM purser.balances b
            WHERE b.tenant_id = i.tenant AND b.subject = i.holder AND b.feature = i.feature AND b.slot = i.slot))
        ORDER BY t.slot, t.tenant_id
        FOR SHARE;
    END IF;
    -- The locks come first and alone, so that what decides is read after every earlier holder has committed.
    IF p_wait THEN
      SELECT array_agg(l.b) INTO v_balances FROM (
        SELECT DISTINCT i.slot, i.tenant COLLATE "C" AS tenant, i.holder COLLATE "C" AS holder,
               i.feature COLLATE "C" AS feature
        FROM unnest(p_slots, p_tenants, v_holders, p_features, v_plain) AS i (slot, tenant, holder, feature, plain)
        WHERE i.plain
        ORDER BY slot, tenant, holder, feature) w
      CROSS JOIN LATERAL (
        SELECT b FROM purser.balances b
        WHERE b.tenant_id = w.tenant AND b.subject = w.holder AND b.feature = w.feature AND b.slot = w.slot
        FOR NO KEY UPDATE OF b) l;
    ELSE
      SELECT array_agg(l.b) INTO v_balances FROM (
        SELECT DISTINCT i.slot, i.tenant COLLATE "C" AS tenant, i.holder COLLATE "C" AS holder,
               i.feature COLLATE "C" AS feature
        FROM unnest(p_slots, p_tenants, v_holders, p_features, v_plain) AS i (slot, tenant, holder, feature, plain)
        WHERE i.plain
        ORDER BY slot, tenant, holder, feature) w
      CROSS JOIN LATERAL (
        SELECT b FROM purser.balances b
        WHERE b.tenant_id = w.tenant AND b.subject = w.holder AND b.feature = w.feature AND b.slot = w.slot
        FOR NO KEY UPDATE OF b SKIP LOCKED) l;
    END IF;
    -- Read once: while a row is turned the next grant or hold may end. Again only where other rows were locked since.
    v_clock := CASE WHEN v_any_lost THEN clock_timestamp() ELSE coalesce(v_clock, clock_timestamp()) END;

    -- Which balance each item draws from, what time it is there, and whether its key was used before.
    WITH held AS MATERIALIZED (
      SELECT b.ordinality AS number, b.slot, b.tenant_id, b.subject, b.feature, b.per, b.next_change_at,
             greatest(b.as_of, CASE WHEN b.test THEN purser.tenant_now(b.slot, b.tenant_id) ELSE v_clock END) AS now_at
      FROM unnest(v_balances) WITH ORDINALITY b
    )
    SELECT array_agg(d.number), array_agg(d.now_at), array_agg(d.used), bool_or(d.used), bool_or(d.next_change_at <= d.now_at),
           bool_or(d.plain AND d.refusal IS NULL AND d.number IS NULL)
      INTO v_numbers, v_times, v_used, v_any_told, v_any_due, v_any_lost
      FROM (
        SELECT h.number, h.now_at, h.next_change_at, i.plain, i.refusal, k.used
        FROM ROWS FROM (unnest(p_slots), unnest(p_tenants), unnest(v_holders), unnest(p_features), unnest(p_subjects),
                        unnest(p_idempotency_keys), unnest(v_plain), unnest(v_refusals))
          WITH ORDINALITY AS i (slot, tenant, holder, feature, subject, key, plain, refusal, item)
        LEFT JOIN held h
          ON h.slot = i.slot AND h.tenant_id = i.tenant AND h.subject = i.holder AND h.feature = i.feature
          AND (i.subject = '' OR (h.per = 'subject') = (h.subject <> ''))
        LEFT JOIN LATERAL (
          SELECT true AS used FROM purser.balance_facts f
          WHERE f.tenant_id = i.tenant AND f.idempotency_key = i.key AND f.slot = i.slot
          LIMIT 1) k ON true
        ORDER BY i.item) d;
    EXIT WHEN NOT v_any_due AND NOT v_any_lost;

    v_again := false;
    FOR v_row IN
      SELECT DISTINCT b.slot, b.tenant_id, b.subject, b.feature, i.now_at, b.ordinality
      FROM unnest(v_numbers, v_times) AS i (number, now_at)
      JOIN unnest(v_balances) WITH ORDINALITY b ON b.ordinality = i.number AND b.next_change_at <= i.now_at
      ORDER BY b.ordinality
    LOOP
      PERFORM purser.turn_balance(v_row.slot, v_row.tenant_id, v_row.subject, v_row.feature, v_row.now_at, 'boundary',
                                  'boundary_recompute', 0, NULL);
      v_again := true;
    END LOOP;
    -- No balance that could be locked: there is none yet, or somebody else holds it.
    FOR v_row IN
      SELECT i.slot, i.tenant COLLATE "C" AS tenant, i.subject COLLATE "C" AS subject, i.feature COLLATE "C" AS feature,
             array_agg(i.item) AS items, NULL::text AS refusal
      FROM ROWS FROM (unnest(p_slots), unnest(p_tenants), unnest(v_holders), unnest(p_features), unnest(p_subjects),
                      unnest(v_numbers), unnest(v_plain), unnest(v_refusals))
        WITH ORDINALITY AS i (slot, tenant, holder, feature, subject, number, plain, refusal, item)
      WHERE i.plain AND i.refusal IS NULL AND i.number IS NULL
        AND (p_wait OR NOT EXISTS (
          SELECT FROM purser.balances b
          WHERE b.tenant_id = i.tenant AND b.subject = i.holder AND b.feature = i.feature AND b.slot = i.slot))
      GROUP BY 1, 2, 3, 4
      ORDER BY 1, 2, 3, 4
    LOOP
      -- Who does not wait for a balance waits neither for its tenant nor for who is just making the same one.
      BEGIN
        PERFORM set_config('lock_timeout', CASE WHEN p_wait THEN '5s' ELSE '1ms' END, true);
        SELECT o.outcome INTO v_row.refusal
          FROM purser.open_balance(v_row.slot, v_row.tenant, v_row.subject, v_row.feature,
                                   purser.tenant_now(v_row.slot, v_row.tenant)) o;
        PERFORM set_config('lock_timeout', '5s', true);
      EXCEPTION WHEN lock_not_available THEN
        CONTINUE WHEN NOT p_wait;
        RAISE;
      END;
      IF v_row.refusal IS NULL THEN
        v_again := true;
      ELSE
        FOREACH v_number IN ARRAY v_row.items LOOP
          v_refusals[v_number] := v_row.refusal;
        END LOOP;
      END IF;
    END LOOP;
    EXIT WHEN NOT v_again;
    IF v_look = 7 THEN
      RAISE EXCEPTION 'a balance is due again right after it was turned' USING ERRCODE = 'PU001';
    END IF;
  END LOOP;

  -- A key twice in one call: the later item is answered after the first has been written. Across balances the order of
  -- the items decides, and it is kept by taking them one by one.
  IF NOT v_all_plain OR EXISTS (
    SELECT FROM unnest(p_slots, p_tenants, p_idempotency_keys) AS i (slot, tenant, key)
    GROUP BY i.slot, i.tenant, i.key HAVING count(*) > 1)
  THEN
    SELECT array_agg(d.earlier), array_agg(d.single) INTO v_earlier, v_single FROM (
      SELECT t.earlier, bool_or(t.odd) OVER (PARTITION BY coalesce(t.number, -t.item)) AS single, t.item
      FROM (
        SELECT i.item, i.number, row_number() OVER of_key > 1 AS earlier,
               NOT i.plain OR min(coalesce(i.number, 0)) OVER of_all <> max(coalesce(i.number, 0)) OVER of_all AS odd
        FROM ROWS FROM (unnest(p_slots), unnest(p_tenants), unnest(p_idempotency_keys), unnest(v_numbers), unnest(v_plain))
          WITH ORDINALITY AS i (slot, tenant, key, number, plain, item)
        WINDOW of_all AS (PARTITION BY i.slot, i.tenant, i.key), of_key AS (of_all ORDER BY i.item)) t
      ORDER BY t.item) d;
  END IF;

  -- A balance whose new items fit is settled by running sums. Of one whose items do not, this is the state to begin with.
  SELECT array_agg(d.version), array_agg(d.ended), array_agg(d.available), array_agg(d.refusal), array_agg(d.overage),
         array_agg(d.tight), bool_or(d.tight), count(d.version)
    INTO v_versions, v_ends, v_lefts, v_refusals, v_overages, v_tight, v_any_tight, v_accepted
    FROM (
      SELECT s.refusal, s.judged AND NOT s.fits AS tight,
             CASE WHEN s.fresh AND s.fits THEN s.version + s.place END AS version,
             CASE WHEN s.fresh AND s.fits THEN s.interval_used + s.drawn END AS ended,
             CASE WHEN s.fresh AND s.fits THEN 0::numeric END AS overage,
             CASE WHEN NOT s.fresh OR NOT s.fits THEN s.available
                  WHEN NOT s.unlimited THEN s.available - s.drawn END AS available
      FROM (
        SELECT n.*, coalesce(n.unlimited OR sum(n.demand) OVER of_balance <= n.available, true) AS fits,
               sum(n.demand) OVER until_here AS drawn, count(n.demand) OVER until_here AS place
        FROM (
          SELECT j.*, j.judged AND j.earlier IS NOT TRUE AS fresh,
                 CASE WHEN j.judged AND j.earlier IS NOT TRUE THEN j.amount END AS demand
          FROM (
            SELECT i.item, i.number, i.amount, i.earlier, b.version, b.interval_used, b.unlimited, c.refusal,
                   CASE WHEN (c.refusal IN ('wrong_kind', 'subject_required')) IS NOT TRUE AND (b.unlimited AND c.refusal = lower(b.denied_reason)) IS NOT TRUE
                     THEN b.granted - b.used - b.held END AS available,
                   b.version IS NOT NULL AND c.refusal IS NULL AND i.used IS NULL AND i.single IS NOT TRUE AS judged
            FROM ROWS FROM (unnest(v_numbers), unnest(p_amounts), unnest(v_refusals), unnest(v_used), unnest(v_earlier),
                            unnest(v_single))
              WITH ORDINALITY AS i (number, amount, refusal, used, earlier, single, item)
            LEFT JOIN unnest(v_balances) WITH ORDINALITY b ON b.ordinality = i.number
            CROSS JOIN LATERAL (SELECT CASE
              WHEN b.version IS NULL THEN i.refusal
              WHEN b.kind = 'capacity' THEN 'wrong_kind'
              WHEN b.per = 'subject' AND b.subject = '' THEN 'subject_required'
              ELSE lower(b.denied_reason)
            END AS refusal) c) j) n
        WINDOW of_balance AS (PARTITION BY n.number),
               until_here AS (PARTITION BY n.number ORDER BY n.item ROWS UNBOUNDED PRECEDING)) s
      ORDER BY s.item) d;

  -- One whose items do not is walked through, by expressions alone.
  IF v_any_tight THEN
    v_number := 0;
    FOR v_row IN
      SELECT i.item, i.number, i.amount, i.key, i.earlier, b.kind, b.enforcement, b.version, b.interval_used,
             b.granted - b.used - b.held AS available
      FROM ROWS FROM (unnest(v_numbers), unnest(p_amounts), unnest(p_idempotency_keys), unnest(v_earlier), unnest(v_tight))
        WITH ORDINALITY AS i (number, amount, key, earlier, tight, item)
      JOIN unnest(v_balances) WITH ORDINALITY b ON b.ordinality = i.number
      WHERE i.tight
      ORDER BY i.number, i.item
    LOOP
      IF v_row.number <> v_number THEN
        v_number := v_row.number;
        v_version := v_row.version;
        v_end := v_row.interval_used;
        v_left := v_row.available;
        v_taken := '{}';
      END IF;
      CONTINUE WHEN v_row.earlier AND v_row.key = ANY (v_taken);
      v_overage := CASE WHEN v_row.amount > v_left THEN v_row.amount - greatest(v_left, 0) ELSE 0 END;
      IF v_overage > 0 AND v_row.enforcement = 'hard' THEN
        v_refusals[v_row.item] := CASE v_row.kind WHEN 'credits' THEN 'insufficient_balance' ELSE 'limit_reached' END;
        v_lefts[v_row.item] := v_left;
      ELSE
        v_version := v_version + 1;
        v_left := v_left - (v_row.amount - v_overage);
        v_end := v_end + (v_row.amount - v_overage);
        v_accepted := v_accepted + 1;
        v_versions[v_row.item] := v_version;
        v_overages[v_row.item] := v_overage;
        v_lefts[v_row.item] := v_left;
        v_ends[v_row.item] := v_end;
        IF v_earlier IS NOT NULL THEN
          v_taken := v_taken || v_row.key;
        END IF;
      END IF;
    END LOOP;
  END IF;

  IF v_accepted > 0 THEN
    WITH written AS (
      INSERT INTO purser.balance_facts (slot, tenant_id, subject, feature, version, kind, idempotency_key, amount, overage,
                                        interval_no, interval_used, balance_after, acting_subject, recorded_at, occurred_at,
                                        metadata)
        SELECT b.slot, b.tenant_id, b.subject, b.feature, i.version, 'consume', i.key, i.amount, i.overage, b.interval_no,
               i.ended, CASE WHEN NOT b.unlimited THEN i.available END, nullif(i.subject, b.subject), i.now_at, i.occurred_at,
               i.metadata
        FROM ROWS FROM (unnest(v_numbers), unnest(v_versions), unnest(p_idempotency_keys), unnest(p_amounts),
                        unnest(v_overages), unnest(v_ends), unnest(v_lefts), unnest(p_subjects), unnest(v_times),
                        unnest(p_occurred_at), unnest(p_metadata))
          AS i (number, version, key, amount, overage, ended, available, subject, now_at, occurred_at, metadata)
        JOIN unnest(v_balances) WITH ORDINALITY b ON b.ordinality = i.number
        WHERE i.version IS NOT NULL
      ON CONFLICT (tenant_id, idempotency_key, slot) DO NOTHING
      RETURNING version)
    SELECT count(*) INTO v_written FROM written;
    IF v_written <> v_accepted THEN
      RAISE EXCEPTION 'an idempotency key of this call was used by another one at the same moment'
        USING ERRCODE = 'serialization_failure';
    END IF;
    -- Joined apart, so that each balance is found by its key however many there are.
    WITH drawn AS MATERIALIZED (
      SELECT l.slot, l.tenant_id, l.subject, l.feature, t.*
      FROM (
        SELECT i.number, max(i.version) AS version, sum(i.amount - i.overage) AS drawn, sum(i.overage) AS overage,
               max(i.now_at) AS now_at
        FROM unnest(v_numbers, v_versions, p_amounts, v_overages, v_times) AS i (number, version, amount, overage, now_at)
        WHERE i.version IS NOT NULL
        GROUP BY i.number) t
      JOIN unnest(v_balances) WITH ORDINALITY l ON l.ordinality = t.number),
    told AS (
      INSERT INTO purser.outbox (slot, tenant_id, kind, source, subject, features, version, recorded_at)
        SELECT d.slot, d.tenant_id, 'balance', 'consumption', d.subject, ARRAY[d.feature], d.version, d.now_at FROM drawn d)
    UPDATE purser.balances b
      SET version = d.version, used = b.used + d.drawn, overage = b.overage + d.overage,
          interval_used = b.interval_used + d.drawn, as_of = d.now_at
      FROM drawn d
      WHERE b.tenant_id = d.tenant_id AND b.subject = d.subject AND b.feature = d.feature AND b.slot = d.slot;
  END IF;

  RETURN QUERY
    SELECT i.item::integer, CASE WHEN i.version IS NULL THEN i.refusal ELSE 'consumed' END, false, NULL::text,
           CASE WHEN i.version IS NOT NULL THEN round(i.amount, 6) END, round(i.overage, 6),
           CASE WHEN i.version IS NOT NULL OR i.refusal IS NOT NULL THEN i.available END,
           coalesce(b.unlimited AND (i.version IS NOT NULL OR i.refusal = lower(b.denied_reason)), false), i.version,
           CASE WHEN i.version IS NOT NULL THEN i.now_at END,
           CASE WHEN m.meant THEN nullif(b.resets_at, 'infinity') END, CASE WHEN m.meant THEN b.restricted_by END
    FROM ROWS FROM (unnest(v_numbers), unnest(v_versions), unnest(p_amounts), unnest(v_overages), unnest(v_lefts),
                    unnest(v_times), unnest(v_refusals), unnest(v_used), unnest(v_earlier), unnest(v_single))
      WITH ORDINALITY AS i (number, version, amount, overage, available, now_at, refusal, used, earlier, single, item)
    LEFT JOIN unnest(v_balances) WITH ORDINALITY b ON b.ordinality = i.number
    -- Of a balance that was not meant nothing is said.
    CROSS JOIN LATERAL (SELECT i.refusal IS NULL OR i.refusal NOT IN ('wrong_kind', 'subject_required') AS meant) m
    WHERE i.version IS NOT NULL
       OR i.single IS NOT TRUE AND (i.used IS NULL AND i.earlier IS NOT TRUE OR i.number IS NULL AND i.refusal IS NULL);

  -- A key that was used before, or earlier in this call, decides first.
  IF v_any_told OR v_earlier IS NOT NULL THEN
    RETURN QUERY
      SELECT i.item::integer, a.outcome, a.replayed, a.field, a.amount, a.overage, a.available,
             coalesce(CASE WHEN a.replayed THEN a.available IS NULL ELSE b.unlimited AND a.outcome = lower(b.denied_reason) END, false),
             a.version, a.recorded_at,
             CASE WHEN a.field IS NULL AND m.meant THEN nullif(b.resets_at, 'infinity') END,
             CASE WHEN a.field IS NULL AND m.meant THEN b.restricted_by END
      FROM ROWS FROM (unnest(p_slots), unnest(p_tenants), unnest(p_subjects), unnest(p_features), unnest(p_amounts),
                      unnest(p_idempotency_keys), unnest(p_occurred_at), unnest(p_metadata), unnest(v_numbers),
                      unnest(v_versions), unnest(v_lefts), unnest(v_refusals), unnest(v_used), unnest(v_earlier),
                      unnest(v_single))
        WITH ORDINALITY AS i (slot, tenant, subject, feature, amount, key, occurred_at, metadata, number, version, available,
                              refusal, used, earlier, single, item)
      LEFT JOIN unnest(v_balances) WITH ORDINALITY b ON b.ordinality = i.number
      CROSS JOIN LATERAL purser.consumption_answer(i.slot, i.tenant, i.subject, i.feature, i.amount, i.key, i.occurred_at,
                                                   i.metadata, i.refusal, i.available) a
      CROSS JOIN LATERAL (SELECT i.refusal IS NULL OR i.refusal NOT IN ('wrong_kind', 'subject_required') AS meant) m
      WHERE i.version IS NULL AND (i.used OR i.earlier) AND i.single IS NOT TRUE
        AND (i.number IS NOT NULL OR i.refusal IS NOT NULL);
  END IF;

  IF v_single IS NOT NULL THEN
    FOR v_row IN
      SELECT i.*
      FROM ROWS FROM (unnest(p_slots), unnest(p_tenants), unnest(p_features), unnest(p_amounts), unnest(p_idempotency_keys),
                      unnest(p_subjects), unnest(p_occurred_at), unnest(p_metadata), unnest(v_numbers), unnest(v_single))
        WITH ORDINALITY AS i (slot, tenant, feature, amount, key, subject, occurred_at, metadata, number, single, item)
      WHERE i.single
      ORDER BY i.item
    LOOP
      IF v_row.number IS NULL AND NOT p_wait THEN
        -- Whether there is a balance and somebody holds it is not known, and to find out could take as long as that.
        RETURN QUERY SELECT v_row.item::integer, NULL::text, false, NULL::text, NULL::numeric, NULL::numeric, NULL::numeric,
                            false, NULL::bigint, NULL::timestamptz, NULL::timestamptz, NULL::text;
      ELSE
        RETURN QUERY
          SELECT v_row.item::integer, c.outcome, c.replayed, c.field, c.amount, c.overage, c.available, c.unlimited, c.version,
                 c.recorded_at, c.resets_at, c.restricted_by
          FROM purser.consume_in_slot(v_row.slot, v_row.tenant, v_row.feature, v_row.amount, v_row.key, v_row.subject,
                                      v_row.occurred_at, v_row.metadata) c;
      END IF;
    END LOOP;
  END IF;
END
$$;
