-- Turns the balance that a holder draws from if it is due, now instead of when the worker or the next consumption comes to
-- it. Nobody needs this for a right answer, since every question and every command counts what is due; it is for whoever
-- wants the boundary written and told at once.
--
-- Outcomes in their precedence: invalid_input (field), tenant_unknown, feature_unknown; refreshed where something was due,
-- else unchanged. A balance that nobody has used yet is not made: unchanged, without a version.
CREATE OR REPLACE FUNCTION purser.refresh(
  p_tenant text, p_feature text, p_subject text DEFAULT '', OUT outcome text, OUT field text, OUT version bigint
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
  v_slot    integer := purser.slot_of(p_tenant);
  v_subject text;
  v_balance record;
  v_now     timestamptz;
BEGIN
  field := CASE
    WHEN p_tenant IS NULL OR p_tenant = '' THEN 'tenant'
    WHEN p_feature IS NULL OR p_feature = '' THEN 'feature'
    WHEN p_subject IS NULL OR length(p_subject) > 200 THEN 'subject'
  END;
  outcome := CASE
    WHEN field IS NOT NULL THEN 'invalid_input'
    WHEN NOT EXISTS (SELECT FROM purser.tenants t
                     WHERE t.tenant_id = p_tenant AND t.slot = v_slot AND t.erased_at IS NULL) THEN 'tenant_unknown'
    WHEN NOT EXISTS (SELECT FROM purser.features f WHERE f.key = p_feature) THEN 'feature_unknown'
  END;
  IF outcome IS NOT NULL THEN
    RETURN;
  END IF;

  -- The subject's own row, else the tenant's where the amount is shared: the row that consume would draw from.
  FOREACH v_subject IN ARRAY ARRAY[p_subject, ''] LOOP
    SELECT b.version, b.as_of, b.next_change_at, b.per, b.test INTO v_balance
      FROM purser.balances b
      WHERE b.tenant_id = p_tenant AND b.subject = v_subject AND b.feature = p_feature AND b.slot = v_slot
      FOR NO KEY UPDATE;
    IF p_subject = '' OR (v_balance.per = 'subject') = (v_subject <> '') THEN
      version := v_balance.version;
      EXIT;
    END IF;
  END LOOP;
  outcome := 'unchanged';
  IF version IS NULL THEN
    RETURN;
  END IF;
  v_now := greatest(v_balance.as_of,
                    CASE WHEN v_balance.test THEN purser.tenant_now(v_slot, p_tenant) ELSE clock_timestamp() END);
  IF v_balance.next_change_at <= v_now THEN
    version := purser.turn_balance(v_slot, p_tenant, v_subject, p_feature, v_now, 'boundary', 'manual_refresh', 0, NULL);
    IF version > v_balance.version THEN
      outcome := 'refreshed';
    END IF;
  END IF;
END
$$;
