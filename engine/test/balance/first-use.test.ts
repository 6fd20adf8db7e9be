// Somebody's first use while the access of the tenant is being changed: it waits, and goes by what is so when it is let through.
import { createPurser, defineCatalog } from "@purser/engine";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkbench, type Workbench } from "../workbench.ts";

const catalog = defineCatalog({
  tiers: { free: { rank: 0, name: "Free" } },
  features: { seats: { kind: "metered", name: "Seats" } },
  plans: { own: { name: "Own", tier: "free", inclusions: { seats: { amount: 4, every: "month", per: "subject" } } } },
});

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench({ max: 10 });
});
afterAll(() => bench.close());

const blocked = async () =>
  (await bench.rows("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))
    .length;

test("what was shared becomes each subject's own while two of them wait: both have their own, at once", async () => {
  const purser = createPurser({ catalog, database: bench.pool });
  await purser.publishCatalog({ actor: "test" });
  const [tenant, feature] = ["turning", "seats"] as const;
  await purser.createTenant({ tenant, actor: "test" });
  await purser.issueGrant(bench.pool, { tenant, feature, amount: 5, dedupeKey: "g" });
  const host = await bench.pool.connect();
  await host.query("BEGIN");
  const shared = await purser.tryConsume(host, { tenant, feature, subject: "bob", idempotencyKey: "shared" });
  expect(shared).toMatchObject({ outcome: "consumed", available: 4 });
  const subscribing = purser.subscribe({ tenant, plan: "own", idempotencyKey: "s", actor: "test" });
  await expect.poll(blocked, { timeout: 4000 }).toBeGreaterThanOrEqual(1);
  const sql = bench.pool.query("SELECT outcome, available::int FROM purser.consume($1, $2, 1, 'ann', 'ann')", [
    tenant,
    feature,
  ]);
  const lane = purser.tryConsume(bench.pool, { tenant, feature, subject: "dan", idempotencyKey: "dan" });
  await expect.poll(blocked, { timeout: 4000 }).toBeGreaterThanOrEqual(2);
  await host.query("COMMIT");
  host.release();
  expect(await subscribing).toMatchObject({ outcome: "subscribed" });
  expect((await sql).rows).toEqual([{ outcome: "consumed", available: 3 }]);
  expect(await lane).toMatchObject({ outcome: "consumed", available: 3 });
});
