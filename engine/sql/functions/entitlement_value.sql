-- The finite number a feature stands at for a tenant: a value's number, a countable feature's limit, the largest over
-- several subscriptions. NULL where there is none to name: unlimited, not entitled, or not a number; so decide with
-- check_entitlement, never with NULL.
CREATE OR REPLACE FUNCTION purser.entitlement_value(p_tenant text, p_feature text) RETURNS numeric
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
DECLARE
  v_answer record;
BEGIN
  SELECT c.allowed, c.reason, c.kind, c.value, c.unlimited, c.quantity_limit INTO v_answer
    FROM purser.check_entitlement(p_tenant, p_feature) c;
  IF v_answer.unlimited THEN
    RETURN NULL;
  ELSIF v_answer.kind IN ('capacity', 'metered', 'credits') THEN
    RETURN CASE WHEN v_answer.allowed OR v_answer.reason IN ('LIMIT_REACHED', 'INSUFFICIENT_BALANCE')
           THEN v_answer.quantity_limit END;
  ELSIF v_answer.allowed AND jsonb_typeof(v_answer.value) = 'number' THEN
    RETURN (v_answer.value #>> '{}')::numeric;
  END IF;
  RETURN NULL;
END
$$;
