// What a migrated database says about itself, in one order and the same on every version of PostgreSQL.
import type { Client } from "pg";

// Owners' rights on what is theirs are left out, since their number grew with version 17; so are the constraints that
// stand for NOT NULL from 18 on.
const grants = `
  SELECT string_agg(format('GRANT %s ON %s TO %s;', g.privileges, what, g.grantees), E'\\n' ORDER BY g.grantees)
  FROM (SELECT r.privileges, string_agg(r.grantee, ', ' ORDER BY r.grantee) AS grantees
        FROM (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END COLLATE "C" AS grantee,
                     string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type COLLATE "C") AS privileges
              FROM aclexplode(acl) a WHERE a.grantee <> owner GROUP BY a.grantee) r
        GROUP BY r.privileges) g`;

const queries = {
  schema: `
    SELECT concat_ws(E'\\n', format('CREATE %s AUTHORIZATION %s;', what, owner::regrole), (${grants})) AS text
    FROM (SELECT 'SCHEMA ' || n.nspname AS what, n.nspacl AS acl, n.nspowner AS owner FROM pg_namespace n
          WHERE n.nspname = 'purser') s`,
  tables: `
    SELECT concat_ws(E'\\n',
      format(E'CREATE TABLE %s (\\n%s\\n)%s;', what,
        (SELECT string_agg(line, E',\\n' ORDER BY place, line COLLATE "C")
         FROM (SELECT a.attnum::int AS place, concat_ws(' ', ' ', a.attname, format_type(a.atttypid, a.atttypmod),
                 CASE WHEN a.attcollation NOT IN (0, 'pg_catalog.default'::regcollation)
                      THEN format('COLLATE %s', a.attcollation::regcollation) END,
                 CASE WHEN a.attnotnull THEN 'NOT NULL' END,
                 CASE a.attidentity WHEN '' THEN NULL ELSE 'GENERATED AS IDENTITY' END,
                 CASE a.attgenerated WHEN '' THEN 'DEFAULT ' ELSE 'GENERATED ALWAYS AS ' END
                   || pg_get_expr(d.adbin, d.adrelid)) AS line
               FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
               WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
               UNION ALL
               SELECT 10000, format('  CONSTRAINT %I %s', n.conname, pg_get_constraintdef(n.oid))
               FROM pg_constraint n WHERE n.conrelid = t.oid AND n.contype <> 'n' AND n.conparentid = 0) l),
        concat(' PARTITION BY ' || CASE t.relkind WHEN 'p' THEN pg_get_partkeydef(t.oid) END,
               ' -- partition of ' || (SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = t.oid)
                 || ' ' || pg_get_expr(t.relpartbound, t.oid),
               ' WITH (' || array_to_string(t.reloptions, ', ') || ')')),
      format('ALTER TABLE %s OWNER TO %s;', what, owner::regrole),
      CASE WHEN t.relrowsecurity THEN format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY;', what) END,
      CASE WHEN t.relforcerowsecurity THEN format('ALTER TABLE %s FORCE ROW LEVEL SECURITY;', what) END,
      (SELECT string_agg(pg_get_indexdef(x.indexrelid) || ';', E'\\n' ORDER BY pg_get_indexdef(x.indexrelid) COLLATE "C")
       FROM pg_index x WHERE x.indrelid = t.oid
         AND NOT EXISTS (SELECT FROM pg_constraint n WHERE n.conindid = x.indexrelid AND n.contype IN ('p', 'u', 'x'))),
      (SELECT string_agg(concat_ws(' ', format('CREATE POLICY %s ON %s', p.polname, what),
                 CASE WHEN NOT p.polpermissive THEN 'AS RESTRICTIVE' END,
                 'FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                                         WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                 'TO ' || (SELECT string_agg(r::text, ', ' ORDER BY r::text COLLATE "C") FROM unnest(p.polroles::regrole[]) r),
                 'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
                 'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')') || ';',
               E'\\n' ORDER BY p.polname COLLATE "C")
       FROM pg_policy p WHERE p.polrelid = t.oid),
      (SELECT string_agg(format('-- trigger %s', g.tgname), E'\\n') FROM pg_trigger g
       WHERE g.tgrelid = t.oid AND NOT g.tgisinternal),
      (${grants})) AS text
    FROM (SELECT c.*, c.oid::regclass::text AS what, c.relacl AS acl, c.relowner AS owner FROM pg_class c
          WHERE c.relnamespace = 'purser'::regnamespace AND c.relkind IN ('r', 'p')) t
    ORDER BY what COLLATE "C"`,
  // Deparsed, a view's query reads differently from version to version; what it promises is its columns.
  views: `
    SELECT concat_ws(E'\\n',
      format(E'-- VIEW %s WITH (%s)\\n%s', what, array_to_string(v.reloptions, ', '),
        (SELECT string_agg(format('--   %s %s', a.attname, format_type(a.atttypid, a.atttypmod)), E'\\n' ORDER BY a.attnum)
         FROM pg_attribute a WHERE a.attrelid = v.oid AND a.attnum > 0)),
      format('ALTER VIEW %s OWNER TO %s;', what, owner::regrole),
      (${grants})) AS text
    FROM (SELECT c.*, c.oid::regclass::text AS what, c.relacl AS acl, c.relowner AS owner FROM pg_class c
          WHERE c.relnamespace = 'purser'::regnamespace AND c.relkind IN ('v', 'm')) v
    ORDER BY what COLLATE "C"`,
  functions: `
    SELECT concat_ws(E'\\n',
      format(E'-- FUNCTION purser.%s(%s)\\n--   RETURNS %s LANGUAGE %s %s%s%s SECURITY %s SET %s', f.proname,
        pg_get_function_arguments(f.oid), coalesce(pg_get_function_result(f.oid), 'nothing'),
        (SELECT l.lanname FROM pg_language l WHERE l.oid = f.prolang),
        CASE f.provolatile WHEN 'v' THEN 'VOLATILE' WHEN 's' THEN 'STABLE' ELSE 'IMMUTABLE' END,
        CASE WHEN f.proisstrict THEN ' STRICT' END,
        CASE f.proparallel WHEN 's' THEN ' PARALLEL SAFE' WHEN 'r' THEN ' PARALLEL RESTRICTED' END,
        CASE WHEN f.prosecdef THEN 'DEFINER' ELSE 'INVOKER' END, array_to_string(f.proconfig, ', ')),
      format('ALTER %s OWNER TO %s;', what, owner::regrole),
      (${grants})) AS text
    FROM (SELECT p.*, 'FUNCTION ' || p.oid::regprocedure AS what, p.proacl AS acl, p.proowner AS owner FROM pg_proc p
          WHERE p.pronamespace = 'purser'::regnamespace) f
    ORDER BY what COLLATE "C"`,
  // Everything else that a schema can hold is named, so that nothing comes in unseen.
  others: `
    SELECT format('-- %s %s', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE c.relkind::text END, c.oid::regclass) AS text
    FROM pg_class c WHERE c.relnamespace = 'purser'::regnamespace AND c.relkind NOT IN ('r', 'p', 'v', 'm', 'i', 'I')
    UNION ALL
    SELECT format('-- TYPE %s', t.oid::regtype) FROM pg_type t
    WHERE t.typnamespace = 'purser'::regnamespace AND t.typtype <> 'c' AND t.typcategory <> 'A'
    ORDER BY 1`,
};

/** The schema as text: tables, constraints, indexes, views' columns, functions' signatures, policies, owners, grants. */
export async function schemaText(client: Client): Promise<string> {
  const parts = ["-- Generated by `npm run generate` from a migrated database; a test says when it is stale."];
  await client.query("SET search_path = pg_catalog");
  for (const query of Object.values(queries)) {
    const { rows } = await client.query<{ text: string }>(query);
    parts.push(...rows.map(({ text }) => text));
  }
  await client.query("RESET search_path");
  return `${parts.join("\n\n")}\n`;
}
