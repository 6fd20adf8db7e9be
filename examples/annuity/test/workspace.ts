// The application on a database of its own, ready to be asked.
import { createPurser, now } from "@purser/engine";
import { drizzle } from "drizzle-orm/node-postgres";
import type { FastifyInstance } from "fastify";
import { Pool } from "pg";
import { createTestDatabase } from "../../../behaviour/fixture/database.ts";
import { createApp } from "../src/app.ts";
import { catalog } from "../src/catalog.ts";
import { limitationsReader } from "../src/limitations.ts";
import { createTables } from "../src/tables.ts";

export interface Workspace {
  readonly app: FastifyInstance;
  readonly admin: Pool;
  /** Everything that it asks the database by; ended, the database is away for it. */
  readonly pool: Pool;
  /** A workspace on the plan `free`, whose time stands at the first of January 2026. */
  open(name: string): Promise<string>;
  ask(method: "GET" | "POST", path: string, asked: Asked): Promise<{ status: number; body: unknown }>;
  close(): Promise<void>;
}

interface Asked {
  readonly workspace: string;
  readonly body?: object;
  readonly key?: string;
}

export async function openWorkspace(): Promise<Workspace> {
  const database = await createTestDatabase();
  const admin = new Pool({ connectionString: database.adminUrl, max: 2 });
  await admin.query("CREATE SCHEMA example_annuity; GRANT ALL ON SCHEMA example_annuity TO purser_test_service");
  const pool = new Pool({ connectionString: database.serviceUrl });
  // A connection may still be closing when its database is dropped, and says so; nobody is to hear of it.
  for (const connections of [admin, pool]) connections.on("error", () => undefined);
  await pool.query(createTables);
  const db = drizzle(pool);
  const purser = createPurser({ catalog, database: db });
  await purser.publishCatalog({ actor: "test" });
  const app = createApp({ purser, db, limitationsOf: limitationsReader(purser, now) });
  return {
    app,
    admin,
    pool,
    async open(name) {
      await purser.createTenant({
        tenant: name,
        plan: "free",
        mode: "test",
        clockAt: new Date("2026-01-01T00:00:00Z"),
        actor: "test",
      });
      return name;
    },
    async ask(method, url, { workspace, body, key }) {
      const headers = { "x-workspace": workspace, ...(key === undefined ? {} : { "idempotency-key": key }) };
      const reply = await app.inject({ method, url, headers, ...(body === undefined ? {} : { payload: body }) });
      return { status: reply.statusCode, body: reply.json() };
    },
    async close() {
      await app.close();
      await purser.close();
      if (!pool.ended) await pool.end();
      await admin.end();
      await database.drop();
    },
  };
}
