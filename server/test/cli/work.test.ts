// The worker as a command, alone and inside the server: what it prints, what it leaves, and what it ends with.
import { createPurser } from "@purser/engine";
import { Pool } from "pg";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createTestDatabase } from "../../../behaviour/fixture/database.ts";
import { exampleCatalog } from "../../src/index.ts";
import { compile, purser } from "./rig.ts";

beforeAll(compile);
const soon = { timeout: 30_000 };

/** A database in which `balances` of test tenants can be made due by moving their clocks. */
async function house() {
  const database = await createTestDatabase();
  const admin = new Pool({ connectionString: database.adminUrl, max: 2 });
  admin.on("error", () => undefined);
  onTestFinished(async () => {
    await admin.end();
    await database.drop();
  });
  const engine = createPurser({ catalog: exampleCatalog, database: admin });
  await engine.publishCatalog({ actor: "test" });
  const clockAt = new Date("2031-01-01T00:00:00Z");
  await engine.createTenant({ tenant: "lab", mode: "test", clockAt, plan: "pro", actor: "test" });
  await engine.tryConsume(admin, { tenant: "lab", feature: "messaging.credits", amount: 5, idempotencyKey: "k" });
  const boundaries = async () =>
    Number((await admin.query("SELECT count(*) FROM purser.balance_facts WHERE kind = 'boundary'")).rows[0].count);
  return {
    admin,
    boundaries,
    environment: { DATABASE_URL: database.serviceUrl, PURSER_TICK_SECONDS: "1" },
    moveTo: (to: string) => engine.advanceClock({ tenant: "lab", to: new Date(to) }),
  };
}

/** Its balances: the trial ends for all three, and with the month the window of two. */
const due = 3;

describe("work", () => {
  test("--once does what is due and ends with 0; again there is nothing", async () => {
    const { environment, moveTo, boundaries } = await house();
    await moveTo("2031-02-01T00:00:00Z");
    const first = await purser(["work", "--once", "--json"], environment).ended;
    expect(first.code).toBe(0);
    expect(JSON.parse(first.out)).toEqual({ duty: "boundary", found: due, done: due, failures: [], overdueSeconds: 0 });
    expect(await boundaries()).toBe(due);
    const again = await purser(["work", "--once"], environment).ended;
    expect(again).toMatchObject({ code: 0, out: "boundary: 0 of 0 done\n" });
  });

  test("--once ends with 1 where something could not be done, and says which code and nothing of the row", async () => {
    const { environment, moveTo, admin } = await house();
    await admin.query(
      `INSERT INTO purser.balance_facts (slot, tenant_id, subject, feature, version, kind, amount, overage, interval_no,
         interval_used, recorded_at)
       SELECT slot, tenant_id, subject, feature, version + 1, 'lock', 0, 0, interval_no, 0, as_of
       FROM purser.balances WHERE feature = 'messaging.credits'`,
    );
    await moveTo("2031-02-01T00:00:00Z");
    const end = await purser(["work", "--once"], environment).ended;
    expect(end.code).toBe(1);
    expect(end.out).toMatch(/^boundary: 2 of 3 done, the oldest .* failed with 23505\n$/);
    expect(end.out + end.err).not.toMatch(/lab|messaging/);
  });

  test("alone it goes on until it is stopped, in order, and prints a line of JSON a turn", async () => {
    const { environment, moveTo, boundaries, admin } = await house();
    const worker = purser(["work", "--json"], environment);
    await worker.until(/"found":0/);
    await moveTo("2031-02-01T00:00:00Z");
    await worker.until(/"done":3/);
    expect(await boundaries()).toBe(due);
    worker.process.kill("SIGTERM");
    const { code, out, err } = await worker.ended;
    expect(code).toBe(0);
    for (const line of out.trim().split("\n")) expect(JSON.parse(line)).toMatchObject({ duty: "boundary" });
    expect(err).toMatch(/^Purser works \(PostgreSQL .*, every 1 s\n$/m);
    expect((await admin.query("SELECT FROM purser.slot_leases")).rows).toEqual([]);
  });

  test("what the server refuses to run as, it refuses too", async () => {
    const { environment } = await house();
    const asAdmin = { ...environment, DATABASE_URL: environment.DATABASE_URL.replace(/\/\/[^@]+@/, "//nobody:wrong@") };
    expect(await purser(["work"], asAdmin).ended).toMatchObject({ code: 1, out: "" });
    expect(await purser(["work"], { PURSER_TICK_SECONDS: "0" }).ended).toMatchObject({
      code: 2,
      err: expect.stringContaining("PURSER_TICK_SECONDS must be a number"),
    });
    expect(await purser(["work"]).ended).toMatchObject({
      code: 2,
      err: expect.stringMatching(/needs DATABASE_URL[\s\S]*usage: purser work/),
    });
  });
});

describe("serve", () => {
  const serving = { PURSER_PORT: "0", PURSER_METRICS: "yes" };

  test("works as well, tells it in its log and its metrics, and stops in order", async () => {
    const { environment, moveTo, boundaries } = await house();
    const server = purser(["serve"], { ...environment, ...serving });
    await server.until(/Purser serves at .*\)/);
    await moveTo("2031-02-01T00:00:00Z");
    await expect.poll(boundaries, soon).toBe(due);
    const url = /serves at (\S+)/.exec(server.err())?.[1] ?? "";
    await expect
      .poll(async () => (await (await fetch(`${url}/metrics`)).text()).split("\n"), soon)
      .toContain('purser_duty_done_total{duty="boundary"} 3');
    server.process.kill("SIGTERM");
    const { code, out } = await server.ended;
    expect(code).toBe(0);
    expect(
      out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toContainEqual(expect.objectContaining({ msg: "tick", duty: "boundary", found: due, done: due }));
    expect(out).not.toMatch(/lab|messaging/);
  });

  test("--no-worker leaves it to others", async () => {
    const { environment, moveTo, boundaries } = await house();
    await moveTo("2031-02-01T00:00:00Z");
    const server = purser(["serve", "--no-worker"], { ...environment, ...serving });
    await server.until(/Purser serves at .*\)/);
    const url = /serves at (\S+)/.exec(server.err())?.[1] ?? "";
    expect(await (await fetch(`${url}/metrics`)).text()).not.toContain("purser_duty_done_total{");
    // A worker works first and waits then: had there been one, it would have been done before the other was.
    await purser(["work", "--once"], environment).ended;
    expect(await boundaries()).toBe(due);
  });
});
