// Whom a change of the catalogue would touch, and what publishing it does.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Purser } from "@purser/engine";
import { createWorkbench, type smallCatalog, type Workbench } from "../workbench.ts";
import { changed } from "./changed-catalog.ts";

describe("with tenants", () => {
  let bench: Workbench;
  let purser: Purser<typeof smallCatalog>;
  beforeAll(async () => {
    bench = await createWorkbench();
    ({ purser } = bench);
    for (const [tenant, plan, reports, credits] of [
      ["a", "pro", 80, 0],
      ["b", "pro", 20, 0],
      ["c", "pro", 100, 0],
      ["d", "free", 10, 0],
      ["e", "unlimited", 500, 0],
      ["topped", "pro", 100, 0],
      ["f", undefined, 0, 5],
    ] as const) {
      await bench.testTenant(tenant, plan);
      if (tenant === "topped") {
        await purser.issueGrant(bench.pool, { tenant, feature: "reports", amount: 60, dedupeKey: "more" });
      }
      if (reports > 0) {
        const outcome = await purser.tryConsume(bench.pool, {
          tenant,
          feature: "reports",
          amount: reports,
          idempotencyKey: "use",
        });
        if (outcome.outcome !== "consumed") throw new Error(outcome.outcome);
      }
      if (credits > 0) {
        await purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: credits, dedupeKey: "some" });
      }
    }
    await purser.createTenant({ tenant: "live", plan: "pro", actor: "test" });
  });
  afterAll(() => bench.close());

  const reports = (amount: number) => ["plans/pro/inclusions/reports", { amount, every: "month" }] as const;

  test("who would gain, lose and be over, with the amounts of now and purchases counted", async () => {
    const catalog = changed(reports(50), ["plans/free/inclusions/projects", 1]);
    const compared = await purser.diffCatalog({ catalog });
    expect(compared).toMatchObject({
      outcome: "compared",
      revision: 1,
      nextTenant: null,
      diff: {
        versions: [
          { of: "plan", key: "free", from: 1, to: 2 },
          { of: "plan", key: "pro", from: 1, to: 2 },
        ],
      },
      plans: [
        {
          plan: "free",
          holders: 1,
          gain: { count: 1, tenants: ["d"] },
          lose: { count: 0 },
          over: { count: 0 },
          versions: [{ version: 1, gains: ["projects"], loses: [], changes: [] }],
        },
        {
          plan: "pro",
          holders: 5,
          gain: { count: 0 },
          lose: { count: 5, tenants: ["a", "b", "c", "live", "topped"] },
          over: {
            count: 2,
            tenants: ["a", "c"],
            cases: [
              { tenant: "a", feature: "reports", subject: "", uses: 80, limit: 50 },
              { tenant: "c", feature: "reports", subject: "", uses: 100, limit: 50 },
            ],
          },
          versions: [{ version: 1, gains: [], loses: ["reports"], changes: [] }],
        },
      ],
    });
  });

  test.each<[what: string, path: string, value: unknown, judged: object]>([
    ["more", "plans/pro/inclusions/reports", { amount: 200, every: "month" }, { gains: ["reports"] }],
    ["more often", "plans/pro/inclusions/reports", { amount: 100, every: "week" }, { gains: ["reports"] }],
    ["less often", "plans/pro/inclusions/reports", { amount: 200, every: "year" }, { loses: ["reports"] }],
    ["for ever once", "plans/pro/inclusions/reports", { amount: 9000, every: "lifetime" }, { loses: ["reports"] }],
    ["not at all", "plans/pro/inclusions/reports", undefined, { loses: ["reports"] }],
    ["without limit", "plans/pro/inclusions/projects", "unlimited", { gains: ["projects"] }],
    ["another value", "plans/pro/inclusions/hours", 9, { changes: ["hours"] }],
    [
      "for each subject",
      "plans/pro/inclusions/reports",
      { amount: 100, every: "month", per: "subject" },
      { changes: ["reports"] },
    ],
    ["a flag of the tier", "features/sso/minimumTier", undefined, { loses: ["sso"] }],
    ["a lower tier", "plans/pro/tier", "free", { loses: ["sso"] }],
    ["a new flag", "features/new", { kind: "flag", name: "New", minimumTier: "pro" }, { gains: ["new"] }],
  ])("%s", async (_what, path, value, judged) => {
    const compared = await purser.diffCatalog({ catalog: changed([path, value]) });
    const plans = compared.outcome === "compared" ? compared.plans : [];
    expect(plans.find(({ plan }) => plan === "pro")?.versions).toEqual([
      { version: 1, gains: [], loses: [], changes: [], ...judged },
    ]);
  });

  test("from unlimited to a number, and a plan that goes off sale", async () => {
    const fewer = await purser.diffCatalog({
      catalog: changed(["plans/unlimited/inclusions/reports", { amount: 400, every: "month" }]),
    });
    expect(fewer).toMatchObject({
      plans: [{ plan: "unlimited", over: { count: 1, cases: [{ tenant: "e", uses: 500, limit: 400 }] } }],
    });
    const gone = await purser.diffCatalog({ catalog: changed(["plans/unlimited", undefined]) });
    expect(gone).toMatchObject({
      plans: [{ plan: "unlimited", holders: 1, versions: [] }],
      diff: { sections: { plans: { removed: ["unlimited"] } } },
    });
  });

  test("page by page it is the same as at once, and of one mode where it is named", async () => {
    const catalog = changed(reports(50));
    const whole = await purser.diffCatalog({ catalog });
    const found: string[] = [];
    let after: string | undefined;
    for (let pages = 0; pages < 10; pages += 1) {
      const page = await purser.diffCatalog({ catalog, tenants: 2, after });
      if (page.outcome !== "compared") throw new Error(page.outcome);
      found.push(...(page.plans[0]?.lose.tenants ?? []));
      if (page.nextTenant === null) break;
      after = page.nextTenant;
    }
    expect(whole).toMatchObject({ plans: [{ lose: { tenants: found, count: 5 } }] });
    expect(await purser.diffCatalog({ catalog, mode: "live" })).toMatchObject({
      plans: [{ lose: { tenants: ["live"] } }],
    });
  });

  test("nothing is written, and the same problems as publishing are told", async () => {
    const kind = changed(["features/reports/kind", "credits"], ["features/seats/per", "subject"]);
    const compared = await purser.diffCatalog({ catalog: kind });
    expect(compared).toEqual(await purser.publishCatalog({ catalog: kind, actor: "test" }));
    expect(compared).toMatchObject({
      outcome: "invalid_input",
      problems: [
        { path: "features.reports.kind", pointer: "/features/reports/kind" },
        { path: "features.seats.per", pointer: "/features/seats/per" },
      ],
    });
    expect(await purser.catalogRevisions()).toHaveLength(1);
  });

  test("S001-6: publishing keeps what is left out and clears what is empty, product and inclusions together", async () => {
    const renamed = changed(["products/pack", { name: "Packet" }], ["plans/free/inclusions", undefined]);
    expect(await purser.publishCatalog({ catalog: renamed, actor: "ann" })).toEqual({
      outcome: "published",
      revision: 2,
    });
    const inclusions = () =>
      bench.rows(
        `SELECT i.product_version AS version, i.feature, i.amount::int, p.name FROM purser.products p
         JOIN purser.product_versions v ON v.product = p.key
         LEFT JOIN purser.product_inclusions i ON i.product = v.product AND i.product_version = v.version
         WHERE p.key = 'pack' ORDER BY v.version`,
      );
    expect(await inclusions()).toEqual([{ version: 1, feature: "credits", amount: 1000, name: "Packet" }]);
    const cleared = changed(["products/pack", { name: "Packet", inclusions: [] }], ["plans/free/inclusions", []]);
    expect(await purser.publishCatalog({ catalog: cleared, actor: "bob" })).toEqual({
      outcome: "published",
      revision: 3,
    });
    expect(await inclusions()).toEqual([
      { version: 1, feature: "credits", amount: 1000, name: "Packet" },
      { version: null, feature: null, amount: null, name: "Packet" },
    ]);
    // A mistake anywhere leaves the product and its inclusions as they were.
    const wrong = changed(["products/pack", { name: "P", inclusions: { credits: 1 } }], ["plans/free/tier", "gold"]);
    expect(await purser.publishCatalog({ catalog: wrong, actor: "bob" })).toMatchObject({ outcome: "invalid_input" });
    expect(await inclusions()).toMatchObject([{ name: "Packet" }, { feature: null }]);
  });

  test("revisions are listed with who and when, and nobody can change one", async () => {
    const revisions = await purser.catalogRevisions();
    expect(revisions).toEqual(
      [
        [3, "bob"],
        [2, "ann"],
        [1, "test"],
      ].map(([revision, publishedBy]) => ({
        revision,
        publishedBy,
        publishedAt: expect.any(Date),
        contentHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      })),
    );
    expect((await purser.catalogRevisions({ before: 3, count: 1 })).map(({ revision }) => revision)).toEqual([2]);
    for (const statement of [
      "UPDATE purser.catalog_revisions SET published_by = 'x'",
      "DELETE FROM purser.catalog_revisions",
    ]) {
      await expect(bench.pool.query(statement)).rejects.toMatchObject({ code: "42501" });
      await expect(bench.admin.query(`SET ROLE purser_writer; ${statement}`)).rejects.toMatchObject({ code: "42501" });
    }
  });

  test("a revision that is expected and no longer the newest is a conflict, but for what is published already", async () => {
    const catalog = changed(["plans/free/name", "Four"]);
    expect(await purser.publishCatalog({ catalog, actor: "a", expectedRevision: 2 })).toEqual({
      outcome: "revision_conflict",
      revision: 3,
    });
    expect(await purser.publishCatalog({ catalog, actor: "a", expectedRevision: 3 })).toEqual({
      outcome: "published",
      revision: 4,
    });
    expect(await purser.publishCatalog({ catalog, actor: "a", expectedRevision: 3 })).toEqual({
      outcome: "unchanged",
      revision: 4,
    });
  });
});
