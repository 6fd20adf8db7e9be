-- Takes an amount from a balance, once per (tenant, idempotency key), or refuses and leaves nothing. The door for psql,
-- for any other language and for the middle of a transaction; consume_in_slot says the rest.
--
--   SELECT outcome, available FROM purser.consume('acme', 'messaging.credits', 5, 'order-17');
CREATE OR REPLACE FUNCTION purser.consume(
  p_tenant text, p_feature text, p_amount numeric, p_idempotency_key text,
  p_subject text DEFAULT '', p_occurred_at timestamptz DEFAULT NULL, p_metadata jsonb DEFAULT NULL,
  OUT outcome text, OUT replayed boolean, OUT field text, OUT amount numeric, OUT overage numeric,
  OUT available numeric, OUT unlimited boolean, OUT version bigint, OUT recorded_at timestamptz,
  OUT resets_at timestamptz, OUT restricted_by text
)
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  SELECT c.outcome, c.replayed, c.field, c.amount, c.overage, c.available, c.unlimited, c.version, c.recorded_at, c.resets_at,
         c.restricted_by
    INTO outcome, replayed, field, amount, overage, available, unlimited, version, recorded_at, resets_at, restricted_by
    FROM purser.consume_in_slot(purser.slot_of(p_tenant), p_tenant, p_feature, p_amount, p_idempotency_key, p_subject,
                                p_occurred_at, p_metadata) c;
END
$$;
