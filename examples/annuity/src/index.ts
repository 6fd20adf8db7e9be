// A small application that sells projects and calculations: Fastify and Drizzle, its own tables and its own page.
//
//   npm run example:annuity
//
// It uses an embedded PostgreSQL in .purser-annuity, or the one that DATABASE_URL names.
import { createPurser, insist, now } from "@purser/engine";
import { openDevelopmentDatabase } from "@purser/server";
import { drizzle } from "drizzle-orm/node-postgres";
import { Pool } from "pg";
import { createApp } from "./app.ts";
import { catalog } from "./catalog.ts";
import { limitationsReader } from "./limitations.ts";
import { createTables } from "./tables.ts";

const database = await openDevelopmentDatabase({ directory: ".purser-annuity", environment: process.env });
const pool = new Pool({ connectionString: database.serviceUrl });
// A connection that the database closes while it is idle is replaced when one is wanted; unheard, it would end the process.
pool.on("error", (error) => console.error(`A connection to PostgreSQL was lost: ${error.message}.`));
const db = drizzle(pool);
const purser = createPurser({ catalog, database: db });

const admin = new Pool({ connectionString: database.adminUrl, max: 1 });
const { rows } = await pool.query<{ me: string }>("SELECT current_user AS me");
await admin.query(`CREATE SCHEMA IF NOT EXISTS example_annuity AUTHORIZATION "${rows[0]?.me}"`);
await admin.end();
await pool.query(createTables);

const preview = await purser.publishCatalog({ actor: "example", dryRun: true });
if (database.embedded === undefined && preview.outcome === "published" && preview.revision > 1) {
  throw new Error("This database has a catalogue of its own. The example would replace it; give it an empty database.");
}
insist(await purser.publishCatalog({ actor: "example" }), "published", "unchanged");
insist(await purser.createTenant({ tenant: "demo", name: "A workspace", plan: "free", actor: "example" }), "created");

const app = createApp({ purser, db, limitationsOf: limitationsReader(purser, now) });
const url = await app.listen({ host: "127.0.0.1", port: Number(process.env["PORT"] ?? 4300) });
console.log(`PostgreSQL at ${database.where}. Open ${url}; end with Ctrl-C.`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void app
      .close()
      .then(() => purser.close())
      .then(() => pool.end())
      .then(() => database.stop());
  });
}
