// The rules of who may do what, each as a question to the catalogue of a migrated database. They ask for what stands in
// the access lists and not for what a role may do, because other roles of the cluster are none of this schema's business.
import type { CatalogueRule } from "./connection.ts";

/** Undone by another row and never changed. */
const appendOnly = `ARRAY['grants', 'grant_voids', 'balance_facts', 'burns', 'allocations', 'hold_pins', 'resource_snapshots', 'usage_events',
  'value_events', 'value_event_waivers', 'ledger_entries', 'invoices', 'invoice_lines', 'invoice_numbers', 'audit_log',
  'check_audit', 'command_keys', 'catalog_revisions', 'plan_versions', 'plan_inclusions', 'product_versions',
  'product_inclusions', 'rates']`;
/** Whose rows leave when they stop counting, when a planned future is superseded, or when somebody signs out. */
const deletable = `ARRAY['open_grants', 'slot_leases', 'capabilities', 'subscription_periods', 'outbox',
  'console_sessions']`;
const roles = `ARRAY['purser_owner', 'purser_writer', 'purser_service', 'purser_tenant', 'purser_readonly']`;

/** One row for each privilege on a table, view or column that somebody has besides the owner; a partition is its parent. */
export const grantView = `
CREATE TEMP VIEW granted AS
  SELECT c.relname::text AS name, r.relname::text AS root, c.relkind, g.privilege,
         CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END AS grantee
  FROM pg_class c
  JOIN pg_class r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid)
  CROSS JOIN LATERAL (
    SELECT a.grantee, a.privilege_type AS privilege FROM aclexplode(c.relacl) a
    UNION ALL
    SELECT a.grantee, a.privilege_type || ' of ' || t.attname
    FROM pg_attribute t, aclexplode(t.attacl) a WHERE t.attrelid = c.oid) g
  WHERE c.relnamespace = 'purser'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND g.grantee <> c.relowner`;

export const privilegeRules: CatalogueRule[] = [
  {
    name: "append-only: nobody but the owner may change, remove or truncate a row of a fact",
    find: `SELECT grantee || ' may ' || privilege || ' on ' || name FROM granted
           WHERE root = ANY (${appendOnly}) AND privilege !~ '^(SELECT|INSERT)$'
           UNION ALL SELECT fact || ' is on the list and does not exist' FROM unnest(${appendOnly}) fact
           WHERE to_regclass('purser.' || fact) IS NULL`,
    bad: [
      ["GRANT UPDATE ON purser.balance_facts TO purser_writer", "purser_writer may UPDATE on balance_facts"],
      ["GRANT DELETE ON purser.grants TO purser_service", "purser_service may DELETE on grants"],
      ["GRANT TRUNCATE ON purser.burns TO PUBLIC", "PUBLIC may TRUNCATE on burns"],
      ["GRANT UPDATE (action) ON purser.audit_log TO purser_writer", "purser_writer may UPDATE of action on audit_log"],
      [
        "GRANT UPDATE ON purser.check_audit_default TO purser_writer",
        "purser_writer may UPDATE on check_audit_default",
      ],
      ["DROP TABLE purser.invoice_numbers", "invoice_numbers is on the list and does not exist"],
    ],
  },
  {
    name: "purser_writer may add rows, change projections, and remove what stops counting; nobody else may write",
    find: `SELECT grantee || ' may ' || privilege || ' on ' || name FROM granted
           WHERE privilege <> 'SELECT'
             AND NOT (grantee = 'purser_writer' AND relkind IN ('r', 'p') AND name NOT IN ('schema_migrations', 'schema_files')
                      AND (privilege IN ('INSERT', 'UPDATE') OR privilege = 'DELETE' AND root = ANY (${deletable})))`,
    bad: [
      ["GRANT INSERT ON purser.balances TO purser_service", "purser_service may INSERT on balances"],
      ["GRANT INSERT (name) ON purser.tenants TO purser_tenant", "purser_tenant may INSERT of name on tenants"],
      ["GRANT DELETE ON purser.balances TO purser_writer", "purser_writer may DELETE on balances"],
      ["GRANT TRUNCATE ON purser.claims TO purser_writer", "purser_writer may TRUNCATE on claims"],
      ["GRANT TRIGGER ON purser.claims TO purser_readonly", "purser_readonly may TRIGGER on claims"],
      ["GRANT REFERENCES ON purser.claims TO purser_readonly", "purser_readonly may REFERENCES on claims"],
      ["GRANT UPDATE ON purser.schema_files TO purser_writer", "purser_writer may UPDATE on schema_files"],
    ],
  },
  {
    name: "nobody outside the five roles, and not PUBLIC, is given anything",
    find: `SELECT grantee || ' may ' || privilege || ' on ' || name FROM granted WHERE grantee <> ALL (${roles})`,
    bad: [
      ["GRANT SELECT ON purser.plans TO PUBLIC", "PUBLIC may SELECT on plans"],
      [
        "GRANT SELECT ON purser.balances_current TO purser_test_tenant",
        "purser_test_tenant may SELECT on balances_current",
      ],
      ["GRANT SELECT (name) ON purser.tenants TO pg_monitor", "pg_monitor may SELECT of name on tenants"],
    ],
  },
  {
    name: "H07: secrets, the directory and the machinery are not for tenants, and secrets not for readers",
    find: `SELECT grantee || ' may read ' || name FROM granted
           WHERE privilege LIKE 'SELECT%' AND (
             grantee = 'purser_tenant' AND name IN ('api_keys', 'console_sessions', 'provider_references', 'webhook_inbox',
               'webhook_endpoints', 'invoice_numbers', 'slot_leases', 'slot_epochs', 'schema_migrations', 'schema_files')
             OR grantee = 'purser_readonly' AND name IN ('api_keys', 'console_sessions', 'webhook_inbox', 'webhook_endpoints',
               'schema_migrations', 'schema_files'))`,
    bad: [
      ["GRANT SELECT ON purser.api_keys TO purser_readonly", "purser_readonly may read api_keys"],
      ["GRANT SELECT (url) ON purser.webhook_endpoints TO purser_tenant", "purser_tenant may read webhook_endpoints"],
    ],
  },
  {
    name: "nobody but the owner may create in the schema, and PUBLIC may not even look into it",
    find: `SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END || ' has ' || a.privilege_type
           FROM pg_namespace n, aclexplode(n.nspacl) a
           WHERE n.nspname = 'purser' AND a.grantee <> n.nspowner AND (a.privilege_type <> 'USAGE' OR a.grantee = 0 OR a.is_grantable)`,
    bad: [
      ["GRANT CREATE ON SCHEMA purser TO purser_writer", "purser_writer has CREATE"],
      ["GRANT USAGE ON SCHEMA purser TO PUBLIC", "PUBLIC has USAGE"],
    ],
  },
  {
    name: "nothing made later is given away by default",
    find: `SELECT 'defaults of ' || d.defaclrole::regrole || ' for ' || d.defaclobjtype::text FROM pg_default_acl d
           WHERE d.defaclnamespace IN (0, 'purser'::regnamespace)`,
    bad: [
      [
        "ALTER DEFAULT PRIVILEGES FOR ROLE purser_owner IN SCHEMA purser GRANT SELECT ON TABLES TO PUBLIC",
        "defaults of purser_owner for r",
      ],
    ],
  },
  {
    name: "H02: the five roles exist, cannot log in, and have no power of their own",
    find: `SELECT wanted || ' is more than a role without login' FROM unnest(${roles}) wanted
           LEFT JOIN pg_roles r ON r.rolname = wanted
           WHERE (r.rolcanlogin OR r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication) IS NOT FALSE`,
    bad: [
      ["ALTER ROLE purser_writer LOGIN", "purser_writer is more"],
      ["ALTER ROLE purser_owner SUPERUSER", "purser_owner is more"],
      ["ALTER ROLE purser_service BYPASSRLS", "purser_service is more"],
      ["ALTER ROLE purser_readonly CREATEROLE", "purser_readonly is more"],
    ],
  },
  {
    name: "H02: none of the five is a member of another or of anything, and what logs in for them is a member of one",
    find: `SELECT m.member::regrole || ' is a member of ' || m.roleid::regrole FROM pg_auth_members m
           JOIN pg_roles r ON r.oid = m.member
           WHERE r.rolname = ANY (${roles})
              OR r.rolname LIKE 'purser\\_test\\_%' AND m.roleid::regrole::text <> replace(r.rolname, 'test_', '')`,
    bad: [
      ["GRANT purser_writer TO purser_service", "purser_service is a member of purser_writer"],
      ["GRANT pg_read_all_data TO purser_readonly", "purser_readonly is a member of pg_read_all_data"],
      ["GRANT purser_owner TO purser_test_service", "purser_test_service is a member of purser_owner"],
    ],
  },
  {
    name: "views read with the rights of who asks, and hide behind nothing else",
    find: `SELECT c.relname || ' is not security_invoker' FROM pg_class c
           WHERE c.relnamespace = 'purser'::regnamespace AND (c.relkind = 'm' OR c.relkind = 'v'
             AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false))`,
    bad: [
      ["CREATE VIEW purser.peek AS SELECT * FROM purser.holds", "peek is not security_invoker"],
      ["ALTER VIEW purser.consumptions RESET (security_invoker)", "consumptions is not security_invoker"],
      ["CREATE MATERIALIZED VIEW purser.copy AS SELECT * FROM purser.holds", "copy is not security_invoker"],
    ],
  },
];
