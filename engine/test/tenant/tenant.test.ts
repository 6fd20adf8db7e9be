import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkbench, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

test("the id is the idempotency key: the same again is a replay, another description names the field", async () => {
  const acme = { tenant: "acme", name: "Acme", timeZone: "Europe/Berlin", currency: "EUR", actor: "test" } as const;
  expect(await bench.purser.createTenant(acme)).toEqual({ outcome: "created", replayed: false });
  expect(await bench.purser.createTenant(acme)).toEqual({ outcome: "created", replayed: true });
  for (const [field, change] of [
    ["name", { name: "Other" }],
    ["timeZone", { timeZone: "UTC" }],
    ["currency", { currency: "USD" }],
    ["mode", { mode: "test" }],
    ["metadata", { metadata: { plan: 1 } }],
  ] as const) {
    expect(await bench.purser.createTenant({ ...acme, ...change })).toEqual({ outcome: "idempotency_conflict", field });
  }
  expect(await bench.purser.findTenant({ tenant: "acme" })).toMatchObject({ name: "Acme", version: 1, mode: "live" });
});

test("asked for by many at once it is one tenant", async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, () => bench.purser.createTenant({ tenant: "many", actor: "test" })),
  );
  expect(outcomes.filter((one) => one.outcome === "created" && !one.replayed)).toHaveLength(1);
  expect(outcomes.filter(({ outcome }) => outcome === "created")).toHaveLength(10);
});

test("two spellings of one letter are one tenant", async () => {
  await bench.purser.createTenant({ tenant: "caf\u00e9", actor: "test" });
  expect(await bench.purser.createTenant({ tenant: "cafe\u0301", actor: "test" })).toMatchObject({ replayed: true });
});

test.each([
  ["tenant", { tenant: "" }],
  ["tenant", { tenant: "x".repeat(201) }],
  ["tenant", { tenant: "a\0b" }],
  ["name", { name: "\ud800" }],
  ["mode", { mode: "sandbox" as "test" }],
  ["timeZone", { timeZone: "Mars/Olympus" }],
  ["timeZone", { timeZone: "EST5EDT" }],
  ["timeZone", { timeZone: "FOO3" }],
  ["timeZone", { timeZone: "" }],
  ["currency", { currency: "usd" }],
  ["currency", { currency: "EURO" }],
  ["clock", { clockAt: new Date("2026-01-01T00:00:00Z") }],
  ["metadata", { metadata: { a: "\0" } }],
] as const)("a bad %s is named and nothing is made (%#)", async (field, change) => {
  const outcome = await bench.purser.createTenant({ tenant: "bad", actor: "test", ...change });
  expect(outcome).toEqual({ outcome: "invalid_input", field });
  expect(await bench.purser.findTenant({ tenant: "bad" })).toBeUndefined();
});

test("a test tenant's clock stands where it was put and only moves forward; a live tenant has none", async () => {
  const tenant = await bench.testTenant("clocked", "pro", "2026-05-01T00:00:00Z");
  const to = new Date("2026-05-02T00:00:00Z");
  expect(await bench.purser.advanceClock({ tenant, to })).toEqual({ outcome: "advanced", now: to });
  expect(await bench.purser.advanceClock({ tenant, to })).toEqual({ outcome: "advanced", now: to });
  const back = new Date("2026-05-01T23:59:59Z");
  expect(await bench.purser.advanceClock({ tenant, to: back })).toEqual({ outcome: "invalid_input", field: "to" });
  await bench.purser.createTenant({ tenant: "alive", actor: "test" });
  expect(await bench.purser.advanceClock({ tenant: "alive", to })).toEqual({ outcome: "not_a_test_tenant" });
  expect(await bench.purser.advanceClock({ tenant: "nobody", to })).toEqual({ outcome: "tenant_unknown" });
  const forced = bench.rows(
    "INSERT INTO purser.test_clocks (slot, tenant_id, now_at) VALUES (purser.slot_of('alive'), 'alive', now())",
  );
  await expect(forced).rejects.toMatchObject({ code: "23503" });
});
