-- The slot of a tenant: the first ten bits of SHA-256 over the id's bytes. The id is in Unicode NFC already (the doors
-- see to it, create_tenant insists). The same function exists in TypeScript (engine/src/foundation/slot.ts).
CREATE OR REPLACE FUNCTION purser.slot_of(p_tenant text) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
DECLARE
  v_hash bytea := sha256(convert_to(p_tenant, 'UTF8'));
BEGIN
  RETURN get_byte(v_hash, 0) * 4 + get_byte(v_hash, 1) / 64;
END
$$;
