// What the boundary worker does with what is due, tick by tick; worker.test.ts has workers as processes.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { boundary } from "../../src/duty/boundary.ts";
import type { Ticked } from "../../src/duty/duty.ts";
import type { Database } from "../../src/store/database.ts";
import { pgAdapter } from "../../src/store/pg.ts";
import { createWorkbench, type Workbench } from "../workbench.ts";
import { makeDue } from "./due.ts";
import { hold, pathOf, type Rows, rowsOf, story } from "./twins.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

const [one, two] = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"];
const database = (): Database => {
  const opened = pgAdapter(bench.pool);
  if (opened === undefined || !("database" in opened)) throw new Error("a pool is a database");
  return opened.database;
};
const tick = (holder = one, leaseSeconds = 30): Promise<Ticked> =>
  boundary.tick(database(), { holder, leaseSeconds, stop: new AbortController().signal });
const nothing = { found: 0, done: 0, failures: [], overdueSeconds: 0, more: false };
const advance = (tenant: string, to: string) =>
  bench.rows("SELECT outcome FROM purser.advance_test_clock($1, $2::timestamptz)", [tenant, to]);
const consume = (tenant: string, amount: number, idempotencyKey: string) =>
  bench.purser.tryConsume(bench.pool, { tenant, feature: "reports", amount, idempotencyKey });
const boundaries = (tenant: string) =>
  bench.rows<{ recorded_at: string }>(
    `SELECT to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS recorded_at FROM purser.balance_facts
     WHERE tenant_id = $1 AND feature = 'reports' AND kind = 'boundary' ORDER BY version`,
    [tenant],
  );
const changes = (tenant: string, source: string) =>
  bench.rows("SELECT version FROM purser.outbox WHERE tenant_id = $1 AND source = $2", [tenant, source]);

describe("one function, whoever comes first", () => {
  test.each(["worker", "refresh"] as const)(
    "S001-9: a %s leaves what the next consumption leaves, row for row",
    async (by) => {
      const eager = await bench.testTenant(`eager-${by}`, "pro");
      const turn = {
        async worker() {
          expect(await tick()).toMatchObject({ failures: [], more: false });
        },
        async refresh() {
          for (const [feature, subject] of [
            ["reports", ""],
            ["exports", ""],
            ["seats", "ann"],
          ] as const) {
            const outcome = await bench.purser.refresh(bench.pool, { tenant: eager, feature, subject });
            expect(outcome.outcome).toMatch(/^(refreshed|unchanged)$/);
          }
        },
      }[by];
      await story(bench, eager, turn);
      const lazy = await bench.testTenant(`lazy-${by}`, "pro");
      await story(bench, lazy, () => Promise.resolve());
      const [prompt, late] = [await rowsOf(bench, eager), await rowsOf(bench, lazy)];
      // Whose idea it was is told to those who listen, and all the rest is the same.
      const untold = (rows: Rows) => ({ ...rows, changes: rows.changes.map((row) => ({ ...row, source: "" })) });
      expect(by === "refresh" ? untold(prompt) : prompt).toEqual(by === "refresh" ? untold(late) : late);
      expect(prompt.facts.filter(({ kind }) => kind === "boundary").length).toBeGreaterThan(5);
    },
  );

  test.each([1, 3, 40])("B08: down for %i periods leaves what never being down leaves", async (periods) => {
    const [up, down] = [`up-${periods}`, `down-${periods}`];
    for (const tenant of [up, down]) {
      await bench.testTenant(tenant, "pro");
      await consume(tenant, 33, "k1");
      const grant = {
        feature: "reports",
        amount: 50,
        dedupeKey: "g",
        expiresAt: new Date("2026-03-17T00:00:00Z"),
      } as const;
      await bench.purser.issueGrant(bench.pool, { tenant, ...grant });
      await consume(tenant, 80, "k2");
      await hold(bench, tenant, { h1: "2026-01-25", h2: "2026-02-01", h3: "2026-03-15" });
    }
    const month = (n: number) => new Date(Date.UTC(2026, n, 1)).toISOString();
    for (let n = 1; n <= periods; n += 1) {
      await advance(up, month(n));
      await tick();
    }
    await advance(down, month(periods));
    await tick();
    for (const tenant of [up, down]) expect(await consume(tenant, 40, "k3")).toMatchObject({ outcome: "consumed" });
    expect(await pathOf(bench, down)).toEqual(await pathOf(bench, up));
    // One fact for the months together, and one for each.
    expect((await boundaries(down)).length).toBe(1);
    expect((await boundaries(up)).length).toBe(periods);
  });

  test("B07: a boundary is due at its very instant and not a microsecond before", async () => {
    const tenant = await bench.testTenant("instant", "pro");
    await consume(tenant, 10, "k");
    await advance(tenant, "2026-01-31 23:59:59.999999+00");
    await tick();
    expect(await boundaries(tenant)).toEqual([]);
    await advance(tenant, "2026-02-01 00:00:00+00");
    await tick();
    expect(await boundaries(tenant)).toEqual([{ recorded_at: "2026-02-01 00:00:00.000000" }]);
    await tick();
    await tick(two);
    expect(await boundaries(tenant)).toHaveLength(1);
  });

  test("S001-14: a change is told only where something material moved", async () => {
    const [used, unused] = [await bench.testTenant("material", "pro"), await bench.testTenant("immaterial", "pro")];
    await consume(used, 1, "k");
    for (const tenant of [used, unused]) await advance(tenant, "2026-02-01 00:00+00");
    await tick();
    for (const tenant of [used, unused]) expect(await boundaries(tenant)).toHaveLength(1);
    expect(await changes(used, "boundary_recompute")).toHaveLength(1);
    expect(await changes(unused, "boundary_recompute")).toEqual([]);
  });
});

describe("whose time it is", () => {
  test("a test tenant is turned by its own clock and never by ours", async () => {
    // Its window ended months ago by the clock on the wall.
    const tenant = await bench.testTenant("own-clock", "pro");
    expect(await tick()).toEqual(nothing);
    expect(await boundaries(tenant)).toEqual([]);
    await advance(tenant, "2026-02-11 00:00+00");
    expect(await tick()).toMatchObject({ failures: [], overdueSeconds: 0 });
    expect(await boundaries(tenant)).toEqual([{ recorded_at: "2026-02-01 00:00:00.000000" }]);
    expect(await tick()).toEqual(nothing);
  });

  test("a live tenant is turned by the database's clock, and the backlog tells what waits and for how long", async () => {
    expect(await bench.purser.backlog()).toEqual({ due: 0, overdueSeconds: 0 });
    const at = await makeDue(bench, ["live"], 3);
    const waiting = await bench.purser.backlog();
    expect(waiting).toEqual({ due: 3, overdueSeconds: expect.any(Number) });
    expect(waiting.overdueSeconds).toBeGreaterThan(0);
    const ticked = await tick();
    expect(ticked).toMatchObject({ found: 3, done: 3, failures: [], more: false });
    expect(ticked.overdueSeconds).toBeGreaterThanOrEqual(waiting.overdueSeconds);
    expect(await bench.purser.backlog()).toEqual({ due: 0, overdueSeconds: 0 });
    const facts =
      "SELECT DISTINCT recorded_at FROM purser.balance_facts WHERE tenant_id = 'live' AND kind = 'boundary'";
    expect(await bench.rows(facts)).toEqual([{ recorded_at: at }]);
  });
});

describe("A13: others at the same work", () => {
  const leases = () => bench.rows("SELECT duty, slot, holder FROM purser.slot_leases");

  test("a balance that somebody has locked is left to them and found again", async () => {
    await makeDue(bench, ["locked", "free"], 1);
    const holder = await bench.admin.connect();
    await holder.query("BEGIN");
    await holder.query("SELECT FROM purser.balances WHERE tenant_id = 'locked' FOR UPDATE");
    expect(await tick()).toMatchObject({ found: 2, done: 1, failures: [], more: false });
    expect(await tick()).toMatchObject({ found: 1, done: 0 });
    await holder.query("ROLLBACK");
    holder.release();
    expect(await tick()).toMatchObject({ found: 1, done: 1 });
    expect(await leases()).toEqual([]);
  });

  test("a leased slot is another's until the lease runs out", async () => {
    const lease = "SELECT slot FROM purser.lease_slots('boundary', $1, ARRAY[purser.slot_of('leased')], 3600) slot";
    await makeDue(bench, ["leased"], 1);
    expect(await bench.rows(lease, [two])).toHaveLength(1);
    expect(await bench.rows(lease, [one])).toEqual([]);
    expect(await tick(one)).toEqual(nothing);
    await bench.rows("UPDATE purser.slot_leases SET expires_at = clock_timestamp()");
    expect(await tick(one)).toMatchObject({ found: 1, done: 1 });
    expect(await leases()).toEqual([]);
    // Another duty's leases are another matter.
    await bench.rows("SELECT purser.lease_slots('other', $1, ARRAY[3, 1, 3], 9)", [two]);
    await bench.rows("SELECT purser.release_slots('boundary', $1)", [two]);
    expect(await leases()).toHaveLength(2);
    expect(await bench.rows("SELECT purser.release_slots('other', $1) AS released", [two])).toEqual([{ released: 2 }]);
  });

  test("one that cannot be turned is counted by its code and stands in nobody's way", async () => {
    await makeDue(bench, ["damaged", "sound"], 4);
    const damage = `INSERT INTO purser.balance_facts (slot, tenant_id, subject, feature, version, kind, amount, overage,
        interval_no, interval_used, recorded_at)
      SELECT slot, tenant_id, subject, feature, version + 1, 'lock', 0, 0, interval_no, 0, as_of
      FROM purser.balances WHERE tenant_id = 'damaged' AND subject = 'subject-2'`;
    await bench.rows(damage);
    expect(await tick()).toMatchObject({ found: 8, done: 7, failures: ["23505"], more: false });
    await bench.rows("DELETE FROM purser.balance_facts WHERE kind = 'lock'");
    expect(await tick()).toMatchObject({ found: 1, done: 1, failures: [] });
  });

  test("many of one slot are turned in rounds, and told to stop it begins none", { timeout: 240_000 }, async () => {
    await makeDue(bench, ["crowd"], 1);
    // As somebody leaves a balance whose first use was refused: nothing has happened to it, and it is due.
    await bench.rows(
      `INSERT INTO purser.balances (slot, tenant_id, subject, feature, kind, enforcement, per, unlimited, granted, used, held,
         overage, exceeded, claimed, reported, interval_no, interval_used, version, as_of, next_change_at, test)
       SELECT slot, tenant_id, 'more-' || n, feature, kind, enforcement, per, false, 0, 0, 0, 0, 0, 0, false, 0, 0, 0,
              '-infinity', '-infinity', test
       FROM purser.balances, generate_series(1, 509) n WHERE tenant_id = 'crowd' AND subject = 'subject-1'`,
    );
    const stop = new AbortController();
    stop.abort();
    const stopped = await boundary.tick(database(), { holder: one, leaseSeconds: 30, stop: stop.signal });
    expect(stopped).toMatchObject({ found: 500, done: 0, more: true });
    expect(await leases()).toEqual([]);
    expect(await tick()).toMatchObject({ found: 510, done: 510, failures: [], more: false });
    expect(await tick()).toEqual(nothing);
  });
});
