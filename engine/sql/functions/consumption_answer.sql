-- What an idempotency key that was used before answers: the first answer again where the question is the same, a conflict
-- that names the first differing field where it is not; and where the key is new, the refusal it was called with.
CREATE OR REPLACE FUNCTION purser.consumption_answer(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_amount numeric, p_idempotency_key text,
  p_occurred_at timestamptz, p_metadata jsonb, p_refusal text, p_available numeric,
  OUT outcome text, OUT replayed boolean, OUT field text, OUT amount numeric, OUT overage numeric, OUT available numeric,
  OUT version bigint, OUT recorded_at timestamptz
)
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_fact record;
BEGIN
  replayed := false;
  SELECT f.kind, f.feature, coalesce(f.acting_subject, f.subject) AS subject, f.amount, f.overage, f.balance_after,
         f.version, f.recorded_at, f.occurred_at, f.metadata
    INTO v_fact
    FROM purser.balance_facts f
    WHERE f.tenant_id = p_tenant AND f.idempotency_key = p_idempotency_key AND f.slot = p_slot;
  IF v_fact.version IS NULL THEN
    outcome := p_refusal;
    available := p_available;
    RETURN;
  END IF;
  field := CASE
    WHEN v_fact.kind <> 'consume' THEN 'command'
    WHEN v_fact.feature <> p_feature THEN 'feature'
    WHEN v_fact.subject <> p_subject THEN 'subject'
    WHEN v_fact.amount <> p_amount THEN 'amount'
    WHEN v_fact.occurred_at IS DISTINCT FROM p_occurred_at THEN 'occurredAt'
    WHEN v_fact.metadata IS DISTINCT FROM p_metadata THEN 'metadata'
  END;
  IF field IS NOT NULL THEN
    outcome := 'idempotency_conflict';
    RETURN;
  END IF;
  outcome := 'consumed';
  replayed := true;
  amount := v_fact.amount;
  overage := v_fact.overage;
  available := v_fact.balance_after;
  version := v_fact.version;
  recorded_at := v_fact.recorded_at;
END
$$;
