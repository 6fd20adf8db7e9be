// A SaaS sells reports. A report may exist exactly where it was paid for with one of the tenant's calculations, whatever
// happens in between: that is two writes which commit together or not at all. This is that application, in one file.
//
//   npm run example:own-transaction
//
// It uses an embedded PostgreSQL of its own, in .purser/example, so that nothing which `npm start` serves is touched; or the
// database that DATABASE_URL names, where that has no catalogue but the example's and lets the role make a schema.
import { createPurser } from "@purser/engine";
import { exampleCatalog, openDevelopmentDatabase } from "@purser/server";
import { type ClientBase, Pool } from "pg";

/** Why the database that was given is not used. */
class NotOurs extends Error {}

const say = (line = "") => console.log(line);

// ── A database with Purser's schema, and in the same database the application's own table ───────────────────────────────
const database = await openDevelopmentDatabase({ directory: ".purser/example", environment: process.env });
const admin = new Pool({ connectionString: database.adminUrl, max: 1 });
const pool = new Pool({ connectionString: database.serviceUrl });
// The database may close a connection that is idle, also one that just says goodbye; unheard, that would end the process.
for (const connections of [admin, pool]) connections.on("error", () => undefined);
const purser = createPurser({ catalog: exampleCatalog, database: pool });
try {
  await refuseWhatIsNotOurs();
  const { rows: roles } = await pool.query<{ me: string }>("SELECT current_user AS me");
  await admin.query(`CREATE SCHEMA IF NOT EXISTS example_own_transaction AUTHORIZATION "${roles[0]?.me}"`);
  await pool.query(`CREATE TABLE IF NOT EXISTS example_own_transaction.reports (
    tenant text NOT NULL, title text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())`);

  // What is on sale, and a new customer on the plan "free": 20 calculations a month.
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
} catch (error) {
  if (!(error instanceof NotOurs)) throw error;
  console.error(error.message);
  process.exitCode = 3;
} finally {
  await Promise.all([pool.end(), admin.end()]);
  await database.stop();
}

/** Before anything is written: a database that the example would take something away from, or may not use. */
async function refuseWhatIsNotOurs(): Promise<void> {
  const way = "Unset DATABASE_URL, and the example brings a PostgreSQL of its own.";
  const published = await purser.publishedCatalog();
  if (published !== undefined && published.publishedBy !== "example") {
    const preview = await purser.publishCatalog({ actor: "example", dryRun: true });
    if (preview.outcome !== "unchanged") {
      const whose = `revision ${published.revision}, published by ${published.publishedBy}`;
      throw new NotOurs(`This database has a catalogue of its own (${whose}), which the example leaves alone. ${way}`);
    }
  }
  const { rows } = await admin.query<{ role: string; may: boolean }>(
    `SELECT current_user AS role, has_database_privilege(current_database(), 'CREATE')
       OR pg_has_role(current_user, (SELECT nspowner FROM pg_namespace WHERE nspname = 'example_own_transaction'), 'USAGE') AS may`,
  );
  if (rows[0]?.may !== true) {
    throw new NotOurs(
      `The role ${rows[0]?.role} may not make the example's schema in the database that DATABASE_URL names. ${way}`,
    );
  }
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
