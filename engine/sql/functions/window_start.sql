-- When the window of a number begins: anchor + n × interval on the wall clock of the zone (window_at says the rest).
CREATE OR REPLACE FUNCTION purser.window_start(p_unit text, p_count integer, p_anchor timestamptz, p_zone text, p_number bigint)
RETURNS timestamptz
LANGUAGE plpgsql STABLE STRICT SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
BEGIN
  RETURN CASE
    WHEN p_unit = 'lifetime' THEN CASE WHEN p_number > 0 THEN 'infinity' ELSE '-infinity' END::timestamptz
    WHEN p_unit = 'hour' THEN p_anchor + make_interval(secs => p_number * 3600 * p_count)
    ELSE (p_anchor AT TIME ZONE p_zone + p_number * CASE p_unit
            WHEN 'day' THEN make_interval(days => p_count)
            WHEN 'week' THEN make_interval(days => 7 * p_count)
            WHEN 'month' THEN make_interval(months => p_count)
            WHEN 'year' THEN make_interval(months => 12 * p_count)
          END) AT TIME ZONE p_zone
  END;
END
$$;
