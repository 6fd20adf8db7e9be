// What holds, reversals, voids and capacities promise, through every door: all of them answer alike.
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
const projects = "projects.max";

describe.each(names)("through %s", (name) => {
  const through = () => house.doors[name];
  const tenant = (what: string) => house.tenant(`${what}-${name}`, "free");

  test("a hold is settled with less, and the rest is there again", async () => {
    const of = await tenant("settles");
    const hold = { tenant: of, feature: metered, amount: 15, idempotencyKey: "h" };
    expect(await through().reserve(hold)).toMatchObject({ outcome: "reserved", replayed: false, available: 5 });
    expect(await through().reserve(hold)).toMatchObject({ outcome: "reserved", replayed: true, available: 5 });
    expect(await through().consume({ tenant: of, feature: metered, amount: 6, idempotencyKey: "c" })).toMatchObject({
      outcome: "limit_reached",
      available: 5,
    });
    expect(await through().reserve({ ...hold, amount: 6, idempotencyKey: "i" })).toMatchObject({
      outcome: "limit_reached",
      available: 5,
    });
    const settled = { outcome: "settled", late: false, amount: 4, overage: 0, unfunded: 0, available: 16 };
    expect(await through().settle({ tenant: of, holdKey: "h", amount: 4 })).toMatchObject({
      ...settled,
      replayed: false,
    });
    expect(await through().settle({ tenant: of, holdKey: "h", amount: 4 })).toMatchObject({
      ...settled,
      replayed: true,
    });
    expect(await through().settle({ tenant: of, holdKey: "h", amount: 5 })).toMatchObject({
      outcome: "idempotency_conflict",
      field: "amount",
    });
    expect(await through().release({ tenant: of, holdKey: "h" })).toMatchObject({ outcome: "hold_settled" });
    expect(await through().balance(of, metered)).toMatchObject({ used: 4, available: 16 });
  });

  test("a hold that is released, one that expires and one that is extended", async () => {
    const of = await tenant("releases");
    const hold = { tenant: of, feature: metered, amount: 15 };
    await through().reserve({ ...hold, idempotencyKey: "released" });
    const released = { outcome: "released", restored: 15, lapsed: 0, available: 20 };
    expect(await through().release({ tenant: of, holdKey: "released" })).toMatchObject({
      ...released,
      replayed: false,
    });
    expect(await through().release({ tenant: of, holdKey: "released" })).toMatchObject({ ...released, replayed: true });
    await through().reserve({ ...hold, idempotencyKey: "lasting" });
    const expiresAt = new Date("2026-01-01T00:30:00Z");
    expect(await through().extend({ tenant: of, holdKey: "lasting", expiresAt })).toMatchObject({
      outcome: "extended",
      replayed: false,
    });
    await house.purser.advanceClock({ tenant: of, to: new Date("2026-01-01T00:29:59Z") });
    expect(await through().balance(of, metered)).toMatchObject({ available: 5 });
    await house.purser.advanceClock({ tenant: of, to: expiresAt });
    expect(await through().balance(of, metered)).toMatchObject({ available: 20 });
    expect(await through().extend({ tenant: of, holdKey: "lasting", expiresAt })).toMatchObject({
      outcome: "hold_expired",
    });
    expect(await through().settle({ tenant: of, holdKey: "lasting", amount: 21 })).toMatchObject({
      outcome: "settled_short",
      late: true,
      amount: 20,
      unfunded: 1,
      available: 0,
    });
  });

  test("a consumption is undone in part and then whole, and not a third time", async () => {
    const of = await tenant("reverses");
    await through().consume({ tenant: of, feature: metered, amount: 9, idempotencyKey: "c" });
    const undo = { tenant: of, consumptionKey: "c", idempotencyKey: "one", amount: 4 };
    const reversed = { outcome: "reversed", amount: 4, restored: 4, lapsed: 0, overage: 0, available: 15 };
    expect(await through().reverse(undo)).toMatchObject({ ...reversed, replayed: false });
    expect(await through().reverse(undo)).toMatchObject({ ...reversed, replayed: true });
    expect(await through().reverse({ ...undo, amount: 5 })).toMatchObject({
      outcome: "idempotency_conflict",
      field: "amount",
    });
    const rest = { tenant: of, consumptionKey: "c", idempotencyKey: "two" };
    expect(await through().reverse(rest)).toMatchObject({ outcome: "reversed", amount: 5, available: 20 });
    expect(await through().reverse({ ...rest, idempotencyKey: "three" })).toMatchObject({
      outcome: "already_reversed",
    });
    expect(await through().reverse({ ...rest, consumptionKey: "no such", idempotencyKey: "four" })).toMatchObject({
      outcome: "consumption_unknown",
    });
  });

  test("a grant is voided once; of a refund the shortfall is told", async () => {
    const of = await tenant("voids");
    await through().grant({ tenant: of, feature: credits, amount: 10, dedupeKey: "order" });
    await through().consume({ tenant: of, feature: credits, amount: 3, idempotencyKey: "c" });
    const voided = { outcome: "voided", lapsed: 7, shortfall: 3, available: 0 };
    const call = { tenant: of, dedupeKey: "order", refund: true };
    expect(await through().voidGrant(call)).toMatchObject({ ...voided, replayed: false });
    expect(await through().voidGrant(call)).toMatchObject({ ...voided, replayed: true });
    expect(await through().voidGrant({ ...call, dedupeKey: "no such" })).toMatchObject({ outcome: "grant_unknown" });
  });

  test("slots are claimed by name until there are none, or counted", async () => {
    const of = await tenant("claims");
    const slot = (resource: string) => ({ tenant: of, feature: projects, resource });
    for (const [i, resource] of ["a", "b", "c"].entries()) {
      expect(await through().claim(slot(resource))).toMatchObject({
        outcome: "claimed",
        replayed: false,
        claimed: i + 1,
        available: 2 - i,
        overLimit: 0,
      });
    }
    expect(await through().claim(slot("d"))).toMatchObject({ outcome: "limit_reached" });
    expect(await through().claim(slot("a"))).toMatchObject({ outcome: "claimed", replayed: true });
    const count = { tenant: of, feature: projects, count: 5 };
    expect(await through().reportCount(count)).toMatchObject({ outcome: "claims_kept" });
    for (const [i, resource] of ["a", "b", "c"].entries()) {
      expect(await through().releaseClaim(slot(resource))).toMatchObject({ outcome: "released", claimed: 2 - i });
    }
    expect(await through().releaseClaim(slot("a"))).toMatchObject({ outcome: "released", replayed: true });
    expect(await through().releaseClaim(slot("z"))).toMatchObject({ outcome: "claim_unknown" });
    expect(await through().reportCount(count)).toMatchObject({
      outcome: "reported",
      counted: 5,
      available: 0,
      overLimit: 2,
    });
    expect(await through().claim(slot("d"))).toMatchObject({ outcome: "count_reported" });
    expect(await through().check({ tenant: of, feature: projects })).toMatchObject({
      allowed: false,
      used: 5,
      limit: 3,
    });
  });

  test.each([
    ["reserve", { feature: projects }, { outcome: "wrong_kind" }],
    ["reserve", { feature: "no.such" }, { outcome: "feature_unknown" }],
    ["reserve", { feature: metered, amount: 0 }, { outcome: "invalid_input", field: "amount" }],
    ["claim", { feature: metered, resource: "r" }, { outcome: "wrong_kind" }],
    ["claim", { feature: projects, resource: "" }, { outcome: "invalid_input", field: "resource" }],
    ["settle", { holdKey: "none", amount: 1 }, { outcome: "hold_unknown" }],
    ["settle", { holdKey: "none", amount: -1 }, { outcome: "invalid_input", field: "amount" }],
    ["release", { holdKey: "none" }, { outcome: "hold_unknown" }],
    ["extend", { holdKey: "none", expiresAt: new Date("2040-01-01") }, { outcome: "hold_unknown" }],
    ["releaseClaim", { feature: projects, resource: "none" }, { outcome: "claim_unknown" }],
    ["reportCount", { feature: projects, count: -1 }, { outcome: "invalid_input", field: "count" }],
  ] as const)("%s of %j answers %j", async (verb, change, refused) => {
    const of = await tenant("refused");
    const call = { tenant: of, ...(verb === "reserve" ? { idempotencyKey: "k" } : {}), ...change };
    const ask = through()[verb] as (asked: object) => Promise<unknown>;
    expect(await ask(call)).toMatchObject(refused);
  });
});
