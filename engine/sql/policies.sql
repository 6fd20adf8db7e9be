-- Who may do what. Applied again by every migration, so that the text here and the database never differ: everything is
-- taken back first and given anew. Row-level security is enabled and not forced: nobody connects as the owner, and a
-- forced policy would hang the online moves of a distributed engine.

SET ROLE purser_owner;
REVOKE ALL ON SCHEMA purser FROM PUBLIC;
GRANT USAGE ON SCHEMA purser TO purser_writer, purser_service, purser_tenant, purser_readonly;
REVOKE ALL ON ALL TABLES IN SCHEMA purser FROM PUBLIC, purser_writer, purser_service, purser_tenant, purser_readonly;

DO $$
DECLARE
  -- Corrected by another row, never changed: purser_writer may add to these and nobody may do more.
  c_append_only constant text[] := ARRAY[
    'grants', 'grant_voids', 'balance_facts', 'burns', 'allocations', 'hold_pins', 'resource_snapshots', 'usage_events',
    'value_events', 'value_event_waivers', 'ledger_entries', 'invoices', 'invoice_lines', 'invoice_numbers', 'audit_log', 'check_audit',
    'command_keys', 'changes', 'catalog_revisions', 'plan_versions', 'plan_inclusions', 'product_versions',
    'product_inclusions', 'rates'];
  -- Secrets of the server's own doors: not for those who only read.
  c_secret constant text[] := ARRAY['api_keys', 'console_sessions', 'webhook_endpoints', 'webhook_inbox',
                                     'schema_migrations', 'schema_files'];
  -- The machinery of this database: nothing in it is about the tenant who asks.
  c_local constant text[] := ARRAY['slot_leases', 'slot_epochs'];
  -- Projections whose rows leave when they stop counting, a future that was superseded before it began, what was published
  -- since, and sessions that have ended.
  c_deletable constant text[] := ARRAY['open_grants', 'slot_leases', 'capabilities',
                                        'subscription_periods', 'outbox', 'console_sessions'];
  v_table text;
  v_root  text;
  v_of_tenant boolean;
  v_of_slot boolean;
BEGIN
  -- A partition is what its parent is.
  FOR v_table, v_root, v_of_tenant, v_of_slot IN
    SELECT c.relname, (SELECT r.relname FROM pg_catalog.pg_class r
                       WHERE r.oid = coalesce(pg_partition_root(c.oid), c.oid)),
           EXISTS (SELECT FROM pg_catalog.pg_attribute a
                   WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnum > 0),
           EXISTS (SELECT FROM pg_catalog.pg_attribute a
                   WHERE a.attrelid = c.oid AND a.attname = 'slot' AND a.attnum > 0)
    FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'purser'::regnamespace AND c.relkind IN ('r', 'p')
    ORDER BY c.relname
  LOOP
    EXECUTE format('GRANT SELECT ON purser.%I TO purser_service', v_table);
    IF v_root NOT IN ('schema_migrations', 'schema_files') THEN
      EXECUTE format('GRANT SELECT, INSERT ON purser.%I TO purser_writer', v_table);
      IF v_root <> ALL (c_append_only) THEN
        EXECUTE format('GRANT UPDATE ON purser.%I TO purser_writer', v_table);
      END IF;
      IF v_root = ANY (c_deletable) THEN
        EXECUTE format('GRANT DELETE ON purser.%I TO purser_writer', v_table);
      END IF;
    END IF;
    IF v_root <> ALL (c_secret) THEN
      EXECUTE format('GRANT SELECT ON purser.%I TO purser_readonly', v_table);
      -- Directory tables carry a tenant and no slot: what they say is for the server alone.
      IF (NOT v_of_tenant OR v_of_slot) AND v_root <> ALL (c_local) THEN
        EXECUTE format('GRANT SELECT ON purser.%I TO purser_tenant', v_table);
      END IF;
    END IF;
    IF v_of_tenant THEN
      EXECUTE format('ALTER TABLE purser.%I ENABLE ROW LEVEL SECURITY', v_table);
      EXECUTE format('DROP POLICY IF EXISTS all_tenants ON purser.%I', v_table);
      EXECUTE format('DROP POLICY IF EXISTS every_row ON purser.%I', v_table);
      EXECUTE format('DROP POLICY IF EXISTS own_tenant ON purser.%I', v_table);
      EXECUTE format('CREATE POLICY all_tenants ON purser.%I FOR SELECT TO purser_service, purser_readonly USING (true)',
                     v_table);
      EXECUTE format('CREATE POLICY every_row ON purser.%I FOR ALL TO purser_writer USING (true) WITH CHECK (true)', v_table);
      -- A setting can be made by anyone, so it only ever narrows: no value of it stands for the service. After a
      -- transaction that set it locally the setting is '', hence the NULLIF.
      EXECUTE format('CREATE POLICY own_tenant ON purser.%I FOR SELECT TO purser_tenant '
                     'USING (tenant_id = nullif(current_setting(''app.tenant_id'', true), ''''))', v_table);
    END IF;
  END LOOP;

  FOR v_table IN
    SELECT c.relname FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'purser'::regnamespace AND c.relkind = 'v'
  LOOP
    EXECUTE format('GRANT SELECT ON purser.%I TO purser_service, purser_tenant, purser_readonly', v_table);
  END LOOP;
END
$$;

SET ROLE purser_writer;
DO $$
DECLARE
  -- A function that writes with its caller's rights is a part of another one and nobody's to call, but for these.
  c_faces constant text[] := ARRAY['consume', 'consume_many'];
  v_function regprocedure;
  v_reads    boolean;
  v_callable boolean;
BEGIN
  FOR v_function, v_reads, v_callable IN
    SELECT p.oid::regprocedure, p.provolatile <> 'v', p.provolatile <> 'v' OR p.prosecdef OR p.proname = ANY (c_faces)
    FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'purser'::regnamespace
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, purser_service, purser_tenant, purser_readonly', v_function);
    IF v_callable THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO purser_service', v_function);
    END IF;
    IF v_reads THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO purser_tenant, purser_readonly', v_function);
    END IF;
  END LOOP;
END
$$;
RESET ROLE;
