-- Ends an API key now, for good. Answers whether there was one to end.
CREATE OR REPLACE FUNCTION purser.revoke_api_key(p_key_id text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
DECLARE
  v_key text;
BEGIN
  UPDATE purser.api_keys k SET revoked_at = clock_timestamp()
    WHERE k.key_id = p_key_id AND k.revoked_at IS NULL
    RETURNING k.key_id INTO v_key;
  RETURN v_key IS NOT NULL;
END
$$;
