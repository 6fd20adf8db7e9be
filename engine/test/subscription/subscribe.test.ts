import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkbench, smallCatalog, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());
const asked = (tenant: string, plan: "free" | "pro" = "pro", idempotencyKey = "s") => ({
  tenant,
  plan,
  idempotencyKey,
  actor: "test",
});

test("a subscription is its periods, what it says about every feature, and its amounts, in one transaction", async () => {
  const tenant = await bench.testTenant("whole", "pro");
  const says = await bench.purser.checkAll({ tenant });
  expect(says.map(({ feature }) => feature)).toEqual(Object.keys(smallCatalog.features).toSorted());
  const denied = says.filter(({ allowed }) => !allowed).map(({ feature, reason }) => [feature, reason]);
  expect(denied).toEqual([
    ["credits", "NOT_INCLUDED"],
    ["seats", "NOT_INCLUDED"],
  ]);
  expect((await bench.purser.balances({ tenant })).map(({ feature }) => feature)).toEqual([
    "exports",
    "projects",
    "reports",
    "views",
  ]);
  const written = await bench.rows(
    "SELECT action, actor FROM purser.audit_log WHERE tenant_id = $1 ORDER BY recorded_at, action DESC",
    [tenant],
  );
  expect(written).toEqual([
    { action: "tenant.create", actor: "test" },
    { action: "subscription.write", actor: "test" },
  ]);
});

test("once per key: the same is replayed, another plan is a conflict, a second subscription is refused", async () => {
  const tenant = await bench.testTenant("keyed");
  const first = await bench.purser.subscribe(asked(tenant));
  expect(first).toMatchObject({ outcome: "subscribed", replayed: false });
  expect(await bench.purser.subscribe(asked(tenant))).toEqual({ ...first, replayed: true });
  expect(await bench.purser.subscribe(asked(tenant, "free"))).toEqual({
    outcome: "idempotency_conflict",
    field: "plan",
  });
  expect(await bench.purser.subscribe(asked(tenant, "free", "other"))).toMatchObject({ outcome: "already_subscribed" });
});

test("asked for ten times at once it happens once", async () => {
  const tenant = await bench.testTenant("at-once");
  const same = await Promise.all(Array.from({ length: 10 }, () => bench.purser.subscribe(asked(tenant))));
  expect(same.filter((one) => one.outcome === "subscribed" && !one.replayed)).toHaveLength(1);
  expect(same.filter(({ outcome }) => outcome === "subscribed")).toHaveLength(10);
  const rival = await bench.testTenant("rivals");
  const rivals = await Promise.all(
    Array.from({ length: 10 }, (_, i) => bench.purser.subscribe(asked(rival, i % 2 === 0 ? "pro" : "free", `k${i}`))),
  );
  expect(rivals.filter(({ outcome }) => outcome === "subscribed")).toHaveLength(1);
  expect(rivals.filter(({ outcome }) => outcome === "already_subscribed")).toHaveLength(9);
  expect(await bench.purser.balances({ tenant, feature: "reports" })).toMatchObject([{ granted: 100 }]);
});

test("refreshing what a plan means twice changes nothing", async () => {
  const tenant = await bench.testTenant("refreshed", "pro");
  await bench.purser.advanceClock({ tenant, to: new Date("2026-01-05T00:00:00Z") });
  const before = await bench.rows("SELECT version FROM purser.balances WHERE tenant_id = $1 ORDER BY feature", [
    tenant,
  ]);
  expect(await bench.purser.refreshPlanState({ tenant, actor: "test" })).toEqual({
    outcome: "refreshed",
    changed: false,
  });
  expect(
    await bench.rows("SELECT version FROM purser.balances WHERE tenant_id = $1 ORDER BY feature", [tenant]),
  ).toEqual(before);
});

test("a trial's end is written when it begins: consuming a second later needs no worker", async () => {
  const catalog = {
    ...smallCatalog,
    plans: { ...smallCatalog.plans, trial: { ...smallCatalog.plans.pro, name: "Trial", trialDays: 14 } },
  };
  await bench.purser.publishCatalog({ actor: "test", catalog });
  const tenant = await bench.testTenant("trial");
  await bench.purser.subscribe({ ...asked(tenant), plan: "trial" as "pro" });
  const consume = (idempotencyKey: string) =>
    bench.purser.tryConsume(bench.pool, { tenant, feature: "reports", idempotencyKey });
  await bench.purser.advanceClock({ tenant, to: new Date("2026-01-14T23:59:59Z") });
  expect(await consume("1")).toMatchObject({ outcome: "consumed" });
  await bench.purser.advanceClock({ tenant, to: new Date("2026-01-15T00:00:00Z") });
  expect(await bench.purser.check({ tenant, feature: "reports" })).toMatchObject({
    allowed: false,
    reason: "TRIAL_EXPIRED",
  });
  expect(await bench.purser.check({ tenant, feature: "sso" })).toMatchObject({
    allowed: false,
    reason: "TRIAL_EXPIRED",
  });
  expect(await consume("2")).toMatchObject({ outcome: "trial_expired" });
  // The key of what was consumed before still answers.
  expect(await consume("1")).toMatchObject({ outcome: "consumed", replayed: true });
});

test("unknown tenants and plans are named outcomes, and a bad tenant names its field", async () => {
  expect(await bench.purser.subscribe(asked("nobody"))).toMatchObject({ outcome: "tenant_unknown" });
  const tenant = await bench.testTenant("unknown-plan");
  expect(await bench.purser.subscribe({ ...asked(tenant), plan: "gold" as "pro" })).toMatchObject({
    outcome: "plan_unknown",
  });
  expect(await bench.purser.subscribe(asked("a\0"))).toMatchObject({ outcome: "invalid_input", field: "tenant" });
  for (const key of ["", "a\0", "k".repeat(201)])
    expect(await bench.purser.subscribe(asked(tenant, "pro", key))).toMatchObject({
      outcome: "invalid_input",
      field: "idempotencyKey",
    });
});

test("a dry run tells what would happen and leaves nothing", async () => {
  const tenant = await bench.testTenant("dry");
  expect(await bench.purser.subscribe({ ...asked(tenant), dryRun: true })).toMatchObject({ outcome: "subscribed" });
  expect(await bench.rows("SELECT 1 FROM purser.subscriptions WHERE tenant_id = $1", [tenant])).toEqual([]);
  expect(await bench.purser.subscribe(asked(tenant))).toMatchObject({ outcome: "subscribed", replayed: false });
});

test("a tenant can be made on its plan, both or neither", async () => {
  const made = (tenant: string, plan: string) =>
    bench.purser.createTenant({ tenant, plan: plan as "pro", actor: "test" });
  expect(await made("with-plan", "pro")).toEqual({ outcome: "created", replayed: false });
  expect(await bench.purser.check({ tenant: "with-plan", feature: "sso" })).toMatchObject({ allowed: true });
  expect(await made("with-plan", "pro")).toEqual({ outcome: "created", replayed: true });
  expect(await made("no-plan", "gold")).toEqual({ outcome: "plan_unknown" });
  expect(await bench.purser.findTenant({ tenant: "no-plan" })).toBeUndefined();
});
