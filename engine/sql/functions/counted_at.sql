-- What a balance had counted beside its grants when it had a version, from its facts: the overage since the last window
-- turned, and how many slots were occupied, by claims or by the count that was last reported.
CREATE OR REPLACE FUNCTION purser.counted_at(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_version bigint,
  OUT overage numeric, OUT overage_version bigint, OUT claimed integer, OUT reported boolean
)
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_counted record;
BEGIN
  overage_version := coalesce((
    SELECT f.version FROM purser.balance_facts f
    WHERE f.tenant_id = p_tenant AND f.subject = p_subject AND f.feature = p_feature AND f.slot = p_slot
      AND f.version <= p_version AND f.window_turned
    ORDER BY f.version DESC LIMIT 1), 0);
  -- The reversal of what a window before this one was allowed takes nothing off: that overage is history.
  overage := (
    SELECT coalesce(sum(CASE WHEN f.kind <> 'reverse' THEN f.overage WHEN EXISTS (
             SELECT FROM purser.balance_facts o
             WHERE o.tenant_id = f.tenant_id AND o.subject = f.subject AND o.feature = f.feature AND o.slot = f.slot
               AND o.version > overage_version AND o.version < f.version
               AND (o.kind = 'consume' AND o.idempotency_key = f.reference OR o.kind = 'settle' AND o.reference = f.reference))
             THEN -f.overage ELSE 0 END), 0)
      FROM purser.balance_facts f
      WHERE f.tenant_id = p_tenant AND f.subject = p_subject AND f.feature = p_feature AND f.slot = p_slot
        AND f.version >= overage_version AND f.version <= p_version AND f.overage > 0);

  claimed := 0;
  reported := false;
  SELECT f.version, f.amount INTO v_counted
    FROM purser.balance_facts f
    WHERE f.tenant_id = p_tenant AND f.subject = p_subject AND f.feature = p_feature AND f.slot = p_slot
      AND f.version <= p_version AND f.kind = 'report'
    ORDER BY f.version DESC LIMIT 1;
  IF v_counted.amount > 0 THEN
    claimed := v_counted.amount;
    reported := true;
  ELSE
    claimed := (
      SELECT coalesce(sum(CASE f.kind WHEN 'claim' THEN 1 ELSE -1 END), 0)
        FROM purser.balance_facts f
        WHERE f.tenant_id = p_tenant AND f.subject = p_subject AND f.feature = p_feature AND f.slot = p_slot
          AND f.version > coalesce(v_counted.version, 0) AND f.version <= p_version
          AND f.kind IN ('claim', 'release_claim'));
  END IF;
END
$$;
