import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CatalogInput, createPurser, validateCatalog } from "@purser/engine";
import { createWorkbench, smallCatalog, type Workbench } from "../workbench.ts";
import { changed } from "./changed-catalog.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

describe("a catalogue that is wrong names the path", () => {
  test.each([
    ["tiers/free", { name: "Free" }, "tiers.free.rank"],
    ["tiers/pro", { rank: 0, name: "Pro" }, "tiers.pro.rank"],
    ["features/sso", { kind: "switch", name: "S" }, "features.sso.kind"],
    ["features/sso", { kind: "flag", name: "S", colour: "red" }, "features.sso"],
    ["features/sso", { kind: "flag", name: "S", minimumTier: "gold" }, "features.sso.minimumTier"],
    ["features/sso", { kind: "flag", name: "S", onDowngrade: "degraded" }, "features.sso.degradedValue"],
    ["features/Bad Key", { kind: "flag", name: "S" }, "features.Bad Key"],
    ["features/__proto__x", { kind: "flag", name: "S" }, "features.__proto__x"],
    ["capabilities/reports.run", { feature: "no.such" }, "capabilities.reports.run.feature"],
    ["capabilities/sso", { feature: "reports" }, "capabilities.sso"],
    ["capabilities/reports.run", { feature: "reports", amount: 0 }, "capabilities.reports.run.amount"],
    ["plans/free/tier", "gold", "plans.free.tier"],
    ["capabilities/reports.run", { feature: "constructor" }, "capabilities.reports.run.feature"],
    ["plans/free/inclusions", { constructor: true }, "plans.free.inclusions.constructor"],
    ["plans/free/inclusions", { "no.such": true }, "plans.free.inclusions.no.such"],
    ["plans/free/inclusions", { sso: true }, "plans.free.inclusions.sso"],
    ["plans/free/inclusions", { reports: 10 }, "plans.free.inclusions.reports"],
    ["plans/free/inclusions", { reports: { every: "month" } }, "plans.free.inclusions.reports"],
    ["plans/free/inclusions", { reports: { amount: -1, every: "month" } }, "plans.free.inclusions.reports.amount"],
    ["plans/free/inclusions", { reports: { amount: 1, every: "fortnight" } }, "plans.free.inclusions.reports.every"],
    ["plans/free/inclusions", { projects: { amount: 3, every: "month" } }, "plans.free.inclusions.projects"],
    ["plans/free/inclusions", { board: 3 }, "plans.free.inclusions.board"],
    ["plans/free/inclusions", { hours: true }, "plans.free.inclusions.hours"],
    ["plans/free/inclusions", { credits: { value: 3 } }, "plans.free.inclusions.credits"],
    ["plans/free/inclusions", { credits: { unlimited: true, amount: 3 } }, "plans.free.inclusions.credits"],
    ["products/other", { name: "Other" }, "products.other.inclusions"],
    ["products/pack/inclusions", { sso: 1 }, "products.pack.inclusions.sso"],
    ["products/pack/inclusions", { credits: {} }, "products.pack.inclusions.credits"],
    ["products/pack/inclusions", { credits: 0 }, "products.pack.inclusions.credits.amount"],
  ])("%s = %j → %s", async (path, value, problem) => {
    const result = validateCatalog(changed([path, value]));
    expect("problems" in result ? result.problems.map((one) => one.path) : []).toContain(problem);
    const outcome = await bench.purser.publishCatalog({ actor: "test", catalog: changed([path, value]) });
    expect(outcome).toMatchObject({ outcome: "invalid_input" });
    expect(await bench.rows("SELECT max(revision) AS revision FROM purser.catalog_revisions")).toEqual([
      { revision: 1 },
    ]);
  });
  const amount = "must be an amount: a number of 0 or more, with at most 6 fractional and 15 significant digits";
  const every = "must be one of hour, day, week, month, year, billing_period, lifetime, or { unit, count }";
  test.each([
    ["plans/free/inclusions", { reports: { amount: 1, every: "fortnight" } }, "reports.every", every],
    ["plans/free/inclusions", { reports: { amount: -500, every: "day" } }, "reports.amount", amount],
    ["plans/free/inclusions", { reports: { amount: "six", every: "day" } }, "reports.amount", amount],
    ["plans/free/inclusions", { reports: { amount: true, every: "day" } }, "reports.amount", amount],
    ["plans/free/inclusions", { board: 3 }, "board", "a flag has no amount"],
    ["plans/free/inclusions", { board: { value: 3 } }, "board", "a flag has no value"],
    ["plans/free/inclusions", { hours: true }, "hours", "needs a value"],
  ])("%s = %j says of %s in one sentence: %s", (path, value, place, problem) => {
    expect(validateCatalog(changed([path, value]))).toEqual({
      problems: [expect.objectContaining({ path: `plans.free.inclusions.${place}`, problem })],
    });
  });
  test.each([
    ["features/board/kind", "flagg", "features.board.kind", /^must be one of flag, value, capacity, metered, credits$/],
    ["features/Big", { kind: "flag", name: "Big" }, "features.Big", /^a key is 1 to 63 of a-z 0-9/],
    ["plans/free/colour", 1, "plans.free", /^has a field that is not known: colour$/],
    ["plans/free/trialDays", -1, "plans.free.trialDays", /^must be at least 0$/],
    ["plans/free/trialDays", 1.5, "plans.free.trialDays", /^must be a whole number$/],
    ["plans/free/inclusions", 7, "plans.free.inclusions", /^must be an object$/],
    ["tiers/free/name", null, "tiers.free.name", /^must be a text$/],
  ])("%s = %j says of %s, in a sentence: %s", (path, value, place, problem) => {
    expect(validateCatalog(changed([path, value]))).toEqual({
      problems: [expect.objectContaining({ path: place, problem: expect.stringMatching(problem) })],
    });
  });
  test("what is missing is required", () => {
    expect(
      validateCatalog(changed(["features/board", { kind: "flag" }], ["plans/free/tier", undefined])),
    ).toMatchObject({
      problems: [
        { path: "features.board.name", problem: "is required" },
        { path: "plans.free.tier", problem: "is required" },
      ],
    });
  });
  test.each([[null], [7], ["x"], [[]], [{}]])("%j is no catalogue", async (value) => {
    expect(validateCatalog(value)).toHaveProperty("problems");
    expect(await bench.purser.publishCatalog({ actor: "test", catalog: value })).toMatchObject({
      outcome: "invalid_input",
    });
  });
});

describe("publishing", () => {
  test("the same again is unchanged; changed terms make a new version and holders keep theirs", async () => {
    const { purser } = bench;
    expect(await purser.publishCatalog({ actor: "test" })).toEqual({ outcome: "unchanged", revision: 1 });
    const tenant = await bench.testTenant("holder", "free");
    const more = changed(["plans/free/inclusions", { hours: 72, reports: { amount: 11, every: "month" } }]);
    expect(await purser.publishCatalog({ actor: "test", catalog: more })).toEqual({
      outcome: "published",
      revision: 2,
    });
    const versions = await bench.rows(
      "SELECT plan, max(version) AS newest FROM purser.plan_versions GROUP BY plan ORDER BY plan",
    );
    expect(versions).toEqual([
      { plan: "free", newest: 2 },
      { plan: "pro", newest: 1 },
      { plan: "unlimited", newest: 1 },
    ]);
    await purser.refreshPlanState({ tenant, actor: "test" });
    expect(await purser.balances({ tenant })).toMatchObject([{ feature: "reports", granted: 10 }]);
    await bench.testTenant("newcomer", "free");
    expect(await purser.balances({ tenant: "newcomer" })).toMatchObject([{ feature: "reports", granted: 11 }]);
  });

  test("a feature keeps the kind it was published with", async () => {
    const other = changed(["features/credits/kind", "metered"]) as CatalogInput;
    const outcome = await bench.purser.publishCatalog({
      actor: "test",
      catalog: { ...other, plans: { free: { name: "F", tier: "free", inclusions: {} } }, products: {} },
    });
    expect(outcome).toMatchObject({ outcome: "invalid_input", field: "features.credits.kind" });
  });

  test("of two who publish at once one wins and the other is told", async () => {
    const outcomes = await Promise.all(
      [1, 2, 3, 4].map((n) =>
        bench.purser.publishCatalog({ actor: `p${n}`, catalog: changed(["plans/free/name", `Free ${n}`]) }),
      ),
    );
    expect(outcomes.filter(({ outcome }) => outcome === "published").length).toBeGreaterThanOrEqual(1);
    expect(outcomes.filter(({ outcome }) => !["published", "revision_conflict"].includes(outcome))).toEqual([]);
  });

  test("what is no longer named goes off sale and stays with those who hold it", async () => {
    const tenant = await bench.testTenant("keeper", "pro");
    const { credits: _gone, ...features } = smallCatalog.features;
    const catalog = { ...smallCatalog, features, products: {} };
    expect(await bench.purser.publishCatalog({ actor: "test", catalog })).toMatchObject({ outcome: "published" });
    expect(await bench.rows("SELECT active FROM purser.features WHERE key = 'credits'")).toEqual([{ active: false }]);
    const other = createPurser({ catalog, database: bench.pool });
    expect(await other.check({ tenant, feature: "reports" })).toMatchObject({ allowed: true });
    expect((await other.checkAll({ tenant })).map(({ feature }) => feature)).not.toContain("credits");
  });

  test("a dry run tells what would happen and leaves nothing", async () => {
    const catalog = changed(["plans/free/name", "Dry"]);
    const before = await bench.rows("SELECT max(revision) AS revision FROM purser.catalog_revisions");
    expect(await bench.purser.publishCatalog({ actor: "test", catalog, dryRun: true })).toMatchObject({
      outcome: "published",
    });
    expect(await bench.rows("SELECT max(revision) AS revision FROM purser.catalog_revisions")).toEqual(before);
  });
});
