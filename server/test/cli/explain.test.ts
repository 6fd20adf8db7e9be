// purser explain and purser verify: what they print, and what they end with.
import { createPurser } from "@purser/engine";
import { Pool } from "pg";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { createTestDatabase } from "../../../behaviour/fixture/database.ts";
import { exampleCatalog } from "../../src/index.ts";
import { compile, purser as run } from "./rig.ts";

beforeAll(compile);

async function used() {
  const database = await createTestDatabase();
  const pool = new Pool({ connectionString: database.serviceUrl, max: 2 });
  const admin = new Pool({ connectionString: database.adminUrl, max: 1 });
  onTestFinished(async () => {
    await pool.end();
    await admin.end();
    await database.drop();
  });
  const purser = createPurser({ catalog: exampleCatalog, database: pool });
  await purser.publishCatalog({ actor: "test" });
  const at = (instant: string) => purser.advanceClock({ tenant: "acme", to: new Date(instant) });
  await purser.createTenant({
    tenant: "acme",
    mode: "test",
    clockAt: new Date("2031-05-01T00:00:00Z"),
    plan: "pro",
    actor: "test",
  });
  const feature = "messaging.credits";
  await purser.consume(pool, { tenant: "acme", feature, amount: 30, idempotencyKey: "first" });
  await purser.issueGrant(pool, { tenant: "acme", feature, amount: 50, dedupeKey: "order", source: "top_up" });
  await at("2031-05-03T00:00:00Z");
  await purser.voidGrant(pool, { tenant: "acme", dedupeKey: "order", reason: "charged twice", actor: "mia" });
  return { environment: { DATABASE_URL: database.serviceUrl }, admin };
}

test("explain says why in plain lines, now and for an instant that has passed, and ends with 0", async () => {
  const { environment } = await used();
  const now = await run(["explain", "acme", "messaging.credits"], environment).ended;
  expect(now).toMatchObject({ code: 0, err: "" });
  for (const said of [
    /^messaging\.credits at 2031-05-03T00:00:00Z: allowed, INCLUDED/m,
    /^100 granted − 30 used − 0 held = 70 available$/m,
    /^ {2}counts {3}plan: 30 of 100 used, 70 left until 2031-06-01T00:00:00Z/m,
    /^ {2}voided {3}top_up: 0 of 50 used, ended 2031-05-03T00:00:00Z by mia \(charged twice\) \[order\]$/m,
    /^ {2}2031-05-01T00:00:00Z {2}consume 30 \[first\] {2}paid by 30 plan {2}70 left$/m,
    /^ {2}2031-05-03T00:00:00Z {2}void 50 \[order\] \(charged twice\) {2}70 left$/m,
  ])
    expect(now.out).toMatch(said);

  const then = await run(["explain", "acme", "messaging.credits", "--at", "2031-05-02T00:00:00Z"], environment).ended;
  expect(then.out).toMatch(/^150 granted − 30 used − 0 held = 120 available$/m);
  expect(then.out).not.toContain("voided");

  const json = await run(["explain", "acme", "messaging.credits", "--json"], environment).ended;
  expect(JSON.parse(json.out)).toMatchObject({ available: 70, grants: [{ status: "counts" }, { endedBy: "mia" }] });
  expect(await run(["explain", "nobody", "messaging.credits"], environment).ended).toMatchObject({
    code: 1,
    err: expect.stringContaining('There is no tenant "nobody"'),
  });
});

test("verify ends with 0 where all holds, and with 4 and the invariant's name where a row was damaged", async () => {
  const { environment, admin } = await used();
  expect(await run(["verify"], environment).ended).toMatchObject({
    code: 0,
    out: "1 tenant verified: every invariant holds\n",
  });
  await admin.query("UPDATE purser.balances SET used = used + 1 WHERE feature = 'messaging.credits'");
  const broken = await run(["verify", "--tenant", "acme"], environment).ended;
  expect(broken.code).toBe(4);
  expect(broken.out).toMatch(/^acme messaging\.credits version \d+: the row is what its newest fact left: /m);
  const json = await run(["verify", "--json"], environment).ended;
  expect(json.code).toBe(4);
  expect(JSON.parse(json.out)).toMatchObject({ tenants: 1, broken: [{ tenant: "acme" }, { tenant: "acme" }] });
  expect(await run(["verify", "--tenant", "nobody"], environment).ended).toMatchObject({ code: 1, out: "" });
});
