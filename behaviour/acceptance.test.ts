// What was ordered, line by line, on the example catalogue; each test carries the id of its line.
import { type Purser, createPurser } from "@purser/engine";
import { exampleCatalog } from "@purser/server";
import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "./fixture/database.ts";

let database: TestDatabase;
let pool: Pool;
let purser: Purser<typeof exampleCatalog>;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = new Pool({ connectionString: database.serviceUrl });
  // A connection may still be closing when its database is dropped, and says so; nobody is to hear of it.
  pool.on("error", () => undefined);
  purser = createPurser({ catalog: exampleCatalog, database: pool });
  await purser.publishCatalog({ actor: "test" });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function tenantOn(plan?: keyof typeof exampleCatalog.plans): Promise<string> {
  const tenant = `on-${plan ?? "nothing"}-${Math.trunc(performance.now() * 1000)}`;
  await purser.createTenant({ tenant, plan, actor: "test" });
  return tenant;
}
const inSql = async (statement: string, values: string[]) => (await pool.query(statement, values)).rows[0].answer;

describe("S000", () => {
  test("S000-6: has_entitlement is a boolean, false without an active subscription", async () => {
    const has = (tenant: string, feature: string) =>
      inSql("SELECT purser.has_entitlement($1, $2) AS answer", [tenant, feature]);
    const tenant = await tenantOn("pro");
    expect(await has(tenant, "ccp-05")).toBe(true);
    expect(await has(tenant, "ccp-13")).toBe(false);
    expect(await has(await tenantOn(), "ccp-01")).toBe(false);
    expect(await has("nobody", "ccp-01")).toBe(false);
    expect(await has(tenant, "no.such.feature")).toBe(false);
    expect(await purser.hasEntitlement(tenant, "ccp-05")).toBe(true);
  });

  test("S000-7: entitlement_value is the finite number; null for unlimited", async () => {
    const value = (tenant: string, feature: string) =>
      inSql("SELECT purser.entitlement_value($1, $2)::float8 AS answer", [tenant, feature]);
    const [pro, enterprise] = [await tenantOn("pro"), await tenantOn("enterprise")];
    expect(await value(pro, "projects.max")).toBe(25);
    expect(await value(pro, "annuity.calculations.monthly")).toBe(500);
    expect(await value(pro, "support.response_hours")).toBe(24);
    expect(await value(enterprise, "projects.max")).toBeNull();
    expect(await value(pro, "ccp-05")).toBeNull();
    expect(await purser.check({ tenant: enterprise, feature: "projects.max" })).toMatchObject({ unlimited: true });
  });
});

describe("S001", () => {
  test("S001-2: the scaffold's features exist with their kinds", async () => {
    const { rows } = await pool.query("SELECT key, kind FROM purser.features WHERE key = ANY ($1) ORDER BY key", [
      ["projects.max", "annuity.calculations.monthly", "workspace.access", "messaging.credits"],
    ]);
    expect(rows).toEqual([
      { key: "annuity.calculations.monthly", kind: "metered" },
      { key: "messaging.credits", kind: "credits" },
      { key: "projects.max", kind: "capacity" },
      { key: "workspace.access", kind: "flag" },
    ]);
  });

  test("S001-11: the capabilities stand in one place and mean the same through every door", async () => {
    expect(exampleCatalog.capabilities).toEqual({
      "projects.create": { feature: "projects.max", amount: 1 },
      "projects.unarchive": { feature: "projects.max", amount: 1 },
      "annuity.calculate": { feature: "annuity.calculations.monthly", amount: 1 },
    });
    const tenant = await tenantOn("free");
    const decided = await inSql("SELECT to_jsonb(c) AS answer FROM purser.check_entitlement($1, 'projects.create') c", [
      tenant,
    ]);
    expect(decided).toMatchObject({ allowed: true, feature: "projects.max", quantity_limit: 3 });
    const consumed = await purser.tryConsume(pool, { tenant, feature: "annuity.calculate", idempotencyKey: "one" });
    expect(consumed).toMatchObject({ outcome: "consumed", amount: 1, available: 19 });
  });
});

describe("S002", () => {
  const byTier = { free: 3, pro: 7, pro_plus: 10, portfolio: 12, enterprise: 14 };
  test.each(Object.entries(byTier))(
    "S002-2: on %s the first %i of the fourteen features are open",
    async (tier, open) => {
      const tenant = await tenantOn(tier as "free");
      const features = (await purser.checkAll({ tenant })).filter(({ feature }) => feature.startsWith("ccp-"));
      expect(features).toHaveLength(14);
      expect(features.map(({ allowed }) => allowed)).toEqual(Array.from({ length: 14 }, (_, i) => i < open));
      const denied = features.filter(({ allowed }) => !allowed);
      expect(
        denied.every(
          ({ reason, requiredTier, unlockedBy }) =>
            reason === "TIER_INSUFFICIENT" && requiredTier !== null && unlockedBy.length > 0,
        ),
      ).toBe(true);
    },
  );

  test("S002-2: initialised in the transaction that creates the tenant, and synchronised again when the catalogue grows", async () => {
    const tenant = await tenantOn("pro");
    const count = () =>
      inSql("SELECT count(*)::int AS answer FROM purser.entitlements WHERE tenant_id = $1 AND ends_at = 'infinity'", [
        tenant,
      ]);
    const features = Object.keys(exampleCatalog.features).length;
    expect(await count()).toBe(features);
    const grown = {
      ...exampleCatalog,
      features: { ...exampleCatalog.features, "ccp-15": { kind: "flag", name: "New", minimumTier: "pro" } },
    };
    await purser.publishCatalog({ actor: "test", catalog: grown });
    expect(await purser.check({ tenant, feature: "ccp-15" as "ccp-14" })).toMatchObject({ allowed: false });
    expect(await purser.refreshPlanState({ tenant, actor: "test" })).toEqual({ outcome: "refreshed", changed: true });
    expect(await count()).toBe(features + 1);
    expect(await purser.check({ tenant, feature: "ccp-15" as "ccp-14" })).toMatchObject({ allowed: true });
  });
});
