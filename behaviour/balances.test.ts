// What balances promise, through every door: SQL, TypeScript on pg and on Drizzle, and HTTP answer alike, because there is one implementation.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type House, openHouse } from "./doors.ts";

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

const names = ["SQL", "TypeScript", "Drizzle", "HTTP"] as const;
const metered = "annuity.calculations.monthly";
const credits = "messaging.credits";

describe.each(names)("through %s", (name) => {
  const through = () => house.doors[name];
  const tenant = (what: string, plan?: "free" | "pro" | "enterprise") => house.tenant(`${what}-${name}`, plan);

  test("a consumption takes what it says, once per key, and tells what is left", async () => {
    const of = await tenant("takes", "free");
    const call = { tenant: of, feature: metered, amount: 5, idempotencyKey: "a" };
    expect(await through().consume(call)).toEqual({ outcome: "consumed", replayed: false, available: 15, overage: 0 });
    expect(await through().consume(call)).toEqual({ outcome: "consumed", replayed: true, available: 15, overage: 0 });
    expect(await through().balance(of, metered)).toMatchObject({ granted: 20, used: 5, available: 15 });
  });

  test("what is not there is refused, nothing is taken, and the key is free", async () => {
    const of = await tenant("refuses", "free");
    const call = { tenant: of, feature: metered, amount: 21, idempotencyKey: "a" };
    const refused = await through().consume(call);
    expect(refused).toMatchObject({ outcome: "limit_reached", available: 20 });
    expect(new Date(refused.resetsAt ?? "")).toEqual(new Date("2026-02-01T00:00:00Z"));
    expect(await through().balance(of, metered)).toMatchObject({ used: 0, available: 20 });
    expect(await through().consume({ ...call, amount: 20 })).toMatchObject({ outcome: "consumed", available: 0 });
    expect(await through().check({ tenant: of, feature: metered })).toMatchObject({
      allowed: false,
      reason: "LIMIT_REACHED",
      limit: 20,
      used: 20,
      remaining: 0,
    });
  });

  test("the same key with another question names the field", async () => {
    const of = await tenant("conflict", "pro");
    const call = { tenant: of, feature: metered, amount: 5, idempotencyKey: "a" };
    await through().consume(call);
    expect(await through().consume({ ...call, amount: 6 })).toMatchObject({
      outcome: "idempotency_conflict",
      field: "amount",
    });
    expect(await through().consume({ ...call, feature: credits })).toMatchObject({
      outcome: "idempotency_conflict",
      field: "feature",
    });
    expect(await through().consume({ ...call, subject: "ann" })).toMatchObject({
      outcome: "idempotency_conflict",
      field: "subject",
    });
  });

  test("a grant adds once per key, and its credits can be consumed without a plan", async () => {
    const of = await tenant("grants");
    const grant = { tenant: of, feature: credits, amount: "10.5", dedupeKey: "order-1" };
    expect(await through().consume({ tenant: of, feature: credits, idempotencyKey: "early" })).toMatchObject({
      outcome: "subscription_inactive",
    });
    expect(await through().grant(grant)).toEqual({ outcome: "granted", replayed: false, available: 10.5 });
    expect(await through().grant(grant)).toEqual({ outcome: "granted", replayed: true, available: 10.5 });
    expect(await through().grant({ ...grant, amount: 11 })).toMatchObject({
      outcome: "idempotency_conflict",
      field: "amount",
    });
    expect(await through().consume({ tenant: of, feature: credits, amount: 0.25, idempotencyKey: "a" })).toMatchObject({
      outcome: "consumed",
      available: 10.25,
    });
    expect(await through().consume({ tenant: of, feature: credits, amount: 10.26, idempotencyKey: "b" })).toMatchObject(
      {
        outcome: "insufficient_balance",
        available: 10.25,
      },
    );
  });

  test("a window turns when somebody asks, and the next is whole", async () => {
    const of = await tenant("turns", "free");
    await through().consume({ tenant: of, feature: metered, amount: 20, idempotencyKey: "january" });
    await house.purser.advanceClock({ tenant: of, to: new Date("2026-02-01T00:00:00Z") });
    expect(await through().check({ tenant: of, feature: metered })).toMatchObject({ allowed: true, remaining: 20 });
    expect(
      await through().consume({ tenant: of, feature: metered, amount: 1, idempotencyKey: "february" }),
    ).toMatchObject({
      outcome: "consumed",
      available: 19,
    });
  });

  test("unlimited is a state and not a number", async () => {
    const of = await tenant("unlimited", "enterprise");
    expect(await through().consume({ tenant: of, feature: metered, amount: 1e9, idempotencyKey: "a" })).toMatchObject({
      outcome: "consumed",
      available: null,
    });
    expect(await through().check({ tenant: of, feature: metered })).toMatchObject({
      allowed: true,
      unlimited: true,
      limit: null,
      remaining: null,
    });
    expect(await through().check({ tenant: of, feature: "projects.max" })).toMatchObject({ unlimited: true });
  });

  test("denials carry their reason and what would unlock them", async () => {
    const of = await tenant("denials", "free");
    const check = (feature: string) => through().check({ tenant: of, feature });
    expect(await check("ccp-05")).toMatchObject({
      allowed: false,
      reason: "TIER_INSUFFICIENT",
      unlockedBy: ["pro", "pro_plus", "portfolio", "enterprise"],
    });
    expect(await check(credits)).toMatchObject({ allowed: false, reason: "NOT_INCLUDED" });
    expect(await check("no.such")).toMatchObject({ allowed: false, reason: "FEATURE_UNKNOWN" });
    expect(await through().check({ tenant: "nobody", feature: "ccp-01" })).toMatchObject({ reason: "TENANT_UNKNOWN" });
    expect(await check("workspace.access")).toMatchObject({ allowed: true, reason: "INCLUDED" });
    expect(await check("projects.create")).toMatchObject({ allowed: true, limit: 3, remaining: 3 });
  });

  test.each([
    ["tenant_unknown", undefined, { tenant: "nobody" }],
    ["feature_unknown", undefined, { feature: "no.such" }],
    ["wrong_kind", undefined, { feature: "ccp-01" }],
    ["wrong_kind", undefined, { feature: "projects.max" }],
    ["invalid_input", "amount", { amount: -1 }],
    ["invalid_input", "amount", { amount: 0 }],
    ["invalid_input", "amount", { amount: "0.0000001" }],
    ["not_included", undefined, { feature: credits }],
  ] as const)("%s %s is named and writes nothing (%#)", async (outcome, field, change) => {
    const of = await tenant("bad", "free");
    const before = await written();
    const answer = await through().consume({
      tenant: of,
      feature: metered,
      amount: 1,
      idempotencyKey: "bad",
      ...change,
    });
    expect(answer).toMatchObject({ outcome, ...(field === undefined ? {} : { field }) });
    expect(await written()).toEqual(before);
  });
});

test("a key used through one door is known to the others", async () => {
  const tenant = await house.tenant("between-doors", "free");
  const call = { tenant, feature: metered, amount: 2, idempotencyKey: "one" };
  expect(await house.doors.SQL.consume(call)).toMatchObject({ replayed: false });
  expect(await house.doors.TypeScript.consume(call)).toMatchObject({ replayed: true, available: 18 });
  expect(await house.doors.HTTP.consume(call)).toMatchObject({ replayed: true, available: 18 });
});

test("the same natural keys in two tenants never meet, through any door", async () => {
  const [one, other] = [await house.tenant("twin-1"), await house.tenant("twin-2")];
  for (const tenant of [one, other]) {
    await house.doors.HTTP.grant({ tenant, feature: credits, amount: 10, dedupeKey: "order" });
  }
  for (const [i, name] of names.entries()) {
    const call = { tenant: one, feature: credits, amount: i + 1, idempotencyKey: `key-${name}`, subject: "ann" };
    expect(await house.doors[name].consume(call)).toMatchObject({ outcome: "consumed", replayed: false });
    expect(await house.doors[name].balance(other, credits)).toMatchObject({ used: 0, available: 10 });
  }
  expect(await house.doors.SQL.balance(one, credits)).toMatchObject({ used: 10, available: 0 });
});

async function written(): Promise<unknown> {
  const { rows } = await house.pool.query(
    `SELECT (SELECT count(*) FROM purser.balance_facts) AS facts, (SELECT count(*) FROM purser.grants) AS grants,
       (SELECT count(*) FROM purser.outbox) AS changes, (SELECT sum(version) FROM purser.balances) AS versions`,
  );
  return rows;
}
