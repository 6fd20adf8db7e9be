// The schema for Drizzle is what a migrated database has that may be read, and everything of it can be read.
import * as schema from "@purser/engine/drizzle";
import { getViewSelectedFields, is, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { getTableConfig, getViewConfig, type PgColumn, PgTable, PgView } from "drizzle-orm/pg-core";
import { Client, Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkbench, type Workbench } from "../workbench.ts";
import { drizzleText, type Readable, readable } from "./drizzle-text.ts";

let bench: Workbench;
let all: Readable[];
beforeAll(async () => {
  bench = await createWorkbench();
  const client = new Client({ connectionString: bench.database.adminUrl });
  await client.connect();
  all = await readable(client);
  await client.end();
});
afterAll(() => bench.close());

const tables = Object.values<unknown>(schema).filter((one): one is PgTable => is(one, PgTable));
const views = Object.values<unknown>(schema).filter((one): one is PgView => is(one, PgView));

test("engine/src/drizzle.ts is what the migrations make", async () => {
  await expect(drizzleText(all)).toMatchFileSnapshot("../../src/drizzle.ts");
});

test("S000-12: every table and view, with its columns, their types, what is required and the keys, is the database's", () => {
  const columns = (of: readonly PgColumn[]) =>
    of.map((one) => ({ name: one.name, type: one.getSQLType().replaceAll(/,\s+/g, ","), required: one.notNull }));
  const declared = [
    ...views.map((view) => ({
      name: getViewConfig(view).name,
      kind: "view",
      columns: columns(Object.values(getViewSelectedFields(view)) as PgColumn[]),
      key: [],
    })),
    ...tables.map((table) => {
      const { name, columns: own, primaryKeys } = getTableConfig(table);
      return {
        name,
        kind: "table",
        columns: columns(own),
        key: primaryKeys.flatMap((key) => key.columns.map((one) => one.name)),
      };
    }),
  ];
  expect(declared).toEqual(all);
});

test("S000-12: all of it can be read as the service, instants and amounts exactly as they are kept", async () => {
  const pool = new Pool({ connectionString: bench.database.serviceUrl, max: 1 });
  const db = drizzle(pool);
  for (const one of [...views, ...tables]) await db.select().from(one).limit(1);
  await bench.testTenant("read", "pro");
  await bench.purser.consume(pool, { tenant: "read", feature: "reports", amount: "0.25", idempotencyKey: "k" });
  const { consumptions, grants } = schema;
  expect(
    await db
      .select({ amount: consumptions.amount, version: consumptions.version, at: consumptions.recordedAt })
      .from(consumptions)
      .where(sql`${consumptions.tenantId} = 'read'`),
  ).toEqual([{ amount: "0.250000", version: 2n, at: "2026-01-01 00:00:00+00" }]);
  await bench.purser.issueGrant(pool, { tenant: "read", feature: "credits", amount: 1, dedupeKey: "d" });
  const kept = await db.select({ until: grants.expiresAt }).from(grants).where(sql`${grants.dedupeKey} = 'd'`);
  expect(kept).toEqual([{ until: "infinity" }]);
  await pool.end();
});
