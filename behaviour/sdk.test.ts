// The SDK against a real server: what the doors of the other suites do not use.
import { createClient, PurserError } from "@purser/sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type House, openHouse } from "./doors.ts";

let house: House;
let client: ReturnType<typeof createClient>;
beforeAll(async () => {
  house = await openHouse();
  client = createClient(house.http);
});
afterAll(() => house.close());

test("a tenant is made, found, listed, subscribed and moved in time", async () => {
  const made = { tenant: "sdk", mode: "test", clockAt: "2026-01-01T00:00:00Z" } as const;
  expect(await client.tenants.create(made)).toMatchObject({ outcome: "created", replayed: false });
  expect(await client.tenants.create(made)).toMatchObject({ outcome: "created", replayed: true });
  expect(await client.tenants.create({ ...made, currency: "EUR" })).toMatchObject({
    outcome: "idempotency_conflict",
    field: "currency",
  });
  expect(await client.tenants.get({ tenant: "sdk" })).toMatchObject({ tenant: "sdk", mode: "test", currency: "USD" });
  expect(await client.tenants.get({ tenant: "nobody" })).toBeUndefined();
  const page = await client.tenants.list({ limit: 1 });
  expect(page.tenants).toHaveLength(1);
  const subscription = { tenant: "sdk", plan: "pro", idempotencyKey: "s" };
  expect(await client.tenants.subscribe(subscription)).toMatchObject({ outcome: "subscribed", plan: "pro" });
  expect(await client.tenants.subscribe({ ...subscription, plan: "free" })).toMatchObject({
    outcome: "idempotency_conflict",
  });
  expect(await client.tenants.advanceClock({ tenant: "sdk", to: new Date("2026-02-01T00:00:00Z") })).toMatchObject({
    outcome: "advanced",
  });
  const decisions = await client.checkAll({ tenant: "sdk" });
  expect(decisions.filter(({ allowed }) => allowed).length).toBeGreaterThan(7);
});

test("what is no expected refusal is thrown, with its code", async () => {
  await expect(client.balances({ tenant: "nobody" })).rejects.toMatchObject({
    name: "PurserError",
    code: "tenant_unknown",
  });
  const stranger = createClient({ url: house.http.url, key: "purser_test_0_0" });
  await expect(stranger.check({ tenant: "sdk", feature: "ccp-01" })).rejects.toBeInstanceOf(PurserError);
});

test("a catalogue is read, judged, compared and published on top of what was compared", async () => {
  const published = await client.catalog.published();
  expect(published?.revision).toBe(1);
  const catalog = published?.catalog as { plans: Record<string, object> };
  const wrong = { ...catalog, plans: { ...catalog.plans, pro: { ...catalog.plans["pro"], tier: "gold" } } };
  expect(await client.catalog.validate({ catalog: wrong })).toMatchObject({
    valid: false,
    problems: [{ path: "plans.pro.tier" }],
  });
  const renamed = { ...catalog, plans: { ...catalog.plans, pro: { ...catalog.plans["pro"], name: "Professional" } } };
  expect(await client.catalog.compare({ catalog: renamed })).toMatchObject({
    revision: 1,
    equal: false,
    changes: [{ path: "plans.pro.name", to: "Professional" }],
  });
  expect(await client.catalog.revision({ revision: 1 })).toEqual(published);
  expect(await client.catalog.revision({ revision: 2 })).toBeUndefined();
  const { catalog: _, ...said } = published ?? {};
  expect(await client.catalog.revisions({ limit: 1 })).toMatchObject({ revisions: [said], nextCursor: null });
  // The house's key is of test mode, and the catalogue is everybody's.
  await expect(client.catalog.publish({ catalog: renamed })).rejects.toMatchObject({ code: "other_mode" });
});
