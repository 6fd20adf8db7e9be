// The README's own code, word for word: what a newcomer pastes has to run.
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createBlankDatabase, type TestDatabase } from "./fixture/database.ts";
import { codeOf, newcomer } from "./fixture/newcomer.ts";

const block = codeOf("README.md");
const here = newcomer({ "@purser/engine": "engine" }, ["pg", "@types/pg", "drizzle-orm"]);

let database: TestDatabase;
let admin: Client;
beforeAll(async () => {
  database = await createBlankDatabase();
  admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});

test("the README's catalogue, deployment and application run as they stand", async () => {
  // The lines around the README's are what it takes for granted: a table of the application's and a request.
  const own = block("await purser.withConsumption(pool");
  const application = `${block("// your application, as its own role")}
const [tenant, requestId, id, title] = ["globex", "request-1", 1, "Annuities"];
${own}
${own}
const rows = (await pool.query("SELECT id, title FROM reports")).rows;
console.log(JSON.stringify({ outcome, rows, left: await purser.balances({ tenant, feature: "reports" }) }));
await pool.end();
`;
  // On the same rows, which the first has left.
  const withDrizzle = `import { balancesCurrent } from "@purser/engine/drizzle";
import { createPurser } from "@purser/engine";
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { integer, pgTable, text } from "drizzle-orm/pg-core";
import { Pool } from "pg";
import catalog from "./purser.config.ts";
const pool = new Pool({ connectionString: process.env.DATABASE_URL });
const db = drizzle(pool);
const purser = createPurser({ catalog, database: db });
const reports = pgTable("reports", { id: integer("id").primaryKey(), title: text("title") });
const report = { id: 2, title: "Drizzle" };
const [tenant, requestId] = ["globex", "request-2"];
${block("await purser.withConsumption(db")}
console.log(JSON.stringify({ left: left.map(({ feature, used }) => [feature, Number(used)]), rows: await db.select().from(reports) }));
await pool.end();
`;
  here.write("purser.config.ts", block("// purser.config.ts"));
  here.write("deploy.ts", block("// deploy.ts"));
  here.write("application.ts", application);
  here.write("with-drizzle.ts", withDrizzle);
  here.compile();

  const deployed = await here.run("deploy.ts", { PURSER_ADMIN_URL: database.adminUrl });
  expect(await here.run("deploy.ts", { PURSER_ADMIN_URL: database.adminUrl })).toBe(deployed);

  // As the deployment says: an administrator grants, once.
  const role = `quickstart_${database.name.slice(-12)}`;
  await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'quickstart'`);
  try {
    await admin.query(deployed.replace("<your application's role>", role));
    await admin.query("CREATE TABLE public.reports (id int PRIMARY KEY, title text)");
    await admin.query(`GRANT ALL ON public.reports TO ${role}`);
    const url = new URL(database.adminUrl);
    url.username = role;
    url.password = "quickstart";
    const said = JSON.parse(await here.run("application.ts", { DATABASE_URL: url.href })) as Record<string, unknown>;
    expect(said).toMatchObject({
      outcome: { outcome: "consumed", replayed: false, amount: 1, available: 9 },
      rows: [{ id: 1, title: "Annuities" }],
      left: [{ granted: 10, used: 2, available: 8 }],
    });
    const read = JSON.parse(await here.run("with-drizzle.ts", { DATABASE_URL: url.href })) as Record<string, unknown>;
    expect(read["left"]).toContainEqual(["reports", 3]);
    expect(read["rows"]).toEqual([
      { id: 1, title: "Annuities" },
      { id: 2, title: "Drizzle" },
    ]);
  } finally {
    await admin.query(`DROP OWNED BY ${role}`);
    await admin.query(`DROP ROLE ${role}`);
  }
});
