// The statements around the files: what `migrate` runs and `printMigration` prints.

/** What remains to be done by hand: only the host knows the role that its application logs in as. */
export const grantHint = "GRANT purser_service TO <your application's role>;";

/** SQLSTATEs that `judge` raises. */
export const schemaNewer = "PU101";
export const migrationChanged = "PU102";

/** Also says what an administrator has to run where the migrating role may not do it itself. */
export const look = `
SELECT current_setting('server_version_num')::int AS server_version,
       current_setting('server_encoding') AS encoding,
       pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS read_only,
       ARRAY(SELECT wanted FROM unnest(ARRAY['purser_owner', 'purser_writer', 'purser_service', 'purser_tenant',
                                             'purser_readonly']) wanted
             WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = wanted)) AS missing_roles,
       (SELECT count(*) = 2 FROM pg_catalog.pg_roles r
        WHERE r.rolname IN ('purser_owner', 'purser_writer')
          AND pg_has_role(current_user, r.oid, CASE WHEN current_setting('server_version_num')::int >= 160000
                                                    THEN 'SET' ELSE 'MEMBER' END)) AS can_become_owner,
       EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = 'purser') AS has_schema,
       (SELECT count(*) = 2 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'purser' AND c.relname IN ('schema_migrations', 'schema_files')) AS recorded,
       (SELECT r.rolsuper OR r.rolcreaterole FROM pg_catalog.pg_roles r WHERE r.rolname = current_user) AS may_create_roles,
       has_database_privilege(current_database(), 'CREATE') AS may_create_schema,
       format('ALTER ROLE %I CREATEROLE;', current_user) AS let_create_roles,
       format('GRANT purser_owner, purser_writer TO %I;', current_user) AS let_become_owner,
       format('GRANT CREATE ON DATABASE %I TO %I;', current_database(), current_user) AS let_create_schema`;

export const begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
export const rollback = "ROLLBACK";
export const commit = "COMMIT";

/** Between two tries, in the server because that is where luck may be drawn: half a second on average. */
export const pause = "SELECT pg_sleep(0.1 + 0.8 * random())";

/**
 * What a role or a database was told to use by default must not decide what the files mean. Waiting for a lock is
 * limited: who waits for a table makes everybody queue who comes after. $1 whether for this transaction only.
 */
export const settle = `
SELECT set_config('search_path', 'pg_catalog', $1), set_config('lock_timeout', '2s', $1),
       set_config('statement_timeout', '0', $1), set_config('idle_in_transaction_session_timeout', '0', $1),
       set_config('check_function_bodies', 'off', $1), set_config('client_min_messages', 'warning', $1),
       set_config('standard_conforming_strings', 'on', $1), set_config('quote_all_identifiers', 'off', $1),
       set_config('default_tablespace', '', $1), set_config('default_table_access_method', 'heap', $1),
       set_config('row_security', 'on', $1)`;

/** For migrations only; commands take their locks on rows. The number is "purser" in ASCII. */
export const takeLock = "SELECT pg_advisory_xact_lock(123649733649778)";

export const asOwner = "SET LOCAL ROLE purser_owner";
export const asWriter = "SET LOCAL ROLE purser_writer";
export const asOneself = "RESET ROLE";

export const createRecord = `
CREATE TABLE IF NOT EXISTS purser.schema_migrations (
  name       text        COLLATE "C" NOT NULL PRIMARY KEY,
  checksum   text        NOT NULL,
  applied_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS purser.schema_files (
  name       text        COLLATE "C" NOT NULL PRIMARY KEY,
  checksum   text        NOT NULL,
  applied_at timestamptz NOT NULL
)`;

/** $1 the checksums of the migrations, $2 of what is applied again, each an object by path. */
export const tellFiles = `
SELECT set_config('purser.migrations', $1, true), set_config('purser.files', $2, true)`;

export const judge = `
DO $$
DECLARE
  c_known constant jsonb := current_setting('purser.migrations')::jsonb;
  v_name  text;
BEGIN
  SELECT m.name INTO v_name FROM purser.schema_migrations m WHERE NOT c_known ? m.name ORDER BY m.name DESC LIMIT 1;
  IF v_name IS NOT NULL THEN
    RAISE EXCEPTION 'The schema is newer than this version of Purser: the database has had %, which this version does not know. Run the newer version, or restore a backup from before.', v_name
      USING ERRCODE = 'PU101';
  END IF;
  SELECT m.name INTO v_name FROM purser.schema_migrations m WHERE m.checksum <> c_known ->> m.name ORDER BY m.name LIMIT 1;
  IF v_name IS NOT NULL THEN
    RAISE EXCEPTION '% was changed after it was applied to this database. Put its text back and write the change as a new migration.', v_name
      USING ERRCODE = 'PU102';
  END IF;
END
$$`;

export const readRecord = `
SELECT (SELECT coalesce(jsonb_object_agg(m.name, m.checksum), '{}') FROM purser.schema_migrations m) AS migrations,
       (SELECT coalesce(jsonb_object_agg(f.name, f.checksum), '{}') FROM purser.schema_files f) AS files`;

/** The catalogue is asked as well: a function that somebody dropped, or made on the side, is put right. */
export const readPresent = `
SELECT ARRAY(SELECT p.proname::text FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'purser'::regnamespace) AS functions,
       ARRAY(SELECT c.relname::text FROM pg_catalog.pg_class c
             WHERE c.relnamespace = 'purser'::regnamespace AND c.relkind = 'v') AS views`;

/** What the grants on functions and views follow from: an object that was made anew has none. */
export const readGranted = `
SELECT concat_ws(' ', p.oid, p.provolatile, p.prosecdef) AS granted FROM pg_catalog.pg_proc p
WHERE p.pronamespace = 'purser'::regnamespace
UNION ALL
SELECT c.oid::text FROM pg_catalog.pg_class c WHERE c.relnamespace = 'purser'::regnamespace AND c.relkind = 'v'
ORDER BY granted`;

/** $1 the name of the file, $2 its checksum. */
export const recordMigration = `
INSERT INTO purser.schema_migrations (name, checksum, applied_at) VALUES ($1, $2, transaction_timestamp())`;

export const recordFiles = `
DELETE FROM purser.schema_files f WHERE NOT current_setting('purser.files')::jsonb ? f.name;
INSERT INTO purser.schema_files AS f (name, checksum, applied_at)
  SELECT n.key, n.value, transaction_timestamp() FROM jsonb_each_text(current_setting('purser.files')::jsonb) n
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = excluded.applied_at
  WHERE f.checksum <> excluded.checksum`;

export const letWriterCreate = "GRANT USAGE, CREATE ON SCHEMA purser TO purser_writer";
export const letWriterCreateNoMore = "REVOKE CREATE ON SCHEMA purser FROM purser_writer";

/** $1 the function's name. */
export const findRoutines = `
SELECT p.oid::text AS oid, p.oid::regprocedure::text AS signature FROM pg_catalog.pg_proc p
WHERE p.pronamespace = 'purser'::regnamespace AND p.proname = $1 ORDER BY p.oid`;

/**
 * $1 the oids of functions or views: the statement that drops the views which read them. Views of the host are left
 * alone; the drop of what they read fails, and says so.
 */
export const dropViewsOn = `
WITH RECURSIVE reading (oid) AS (
  SELECT w.ev_class FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
  WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_class'::regclass) AND d.refobjid = ANY ($1::text[]::oid[])
  UNION
  SELECT w.ev_class FROM reading r
  JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid
  JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
)
SELECT format('DROP VIEW %s', string_agg(c.oid::regclass::text, ', ')) AS statement
FROM reading r JOIN pg_catalog.pg_class c ON c.oid = r.oid
WHERE c.relnamespace = 'purser'::regnamespace AND c.relkind = 'v'
HAVING count(*) > 0`;

/** $1 the oids of functions. */
export const dropRoutines = `
SELECT format('DROP ROUTINE %s', string_agg(p.oid::regprocedure::text, ', ')) AS statement
FROM pg_catalog.pg_proc p WHERE p.oid = ANY ($1::text[]::oid[]) HAVING count(*) > 0`;

/** $1 the view's name. */
export const findView = `
SELECT c.oid::text AS oid FROM pg_catalog.pg_class c
WHERE c.relnamespace = 'purser'::regnamespace AND c.relname = $1 AND c.relkind = 'v'`;

// What follows is for the printed script, which cannot try a statement and see: it drops what has another text now and
// makes what is not there.

/** Fails where each statement would be committed by itself. */
export const insistOnTransaction = "SAVEPOINT purser_migration;\nRELEASE SAVEPOINT purser_migration";

/** $1 the migration's path. */
export const isPending =
  "SELECT NOT EXISTS (SELECT FROM purser.schema_migrations m WHERE m.name = $1) AS purser_pending";

export const chooseDoomed = `
SELECT set_config('purser.doomed', coalesce(string_agg(o.oid::text, ','), ''), true) AS purser_doomed
FROM (SELECT p.oid, format('functions/%s.sql', p.proname) AS path,
             count(*) OVER (PARTITION BY p.proname) > 1 AS overloaded
      FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'purser'::regnamespace
      UNION ALL
      SELECT c.oid, format('views/%s.sql', c.relname), false
      FROM pg_catalog.pg_class c WHERE c.relnamespace = 'purser'::regnamespace AND c.relkind = 'v') o
WHERE o.overloaded
   OR NOT EXISTS (SELECT FROM purser.schema_files f
                  WHERE f.name = o.path AND f.checksum = current_setting('purser.files')::jsonb ->> f.name)`;
export const doomed = "string_to_array(nullif(current_setting('purser.doomed'), ''), ',')";

/** $1 the name of the function or view. */
export const isMissing = `
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'purser'::regnamespace AND p.proname = $1)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = 'purser'::regnamespace AND c.relname = $1)
       AS purser_missing`;
