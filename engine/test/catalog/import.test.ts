// Another system's JSON entitlements, taken over: what they become, that a second time changes nothing, and that what cannot
// be understood for certain stops everything.
import { readFileSync } from "node:fs";
import { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from "vitest";
import { createPurser, type ImportOutcome, type Purser, validateCatalog } from "@purser/engine";
import { createTestDatabase, type TestDatabase } from "../../../behaviour/fixture/database.ts";
import { importedCatalog, isGranting } from "../../src/catalog/import-entitlements.ts";
import { ACCESS, CALCULATIONS, catalog, CREDITS, entry, good, PROJECTS, type Source } from "./good-source.ts";

let database: TestDatabase;
let pool: Pool;
let admin: Pool;
let purser: Purser<typeof catalog>;
const begin = async () => {
  database = await createTestDatabase();
  pool = new Pool({ connectionString: database.serviceUrl, max: 4 });
  admin = new Pool({ connectionString: database.adminUrl, max: 2 });
  // A connection may still be closing when its database is dropped, and says so; nobody is to hear of it.
  for (const connections of [pool, admin]) connections.on("error", () => undefined);
  purser = createPurser({ catalog, database: pool });
  await purser.publishCatalog({ actor: "test" });
};
const end = async () => {
  await Promise.all([pool.end(), admin.end()]);
  await database.drop();
};

/** Every row of every table that a function writes. */
async function everything(): Promise<string> {
  const { rows } = await admin.query<{ relname: string }>(
    "SELECT relname FROM pg_class WHERE relnamespace = 'purser'::regnamespace AND relkind = 'r' ORDER BY 1",
  );
  const texts = [];
  for (const { relname } of rows) {
    const found = await admin.query(
      `SELECT coalesce(string_agg(t::text, E'\n' ORDER BY t::text), '') AS t FROM purser.${relname} t`,
    );
    texts.push(`${relname}\n${found.rows[0].t}`);
  }
  return texts.join("\n");
}
const imported = (source: unknown, dryRun = false) => purser.importEntitlements({ source, actor: "import", dryRun });
const balanceOf = async (tenant: string, feature: string) => (await purser.balances({ tenant, feature }))[0];

describe("a good source", () => {
  beforeEach(begin);
  afterEach(end);

  test("S001-3: plan JSON and product JSON become typed inclusions, deterministically", async () => {
    expect(await imported({ ...good(), tenants: [] })).toEqual({
      outcome: "imported",
      revision: 2,
      plans: 2,
      products: 3,
      notGranting: ["consulting"],
      ignored: ["plans.1.entitlements.1.valueJson.note", "products.1.entitlements.0.metadata"],
      tenants: 0,
      subscriptions: 0,
      grants: 0,
      consumptions: 0,
      expired: 0,
    });
    const { rows } = await admin.query(
      `SELECT plan, plan_version AS v, feature, amount::float8, value, window_unit AS every, priority FROM purser.plan_inclusions i
       WHERE plan_version = (SELECT max(version) FROM purser.plan_versions v WHERE v.plan = i.plan) ORDER BY 1, 3`,
    );
    expect(rows).toEqual([
      // No window said: the one this plan had, with what else it said.
      { plan: "free", v: 2, feature: CALCULATIONS, amount: 30, value: null, every: "month", priority: 50 },
      { plan: "free", v: 2, feature: PROJECTS, amount: 4, value: null, every: null, priority: 100 },
      { plan: "pro", v: 1, feature: CALCULATIONS, amount: 500, value: null, every: "week", priority: 100 },
      { plan: "pro", v: 1, feature: CREDITS, amount: 100, value: null, every: null, priority: 100 },
      { plan: "pro", v: 1, feature: PROJECTS, amount: 25, value: null, every: null, priority: 100 },
      { plan: "pro", v: 1, feature: "support.hours", amount: null, value: 24, every: null, priority: 100 },
      { plan: "pro", v: 1, feature: ACCESS, amount: null, value: null, every: null, priority: 100 },
    ]);
    const products = await admin.query(
      "SELECT product, amount::float8, duration_days FROM purser.product_inclusions ORDER BY product, product_version",
    );
    expect(products.rows).toEqual([
      { product: "bonus", amount: 2.5, duration_days: null },
      { product: "pack", amount: 1000, duration_days: null },
      { product: "sprint", amount: 500, duration_days: 30 },
    ]);
    // The order of the rows does not matter.
    const backwards = {
      ...good(),
      tenants: [],
      plans: good().plans.toReversed(),
      products: good().products.toReversed(),
    };
    expect(await imported(backwards)).toMatchObject({ outcome: "unchanged", revision: 2 });
  });

  test("S001-3: tenants get their plan without a trial, what they bought and what they used; a second time changes nothing", async () => {
    const first = await imported(good());
    expect(first).toMatchObject({
      outcome: "imported",
      tenants: 3,
      subscriptions: 2,
      grants: 2,
      consumptions: 2,
      expired: 1,
    });
    // 100 of the plan, 3 × 1000 bought, 500 of the sprint, 40.5 used.
    expect(await balanceOf("acme", CREDITS)).toMatchObject({ granted: 3600, used: 40.5, available: 3559.5 });
    expect(await balanceOf("acme", CALCULATIONS)).toMatchObject({ granted: 500, used: 7, available: 493 });
    expect(await purser.check({ tenant: "acme", feature: ACCESS })).toMatchObject({ allowed: true });
    const periods = await admin.query("SELECT DISTINCT status, ends_at::text FROM purser.subscription_periods");
    expect(periods.rows).toEqual([{ status: "active", ends_at: "infinity" }]);
    const anchors = await admin.query("SELECT DISTINCT anchor FROM purser.allowances WHERE tenant_id = 'acme'");
    expect(anchors.rows).toEqual([{ anchor: new Date("2026-01-31T00:00:00Z") }]);
    expect((await purser.findTenant({ tenant: "acme" }))?.name).toBe("Acme");

    const before = await everything();
    expect(await imported(good())).toMatchObject({
      outcome: "unchanged",
      tenants: 0,
      subscriptions: 0,
      grants: 0,
      consumptions: 0,
    });
    expect(await everything()).toBe(before);
    // One row more does that row.
    const more = good();
    more.tenants[1] = {
      ...more.tenants[1],
      purchases: [{ id: 18, product: "bonus", purchasedAt: "2026-01-01T00:00:00Z" }],
    } as Source["tenants"][number];
    expect(await imported(more)).toMatchObject({ outcome: "imported", revision: 2, grants: 1, tenants: 0 });
    expect(await balanceOf("basic", CREDITS)).toMatchObject({ granted: 2.5 });
  });

  test("S001-3: a dry run answers the same and leaves nothing", async () => {
    const before = await everything();
    const dry = await imported(good(), true);
    expect(await everything()).toBe(before);
    expect(await imported(good())).toEqual(dry);
  });

  test("S001-6: no list leaves a plan's inclusions as they are, an empty one clears them", async () => {
    const plans = [{ key: "free", description: "Still" }];
    expect(await imported({ plans })).toMatchObject({ outcome: "imported" });
    const newest = async () => (await purser.publishedCatalog())?.content;
    expect(await newest()).toMatchObject({
      plans: { free: { description: "Still", inclusions: { [PROJECTS]: { amount: 3 } } } },
    });
    await imported({ plans: [{ key: "free", entitlements: [] }] });
    expect(await newest()).toMatchObject({ plans: { free: { description: "Still", inclusions: {} } } });
  });

  test("S001-22: once it is imported, raw JSON is read by nothing that decides", async () => {
    await imported(good());
    const decisions = async () => {
      const { rows } = await admin.query(
        `SELECT t.tenant_id, f.key, c.allowed, c.reason, c.value, c.quantity_limit, c.used, c.remaining, c.source, c.unlocked_by
         FROM purser.tenants t CROSS JOIN purser.features f
         CROSS JOIN LATERAL purser.check_entitlement(t.tenant_id, f.key) c ORDER BY 1, 2`,
      );
      return rows;
    };
    const before = await decisions();
    expect(before).toHaveLength(15);
    // The content of revisions is the only JSON about plans and products that is kept.
    const columns = await admin.query(
      `SELECT c.relname || '.' || a.attname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
       WHERE c.relnamespace = 'purser'::regnamespace AND c.relkind = 'r' AND a.atttypid = 'jsonb'::regtype
         AND c.relname ~ '^(catalog|plan|product)' ORDER BY 1`,
    );
    expect(columns.rows.map(({ name }) => name)).toEqual([
      "catalog_revisions.content",
      "plan_inclusions.value",
      "plans.metadata",
      "product_inclusions.metadata",
      "products.metadata",
    ]);
    const poisoned = JSON.stringify({
      plans: { pro: { inclusions: { [CREDITS]: { unlimited: true } } } },
      entitlements: [entry(CREDITS, { amount: 1e9 })],
    });
    for (const place of [
      "catalog_revisions SET content",
      "plans SET metadata",
      "products SET metadata",
      "product_inclusions SET metadata",
    ]) {
      await admin.query(`UPDATE purser.${place} = $1`, [poisoned]);
    }
    expect(await decisions()).toEqual(before);
    await admin.query("DELETE FROM purser.catalog_revisions");
    expect(await decisions()).toEqual(before);
    await purser.createTenant({ tenant: "late", plan: "pro" as "free", actor: "test" });
    expect(await balanceOf("late", CREDITS)).toMatchObject({ granted: 100 });
    expect(await purser.refreshPlanState({ tenant: "acme", actor: "test" })).toEqual({
      outcome: "refreshed",
      changed: false,
    });
    expect(
      await purser.tryConsume(pool, { tenant: "acme", feature: CREDITS, amount: 3560, idempotencyKey: "all" }),
    ).toMatchObject({ outcome: "insufficient_balance" });

    const readers = await admin.query(
      `SELECT p.proname AS name FROM pg_proc p WHERE p.pronamespace = 'purser'::regnamespace AND p.prosrc ~ 'catalog_revisions'
       UNION ALL SELECT viewname FROM pg_views WHERE schemaname = 'purser' AND definition ~ 'catalog_revisions'`,
    );
    expect(readers.rows).toEqual([{ name: "publish_catalog" }]);
  });
});

test("S001-4: a product grants if its inclusions, its payload's list or its migration metadata's list is there", () => {
  const checked = validateCatalog(catalog);
  const published = "catalog" in checked ? checked.catalog : undefined;
  if (published === undefined) throw new Error("not valid");
  const entitlements = [{ code: CREDITS, amount: 1 }];
  for (const [product, granting] of [
    [{ key: "pack" }, true],
    [{ key: "pack", entitlements: null, metadata: null }, true],
    [{ key: "new", entitlements }, true],
    [{ key: "new", entitlements: [] }, true],
    [{ key: "new", metadata: { entitlements } }, true],
    [{ key: "new", metadata: { entitlements: [] } }, true],
    [{ key: "new" }, false],
    [{ key: "new", entitlements: null }, false],
    [{ key: "new", metadata: { note: "no list" } }, false],
    [{ key: "constructor" }, false],
  ] as const) {
    expect([product, isGranting(product as never, published)]).toEqual([product, granting]);
  }
  // The payload's list goes before that of the metadata.
  const both = { key: "both", entitlements, metadata: { sku: 7, entitlements: [{ code: CREDITS, amount: 2 }] } };
  expect(importedCatalog(published, { products: [both] })).toMatchObject({
    catalog: { products: { both: { inclusions: { [CREDITS]: { amount: 1 } } } } },
    ignored: ["products.0.metadata.sku"],
  });
});

// One line of bad-sources.jsonl a case: what is wrong, the source, and the path, the row and the problem that must be named.
describe("S001-5: a bad source stops everything and names path and row", () => {
  beforeAll(begin);
  afterAll(end);

  const table = readFileSync(new URL("bad-sources.jsonl", import.meta.url), "utf8")
    .trim()
    .split("\n");
  type Row = [what: string, source: object, path: string, row: string, problem: string];

  test.each(table.map((line) => JSON.parse(line) as Row))("%s", async (_what, source, path, row, problem) => {
    // With good rows around it, of which nothing may be left.
    const before = await everything();
    const rest = { tenants: [{ tenant: "good", plan: { plan: "free" } }], ...source };
    for (const dryRun of [true, false]) {
      const outcome = await imported(rest, dryRun);
      expect(outcome).toEqual({
        outcome: "invalid_input",
        field: expect.any(String),
        problems: expect.arrayContaining([
          expect.objectContaining({ path, row, problem: expect.stringMatching(new RegExp(problem)) }),
        ]),
      } satisfies ImportOutcome);
    }
    expect(await everything()).toBe(before);
  });

  test("all that is wrong is told at once", async () => {
    const outcome = await imported({
      plans: [{ key: "free", entitlements: [entry("x", {}), entry(PROJECTS, {})] }],
      products: [{ key: "new", entitlements: [{ code: "y" }] }],
    });
    expect(outcome.outcome === "invalid_input" ? outcome.problems.map((one) => one.path) : []).toEqual([
      "plans.0.entitlements.0.code",
      "plans.0.entitlements.1.valueJson",
      "products.0.entitlements.0.code",
    ]);
  });

  test("a tenant that is there on another plan, or is another one, is left alone", async () => {
    await purser.createTenant({ tenant: "there", name: "There", plan: "free", actor: "test" });
    const plans = [{ key: "pro", name: "Pro", tier: "pro", entitlements: [] }];
    expect(await imported({ plans, tenants: [{ tenant: "there", plan: { plan: "pro" } }] })).toMatchObject({
      problems: [{ path: "tenants.0.plan.plan", problem: "is on the plan free already" }],
    });
    expect(await imported({ tenants: [{ tenant: "there", name: "Elsewhere" }] })).toMatchObject({
      problems: [{ path: "tenants.0.name" }],
    });
    expect(await imported({ tenants: [{ tenant: "there", plan: { plan: "free" } }] })).toMatchObject({
      outcome: "unchanged",
    });
  });

  test("an unknown plan is told once, and not again by what follows from it", async () => {
    const consumed = [{ id: 1, code: CALCULATIONS, amount: 1 }];
    expect(await imported({ tenants: [{ tenant: "t", plan: { plan: "gold" }, consumed }] })).toMatchObject({
      problems: [{ path: "tenants.0.plan.plan", problem: "there is no such plan on sale" }],
    });
  });

  test("a source of nothing names what is missing", async () => {
    expect(await imported({})).toMatchObject({
      outcome: "invalid_input",
      problems: [{ path: "", problem: "has none of plans, products and tenants: name one" }],
    });
    expect(await imported({ tenants: [] })).toMatchObject({ outcome: "unchanged" });
  });

  test.each([null, 7, "x", []])("%j is no source", async (source) => {
    expect(await imported(source)).toMatchObject({ outcome: "invalid_input" });
  });
});

test("without a published catalogue there is nothing to import into", async () => {
  const blank = await createTestDatabase();
  const own = new Pool({ connectionString: blank.serviceUrl, max: 1 });
  own.on("error", () => undefined);
  try {
    expect(await createPurser({ catalog, database: own }).importEntitlements({ source: good(), actor: "x" })).toEqual({
      outcome: "catalog_unpublished",
    });
  } finally {
    await own.end();
    await blank.drop();
  }
});
