import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkbench, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());
const day = (n: number) => new Date(Date.UTC(2026, 0, 1 + n));
const credits = async (tenant: string) => (await bench.purser.balances({ tenant, feature: "credits" }))[0];

test("a grant counts from its start to its end, judged when it is read", async () => {
  const tenant = await bench.testTenant("dated");
  const grant = {
    tenant,
    feature: "credits",
    amount: 10,
    dedupeKey: "g",
    effectiveAt: day(2),
    expiresAt: day(4),
  } as const;
  await bench.purser.issueGrant(bench.pool, grant);
  const seen: unknown[] = [];
  for (const at of [1.9, 2, 3.9, 4]) {
    await bench.purser.advanceClock({ tenant, to: day(at) });
    seen.push((await credits(tenant))?.available);
  }
  expect(seen).toEqual([0, 10, 10, 0]);
  // B07: at the very instant of its end it is over, for consuming too.
  expect(await bench.purser.tryConsume(bench.pool, { tenant, feature: "credits", idempotencyKey: "k" })).toMatchObject({
    outcome: "subscription_inactive",
  });
});

test("grants are drawn by priority, then earlier expiry, then earlier issue", async () => {
  const tenant = await bench.testTenant("order");
  const grant = (dedupeKey: string, more: object) =>
    bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 10, dedupeKey, ...more });
  await grant("late", {});
  await grant("later", {});
  await grant("soon", { expiresAt: day(9) });
  await grant("first", { priority: 1, expiresAt: day(30) });
  await bench.purser.tryConsume(bench.pool, { tenant, feature: "credits", amount: 25, idempotencyKey: "k1" });
  // Another grant closes the interval: now it stands written which grant paid for what.
  await grant("closing", { priority: 1000 });
  const burned = await bench.rows(
    `SELECT g.dedupe_key, b.from_used::int AS from_used, b.to_used::int AS to_used
     FROM purser.burns b JOIN purser.grants g USING (tenant_id, grant_id) WHERE tenant_id = $1 ORDER BY from_used`,
    [tenant],
  );
  expect(burned).toEqual([
    { dedupe_key: "first", from_used: 0, to_used: 10 },
    { dedupe_key: "soon", from_used: 10, to_used: 20 },
    { dedupe_key: "late", from_used: 20, to_used: 25 },
  ]);
});

test("while an unlimited grant is active finite ones are not drawn, and afterwards they are as they were", async () => {
  const tenant = await bench.testTenant("both");
  await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 10, dedupeKey: "finite" });
  await bench.purser.tryConsume(bench.pool, { tenant, feature: "credits", amount: 4, idempotencyKey: "a" });
  const unlimited = { tenant, feature: "credits", unlimited: true, dedupeKey: "unlimited", expiresAt: day(5) } as const;
  await bench.purser.issueGrant(bench.pool, unlimited);
  await bench.purser.tryConsume(bench.pool, { tenant, feature: "credits", amount: 1000, idempotencyKey: "b" });
  expect(await credits(tenant)).toMatchObject({ unlimited: true, available: null });
  await bench.purser.advanceClock({ tenant, to: day(5) });
  expect(await credits(tenant)).toMatchObject({ unlimited: false, granted: 10, used: 4, available: 6 });
});

test("B08: several windows missed leave what turning each of them leaves", async () => {
  const [often, once] = [await bench.testTenant("often", "pro"), await bench.testTenant("once", "pro")];
  for (const tenant of [often, once]) {
    await bench.purser.tryConsume(bench.pool, { tenant, feature: "reports", amount: 33, idempotencyKey: "k" });
    await bench.purser.issueGrant(bench.pool, {
      tenant,
      feature: "reports",
      amount: 50,
      dedupeKey: "g",
      expiresAt: day(75),
    });
    await bench.purser.tryConsume(bench.pool, { tenant, feature: "reports", amount: 80, idempotencyKey: "k2" });
  }
  for (let month = 1; month <= 40; month += 1) {
    await bench.purser.advanceClock({ tenant: often, to: new Date(Date.UTC(2026, month, 3)) });
    await bench.purser.tryConsume(bench.pool, {
      tenant: often,
      feature: "reports",
      amount: 1e6,
      idempotencyKey: `m${month}`,
    });
  }
  await bench.purser.advanceClock({ tenant: once, to: new Date(Date.UTC(2026, 40, 3)) });
  const after = async (tenant: string) => {
    await bench.purser.tryConsume(bench.pool, { tenant, feature: "reports", amount: 7, idempotencyKey: "end" });
    const [balance] = await bench.purser.balances({ tenant, feature: "reports" });
    return { ...balance, version: 0, asOf: 0 };
  };
  expect(await after(once)).toEqual(await after(often));
  const paid = (tenant: string) =>
    bench.rows(
      `SELECT g.source, g.amount, b.from_used, b.to_used FROM purser.burns b JOIN purser.grants g USING (tenant_id, grant_id)
       WHERE tenant_id = $1 ORDER BY b.interval_no, b.from_used`,
      [tenant],
    );
  expect(await paid(once)).toEqual(await paid(often));
});

test("a question about a balance nobody has turned is answered as if somebody had", async () => {
  const tenant = await bench.testTenant("unturned", "pro");
  await bench.purser.tryConsume(bench.pool, { tenant, feature: "reports", amount: 60, idempotencyKey: "k" });
  await bench.purser.advanceClock({ tenant, to: day(40) });
  const [asked] = await bench.purser.balances({ tenant, feature: "reports" });
  expect(asked).toMatchObject({ granted: 100, used: 0, available: 100 });
  await bench.purser.tryConsume(bench.pool, { tenant, feature: "reports", amount: 1e6, idempotencyKey: "turns it" });
  const [turned] = await bench.purser.balances({ tenant, feature: "reports" });
  expect({ ...turned, version: 0 }).toEqual({ ...asked, version: 0 });
});

test.each([
  ["amount", { amount: 0 }],
  ["amount", { amount: undefined }],
  ["amount", { amount: "1.1234567" }],
  ["unlimited", { unlimited: true, amount: 5 }],
  ["dedupeKey", { dedupeKey: "" }],
  ["dedupeKey", { dedupeKey: "allowance:mine" }],
  ["source", { source: "plan" as "manual" }],
  ["priority", { priority: 1001 }],
  ["priority", { priority: 1.5 }],
  ["expiresAt", { expiresAt: day(-1) }],
  ["expiresAt", { expiresAt: new Date("never") }],
  ["expiresAt", { effectiveAt: day(3), expiresAt: day(3) }],
  ["subject", { subject: "a\0" }],
] as const)("D05: a bad grant names %s and leaves nothing (%#)", async (field, change) => {
  const tenant = await bench.testTenant("bad-grant");
  const grant = { tenant, feature: "credits", amount: 5, dedupeKey: "d", ...change } as const;
  expect(await bench.purser.issueGrant(bench.pool, grant)).toEqual({ outcome: "invalid_input", field });
  expect(await bench.rows("SELECT 1 FROM purser.grants WHERE tenant_id = $1", [tenant])).toEqual([]);
});

test("grants to what cannot hold them are refused by name", async () => {
  const tenant = await bench.testTenant("no-grant");
  const grant = (feature: string, of = tenant) =>
    bench.purser.issueGrant(bench.pool, { tenant: of, feature: feature as "credits", amount: 1, dedupeKey: "x" });
  expect(await grant("sso")).toEqual({ outcome: "wrong_kind" });
  expect(await grant("nothing")).toEqual({ outcome: "feature_unknown" });
  expect(await grant("credits", "nobody")).toEqual({ outcome: "tenant_unknown" });
  expect(await grant("credits")).toMatchObject({ outcome: "granted", replayed: false });
  const other = { tenant, feature: "credits", amount: 2, dedupeKey: "x" } as const;
  expect(await bench.purser.issueGrant(bench.pool, other)).toEqual({
    outcome: "idempotency_conflict",
    field: "amount",
  });
});
