// What the engine reads for itself has no page and no limit: everybody and everything is looked at, however many there are.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  addBalances,
  addFeatures,
  addPlanHolders,
  addRevisions,
  addTenants,
  counts,
  names,
} from "../../behaviour/fixture/many.ts";
import { changed } from "./catalog/changed-catalog.ts";
import { createWorkbench, type Workbench } from "./workbench.ts";

// Ten thousand lines take seconds, and several times that where other tests want the processor as well.
vi.setConfig({ testTimeout: 240_000 });

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

// Each is turned, in some milliseconds: ten thousand would take as long as all other tests of this file.
test.each([51, 1001])("J05: %i balances of a tenant whose plan is written anew", async (count) => {
  const tenant = await bench.testTenant(`refreshed-${count}`, "pro");
  await addBalances(bench.admin, { tenant, feature: "seats", subjects: names(count) });
  await addFeatures(bench.admin, [`new-${count}`]);
  expect(await bench.purser.refreshPlanState({ tenant, actor: "test" })).toEqual({
    outcome: "refreshed",
    changed: true,
  });
  const balances = await bench.rows<{ version: string; granted: string }>(
    "SELECT version, granted::int FROM purser.balances WHERE tenant_id = $1 AND feature = 'seats'",
    [tenant],
  );
  // Each was turned: the allowance's first grant stands beside the one it had.
  expect(balances).toHaveLength(count);
  expect(balances.filter(({ version, granted }) => version !== "2" || Number(granted) !== 5)).toEqual([]);
});

/** Who holds the plan that nobody else is put on. */
let holders = 0;

describe.each(counts)("J05: %i", (count) => {
  test("tenants whose standings are asked for", async () => {
    const tenants = names(count, `standing-${count}/`);
    await addTenants(bench.admin, tenants);
    await addPlanHolders(bench.admin, tenants, "free");
    const stands = await bench.purser.standings({ tenants });
    expect(stands.size).toBe(count);
    expect(tenants.filter((tenant) => stands.get(tenant)?.subscription?.plan !== "free")).toEqual([]);
  });

  test("holders of a plan that would change, at once and page by page", async () => {
    const tenants = names(count, `holder-${count}/`);
    await addTenants(bench.admin, tenants);
    await addPlanHolders(bench.admin, tenants, "unlimited");
    holders += count;
    const catalog = changed(["plans/unlimited/inclusions/reports", { amount: 9, every: "month" }]);
    const compared = await bench.purser.diffCatalog({ catalog });
    expect(compared).toMatchObject({ nextTenant: null, plans: [{ holders, lose: { count: holders } }] });
    let [seen, after]: [number, string | null] = [0, ""];
    while (after !== null) {
      const page = await bench.purser.diffCatalog({ catalog, tenants: 997, after });
      if (page.outcome !== "compared") throw new Error(page.outcome);
      seen += page.plans[0]?.lose.count ?? 0;
      after = page.nextTenant;
    }
    expect(seen).toBe(holders);
  });

  test("tenants of an import, the last of which is another one than was thought", async () => {
    const tenants = names(count, `imported-${count}/`);
    await addTenants(bench.admin, tenants);
    const source = { tenants: tenants.map((tenant) => ({ tenant, currency: "USD" })) };
    expect(await bench.purser.importEntitlements({ source, actor: "test" })).toMatchObject({ outcome: "unchanged" });
    const thought = source.tenants.map((one, i) => (i === count - 1 ? { ...one, currency: "EUR" } : one));
    const wrong = { tenants: [...thought, ...thought.slice(0, 1)] };
    expect(await bench.purser.importEntitlements({ source: wrong, actor: "test" })).toMatchObject({
      outcome: "invalid_input",
      problems: expect.arrayContaining([
        expect.objectContaining({ path: `tenants.${count - 1}.currency` }),
        expect.objectContaining({ path: `tenants.${count}.tenant`, problem: "named twice" }),
      ]),
    });
  });

  test("revisions of the catalogue", async () => {
    await addRevisions(bench.admin, count);
    const revisions = (await bench.purser.catalogRevisions()).map(({ revision }) => revision);
    expect(revisions).toEqual(Array.from({ length: count }, (_, i) => count - i));
  });

  // The last, because from here on there are as many for everybody.
  test("features of a plan", async () => {
    await addFeatures(
      bench.admin,
      Array.from({ length: count }, (_, i) => `flag-${count}-${i}`),
    );
    const tenant = await bench.testTenant(`subscribed-${count}`, "pro");
    const [written] = await bench.rows<{ count: string }>(
      "SELECT count(*) FROM purser.entitlements WHERE tenant_id = $1 AND feature LIKE $2",
      [tenant, `flag-${count}-%`],
    );
    expect(Number(written?.count)).toBe(count);
  });
});
