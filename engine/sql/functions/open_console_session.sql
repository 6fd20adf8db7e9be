-- Keeps a session of the console until it ends, and lets those go that have: by time, or because their key did. Internal to
-- the server.
CREATE OR REPLACE FUNCTION purser.open_console_session(
  p_session_id text, p_secret_hash bytea, p_key_id text, p_ends_at timestamptz
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
BEGIN
  DELETE FROM purser.console_sessions s
    WHERE s.ends_at <= v_now
      OR NOT EXISTS (SELECT FROM purser.api_keys k
                     WHERE k.key_id = s.key_id AND k.revoked_at IS NULL AND k.expires_at > v_now);
  INSERT INTO purser.console_sessions (session_id, secret_hash, key_id, opened_at, ends_at)
    VALUES (p_session_id, p_secret_hash, p_key_id, v_now, p_ends_at);
END
$$;
