-- The version a balance had at an instant, 0 where nothing had happened to it yet. The times of its facts never go back, so
-- a handful of look-ups by key finds it among millions.
CREATE OR REPLACE FUNCTION purser.version_at(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz
) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
DECLARE
  v_least  bigint := 0;
  v_most   bigint;
  v_middle bigint;
BEGIN
  SELECT b.version, b.version INTO v_most, v_middle
    FROM purser.balances b
    WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = p_slot;
  WHILE v_least < v_most LOOP
    IF (SELECT f.recorded_at <= p_at FROM purser.balance_facts f
        WHERE f.tenant_id = p_tenant AND f.subject = p_subject AND f.feature = p_feature AND f.version = v_middle
          AND f.slot = p_slot) THEN
      v_least := v_middle;
    ELSE
      v_most := v_middle - 1;
    END IF;
    v_middle := (v_least + v_most + 1) / 2;
  END LOOP;
  RETURN v_least;
END
$$;
