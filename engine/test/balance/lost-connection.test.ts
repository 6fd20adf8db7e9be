// A connection is lost somewhere in a call, and nobody knows what became of it. The same call with the same key finds out:
// there is exactly one effect in the end, whatever was lost.
import { createPurser } from "@purser/engine";
import { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Application, applicationOn, type Consuming, libraries } from "../../../behaviour/fixture/hosts.ts";
import { type CuttingProxy, openCuttingProxy } from "../store/cutting-proxy.ts";
import { createWorkbench, smallCatalog, type Workbench } from "../workbench.ts";

let bench: Workbench;
let proxy: CuttingProxy;
let pool: Pool;
beforeAll(async () => {
  bench = await createWorkbench();
  await bench.rows("CREATE TABLE public.reports (id text PRIMARY KEY)");
  await bench.rows("GRANT ALL ON public.reports TO PUBLIC");
  proxy = await openCuttingProxy(bench.database.serviceUrl);
  pool = new Pool({ connectionString: proxy.url, max: 1 });
  pool.on("error", () => undefined);
});
afterAll(async () => {
  await pool.end();
  await proxy.close();
  await bench.close();
});

let tenant = "";
let number = 0;
beforeEach(async () => {
  proxy.disarm();
  number += 1;
  tenant = await bench.testTenant(`lost-${number}`, "pro");
  await bench.rows("TRUNCATE public.reports");
});
const effects = async () => ({
  reports: (await bench.rows<{ id: string }>("SELECT id FROM public.reports ORDER BY id")).map(({ id }) => id),
  used: (await bench.purser.balances({ tenant, feature: "reports" }))[0]?.used ?? 0,
});

describe.each(libraries)("on %s", (library) => {
  let app: Application;
  beforeAll(() => {
    app = applicationOn(library, createPurser({ catalog: smallCatalog, database: pool }), pool);
  });
  const report = (lock: "early" | "late"): Consuming => ({
    tenant,
    feature: "reports",
    amount: 7,
    idempotencyKey: "one",
    lock,
  });

  for (const lock of ["early", "late"] as const) {
    const call = () => app.withConsumption(report(lock), (tx) => tx.insert("one"));

    test.each(["before", "after"] as const)(
      `A05: lost during COMMIT, %s the server got it, locking ${lock}: not known, and the same key converges to one effect`,
      async (when) => {
        proxy.cut(1, when, /commit\0/i);
        await expect(call()).rejects.toMatchObject({ name: "Fault", code: "commit_not_confirmed", retryable: true });
        expect(proxy.hasCut).toBe(true);
        expect(await call()).toMatchObject({ outcome: "consumed", replayed: when === "after", available: 93 });
        expect(await effects()).toEqual({ reports: ["one"], used: 7 });
      },
    );

    test(`I03: lost at any message whatever, locking ${lock}: an error, one effect after it was asked again, and a pool that goes on`, async () => {
      let messages = 0;
      for (const when of ["before", "after"] as const) {
        for (let nth = 1; ; nth += 1) {
          tenant = await bench.testTenant(`lost-${number}-${when}-${nth}`, "pro");
          await bench.rows("TRUNCATE public.reports");
          proxy.cut(nth, when);
          const lost = await call().then(
            () => false,
            () => true,
          );
          expect(lost).toBe(proxy.hasCut);
          if (!lost) break;
          messages += 1;
          // Asked again until it is told: now and then a cut left no connection to ask by.
          expect(await call()).toMatchObject({ outcome: "consumed", available: 93 });
          expect(await effects()).toEqual({ reports: ["one"], used: 7 });
          const { rows } = await pool.query(
            "SELECT txid_current_if_assigned() AS xid, now() = statement_timestamp() AS fresh",
          );
          expect(rows).toEqual([{ xid: null, fresh: true }]);
        }
      }
      // Twice BEGIN, the consumption, the write and COMMIT at least.
      expect(messages).toBeGreaterThanOrEqual(8);
    });
  }

  test.each(["before", "after"] as const)(
    "A05: a single statement that is lost, %s the server got it, is asked again by itself and converges as well",
    async (when) => {
      const call = () => app.tryConsume(report("early"));
      await pool.query("SELECT 1");
      proxy.cut(1, when);
      expect(await call()).toMatchObject({ outcome: "consumed", replayed: when === "after", available: 93 });
      expect((await effects()).used).toBe(7);
    },
  );
});
