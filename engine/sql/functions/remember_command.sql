-- Keeps the answer of a command under its idempotency key, in the transaction of its effect. Answers false where somebody
-- else kept one under the same key at the same moment: the caller starts over and finds it. Internal to the one door.
CREATE OR REPLACE FUNCTION purser.remember_command(
  p_slot integer, p_tenant text, p_idempotency_key text, p_command text, p_input_hash bytea, p_input jsonb, p_answer jsonb,
  p_recorded_at timestamptz
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
DECLARE
  v_key text;
BEGIN
  IF p_slot IS DISTINCT FROM purser.slot_of(p_tenant) THEN
    RAISE EXCEPTION 'slot % is not the slot of this tenant', p_slot USING ERRCODE = 'PU002';
  END IF;
  INSERT INTO purser.command_keys (slot, tenant_id, idempotency_key, command, input_hash, input, answer, recorded_at)
    VALUES (p_slot, p_tenant, p_idempotency_key, p_command, p_input_hash, p_input, p_answer, p_recorded_at)
    ON CONFLICT (tenant_id, idempotency_key, slot) DO NOTHING
    RETURNING idempotency_key INTO v_key;
  RETURN v_key IS NOT NULL;
END
$$;
