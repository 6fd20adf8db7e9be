// A session that belongs to an attacker: everything that a body may name without saying whose is shadowed by something of
// the attacker's, and whatever of that runs says so.
import type { Client } from "pg";
import { column } from "./connection.ts";

/** The types that our bodies compare and count with. */
const types = "text integer bigint numeric boolean timestamptz interval jsonb uuid bytea".split(" ");
const trap = "BEGIN RAISE EXCEPTION 'a trap ran' USING ERRCODE = 'EV001'; END";

/** As superuser: a schema `evil` with functions, operators and types named like PostgreSQL's and like ours. */
export async function plantTraps(admin: Client): Promise<number> {
  await admin.query("CREATE SCHEMA evil");
  await admin.query("GRANT USAGE ON SCHEMA evil TO PUBLIC");
  const functions = await column(
    admin,
    `SELECT format('CREATE FUNCTION evil.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', p.proname,
              (SELECT string_agg(format_type(t, NULL), ', ' ORDER BY place) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a (t, place)),
              CASE WHEN p.prorettype = 'record'::regtype THEN 'text' ELSE format_type(p.prorettype, NULL) END, $1::text)
     FROM pg_proc p
     WHERE p.pronamespace IN ('pg_catalog'::regnamespace, 'purser'::regnamespace) AND p.prokind IN ('f', 'a', 'w')
       AND p.provariadic = 0
       AND EXISTS (SELECT FROM pg_proc o WHERE o.pronamespace = 'purser'::regnamespace
                   AND o.prosrc ~ ('(^|[^a-z_])' || p.proname || '\\s*\\('))`,
    [trap],
  );
  const operators = await column(
    admin,
    `SELECT format('CREATE FUNCTION evil.%1$I(%2$s, %3$s) RETURNS %4$s LANGUAGE plpgsql AS %5$L; '
                   'CREATE OPERATOR evil.%6$s (LEFTARG = %2$s, RIGHTARG = %3$s, FUNCTION = evil.%1$I)',
              'operator_' || o.oid, o.oprleft::regtype, o.oprright::regtype, o.oprresult::regtype, $1::text, o.oprname)
     FROM pg_operator o
     WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprleft = ANY ($2::regtype[]) AND o.oprright = ANY ($2::regtype[])`,
    [trap, types],
  );
  let planted = 0;
  for (const statement of [...functions, ...operators]) {
    try {
      await admin.query(statement);
      planted += 1;
    } catch (error) {
      // What takes or answers a pseudo-type cannot be written in PL/pgSQL; what answers text may exist already.
      if (!(error instanceof Error && "code" in error && ["42P13", "42723", "0A000"].includes(String(error.code))))
        throw error;
    }
  }
  // Types last, because the statements above name PostgreSQL's own.
  for (const type of types) await admin.query(`CREATE DOMAIN evil.${type} AS pg_catalog.text CHECK (false)`);
  return planted;
}

const settings = [
  "TimeZone = 'Asia/Kathmandu'",
  "DateStyle = 'German'",
  "IntervalStyle = 'sql_standard'",
  "bytea_output = 'escape'",
  "standard_conforming_strings = off",
  "escape_string_warning = off",
  "transform_null_equals = on",
  "array_nulls = off",
  "default_transaction_isolation = 'repeatable read'",
];

/** Shadows every table of ours with an empty temporary one, puts the traps first, and bends the settings that can be bent. */
export async function turnHostile(session: Client): Promise<string[]> {
  const tables = await column(
    session,
    "SELECT relname FROM pg_class WHERE relnamespace = 'purser'::regnamespace AND relkind IN ('r', 'p', 'v')",
  );
  for (const table of tables) await session.query(`CREATE TEMP TABLE ${table} (LIKE purser.${table})`);
  await session.query("SET search_path = pg_temp, evil, public, purser, pg_catalog");
  for (const setting of settings) await session.query(`SET ${setting}`);
  return tables;
}
