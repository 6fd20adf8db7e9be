// Holds from TypeScript: the outcomes of each command, and work that runs between a hold and its settlement.
import { createPurser } from "@purser/engine";
import { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openCuttingProxy } from "../store/cutting-proxy.ts";
import { createWorkbench, smallCatalog, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

let tenant = "";
let number = 0;
beforeEach(async () => {
  number += 1;
  tenant = await bench.testTenant(`hold-${number}`, "pro");
});
const reserve = (amount: number, idempotencyKey = "a", more: { expiresAt?: Date; dryRun?: boolean } = {}) =>
  bench.purser.reserve(bench.pool, { tenant, feature: "reports", amount, idempotencyKey, ...more });
const settle = (amount: number | string, holdKey = "a") => bench.purser.settle(bench.pool, { tenant, holdKey, amount });
const release = (holdKey = "a") => bench.purser.release(bench.pool, { tenant, holdKey });
const extend = (to: string, holdKey = "a") =>
  bench.purser.extend(bench.pool, { tenant, holdKey, expiresAt: new Date(to) });
const balance = async () => {
  const [found] = await bench.purser.balances({ tenant, feature: "reports" });
  return found && { used: found.used, held: found.held, available: found.available };
};

test.each(["waits", "has nothing left"])("a hold reaches over a grant that %s to the next one", async (state) => {
  const grant = (dedupeKey: string, amount: number, expires: string, more: { effectiveAt?: Date } = {}) =>
    bench.purser.issueGrant(bench.pool, {
      tenant,
      feature: "credits",
      dedupeKey,
      amount,
      expiresAt: new Date(expires),
      ...more,
    });
  if (state === "waits") {
    await grant("between", 5, "2026-01-11T00:00:00Z", { effectiveAt: new Date("2026-01-02T00:00:00Z") });
  } else {
    // Used up before the one that is drawn before it was there.
    await grant("between", 5, "2026-01-11T00:00:00Z");
    await bench.purser.tryConsume(bench.pool, { tenant, feature: "credits", amount: 5, idempotencyKey: "use" });
  }
  await grant("first", 5, "2026-01-10T00:00:00Z");
  await grant("last", 5, "2026-01-12T00:00:00Z");
  const held = { tenant, feature: "credits", amount: 8, idempotencyKey: "over" } as const;
  expect(await bench.purser.reserve(bench.pool, held)).toMatchObject({ outcome: "reserved", available: 2 });
  // Closes the interval and pins the hold.
  await grant("more", 1, "2026-01-13T00:00:00Z");
  const pins = await bench.rows(
    `SELECT g.dedupe_key, p.amount::float AS amount FROM purser.hold_pins p
     JOIN purser.grants g USING (tenant_id, grant_id) WHERE p.tenant_id = $1 ORDER BY g.expires_at`,
    [tenant],
  );
  expect(pins).toEqual([
    { dedupe_key: "first", amount: 5 },
    { dedupe_key: "last", amount: 3 },
  ]);
});

describe("reserve", () => {
  test("sets an amount aside, once per key, and refuses what is not there", async () => {
    const reserved = {
      outcome: "reserved",
      holdKey: "a",
      amount: 60,
      available: 40,
      expiresAt: new Date("2026-01-01T00:15:00Z"),
    };
    expect(await reserve(60, "a", { dryRun: true })).toMatchObject({ ...reserved, replayed: false });
    expect(await balance()).toMatchObject({ held: 0, available: 100 });
    expect(await reserve(60)).toMatchObject({ ...reserved, replayed: false });
    expect(await reserve(60)).toMatchObject({ ...reserved, replayed: true });
    expect(await reserve(61)).toEqual({ outcome: "idempotency_conflict", field: "amount" });
    expect(await reserve(41, "b")).toMatchObject({ outcome: "limit_reached", available: 40 });
    expect(await balance()).toEqual({ used: 0, held: 60, available: 40 });
  });

  test.each([
    [{ tenant: "\0" }, { outcome: "invalid_input", field: "tenant" }],
    [{ amount: Number.NaN }, { outcome: "invalid_input", field: "amount" }],
    [{ amount: 0 }, { outcome: "invalid_input", field: "amount" }],
    [{ idempotencyKey: "" }, { outcome: "invalid_input", field: "idempotencyKey" }],
    [{ expiresAt: new Date(Number.NaN) }, { outcome: "invalid_input", field: "expiresAt" }],
    [{ expiresAt: new Date("2020-01-01") }, { outcome: "invalid_input", field: "expiresAt" }],
    [{ subject: "x".repeat(201) }, { outcome: "invalid_input", field: "subject" }],
    [{ metadata: { text: "\ud800" } }, { outcome: "invalid_input", field: "metadata" }],
    [{ tenant: "nobody" }, { outcome: "tenant_unknown" }],
    [{ feature: "credits" as const }, { outcome: "not_included" }],
  ])("of %j answers %j", async (change, refused) => {
    const asked = { tenant, feature: "reports" as const, amount: 1, idempotencyKey: "a", ...change };
    expect(await bench.purser.reserve(bench.pool, asked)).toMatchObject(refused);
  });
});

describe("settle, release and extend", () => {
  test("less than was reserved returns the rest; the same again is a replay, another amount a conflict", async () => {
    await reserve(60);
    const settled = { outcome: "settled", late: false, amount: 20.5, overage: 0, unfunded: 0, available: 79.5 };
    expect(await settle("20.5")).toMatchObject({ ...settled, replayed: false });
    expect(await settle("20.5")).toMatchObject({ ...settled, replayed: true });
    expect(await settle(21)).toMatchObject({ outcome: "idempotency_conflict", field: "amount" });
    expect(await release()).toEqual({ outcome: "hold_settled" });
    expect(await extend("2026-01-02T00:00:00Z")).toEqual({ outcome: "hold_settled" });
    expect(await balance()).toEqual({ used: 20.5, held: 0, available: 79.5 });
  });

  test("more takes what there is; the rest of a feature that refuses is unfunded", async () => {
    await reserve(60);
    expect(await settle(130)).toMatchObject({ outcome: "settled_short", amount: 100, unfunded: 30, available: 0 });
  });

  test("a release gives all of it back, once", async () => {
    await reserve(60);
    const released = { outcome: "released", restored: 60, lapsed: 0, available: 100 };
    expect(await release()).toMatchObject({ ...released, replayed: false });
    expect(await release()).toMatchObject({ ...released, replayed: true });
    expect(await settle(1)).toMatchObject({ outcome: "hold_released" });
  });

  test("an extended hold outlives its first end, an expired one is settled late, once", async () => {
    await reserve(60);
    expect(await extend("2026-01-01T01:00:00Z")).toMatchObject({ outcome: "extended", replayed: false, available: 40 });
    expect(await extend("2026-01-01T01:00:00Z")).toMatchObject({ outcome: "extended", replayed: true });
    expect(await extend("2025-01-01T00:00:00Z")).toMatchObject({ outcome: "invalid_input", field: "expiresAt" });
    await bench.purser.advanceClock({ tenant, to: new Date("2026-01-01T00:30:00Z") });
    expect(await balance()).toMatchObject({ held: 60 });
    await bench.purser.advanceClock({ tenant, to: new Date("2026-01-01T01:00:00Z") });
    expect(await extend("2026-01-01T02:00:00Z")).toEqual({ outcome: "hold_expired" });
    expect(await release()).toEqual({ outcome: "hold_expired" });
    expect(await settle(60)).toMatchObject({ outcome: "settled", late: true, amount: 60, available: 40 });
  });

  test("what names no hold, and what cannot be one, is told", async () => {
    for (const end of [() => settle(1), () => release(), () => extend("2026-01-02T00:00:00Z")]) {
      expect(await end()).toEqual({ outcome: "hold_unknown" });
    }
    expect(await release("\0")).toEqual({ outcome: "invalid_input", field: "holdKey" });
    expect(await settle(-1)).toEqual({ outcome: "invalid_input", field: "amount" });
    expect(await extend("never")).toEqual({ outcome: "invalid_input", field: "expiresAt" });
  });
});

describe("withHold", () => {
  const withHold = <Result>(
    work: () => Promise<{ amount: number | string; result: Result }>,
    purser = bench.purser,
    pool = bench.pool,
  ) => purser.withHold(pool, { tenant, feature: "reports", amount: 60, idempotencyKey: "a" }, work);
  const worked =
    (amount: number, result = "answer") =>
    () =>
      Promise.resolve({ amount, result });
  const never = () => Promise.reject(new Error("the work was run again"));

  test("the estimate is set aside while the work runs, what it came to is booked, and a replay does not run it", async () => {
    const first = withHold(async () => {
      expect(await balance()).toEqual({ used: 0, held: 60, available: 40 });
      // No transaction is open: whoever likes may take a connection.
      await bench.purser.check({ tenant, feature: "reports" });
      return { amount: 12, result: "answer" };
    });
    const settled = { outcome: "settled", amount: 12, unfunded: 0, available: 88 };
    expect(await first).toMatchObject({ ...settled, replayed: false, result: "answer" });
    expect(await withHold(never)).toMatchObject({ ...settled, replayed: true, result: undefined });
    expect(await balance()).toEqual({ used: 12, held: 0, available: 88 });
  });

  test("what does not fit is refused before the work is begun", async () => {
    await reserve(41, "other");
    expect(await withHold(never)).toMatchObject({ outcome: "limit_reached", available: 59 });
  });

  test("an error of the work gives everything back and is thrown on; its key is used up", async () => {
    await expect(withHold(() => Promise.reject(new RangeError("the provider's own")))).rejects.toThrow(RangeError);
    expect(await balance()).toEqual({ used: 0, held: 0, available: 100 });
    expect(await withHold(never)).toEqual({ outcome: "hold_released" });
  });

  test("of 20 at once with one key one works, and the others are told so", async () => {
    let runs = 0;
    let done: () => void = () => undefined;
    const others = new Promise<void>((resolve) => {
      done = resolve;
    });
    const outcomes = Array.from({ length: 20 }, () =>
      withHold(async () => {
        runs += 1;
        await others;
        return { amount: 5, result: "answer" };
      }),
    );
    const told: string[] = [];
    const tell = async (one: (typeof outcomes)[number]) => {
      told.push((await one).outcome);
      if (told.length === 19) done();
    };
    await Promise.all(outcomes.map(tell));
    expect(runs).toBe(1);
    expect(told).toEqual([...Array.from({ length: 19 }, () => "in_progress"), "settled"]);
    expect(await balance()).toMatchObject({ used: 5, held: 0 });
  });

  test("a process that was lost leaves a hold that ends by itself; its key does not run again", async () => {
    await reserve(60);
    expect(await withHold(never)).toEqual({ outcome: "in_progress" });
    await bench.purser.advanceClock({ tenant, to: new Date("2026-01-01T00:15:00Z") });
    expect(await withHold(never)).toEqual({ outcome: "hold_expired" });
    expect(await balance()).toMatchObject({ used: 0, available: 100 });
  });

  test("A05: the answer to the settlement is lost, or the connection before it: it is booked once", async () => {
    const proxy = await openCuttingProxy(bench.database.serviceUrl);
    const cut = new Pool({ connectionString: proxy.url });
    cut.on("error", () => undefined);
    const elsewhere = createPurser({ catalog: smallCatalog, database: cut });
    for (const when of ["before", "after"] as const) {
      tenant = await bench.testTenant(`hold-${number}-${when}`, "pro");
      const outcome = await withHold(
        () => {
          proxy.cut(1, when);
          return Promise.resolve({ amount: 7, result: "answer" });
        },
        elsewhere,
        cut,
      );
      expect(proxy.hasCut).toBe(true);
      expect(outcome).toMatchObject({ outcome: "settled", amount: 7, result: "answer", replayed: when === "after" });
      expect(await balance()).toMatchObject({ used: 7, held: 0 });
    }
    await cut.end();
    await proxy.close();
  });

  test("work that came to no amount is a fault that names the hold, which is still there to be settled", async () => {
    await expect(withHold(worked(Number.NaN))).rejects.toMatchObject({
      code: "not_settled",
      message: /settle a with NaN/,
    });
    expect(await settle(3)).toMatchObject({ outcome: "settled", amount: 3 });
  });

  test("somebody else ended the hold while the work ran: that is the outcome", async () => {
    expect(
      await withHold(async () => {
        await release();
        return { amount: 1, result: "answer" };
      }),
    ).toMatchObject({ outcome: "hold_released" });
  });

  test("a transaction is refused: the work would run while it is open", async () => {
    const client = await bench.pool.connect();
    await client.query("BEGIN");
    const inside = withHold(worked(1), bench.purser, client as unknown as Pool);
    await expect(inside).rejects.toMatchObject({ code: "unknown_handle" });
    await client.query("ROLLBACK");
    client.release();
    await expect(
      bench.purser.withConsumption(bench.pool, { tenant, feature: "reports", idempotencyKey: "outer" }, () =>
        withHold(worked(1)),
      ),
    ).rejects.toMatchObject({ code: "inside_write" });
  });
});
