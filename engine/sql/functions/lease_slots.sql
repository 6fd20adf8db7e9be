-- Leases those of the named slots that are free, or whose lease has run out, or that the holder has already, and answers
-- them. A lease keeps two workers from looking at the same work; that none of it is done twice is the matter of the rows'
-- own locks. A worker that is killed gives nothing back: its leases run out. In the order of the slots, so that two who
-- lease at once never wait for each other in a circle. Internal to the duties.
CREATE OR REPLACE FUNCTION purser.lease_slots(p_duty text, p_holder uuid, p_slots integer[], p_seconds integer)
RETURNS SETOF integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
BEGIN
  RETURN QUERY
  INSERT INTO purser.slot_leases AS l (duty, slot, holder, expires_at)
    SELECT p_duty, wanted.slot, p_holder, v_now + make_interval(secs => p_seconds)
      FROM (SELECT DISTINCT u.slot FROM unnest(p_slots) u (slot)) wanted
      ORDER BY wanted.slot
    ON CONFLICT (duty, slot) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
      WHERE l.expires_at <= v_now OR l.holder = excluded.holder
  RETURNING l.slot;
END
$$;
