// I08: what takes too long is ended by the settings of the role, with an error that says so, and leaves nothing: no effect, no
// transaction on a pooled connection, and a key that can be asked again.
import { setTimeout as pause } from "node:timers/promises";
import { createPurser } from "@purser/engine";
import { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Application, applicationOn, libraries } from "../../../behaviour/fixture/hosts.ts";
import { createWorkbench, smallCatalog, type Workbench } from "../workbench.ts";

let bench: Workbench;
let pool: Pool;
beforeAll(async () => {
  bench = await createWorkbench();
  await bench.rows("CREATE TABLE public.reports (id text PRIMARY KEY)");
  await bench.rows("GRANT ALL ON public.reports TO PUBLIC");
  await bench.rows(
    "CREATE FUNCTION public.dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); RETURN NEW; END'",
  );
  pool = new Pool({
    connectionString: bench.database.serviceUrl,
    max: 2,
    options: "-c statement_timeout=300ms -c idle_in_transaction_session_timeout=300ms",
  });
  pool.on("error", () => undefined);
});
afterAll(async () => {
  await pool.end();
  await bench.close();
});

let tenant = "";
let number = 0;
beforeEach(async () => {
  number += 1;
  tenant = await bench.testTenant(`slow-${number}`, "pro");
  await bench.rows("TRUNCATE public.reports");
});
const report = () => ({ tenant, feature: "reports", amount: 7, idempotencyKey: "one" }) as const;
const used = async () => (await bench.purser.balances({ tenant, feature: "reports" }))[0]?.used;
async function poolIsWhole(): Promise<void> {
  for (const _ of [1, 2, 3]) {
    const { rows } = await pool.query(
      "SELECT txid_current_if_assigned() AS xid, now() = statement_timestamp() AS fresh",
    );
    expect(rows).toEqual([{ xid: null, fresh: true }]);
  }
}

describe.each(libraries)("on %s", (library) => {
  let app: Application;
  beforeAll(() => {
    app = applicationOn(library, createPurser({ catalog: smallCatalog, database: pool }), pool);
  });

  test("I08: a statement that takes too long in the database", async () => {
    await bench.rows(
      "CREATE TRIGGER dawdle BEFORE UPDATE ON purser.balances FOR EACH ROW EXECUTE FUNCTION public.dawdle()",
    );
    const asked = [
      () => app.tryConsume(report()),
      () => app.withConsumption(report(), (tx) => tx.insert("one")),
      () => app.withConsumption({ ...report(), lock: "late" }, (tx) => tx.insert("one")),
    ];
    try {
      for (const ask of asked) {
        const told = await ask().catch((error: unknown) => error);
        expect([told, (told as { cause?: unknown }).cause]).toContainEqual(expect.objectContaining({ code: "57014" }));
        await poolIsWhole();
      }
    } finally {
      await bench.rows("DROP TRIGGER dawdle ON purser.balances");
    }
    expect([await used(), await bench.rows("SELECT id FROM public.reports")]).toEqual([0, []]);
    expect(await app.tryConsume(report())).toMatchObject({ outcome: "consumed", replayed: false, available: 93 });
  });

  test("I08: a caller's write that waits for something else while the transaction is open", async () => {
    const waiting = app.withConsumption(report(), async (tx) => {
      await tx.insert("one");
      await pause(900);
    });
    await expect(waiting).rejects.toBeInstanceOf(Error);
    expect([await used(), await bench.rows("SELECT id FROM public.reports")]).toEqual([0, []]);
    await poolIsWhole();
    expect(await app.tryConsume(report())).toMatchObject({ outcome: "consumed", replayed: false, available: 93 });
  });
});
