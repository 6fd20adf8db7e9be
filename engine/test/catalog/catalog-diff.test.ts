// What a catalogue would change, what is kept of what it leaves out, and how it is written as a file.
import { describe, expect, test } from "vitest";
import { briefCatalog, catalogSource, type ValidCatalog, validateCatalog } from "@purser/engine";
import { diffCatalog } from "../../src/catalog/catalog-diff.ts";
import { completeCatalog } from "../../src/catalog/catalog-completion.ts";
import { smallCatalog } from "../workbench.ts";
import { changed } from "./changed-catalog.ts";

function valid(catalog: unknown): ValidCatalog {
  const checked = validateCatalog(catalog);
  if ("problems" in checked) throw new Error(JSON.stringify(checked.problems));
  return checked.catalog;
}

const small = valid(smallCatalog);
const diffOf = (...replaced: (readonly [string, unknown])[]) => diffCatalog(small, valid(changed(...replaced)), []);

describe("the rule", () => {
  test.each<[what: string, replaced: [string, unknown][], changes: object[]]>([
    ["a name", [["plans/free/name", "Gratis"]], [{ path: "plans.free.name", from: "Free", to: "Gratis" }]],
    [
      "an amount",
      [["plans/free/inclusions/reports", { amount: 11, every: "month" }]],
      [{ path: "plans.free.inclusions.reports.amount", from: 10, to: 11 }],
    ],
    ["an amount as text", [["plans/free/inclusions/reports", { amount: "10.0", every: "month" }]], []],
    ["the other spelling of a value", [["plans/free/inclusions/hours", { value: 72 }]], []],
    ["a default written out", [["plans/free/downgradeGraceDays", 7]], []],
    [
      "unlimited",
      [["plans/pro/inclusions/projects", "unlimited"]],
      [
        { path: "plans.pro.inclusions.projects.amount", from: 5 },
        { path: "plans.pro.inclusions.projects.unlimited", from: false, to: true },
      ],
    ],
    [
      "a window",
      [["plans/free/inclusions/reports", { amount: 10, every: { unit: "week", count: 2 } }]],
      [
        { path: "plans.free.inclusions.reports.every.count", from: 1, to: 2 },
        { path: "plans.free.inclusions.reports.every.unit", from: "month", to: "week" },
      ],
    ],
    [
      "an inclusion less",
      [["plans/free/inclusions/hours", undefined]],
      [
        {
          path: "plans.free.inclusions.hours",
          from: { onChange: "keep", priority: 100, unlimited: false, value: 72 },
        },
      ],
    ],
    [
      "a list as a value",
      [["plans/free/inclusions/hours", { value: [1, 2] }]],
      [{ path: "plans.free.inclusions.hours.value", from: 72, to: [1, 2] }],
    ],
    ["nothing", [], []],
  ])("%s", (_what, replaced, changes) => {
    const diff = diffOf(...replaced);
    expect(diff.changes).toEqual(changes);
    expect(diff.equal).toBe(changes.length === 0);
  });

  test("what is added and removed is named by section, and which versions are made", () => {
    const diff = diffCatalog(
      small,
      valid(
        changed(
          ["features/sms", { kind: "credits", name: "SMS" }],
          ["products/pack", undefined],
          ["plans/free/tier", "pro"],
        ),
      ),
      [{ of: "plan", key: "free", version: 3, content_hash: "x" }],
    );
    expect(diff.sections).toEqual({
      tiers: { added: [], removed: [], changed: [] },
      features: { added: ["sms"], removed: [], changed: [] },
      capabilities: { added: [], removed: [], changed: [] },
      plans: { added: [], removed: [], changed: ["free"] },
      products: { added: [], removed: ["pack"], changed: [] },
    });
    expect(diff.versions).toContainEqual({ of: "plan", key: "free", from: 3, to: 4 });
    expect(diffCatalog(undefined, small, [])).toMatchObject({
      equal: false,
      sections: { tiers: { added: ["free", "pro"] } },
    });
  });

  test.each<[what: string, from: object | undefined, to: object, emptying: boolean]>([
    ["the last plan and product", {}, { plans: {}, products: {} }, true],
    ["all there is", {}, { tiers: {}, features: {}, capabilities: {}, plans: {}, products: {} }, true],
    ["plans, where no product is left", { products: {} }, { plans: {}, products: {} }, true],
    ["plans, where a product is left", {}, { plans: {}, products: { pack: { name: "P", inclusions: {} } } }, false],
    ["products, where a plan is left", {}, { products: {} }, false],
    ["nothing, where nothing was on sale", { plans: {}, products: {} }, { plans: {}, products: {}, tiers: {} }, false],
    ["nothing, where nothing was published", undefined, { plans: {}, products: {} }, false],
  ])("taking away %s", (_, from, to, emptying) => {
    const product = { pack: { name: "Pack", inclusions: {} } };
    const made = (more: object) => valid({ ...smallCatalog, products: product, capabilities: {}, ...more });
    const wanted = { ...made({}), ...to };
    expect(diffCatalog(from === undefined ? undefined : made(from), wanted, []).emptying).toBe(emptying);
  });

  test("S001-6: inclusions that are left out are kept, an empty object or list clears them", () => {
    const without = changed(
      ["plans/free/inclusions", undefined],
      ["plans/pro/inclusions", []],
      ["plans/unlimited/inclusions", {}],
      ["products/pack/inclusions", undefined],
    );
    const completed = valid(completeCatalog(without, small));
    expect(completed.plans["free"]).toEqual(small.plans["free"]);
    expect(completed.products).toEqual(small.products);
    expect([completed.plans["pro"]?.inclusions, completed.plans["unlimited"]?.inclusions]).toEqual([{}, {}]);
    expect(validateCatalog(completeCatalog(without, undefined))).toHaveProperty("problems");
    for (const odd of [null, 7, [], { plans: [] }, { plans: { a: null } }])
      expect(completeCatalog(odd, small)).toEqual(odd);
  });

  test("the catalogue as a file is the same catalogue, and always the same text", () => {
    const source = catalogSource(small);
    expect(source).toMatchInlineSnapshot(`
      "import { defineCatalog } from "@purser/engine";

      export default defineCatalog({
        tiers: { free: { rank: 0, name: "Free" }, pro: { rank: 1, name: "Pro" } },
        features: {
          board: { kind: "flag", name: "Board", minimumTier: "free" },
          credits: { kind: "credits", name: "Credits" },
          exports: { kind: "metered", name: "Exports", enforcement: "soft" },
          hours: { kind: "value", name: "Response" },
          projects: { kind: "capacity", name: "Projects" },
          reports: { kind: "metered", name: "Reports" },
          seats: { kind: "metered", name: "Own reports" },
          sso: { kind: "flag", name: "Single sign-on", minimumTier: "pro" },
          views: { kind: "metered", name: "Views", enforcement: "observe" },
        },
        capabilities: { "projects.create": { feature: "projects" }, "reports.run": { feature: "reports", amount: 2 } },
        plans: {
          free: { name: "Free", tier: "free", inclusions: { hours: 72, reports: { amount: 10, every: "month" } } },
          pro: {
            name: "Pro",
            tier: "pro",
            inclusions: {
              exports: { amount: 3, every: "day" },
              hours: 8,
              projects: 5,
              reports: { amount: 100, every: "month" },
              seats: { amount: 4, per: "subject", every: "month" },
              views: { amount: 1, every: "lifetime" },
            },
          },
          unlimited: { name: "Unlimited", tier: "pro", inclusions: { reports: { unlimited: true, every: "month" } } },
        },
        products: { pack: { name: "Pack", inclusions: { credits: 1000 } } },
      });
      "
    `);
    expect(catalogSource(valid(changed()))).toBe(source);
    expect(valid(briefCatalog(small))).toEqual(small);
  });
});

test("a thousand features in five plans are compared, each change once", async () => {
  const keys = Array.from({ length: 1000 }, (_, i) => `feature.${i}`);
  const large = (amount: number) =>
    valid({
      tiers: { free: { rank: 0, name: "Free" } },
      features: Object.fromEntries(keys.map((key) => [key, { kind: "metered", name: key }])),
      plans: Object.fromEntries(
        ["one", "two", "three", "four", "five"].map((plan) => [
          plan,
          {
            name: plan,
            tier: "free",
            inclusions: Object.fromEntries(keys.map((key) => [key, { amount, every: "month" }])),
          },
        ]),
      ),
    });
  const [from, to] = [large(1), large(2)];
  expect(diffCatalog(from, to, []).changes).toHaveLength(5000);
});
