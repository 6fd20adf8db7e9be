// lock: "late": a write that takes long runs before the balance is locked, and is undone where it cannot be paid for.
import { createPurser } from "@purser/engine";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type Application,
  applicationOn,
  type Consuming,
  type Host,
  libraries,
} from "../../../behaviour/fixture/hosts.ts";
import { createWorkbench, smallCatalog, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
  await bench.rows("CREATE TABLE public.reports (id text PRIMARY KEY)");
  await bench.rows("GRANT ALL ON public.reports TO PUBLIC");
});
afterAll(() => bench.close());

let tenant = "";
let number = 0;
beforeEach(async () => {
  number += 1;
  tenant = await bench.testTenant(`late-${number}`, "pro");
  await bench.rows("TRUNCATE public.reports");
});
const input = (idempotencyKey: string, amount = 60): Consuming => ({
  tenant,
  feature: "reports",
  amount,
  idempotencyKey,
  lock: "late",
});
const state = async () => ({
  reports: (await bench.rows<{ id: string }>("SELECT id FROM public.reports ORDER BY id")).map(({ id }) => id),
  available: (await bench.purser.balances({ tenant, feature: "reports" }))[0]?.available ?? 100,
});

describe.each(libraries)("on %s", (library) => {
  let app: Application;
  /** Another process of the same application. */
  let other: Application;
  beforeAll(() => {
    app = applicationOn(library, bench.purser, bench.pool);
    other = applicationOn(library, createPurser({ catalog: smallCatalog, database: bench.pool }), bench.pool);
  });

  describe.each(["given the database", "in a transaction of the caller's"])("%s", (where) => {
    const within = async <Result>(work: (host: Host) => Promise<Result>): Promise<Result> => {
      if (where === "given the database") return work(app);
      let result: Result | undefined;
      await app.transaction(async (tx) => {
        result = await work(tx);
        // Whatever came of it, the caller's transaction is as usable as before.
        await tx.run("SELECT 1");
      });
      return result as Result;
    };

    test("both are committed, and on a replay that is known the write is not run", async () => {
      expect(await within((host) => host.withConsumption(input("a"), (tx) => tx.insert("a")))).toMatchObject({
        outcome: "consumed",
        replayed: false,
        available: 40,
      });
      const again = await within((host) =>
        host.withConsumption(input("a"), () => Promise.reject(new Error("the write was run"))),
      );
      expect(again).toMatchObject({ outcome: "consumed", replayed: true, available: 40, result: undefined });
      expect(await state()).toEqual({ reports: ["a"], available: 40 });
    });

    test("a refusal undoes the write that was run, and so does an error of the write", async () => {
      let ran = false;
      const refused = await within((host) =>
        host.withConsumption(input("a", 101), async (tx) => {
          await tx.insert("a");
          ran = true;
        }),
      );
      expect([ran, refused]).toMatchObject([true, { outcome: "limit_reached", available: 100 }]);
      const failing = within(async (host) => {
        const thrown = host.withConsumption(input("b"), async (tx) => {
          await tx.insert("b");
          throw new RangeError("the caller's own");
        });
        await expect(thrown).rejects.toThrow(RangeError);
      });
      await failing;
      expect(await state()).toEqual({ reports: [], available: 100 });
    });

    test("somebody was faster with the same key: the write is undone and their answer told", async () => {
      const outcome = await within((host) =>
        host.withConsumption(input("a"), async (tx) => {
          await tx.insert("mine");
          await other.withConsumption({ ...input("a"), lock: "early" }, (theirs) => theirs.insert("theirs"));
        }),
      );
      expect(outcome).toMatchObject({ outcome: "consumed", replayed: true, available: 40, result: undefined });
      expect(await state()).toEqual({ reports: ["theirs"], available: 40 });
    });

    test("somebody used the key for something else meanwhile: the write is undone and the conflict named", async () => {
      const outcome = await within((host) =>
        host.withConsumption(input("a"), async (tx) => {
          await tx.insert("mine");
          await other.tryConsume(input("a", 5));
        }),
      );
      expect(outcome).toEqual({ outcome: "idempotency_conflict", field: "amount" });
      expect(await state()).toEqual({ reports: [], available: 95 });
    });

    test("what the balance lost while the write ran counts", async () => {
      const outcome = await within((host) =>
        host.withConsumption(input("a"), async (tx) => {
          await tx.insert("a");
          await other.tryConsume(input("b", 50));
        }),
      );
      expect(outcome).toMatchObject({ outcome: "limit_reached", available: 50 });
      expect(await state()).toEqual({ reports: [], available: 50 });
    });
  });

  test("while the write runs others consume from the balance; locked early they wait", async () => {
    const meanwhile = (key: string) =>
      other.transaction(async (tx) => {
        await tx.consume({ tenant, feature: "reports", idempotencyKey: key });
      });
    expect(await app.withConsumption(input("late", 10), () => meanwhile("one"))).toMatchObject({ available: 89 });
    const early = app.withConsumption({ ...input("early", 10), lock: "early" }, () => meanwhile("two"));
    await expect(early).rejects.toMatchObject({ code: "retry" });
    expect(await state()).toMatchObject({ available: 89 });
  });

  test("of 30 at once on one key one write stands, and all are told of it", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, i) => app.withConsumption(input("a"), (tx) => tx.insert(`${i}`))),
    );
    expect(outcomes.filter((one) => one.outcome === "consumed" && one.available === 40)).toHaveLength(30);
    expect(outcomes.filter((one) => one.outcome === "consumed" && !one.replayed)).toHaveLength(1);
    const { reports, available } = await state();
    expect([reports.length, available]).toEqual([1, 40]);
  });

  test("of 30 at once for 100 units in tens, ten writes stand", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, i) => app.withConsumption(input(`${i}`, 10), (tx) => tx.insert(`${i}`))),
    );
    expect(outcomes.filter(({ outcome }) => outcome === "consumed")).toHaveLength(10);
    const { reports, available } = await state();
    expect([reports.length, available]).toEqual([10, 0]);
  });
});
