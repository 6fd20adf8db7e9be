// Puts a row of every tenant into every table that knows tenants, also into those that no command fills yet: what has no
// rows cannot leak any, and a test that reads it proves nothing.
import type { Client } from "pg";
import { column } from "./connection.ts";

const values: { readonly [type: string]: string } = {
  int4: "1",
  int8: "1",
  numeric: "1",
  bool: "false",
  timestamptz: "2020-01-01T00:00:00Z",
  jsonb: "{}",
  _text: "{}",
  bytea: "\\x00",
};

/** What the rows say does not matter here, so the constraints about it are dropped first. */
export async function fillEveryTable(admin: Client, tenants: readonly string[]): Promise<void> {
  const drops = `SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', conrelid::regclass, conname) FROM pg_constraint
    WHERE connamespace = 'purser'::regnamespace AND contype IN ('c', 'f') AND coninhcount = 0`;
  for (const statement of await column(admin, drops)) await admin.query(statement);
  for (const table of await tenantTables(admin)) {
    const { rows: columns } = await admin.query<{ name: string; type: string }>(
      `SELECT a.attname AS name, y.typname AS type FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
       WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND (a.attnotnull OR a.attname = 'tenant_id')`,
      [table],
    );
    for (const tenant of tenants) {
      const row = columns.map(({ name, type }) => {
        if (name === "tenant_id") return "$1";
        if (name === "slot") return "purser.slot_of($1)";
        // Unique in a slot, which tenants share.
        if (name === "published_no") return "hashtextextended($1, 0)";
        if (type === "uuid") return "gen_random_uuid()";
        if (type === "text") return "'of ' || $1";
        const value = values[type];
        if (value === undefined) throw new Error(`${table}.${name}: no value is known for the type ${type}`);
        return `'${value}'`;
      });
      await admin.query({
        text: `INSERT INTO ${table} (${columns.map(({ name }) => name).join(", ")})
          SELECT ${row.join(", ")} WHERE NOT EXISTS (SELECT FROM ${table} WHERE tenant_id = $1::text)`,
        values: [tenant],
      });
    }
  }
}

const having = (kinds: string, more: string) => `
  SELECT c.oid::regclass::text FROM pg_class c
  WHERE c.relnamespace = 'purser'::regnamespace AND c.relkind IN (${kinds}) AND ${more} EXISTS (
    SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
  ORDER BY c.relname`;

/** Tables and partitions with a tenant. */
export const tenantTables = (admin: Client) => column(admin, having("'r', 'p'", ""));
export const tenantViews = (admin: Client) => column(admin, having("'v'", ""));
/** Tables without a tenant. */
export const otherTables = (admin: Client) => column(admin, having("'r', 'p'", "NOT"));
