-- Roles belong to the whole cluster, the schema to one database; both are made here, first, by whoever migrates: a
-- superuser, or a role with CREATEROLE that may create schemas in this database.
--
--   purser_owner     owns every table and nothing else; nobody connects as it, so policies need no FORCE
--   purser_writer    owns the functions that write; no UPDATE or DELETE on what is append-only
--   purser_service   the server, the workers and the host application: reads, and calls functions
--   purser_tenant    sees the rows of the tenant that app.tenant_id names, transaction by transaction
--   purser_readonly  sees every tenant's rows and writes nothing
--
-- Two databases of one cluster may be migrated at the same instant, and locks do not reach across databases: a role that
-- somebody else made a moment ago is what was wanted.

DO $$
DECLARE
  v_role text;
BEGIN
  FOREACH v_role IN ARRAY ARRAY['purser_owner', 'purser_writer', 'purser_service', 'purser_tenant', 'purser_readonly'] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = v_role) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', v_role);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
      END;
    END IF;
  END LOOP;
  FOREACH v_role IN ARRAY ARRAY['purser_owner', 'purser_writer'] LOOP
    -- To create what these two own, the migrating role must be able to become them.
    -- From 16 on who made a role may grant it, also to itself, but is not yet a member that may become it.
    IF NOT pg_has_role(current_user, v_role, CASE WHEN current_setting('server_version_num')::int >= 160000
                                                  THEN 'SET' ELSE 'MEMBER' END) THEN
      EXECUTE format('GRANT %I TO CURRENT_USER', v_role);
    END IF;
  END LOOP;
END
$$;

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'purser') THEN
    CREATE SCHEMA purser AUTHORIZATION purser_owner;
  END IF;
END
$$;
