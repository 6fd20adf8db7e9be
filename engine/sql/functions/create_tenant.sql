-- Makes a tenant, once per id: the same again is a replay, another description of the same id a conflict that names the
-- field. The slot is worked out here as well and must agree. Internal to the create-tenant command.
CREATE OR REPLACE FUNCTION purser.create_tenant(
  p_slot integer, p_tenant text, p_name text, p_mode text, p_time_zone text, p_currency text, p_metadata jsonb,
  p_clock_at timestamptz, p_actor text,
  OUT outcome text, OUT replayed boolean, OUT field text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
DECLARE
  v_tenant record;
  v_now    timestamptz := coalesce(p_clock_at, clock_timestamp());
BEGIN
  replayed := false;
  field := CASE
    WHEN p_tenant IS NULL OR p_tenant = '' OR length(p_tenant) > 200 OR p_tenant IS NOT NFC NORMALIZED THEN 'tenant'
    WHEN p_mode IS NULL OR p_mode NOT IN ('live', 'test') THEN 'mode'
    WHEN p_clock_at IS NOT NULL AND (p_mode <> 'test' OR NOT isfinite(p_clock_at)) THEN 'clock'
    WHEN p_metadata IS NOT NULL AND jsonb_typeof(p_metadata) <> 'object' THEN 'metadata'
    WHEN p_actor IS NULL OR p_actor = '' THEN 'actor'
    WHEN p_currency IS NULL OR p_currency !~ '^[A-Z]{3}$' THEN 'currency'
    -- An IANA name: PostgreSQL would also take abbreviations and POSIX rules, which know no history.
    WHEN p_time_zone IS NULL OR p_time_zone !~ '^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$' THEN 'timeZone'
  END;
  IF field IS NULL THEN
    BEGIN
      PERFORM v_now AT TIME ZONE p_time_zone;
    EXCEPTION WHEN invalid_parameter_value THEN
      field := 'timeZone';
    END;
  END IF;
  IF field IS NOT NULL THEN
    outcome := 'invalid_input';
    RETURN;
  END IF;
  IF p_slot IS DISTINCT FROM purser.slot_of(p_tenant) THEN
    RAISE EXCEPTION 'slot % is not the slot of this tenant', p_slot USING ERRCODE = 'PU002';
  END IF;
  INSERT INTO purser.tenants (slot, tenant_id, name, mode, time_zone, currency, version, created_at, metadata)
    VALUES (p_slot, p_tenant, coalesce(p_name, ''), p_mode, p_time_zone, p_currency, 1, v_now, coalesce(p_metadata, '{}'))
    ON CONFLICT (tenant_id, slot) DO NOTHING
    RETURNING tenant_id INTO v_tenant;
  outcome := 'created';
  IF v_tenant.tenant_id IS NOT NULL THEN
    IF p_mode = 'test' THEN
      INSERT INTO purser.test_clocks (slot, tenant_id, now_at) VALUES (p_slot, p_tenant, v_now);
    END IF;
    PERFORM purser.append_audit(p_slot, p_tenant, p_actor, 'tenant.create', p_tenant, NULL,
                                jsonb_build_object('mode', p_mode, 'timeZone', p_time_zone, 'currency', p_currency), v_now);
    RETURN;
  END IF;
  SELECT t.name, t.mode, t.time_zone, t.currency, t.metadata INTO v_tenant
    FROM purser.tenants t WHERE t.tenant_id = p_tenant AND t.slot = p_slot;
  field := CASE
    WHEN v_tenant.mode <> p_mode THEN 'mode'
    WHEN v_tenant.time_zone <> p_time_zone THEN 'timeZone'
    WHEN v_tenant.currency <> p_currency THEN 'currency'
    WHEN v_tenant.name <> coalesce(p_name, '') THEN 'name'
    WHEN v_tenant.metadata <> coalesce(p_metadata, '{}') THEN 'metadata'
  END;
  IF field IS NOT NULL THEN
    outcome := 'idempotency_conflict';
  ELSE
    replayed := true;
  END IF;
END
$$;
