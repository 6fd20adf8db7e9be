// The SDK against a real server: what the doors of the other suites do not use.
import { createClient, PurserError } from "@purser/sdk";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type House, openHouse } from "./doors.ts";
import { addBalances, addFeatures, addTenants, counts, inByteOrder, names } from "./fixture/many.ts";

// Ten thousand lines take seconds, and several times that where other tests want the processor as well.
vi.setConfig({ testTimeout: 240_000 });

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

describe.each(counts)("J05: lists of %i lines are told whole, one by one and all at once", (count) => {
  async function told<Line, Name>(lines: AsyncIterable<Line>, nameOf: (line: Line) => Name): Promise<Name[]> {
    const all: Name[] = [];
    for await (const line of lines) all.push(nameOf(line));
    return all;
  }

  test("tenants", async () => {
    const prefix = `many-${count}/`;
    const tenants = names(count, prefix);
    await addTenants(house.admin, tenants, "test");
    expect(await told(client.tenants.each({ prefix }), ({ tenant }) => tenant)).toEqual(inByteOrder(tenants));
  });

  test("balances and grants", async () => {
    const tenant = await house.tenant(`held-${count}`);
    const subjects = names(count);
    await addBalances(house.admin, { tenant, feature: "messaging.credits", subjects });
    const [balances, grants] = [await client.balances({ tenant }), await client.grants({ tenant })];
    for (const lines of [balances, grants]) {
      expect(lines.map(({ subject }) => subject)).toEqual(inByteOrder(subjects));
    }
    const of = { tenant, feature: "messaging.credits" };
    expect(await told(client.eachBalance(of), ({ subject }) => subject)).toEqual(inByteOrder(subjects));
    expect(await told(client.eachGrant(of), ({ grantId }) => grantId)).toEqual(grants.map(({ grantId }) => grantId));
  });

  test("decisions", async () => {
    const tenant = await house.tenant(`decided-${count}`);
    await addFeatures(
      house.admin,
      Array.from({ length: count }, (_, i) => `f${count}.${i}`),
    );
    const features = (await client.checkAll({ tenant })).map(({ feature }) => feature);
    expect(features.filter((feature) => feature.startsWith(`f${count}.`))).toHaveLength(count);
    expect(await told(client.eachDecision({ tenant }), ({ feature }) => feature)).toEqual(features);
  });
});
