import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkbench, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());
const day = (n: number) => new Date(Date.UTC(2026, 0, 1 + n));
const drawn = async (tenant: string, feature: string) =>
  (await bench.purser.grants({ tenant, feature })).map((one) => [
    one.dedupeKey.startsWith("allowance:") ? "allowance" : one.dedupeKey,
    one.burnOrder,
    one.used,
    one.remaining,
  ]);

test("each open grant says what it has paid so far, in burn order, without the interval having been closed", async () => {
  const tenant = await bench.testTenant("drawn");
  const grant = (dedupeKey: string, more: object) =>
    bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 10, dedupeKey, ...more });
  await grant("last", {});
  await grant("soon", { expiresAt: day(9), source: "promotion", metadata: { campaign: "spring" } });
  await grant("future", { effectiveAt: day(20) });
  await bench.purser.tryConsume(bench.pool, { tenant, feature: "credits", amount: 12.5, idempotencyKey: "k1" });
  expect(await drawn(tenant, "credits")).toEqual([
    ["soon", 1, 10, 0],
    ["last", 2, 2.5, 7.5],
    ["future", null, 0, 10],
  ]);
  const [soon] = await bench.purser.grants({ tenant });
  expect(soon).toMatchObject({
    feature: "credits",
    subject: "",
    source: "promotion",
    amount: 10,
    unlimited: false,
    expiresAt: day(9),
    metadata: { campaign: "spring" },
  });
  expect(soon?.issuedAt).toBeInstanceOf(Date);
  await bench.purser.advanceClock({ tenant, to: day(20) });
  expect(await drawn(tenant, "credits")).toEqual([
    ["last", 1, 2.5, 7.5],
    ["future", 2, 0, 10],
  ]);
  const [balance] = await bench.purser.balances({ tenant, feature: "credits" });
  expect(balance).toMatchObject({ granted: 20, used: 2.5, available: 17.5 });
});

test("the allowance of a window that nobody has drawn from yet is there, and finite grants rest beside an unlimited one", async () => {
  const tenant = await bench.testTenant("untouched", "pro");
  expect(await drawn(tenant, "reports")).toEqual([["allowance", 1, 0, 100]]);
  await bench.purser.tryConsume(bench.pool, { tenant, feature: "reports", amount: 4, idempotencyKey: "a" });
  await bench.purser.issueGrant(bench.pool, { tenant, feature: "reports", unlimited: true, dedupeKey: "unlimited" });
  await bench.purser.tryConsume(bench.pool, { tenant, feature: "reports", amount: 500, idempotencyKey: "b" });
  expect(await drawn(tenant, "reports")).toEqual([
    ["unlimited", 1, 500, null],
    ["allowance", 2, 4, 96],
  ]);
  await bench.purser.tryConsume(bench.pool, {
    tenant,
    feature: "seats",
    subject: "ann",
    amount: 3,
    idempotencyKey: "s",
  });
  expect((await bench.purser.grants({ tenant, feature: "seats" })).map(({ subject, used }) => [subject, used])).toEqual(
    [["ann", 3]],
  );
});

test("there is nothing to say about a tenant that does not exist", async () => {
  expect(await bench.purser.grants({ tenant: "nobody" })).toEqual([]);
  expect(await bench.purser.grants({ tenant: "" })).toEqual([]);
});
