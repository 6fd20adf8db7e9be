-- Several consumptions of one tenant in one call, each judged in its order as if it had come alone; with p_atomic all of them
-- or none. At most 1,000 items, each an object:
--
--   {"feature": "credits", "amount": 5, "idempotency_key": "order-17", "subject": "ann",
--    "occurred_at": "2031-05-01T09:00:00Z", "metadata": {"order": 17}}
--
-- feature and amount (a number, or a decimal text) have to be there; a member that is null is as if it were not. A request
-- that needs several features has one key, p_idempotency_key, and its items are key#1, key#2, …; otherwise every item has
-- its own.
--
-- Answers one row an item, in order, with the columns of consume. An item that cannot be read is invalid_input and names
-- the field; one that passed while another one of an atomic call did not is batch_refused, with what is available. Where
-- the call itself cannot be read (items, idempotencyKey) the one row answered has no item.
--
-- The rows of its balances stay locked until the transaction ends. Raises 40001 where keys were used by others at the same
-- moment again and again, and 40P01 where it lost a deadlock: the whole transaction may be run again.
--
--   SELECT item, outcome, available FROM purser.consume_many('acme', '[{"feature": "credits", "amount": 1,
--     "idempotency_key": "a"}, {"feature": "credits", "amount": 2, "idempotency_key": "b"}]');
CREATE OR REPLACE FUNCTION purser.consume_many(
  p_tenant text, p_items jsonb, p_idempotency_key text DEFAULT NULL, p_atomic boolean DEFAULT false
) RETURNS TABLE (
  item integer, idempotency_key text, outcome text, replayed boolean, field text, amount numeric, overage numeric,
  available numeric, unlimited boolean, version bigint, recorded_at timestamptz, resets_at timestamptz, restricted_by text
)
LANGUAGE plpgsql VOLATILE SECURITY INVOKER ROWS 50
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_slot     integer := purser.slot_of(p_tenant);
  v_count    integer;
  v_keys     text[];
  v_features text[];
  v_amounts  numeric[];
  v_subjects text[];
  v_occurred timestamptz[];
  v_metadata jsonb[];
  v_fields   text[];
  v_answers  jsonb;
  v_refused  boolean := false;
BEGIN
  field := CASE
    WHEN p_items IS NULL OR jsonb_typeof(p_items) <> 'array' OR jsonb_array_length(p_items) > 1000 THEN 'items'
    -- With the longest number behind it the key still is one.
    WHEN p_idempotency_key = '' OR length(p_idempotency_key) > 195 THEN 'idempotencyKey'
  END;
  IF field IS NOT NULL THEN
    outcome := 'invalid_input';
    replayed := false;
    unlimited := false;
    RETURN NEXT;
    RETURN;
  END IF;

  -- What is no value of its kind becomes NULL, which consume refuses where the value has to be there; v_field says so where
  -- it need not, and for a member that has no meaning: a subject misspelt would draw from the tenant's own balance.
  SELECT count(*), array_agg(r.key), array_agg(CASE WHEN r.field IS NULL THEN r.feature END), array_agg(r.amount),
         array_agg(r.subject), array_agg(r.occurred_at), array_agg(r.metadata), array_agg(r.field)
    INTO v_count, v_keys, v_features, v_amounts, v_subjects, v_occurred, v_metadata, v_fields
    FROM (
      SELECT CASE WHEN p_idempotency_key IS NOT NULL THEN p_idempotency_key || '#' || e.item
                  WHEN jsonb_typeof(o.value -> 'idempotency_key') = 'string' THEN o.value ->> 'idempotency_key' END AS key,
             CASE WHEN jsonb_typeof(o.value -> 'feature') = 'string' THEN o.value ->> 'feature' END AS feature,
             CASE WHEN jsonb_typeof(o.value -> 'amount') = 'number'
                    OR jsonb_typeof(o.value -> 'amount') = 'string' AND o.value ->> 'amount' ~ '^\d{1,15}(\.\d{1,6})?$'
                  THEN (o.value ->> 'amount')::numeric END AS amount,
             CASE coalesce(jsonb_typeof(o.value -> 'subject'), 'null')
               WHEN 'null' THEN '' WHEN 'string' THEN o.value ->> 'subject' END AS subject,
             t.occurred_at, nullif(o.value -> 'metadata', 'null') AS metadata,
             CASE WHEN o.value ->> 'occurred_at' IS NOT NULL AND t.occurred_at IS NULL THEN 'occurredAt'
                  WHEN p_idempotency_key IS NOT NULL AND o.value ->> 'idempotency_key' IS NOT NULL THEN 'idempotencyKey'
                  ELSE (SELECT min(k.name) FROM jsonb_object_keys(o.value) k (name)
                        WHERE k.name NOT IN ('feature', 'amount', 'idempotency_key', 'subject', 'occurred_at', 'metadata'))
             END AS field
      FROM jsonb_array_elements(p_items) WITH ORDINALITY e (value, item)
      CROSS JOIN LATERAL (SELECT CASE jsonb_typeof(e.value) WHEN 'object' THEN e.value ELSE '{}' END AS value) o
      CROSS JOIN LATERAL (SELECT CASE jsonb_typeof(o.value -> 'occurred_at')
                                 WHEN 'string' THEN purser.instant_of(o.value ->> 'occurred_at') END AS occurred_at) t
      ORDER BY e.item) r;

  FOR v_attempt IN 1..5 LOOP
    BEGIN
      SELECT jsonb_agg(to_jsonb(c)), bool_or(c.outcome <> 'consumed') INTO v_answers, v_refused
        FROM purser.consume_many_in_slots(array_fill(v_slot, ARRAY[v_count]), array_fill(p_tenant, ARRAY[v_count]), v_features,
                                          v_amounts, v_keys, v_subjects, v_occurred, v_metadata, true) c;
      EXIT WHEN NOT (p_atomic AND v_refused);
      -- Undoes this block, and nothing else raises it.
      RAISE EXCEPTION 'one of the items was refused';
    EXCEPTION
      WHEN raise_exception THEN
        EXIT;
      WHEN serialization_failure THEN
        IF v_attempt = 5 THEN
          RAISE;
        END IF;
    END;
  END LOOP;

  RETURN QUERY
    SELECT a.item, v_keys[a.item], d.outcome, d.outcome = 'consumed' AND a.replayed, coalesce(v_fields[a.item], a.field),
           CASE WHEN d.outcome = 'consumed' THEN a.amount END, CASE WHEN d.outcome = 'consumed' THEN a.overage END,
           CASE WHEN d.outcome <> 'batch_refused' THEN a.available ELSE (
             SELECT c.remaining FROM purser.check_entitlement(p_tenant, v_features[a.item], p_subject => v_subjects[a.item]) c) END,
           d.outcome <> 'batch_refused' AND a.unlimited, CASE WHEN d.outcome = 'consumed' THEN a.version END,
           CASE WHEN d.outcome = 'consumed' THEN a.recorded_at END, a.resets_at, a.restricted_by
    FROM (
      -- What this call did and what it only told again of that: both are undone where it is refused.
      SELECT r.*, bool_or(r.outcome = 'consumed' AND NOT r.replayed) OVER (PARTITION BY v_keys[r.item]) AS made_now
      FROM jsonb_to_recordset(v_answers) r (item integer, outcome text, replayed boolean, field text, amount numeric,
                                            overage numeric, available numeric, unlimited boolean, version bigint,
                                            recorded_at timestamptz, resets_at timestamptz, restricted_by text)) a
    CROSS JOIN LATERAL (
      SELECT CASE WHEN p_atomic AND v_refused AND a.outcome = 'consumed' AND a.made_now THEN 'batch_refused'
             ELSE a.outcome END AS outcome) d
    ORDER BY a.item;
END
$$;
