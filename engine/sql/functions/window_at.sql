-- The window that an instant falls into: number n covers [anchor + n × interval, anchor + (n + 1) × interval), counted on
-- the wall clock of the tenant's zone, so windows tile and 31 January + 1 month is the last of February while + 2 months
-- is 31 March again. Hours are counted in elapsed time, because a wall clock that is set back would show one twice.
-- Numbers may be negative: a window before the anchor is a window all the same.
CREATE OR REPLACE FUNCTION purser.window_at(
  p_unit text, p_count integer, p_anchor timestamptz, p_zone text, p_at timestamptz,
  OUT number bigint, OUT starts_at timestamptz, OUT ends_at timestamptz
)
LANGUAGE plpgsql STABLE STRICT SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
DECLARE
  v_anchor timestamp := p_anchor AT TIME ZONE p_zone;
  v_at     timestamp := p_at AT TIME ZONE p_zone;
  v_months integer;
  v_step   interval;
BEGIN
  IF p_unit = 'lifetime' THEN
    number := 0;
    starts_at := '-infinity';
    ends_at := 'infinity';
    RETURN;
  END IF;
  IF p_unit = 'hour' THEN
    number := floor(extract(epoch FROM p_at - p_anchor) / (3600 * p_count));
    starts_at := p_anchor + make_interval(secs => number * 3600 * p_count);
    ends_at := starts_at + make_interval(hours => p_count);
    RETURN;
  END IF;

  -- A first guess by calendar arithmetic, then a step or two: clamped months and daylight saving move it by little.
  IF p_unit IN ('month', 'year') THEN
    v_months := p_count * CASE p_unit WHEN 'year' THEN 12 ELSE 1 END;
    v_step := make_interval(months => v_months);
    number := floor(((extract(year FROM v_at) - extract(year FROM v_anchor)) * 12
                     + extract(month FROM v_at) - extract(month FROM v_anchor)) / v_months);
  ELSE
    v_step := make_interval(days => p_count * CASE p_unit WHEN 'week' THEN 7 ELSE 1 END);
    number := floor(extract(epoch FROM v_at - v_anchor)
                    / (86400 * p_count * CASE p_unit WHEN 'week' THEN 7 ELSE 1 END));
  END IF;
  LOOP
    starts_at := (v_anchor + number * v_step) AT TIME ZONE p_zone;
    EXIT WHEN starts_at <= p_at;
    number := number - 1;
  END LOOP;
  LOOP
    ends_at := (v_anchor + (number + 1) * v_step) AT TIME ZONE p_zone;
    EXIT WHEN ends_at > p_at;
    number := number + 1;
    starts_at := ends_at;
  END LOOP;
END
$$;
