// A SaaS sells reports. A report may exist exactly where it was paid for with one of the tenant's calculations, whatever
// happens in between: that is two writes which commit together or not at all. This is that application, in one file.
//
//   npm run example:own-transaction
//
// It uses the embedded PostgreSQL in .purser, or the one that DATABASE_URL names.
import { createPurser } from "@purser/engine";
import { exampleCatalog, openDevelopmentDatabase } from "@purser/server";
import { type ClientBase, Pool } from "pg";

const say = (line = "") => console.log(line);

// ── A database with Purser's schema, and in the same database the application's own table ───────────────────────────────
const database = await openDevelopmentDatabase({ directory: ".purser", environment: process.env });
const admin = new Pool({ connectionString: database.adminUrl, max: 1 });
const pool = new Pool({ connectionString: database.serviceUrl });
const purser = createPurser({ catalog: exampleCatalog, database: pool });
try {
  const { rows: roles } = await pool.query<{ me: string }>("SELECT current_user AS me");
  await admin.query(`CREATE SCHEMA IF NOT EXISTS example_own_transaction AUTHORIZATION "${roles[0]?.me}"`);
  await pool.query(`CREATE TABLE IF NOT EXISTS example_own_transaction.reports (
    tenant text NOT NULL, title text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())`);

  // What is on sale, and a new customer on the plan "free": 20 calculations a month.
  const preview = await purser.publishCatalog({ actor: "example", dryRun: true });
  if (database.embedded === undefined && preview.outcome === "published" && preview.revision > 1) {
    throw new Error(
      "This database has a catalogue of its own. The example would replace it; give it an empty database.",
    );
  }
  await purser.publishCatalog({ actor: "example" });
  const { rows: ids } = await pool.query<{ id: string }>("SELECT 'example-' || gen_random_uuid() AS id");
  const tenant = ids[0]?.id ?? "";
  await purser.createTenant({ tenant, name: "An example", plan: "free", actor: "example" });
  say(`PostgreSQL at ${database.where}; the tenant ${tenant} has 20 calculations a month.`);

  // ── The application: consume and write in one transaction ─────────────────────────────────────────────────────────────
  const createReport = (request: { id: string; title: string; pages: number }) =>
    purser.withConsumption(
      pool,
      { tenant, feature: "annuity.calculate", amount: request.pages, idempotencyKey: request.id },
      async (tx) => {
        say("   the write runs");
        await insertReport(tx, tenant, request.title);
      },
    );

  say("\n1. Accepted: the report and what it cost are committed together.");
  show(await createReport({ id: "request-1", title: "Annuities 2031", pages: 3 }));
  await rowsThatAreThere(tenant);

  say("\n2. Replayed: the answer was lost, so the client asks again with the same key. The write is not run.");
  show(await createReport({ id: "request-1", title: "Annuities 2031", pages: 3 }));
  await rowsThatAreThere(tenant);

  say("\n3. Refused: 18 are wanted and 17 are left. There is no report, and nothing was taken.");
  show(await createReport({ id: "request-2", title: "Everything", pages: 18 }));
  await rowsThatAreThere(tenant);

  say("\n4. A crash in the write, after the consumption: nothing of either remains.");
  try {
    await purser.withConsumption(
      pool,
      { tenant, feature: "annuity.calculate", amount: 5, idempotencyKey: "request-3" },
      async (tx) => {
        await insertReport(tx, tenant, "Half a report");
        throw new Error("the printer is on fire");
      },
    );
  } catch (error) {
    say(`   thrown: ${error instanceof Error ? error.message : "nothing readable"}`);
  }
  await rowsThatAreThere(tenant);

  say("\n5. By hand, as in psql or from any other language: a function call inside BEGIN and COMMIT.");
  const session = await pool.connect();
  try {
    for (const [amount, key] of [
      [2, "request-4"],
      [99, "request-5"],
    ]) {
      await session.query("BEGIN");
      const { rows } = await session.query<{ outcome: string; available: string }>(
        "SELECT outcome, available FROM purser.consume($1, 'annuity.calculations.monthly', $2, $3)",
        [tenant, amount, key],
      );
      await insertReport(session, tenant, `By hand, ${amount} pages`);
      // A refusal is a row like any other here: looking at it is the caller's part.
      const end = rows[0]?.outcome === "consumed" ? "COMMIT" : "ROLLBACK";
      await session.query(end);
      say(`   consume ${amount} → ${rows[0]?.outcome}, available ${Number(rows[0]?.available)} → ${end}`);
    }
  } finally {
    session.release();
  }
  await rowsThatAreThere(tenant);
} finally {
  await Promise.all([pool.end(), admin.end()]);
  await database.stop();
}

async function insertReport(tx: ClientBase, tenant: string, title: string): Promise<void> {
  await tx.query("INSERT INTO example_own_transaction.reports (tenant, title) VALUES ($1, $2)", [tenant, title]);
}

function show(answer: { outcome: string; replayed?: boolean; available?: number | null }): void {
  const { outcome, replayed = false, available } = answer;
  say(`   ${outcome}${replayed ? ", replayed" : ""}, available ${available}`);
}

/** Both tables, as another connection sees them: only what was committed. */
async function rowsThatAreThere(tenant: string): Promise<void> {
  const reports = await pool.query<{ title: string }>(
    "SELECT title FROM example_own_transaction.reports WHERE tenant = $1 ORDER BY created_at, title",
    [tenant],
  );
  const consumptions = await pool.query<{ idempotency_key: string; amount: string }>(
    "SELECT idempotency_key, amount FROM purser.consumptions WHERE tenant_id = $1 ORDER BY version",
    [tenant],
  );
  say(`   reports       ${reports.rows.map(({ title }) => title).join(" · ") || "none"}`);
  const taken = consumptions.rows.map(({ idempotency_key, amount }) => `${idempotency_key}: ${Number(amount)}`);
  say(`   consumptions  ${taken.join(" · ") || "none"}`);
}
