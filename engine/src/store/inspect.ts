// What a process finds out about its own connection before it serves: which role it is, what the server promises about
// durability, and whether the schema is the one of these files. Reads catalogues only and works on a database that was
// never migrated.
import type { Pool } from "pg";
import { now } from "../foundation/clock.ts";
import { reappliedFiles, readSqlFiles } from "./sql-files.ts";

/** `absent`: never migrated; `behind`, `ahead`: by other files than these; `unreadable`: this role may not look. */
export type SchemaState = "current" | "absent" | "behind" | "ahead" | "unreadable";

export interface DatabaseFacts {
  readonly role: string;
  readonly superuser: boolean;
  readonly bypassesRowSecurity: boolean;
  /** Has the rights of the role that owns the tables, or of the one that writes them. */
  readonly owner: boolean;
  readonly mayCreateRoles: boolean;
  /** Has the rights of purser_service. */
  readonly service: boolean;
  /** As `server_version_num`: 150004 is 15.4. */
  readonly serverVersion: number;
  readonly serverVersionText: string;
  readonly fsync: boolean;
  readonly fullPageWrites: boolean;
  /** As the setting says: `on`, `off`, `local`, `remote_write`, `remote_apply`. */
  readonly synchronousCommit: string;
  /** In milliseconds; 0 is none. */
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly idleInTransactionTimeoutMs: number;
  readonly tablesWithoutRowSecurity: readonly string[];
  readonly schema: SchemaState;
  /** The name of the last migration that the database has had. */
  readonly lastMigration: string | null;
  /** The database's clock minus this machine's, in milliseconds, good to half a round trip. */
  readonly clockDifferenceMs: number;
}

const FACTS = `SELECT current_user AS role, r.rolsuper AS superuser, r.rolbypassrls AS bypasses_row_security,
    r.rolcreaterole AS may_create_roles,
    EXISTS (SELECT FROM pg_catalog.pg_roles o
            WHERE o.rolname IN ('purser_owner', 'purser_writer') AND pg_has_role(current_user, o.oid, 'MEMBER')) AS owner,
    EXISTS (SELECT FROM pg_catalog.pg_roles s
            WHERE s.rolname = 'purser_service' AND pg_has_role(current_user, s.oid, 'USAGE')) AS service,
    current_setting('server_version_num')::int AS server_version, current_setting('server_version') AS server_version_text,
    current_setting('fsync')::boolean AS fsync, current_setting('full_page_writes')::boolean AS full_page_writes,
    current_setting('synchronous_commit') AS synchronous_commit,
    (SELECT jsonb_object_agg(s.name, s.setting::bigint) FROM pg_catalog.pg_settings s
     WHERE s.name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout')) AS timeouts,
    ARRAY(SELECT c.relname::text FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'purser'
          JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnum > 0
          WHERE c.relkind IN ('r', 'p') AND NOT c.relrowsecurity ORDER BY c.relname) AS tables_without_row_security,
    EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = 'purser') AS has_schema,
    (SELECT count(*) = 2 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'purser' AND c.relname IN ('schema_migrations', 'schema_files')
       AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')) AS may_read_record,
    clock_timestamp() AS now_at
  FROM pg_catalog.pg_roles r WHERE r.rolname = current_user`;

interface FactsRow {
  role: string;
  superuser: boolean;
  bypasses_row_security: boolean;
  may_create_roles: boolean;
  owner: boolean;
  service: boolean;
  server_version: number;
  server_version_text: string;
  fsync: boolean;
  full_page_writes: boolean;
  synchronous_commit: string;
  timeouts: { statement_timeout: number; lock_timeout: number; idle_in_transaction_session_timeout: number };
  tables_without_row_security: string[];
  has_schema: boolean;
  may_read_record: boolean;
  now_at: Date;
}

const RECORD = `SELECT (SELECT coalesce(jsonb_object_agg(m.name, m.checksum), '{}') FROM purser.schema_migrations m) AS migrations,
    (SELECT coalesce(jsonb_object_agg(f.name, f.checksum), '{}') FROM purser.schema_files f) AS files`;

type Checksums = Record<string, string>;

/** Asks two questions, and says nothing about whether the answers are good: that is for whoever serves. */
export async function inspectDatabase(pool: Pool): Promise<DatabaseFacts> {
  // A connection first, so that the round trip below is one and not a handshake.
  const client = await pool.connect();
  try {
    const before = now().getTime();
    const [row] = (await client.query<FactsRow>(FACTS)).rows;
    const after = now().getTime();
    if (row === undefined) throw new Error("the current role is not in pg_roles");
    const record = row.may_read_record
      ? (await client.query<{ migrations: Checksums; files: Checksums }>(RECORD)).rows[0]
      : undefined;
    return {
      role: row.role,
      superuser: row.superuser,
      bypassesRowSecurity: row.bypasses_row_security,
      owner: row.owner,
      mayCreateRoles: row.may_create_roles,
      service: row.service,
      serverVersion: row.server_version,
      serverVersionText: row.server_version_text,
      fsync: row.fsync,
      fullPageWrites: row.full_page_writes,
      synchronousCommit: row.synchronous_commit,
      statementTimeoutMs: row.timeouts.statement_timeout,
      lockTimeoutMs: row.timeouts.lock_timeout,
      idleInTransactionTimeoutMs: row.timeouts.idle_in_transaction_session_timeout,
      tablesWithoutRowSecurity: row.tables_without_row_security,
      schema: !row.has_schema ? "absent" : record === undefined ? "unreadable" : schemaState(record),
      lastMigration:
        Object.keys(record?.migrations ?? {})
          .toSorted()
          .at(-1) ?? null,
      clockDifferenceMs: Math.round(row.now_at.getTime() - (before + after) / 2),
    };
  } finally {
    client.release();
  }
}

/** Compares checksums only: whether somebody dropped a function by hand is for `migrate` to see, which may look. */
function schemaState({ migrations, files }: { migrations: Checksums; files: Checksums }): SchemaState {
  const wanted = readSqlFiles();
  const known = new Set(wanted.migrations.map(({ path }) => path));
  if (Object.keys(migrations).some((path) => !known.has(path))) return "ahead";
  const same =
    wanted.migrations.every(({ path, checksum }) => migrations[path] === checksum) &&
    reappliedFiles(wanted).every(({ path, checksum }) => files[path] === checksum);
  return same ? "current" : "behind";
}
