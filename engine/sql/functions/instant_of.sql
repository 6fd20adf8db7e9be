-- The instant that an RFC 3339 text names, or NULL where it names none: no offset, no such day. A cast alone would read it by
-- the session's settings, and raise.
CREATE OR REPLACE FUNCTION purser.instant_of(p_text text) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
BEGIN
  IF p_text !~ '^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)$' THEN
    RETURN NULL;
  END IF;
  RETURN p_text::timestamptz;
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format THEN
  RETURN NULL;
END
$$;
