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
BEGIN
  -- A first guess, then a step or two: clamped months and daylight saving move it by little.
  number := CASE
    WHEN p_unit = 'lifetime' THEN 0
    WHEN p_unit = 'hour' THEN floor(extract(epoch FROM p_at - p_anchor) / (3600 * p_count))
    WHEN p_unit IN ('month', 'year') THEN
      floor(((extract(year FROM v_at) - extract(year FROM v_anchor)) * 12
             + extract(month FROM v_at) - extract(month FROM v_anchor))
            / (p_count * CASE p_unit WHEN 'year' THEN 12 ELSE 1 END))
    ELSE floor(extract(epoch FROM v_at - v_anchor) / (86400 * p_count * CASE p_unit WHEN 'week' THEN 7 ELSE 1 END))
  END;
  LOOP
    starts_at := purser.window_start(p_unit, p_count, p_anchor, p_zone, number);
    EXIT WHEN starts_at <= p_at;
    number := number - 1;
  END LOOP;
  LOOP
    ends_at := purser.window_start(p_unit, p_count, p_anchor, p_zone, number + 1);
    EXIT WHEN ends_at > p_at;
    number := number + 1;
    starts_at := ends_at;
  END LOOP;
END
$$;
