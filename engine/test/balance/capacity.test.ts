// Capacities from TypeScript: slots kept by name, counts that are reported, and the caller's own rows counted under a lock.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Application, applicationOn, type Host, libraries } from "../../../behaviour/fixture/hosts.ts";
import { createWorkbench, smallCatalog, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench({ max: 40 });
  await bench.rows("CREATE TABLE public.reports (id text PRIMARY KEY)");
  await bench.rows("GRANT ALL ON public.reports TO PUBLIC");
});
afterAll(() => bench.close());

let tenant = "";
let number = 0;
beforeEach(async () => {
  number += 1;
  tenant = await bench.testTenant(`capacity-${number}`, "pro");
  await bench.rows("TRUNCATE public.reports");
});
/** Of five. */
const slot = (resource: string, feature: "projects" | "projects.create" = "projects") => ({
  tenant,
  feature,
  resource,
});

describe("claims", () => {
  test("a slot is occupied once by its name, refused where all are, and free again when it is released", async () => {
    const { purser, pool } = bench;
    expect(await purser.claim(pool, { ...slot("one"), dryRun: true })).toMatchObject({
      outcome: "claimed",
      claimed: 1,
    });
    for (const [i, name] of ["one", "two", "three", "four", "five"].entries()) {
      expect(await purser.claim(pool, slot(name, "projects.create"))).toMatchObject({
        outcome: "claimed",
        replayed: false,
        claimed: i + 1,
        available: 4 - i,
        overLimit: 0,
      });
    }
    expect(await purser.claim(pool, slot("six"))).toMatchObject({ outcome: "limit_reached", available: 0 });
    expect(await purser.claim(pool, slot("one"))).toMatchObject({ outcome: "claimed", replayed: true, claimed: 5 });
    expect(await purser.releaseClaim(pool, slot("one"))).toMatchObject({
      outcome: "released",
      replayed: false,
      claimed: 4,
    });
    expect(await purser.releaseClaim(pool, slot("one"))).toMatchObject({ outcome: "released", replayed: true });
    expect(await purser.releaseClaim(pool, slot("never"))).toEqual({ outcome: "claim_unknown" });
    expect(await purser.claim(pool, slot("six"))).toMatchObject({ outcome: "claimed", available: 0 });
    expect(await purser.reportCount(pool, { tenant, feature: "projects", count: 1 })).toEqual({
      outcome: "claims_kept",
    });
  });

  test("a count that is reported is in force until the next, and shows by how much it is over", async () => {
    const { purser, pool } = bench;
    const report = (count: number) => purser.reportCount(pool, { tenant, feature: "projects", count });
    expect(await report(7)).toMatchObject({ outcome: "reported", counted: 7, available: 0, overLimit: 2 });
    expect(await purser.claim(pool, slot("one"))).toMatchObject({ outcome: "count_reported" });
    expect(await report(2)).toMatchObject({ outcome: "reported", counted: 2, available: 3, overLimit: 0 });
    expect(await purser.check({ tenant, feature: "projects.create" })).toMatchObject({ used: 2, remaining: 3 });
  });

  test.each([
    ["claim", { resource: "" }, "resource"],
    ["claim", { resource: "x".repeat(301) }, "resource"],
    ["claim", { tenant: "" }, "tenant"],
    ["releaseClaim", { resource: "\0" }, "resource"],
    ["releaseClaim", { subject: "\0" }, "subject"],
  ] as const)("%s of %j names the field %s", async (verb, change, field) => {
    const outcome = await bench.purser[verb](bench.pool, { ...slot("one"), ...change });
    expect(outcome).toEqual({ outcome: "invalid_input", field });
  });

  test.each([-1, 1.5, Number.NaN, 2 ** 31])("a count of %s is none", async (count) => {
    const outcome = await bench.purser.reportCount(bench.pool, { tenant, feature: "projects", count });
    expect(outcome).toEqual({ outcome: "invalid_input", field: "count" });
  });
});

describe.each(libraries)("withCapacity on %s", (library) => {
  let app: Application;
  beforeAll(() => {
    app = applicationOn(library, bench.purser, bench.pool);
  });
  const projects = (more: { amount?: number; dryRun?: boolean } = {}) => ({
    tenant,
    feature: "projects.create",
    count: (tx: Host) => tx.count(),
    ...more,
  });
  const create = (id: string, host: Host = app) => host.withCapacity(projects(), (tx) => tx.insert(id));
  const created = async () => (await bench.rows("SELECT FROM public.reports")).length;

  test("the write runs where there is room by the caller's own count, and not where there is none", async () => {
    for (const [i, id] of ["1", "2", "3", "4", "5"].entries()) {
      expect(await create(id)).toMatchObject({ outcome: "admitted", counted: i, limit: 5, available: 4 - i });
    }
    expect(await create("6")).toEqual({ outcome: "limit_reached", counted: 5, limit: 5, available: 0 });
    await bench.rows("DELETE FROM public.reports WHERE id = '1'");
    expect(await app.withCapacity(projects({ amount: 2 }), (tx) => tx.insert("6"))).toMatchObject({
      outcome: "limit_reached",
      available: 1,
    });
    expect(await app.withCapacity(projects({ dryRun: true }), (tx) => tx.insert("6"))).toMatchObject({
      outcome: "admitted",
    });
    expect(await create("6")).toMatchObject({ outcome: "admitted", available: 0 });
    expect(await created()).toBe(5);
  });

  test("A01: of 30 at once for five slots five stand", async () => {
    const outcomes = await Promise.all(Array.from({ length: 30 }, (_, i) => create(`${i}`)));
    expect(outcomes.filter(({ outcome }) => outcome === "admitted")).toHaveLength(5);
    expect(outcomes.filter(({ outcome }) => outcome === "limit_reached")).toHaveLength(25);
    expect(await created()).toBe(5);
  });

  test.each(["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])(
    "A07: nor do more stand in transactions of the caller's under %s",
    async (level) => {
      const one = (i: number) =>
        app.transaction(async (tx) => {
          await tx.run(`SET TRANSACTION ISOLATION LEVEL ${level}`);
          await tx.run("SELECT count(*) FROM public.reports");
          await create(`${i}`, tx);
        });
      const made = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => one(i)));
      const reasons = made.flatMap((result) => (result.status === "rejected" ? [String(result.reason)] : []));
      expect(reasons.filter((reason) => !/run this transaction again|serialize/.test(reason))).toEqual([]);
      expect(await created()).toBeLessThanOrEqual(5);
      // And those who are told to try again get the rest.
      for (let i = 20; (await created()) < 5; i += 1) await one(i);
      expect(await create("more")).toMatchObject({ outcome: "limit_reached", counted: 5 });
    },
  );

  test("an error of the write or of the count is thrown on, and nothing has happened", async () => {
    const failing = app.withCapacity(projects(), async (tx) => {
      await tx.insert("1");
      throw new RangeError("the caller's own");
    });
    await expect(failing).rejects.toThrow(RangeError);
    // As PostgreSQL counts, in a text: "0" and 1 would make "01".
    const counting = app.withCapacity({ ...projects(), count: () => Promise.resolve("0" as unknown as number) }, (tx) =>
      tx.insert("1"),
    );
    await expect(counting).rejects.toMatchObject({ code: "count_invalid" });
    expect(await created()).toBe(0);
  });

  test("in a transaction of the caller's a refusal undoes its own savepoint and nothing else", async () => {
    await app.transaction(async (tx) => {
      for (const id of ["1", "2", "3", "4"]) await tx.insert(id);
      expect(await create("5", tx)).toMatchObject({ outcome: "admitted", counted: 4 });
      expect(await create("6", tx)).toMatchObject({ outcome: "limit_reached", counted: 5 });
      await tx.run("DELETE FROM public.reports WHERE id = '1'");
      expect(await create("6", tx)).toMatchObject({ outcome: "admitted" });
    });
    expect(await created()).toBe(5);
  });

  test("what does not refuse lets it through and says by how much it is over; what is unlimited has no limit", async () => {
    const features = { ...smallCatalog.features, rooms: { kind: "capacity", name: "Rooms", enforcement: "soft" } };
    const plan = (rooms: number | "unlimited") => ({ name: "Roomy", tier: "pro", inclusions: { rooms } });
    const plans = { ...smallCatalog.plans, roomy: plan(1), vast: plan("unlimited") };
    await bench.purser.publishCatalog({ actor: "test", catalog: { ...smallCatalog, features, plans } });
    const roomy = await bench.testTenant(`roomy-${library}`, "roomy" as "pro");
    const room = { ...projects(), feature: "rooms", tenant: roomy };
    expect(await app.withCapacity(room, (tx) => tx.insert("1"))).toMatchObject({ outcome: "admitted", overLimit: 0 });
    expect(await app.withCapacity(room, (tx) => tx.insert("2"))).toMatchObject({
      outcome: "admitted",
      counted: 1,
      limit: 1,
      available: 0,
      overLimit: 1,
    });
    const vast = await bench.testTenant(`vast-${library}`, "vast" as "pro");
    expect(await app.withCapacity({ ...room, tenant: vast }, (tx) => tx.insert("3"))).toMatchObject({
      outcome: "admitted",
      counted: 2,
      limit: null,
      available: null,
      overLimit: 0,
    });
  });

  test.each([
    [{ feature: "sso" }, { outcome: "wrong_kind" }],
    [{ feature: "reports" }, { outcome: "wrong_kind" }],
    [{ tenant: "nobody" }, { outcome: "tenant_unknown" }],
    [{ amount: 0 }, { outcome: "invalid_input", field: "amount" }],
    [{ amount: -1 }, { outcome: "invalid_input", field: "amount" }],
  ])("of %j answers %j and runs nothing", async (change, refused) => {
    const asked = { ...projects(), count: () => Promise.reject(new Error("counted")), ...change };
    expect(await app.withCapacity(asked, () => Promise.reject(new Error("written")))).toMatchObject(refused);
  });
});
