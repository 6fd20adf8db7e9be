// What the engine says where a database was not set up for it, and to a script that wants one outcome.
import { createPurser, insist } from "@purser/engine";
import { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkbench, smallCatalog, type Workbench } from "./workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

test("a role without the grant is told which grant it needs", async () => {
  const stranger = new Pool({ connectionString: bench.database.tenantUrl, max: 1 });
  const purser = createPurser({ catalog: smallCatalog, database: stranger });
  const consumption = purser.tryConsume(stranger, { tenant: "t", feature: "reports", idempotencyKey: "k" });
  await expect(consumption).rejects.toMatchObject({ name: "Fault", code: "not_set_up" });
  await expect(consumption).rejects.toThrow("GRANT purser_service TO");
  await stranger.end();
});

test("insist answers what was wanted and throws what was not, with the field", async () => {
  const tenant = { tenant: "insisted", actor: "test" };
  expect(insist(await bench.purser.createTenant(tenant), "created").replayed).toBe(false);
  const other = await bench.purser.createTenant({ ...tenant, currency: "EUR" });
  expect(() => insist(other, "created")).toThrow("idempotency_conflict (currency)");
});

test.each(["-5", "0", "NaN", "0.0000001", "1e15"])(
  "a check of an amount of %s, which nobody could consume, denies",
  async (amount) => {
    const tenant = await bench.testTenant("amounts", "pro");
    const rows = await bench.rows("SELECT allowed, reason FROM purser.check_entitlement($1, 'reports', $2::numeric)", [
      tenant,
      amount,
    ]);
    expect(rows).toMatchObject([{ allowed: false }]);
  },
);
