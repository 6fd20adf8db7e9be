-- What a balance says at this instant, also where its row is due and nobody has turned it yet: an expired grant never
-- counts, whether or not a worker ran. With p_at what it said at that instant, recomputed from immutable rows and not from
-- what the row says now; of an instant to come, what it will say where nothing else happens. No row where there is no such
-- balance, or was none.
CREATE OR REPLACE FUNCTION purser.balance_now(
  p_slot integer, p_tenant text, p_subject text, p_feature text, p_at timestamptz DEFAULT NULL
) RETURNS TABLE (
  kind text, enforcement text, denied_reason text, restricted_by text, unlimited boolean, granted numeric, used numeric,
  held numeric, available numeric, overage numeric, claimed integer, version bigint, as_of timestamptz,
  next_change_at timestamptz, over_limit numeric, resets_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 1
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_balance record;
  v_after   record;
BEGIN
  SELECT b.*, coalesce(p_at, greatest(b.as_of, CASE WHEN b.test THEN purser.tenant_now(p_slot, p_tenant)
                                                    ELSE clock_timestamp() END)) AS now_at
    INTO v_balance
    FROM purser.balances b
    WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = p_slot;
  IF v_balance.version IS NULL THEN
    RETURN;
  END IF;
  kind := v_balance.kind;
  held := v_balance.held;
  claimed := v_balance.claimed;
  version := v_balance.version;
  as_of := v_balance.now_at;
  IF p_at IS NOT NULL THEN
    version := purser.version_at(p_slot, p_tenant, p_subject, p_feature, p_at);
    IF version = 0 THEN
      RETURN;
    END IF;
    SELECT w.overage, w.claimed INTO v_balance.overage, claimed
      FROM purser.counted_at(p_slot, p_tenant, p_subject, p_feature, version) w;
  END IF;
  IF p_at IS NULL AND v_balance.next_change_at > v_balance.now_at THEN
    enforcement := v_balance.enforcement;
    denied_reason := v_balance.denied_reason;
    restricted_by := v_balance.restricted_by;
    unlimited := v_balance.unlimited;
    granted := v_balance.granted;
    used := v_balance.used;
    overage := v_balance.overage;
    next_change_at := v_balance.next_change_at;
    resets_at := v_balance.resets_at;
  ELSE
    SELECT t.* INTO v_after
      FROM purser.turned_balance(p_slot, p_tenant, p_subject, p_feature, v_balance.now_at,
                                 CASE WHEN p_at IS NOT NULL THEN version END) t;
    enforcement := v_after.enforcement;
    denied_reason := v_after.denied_reason;
    restricted_by := v_after.restricted_by;
    unlimited := v_after.unlimited;
    granted := v_after.granted;
    used := v_after.used;
    held := v_after.held;
    v_balance.exceeded := v_after.exceeded;
    overage := CASE WHEN v_after.window_turned THEN 0 ELSE v_balance.overage END;
    next_change_at := v_after.next_change_at;
    resets_at := v_after.resets_at;
  END IF;
  available := CASE WHEN NOT unlimited THEN
               CASE kind WHEN 'capacity' THEN greatest(granted - claimed, 0) ELSE granted - used - held END END;
  over_limit := CASE
    WHEN kind <> 'capacity' THEN overage + v_balance.exceeded
    WHEN unlimited THEN 0
    ELSE greatest(claimed - granted, 0)
  END;
  next_change_at := nullif(next_change_at, 'infinity');
  resets_at := nullif(resets_at, 'infinity');
  RETURN NEXT;
END
$$;
