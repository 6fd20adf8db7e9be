import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkbench, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

test("each tenant stands at its own time, on the plan it has then, or on none", async () => {
  await bench.testTenant("placed", "pro", "2026-03-01T00:00:00Z");
  await bench.testTenant("planless", undefined, "2026-04-01T00:00:00Z");
  const stands = await bench.purser.standings({ tenants: ["placed", "planless", "nobody"] });
  expect(stands.get("placed")).toMatchObject({
    asOf: new Date("2026-03-01T00:00:00Z"),
    subscription: { plan: "pro", planVersion: 1, status: "active", until: null },
  });
  expect(stands.get("planless")).toEqual({
    tenant: "planless",
    asOf: new Date("2026-04-01T00:00:00Z"),
    subscription: null,
  });
  expect(stands.get("nobody")?.subscription).toBeNull();
});

test("a list is narrowed to the ids that begin with a text, taken literally", async () => {
  for (const tenant of ["pre%fix", "pre%fix-two", "prefix", "pre_", "pr", "pre\u{1f600}"]) {
    await bench.purser.createTenant({ tenant, actor: "test" });
  }
  const found = async (prefix: string) =>
    (await bench.purser.listTenants({ count: 10, prefix })).lines.map(({ tenant }) => tenant);
  expect(await found("pre%")).toEqual(["pre%fix", "pre%fix-two"]);
  expect(await found("pre")).toEqual(["pre%fix", "pre%fix-two", "pre_", "prefix", "pre\u{1f600}"]);
  expect(await found("pre\0")).toEqual([]);
  expect(await found("zz")).toEqual([]);
});
