-- Ends a session of the console now. Answers whether there was one to end. Internal to the server.
CREATE OR REPLACE FUNCTION purser.close_console_session(p_session_id text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
DECLARE
  v_session text;
BEGIN
  DELETE FROM purser.console_sessions s WHERE s.session_id = p_session_id RETURNING s.session_id INTO v_session;
  RETURN v_session IS NOT NULL;
END
$$;
