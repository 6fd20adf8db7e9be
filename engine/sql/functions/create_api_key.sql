-- Keeps a new API key: its public id and the SHA-256 of its secret, which exists nowhere else. Internal to the server.
CREATE OR REPLACE FUNCTION purser.create_api_key(
  p_key_id text, p_secret_hash bytea, p_name text, p_mode text, p_tenant text, p_scopes text[], p_actor text,
  p_expires_at timestamptz
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
BEGIN
  INSERT INTO purser.api_keys (key_id, secret_hash, name, mode, tenant_id, scopes, created_by, created_at, expires_at)
    VALUES (p_key_id, p_secret_hash, p_name, p_mode, p_tenant, p_scopes, p_actor, clock_timestamp(), p_expires_at);
END
$$;
