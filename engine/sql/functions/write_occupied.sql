-- Writes how many slots of a capacity are occupied now, with the fact that says why, and tells whoever listens. Called with
-- the balance row locked and fresh. Internal: runs with its caller's rights.
CREATE OR REPLACE FUNCTION purser.write_occupied(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_claimed integer, p_reported boolean, p_kind text,
  p_amount numeric, p_reference text, p_at timestamptz, p_acting_subject text DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_before record;
BEGIN
  SELECT b.version, b.interval_no, b.interval_used, b.unlimited, b.granted, b.claimed INTO v_before
    FROM purser.balances b
    WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = p_slot;
  INSERT INTO purser.balance_facts (slot, tenant_id, subject, feature, version, kind, amount, overage, interval_no,
                                    interval_used, balance_after, reference, acting_subject, recorded_at)
    VALUES (p_slot, p_tenant, p_subject, p_feature, v_before.version + 1, p_kind, p_amount, 0, v_before.interval_no,
            v_before.interval_used, CASE WHEN NOT v_before.unlimited THEN v_before.granted - p_claimed END, p_reference,
            p_acting_subject, p_at);
  UPDATE purser.balances b
    SET version = v_before.version + 1, claimed = p_claimed, reported = p_reported, as_of = p_at
    WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = p_slot;
  IF p_claimed <> v_before.claimed THEN
    INSERT INTO purser.outbox (slot, tenant_id, kind, source, subject, features, version, recorded_at)
      VALUES (p_slot, p_tenant, 'balance', 'consumption', p_subject, ARRAY[p_feature],
              v_before.version + 1, p_at);
  END IF;
  RETURN v_before.version + 1;
END
$$;
