// The keys of a catalogue are known to the compiler: what does not fit is an error before it runs. This file is checked by
// `npm run check:types`; at run time it only has to be there.
import { Pool, type PoolClient } from "pg";
import { expect, test } from "vitest";
import { createPurser, defineCatalog } from "@purser/engine";

const catalog = defineCatalog({
  tiers: { free: { rank: 0, name: "Free" } },
  features: {
    sso: { kind: "flag", name: "Single sign-on" },
    seats: { kind: "capacity", name: "Seats" },
    calls: { kind: "metered", name: "Calls" },
  },
  capabilities: { "call.place": { feature: "calls" }, "seat.add": { feature: "seats" } },
  plans: { free: { name: "Free", tier: "free", inclusions: { sso: true, calls: { amount: 1, every: "day" } } } },
});

test("wrong keys and verbs that do not fit the kind do not compile", () => {
  const purser = createPurser({ catalog, database: new Pool() });
  const of = { tenant: "t", idempotencyKey: "k" };
  const written = () => [
    purser.tryConsume({} as Pool, { ...of, feature: "calls" }),
    purser.tryConsume({} as Pool, { ...of, feature: "call.place" }),
    purser.check({ tenant: "t", feature: "seat.add" }),
    // @ts-expect-error no such feature
    purser.tryConsume({} as Pool, { ...of, feature: "cals" }),
    // @ts-expect-error a flag has nothing to consume
    purser.tryConsume({} as Pool, { ...of, feature: "sso" }),
    // @ts-expect-error a capacity is claimed, not consumed
    purser.tryConsume({} as Pool, { ...of, feature: "seat.add" }),
    purser.reserve({} as Pool, { ...of, feature: "call.place" }),
    // @ts-expect-error nothing is set aside of a capacity
    purser.reserve({} as Pool, { ...of, feature: "seats" }),
    purser.claim({} as Pool, { tenant: "t", feature: "seat.add", resource: "r" }),
    // @ts-expect-error what is consumed has no slots
    purser.claim({} as Pool, { tenant: "t", feature: "calls", resource: "r" }),
    // @ts-expect-error a slot has a name
    purser.claim({} as Pool, { tenant: "t", feature: "seats" }),
    // @ts-expect-error what is consumed is not counted from outside
    purser.reportCount({} as Pool, { tenant: "t", feature: "call.place", count: 1 }),
    purser.withCapacity({} as Pool, { tenant: "t", feature: "seats", count: async () => 1 }, async () => "made"),
    // @ts-expect-error a count is a number
    purser.withCapacity({} as Pool, { tenant: "t", feature: "seats", count: async () => "1" }, async () => "made"),
    // @ts-expect-error a capacity only
    purser.withCapacity({} as Pool, { tenant: "t", feature: "calls", count: async () => 1 }, async () => "made"),
    purser.withHold({} as Pool, { ...of, feature: "calls" }, async () => ({ amount: 1, result: "answer" })),
    // @ts-expect-error work says what it came to
    purser.withHold({} as Pool, { ...of, feature: "calls" }, async () => "answer"),
    // @ts-expect-error the work would run inside the transaction
    purser.withHold({} as PoolClient, { ...of, feature: "calls" }, async () => ({ amount: 1, result: "answer" })),
    // @ts-expect-error nobody voids
    purser.voidGrant({} as Pool, { tenant: "t", dedupeKey: "d", reason: "r" }),
    // @ts-expect-error a flag cannot be granted an amount
    purser.issueGrant({} as Pool, { tenant: "t", feature: "sso", amount: 1, dedupeKey: "d" }),
    // @ts-expect-error no such feature
    purser.check({ tenant: "t", feature: "ssso" }),
    // @ts-expect-error no such plan
    purser.subscribe({ ...of, plan: "enterprise", actor: "me" }),
    purser.diffCatalog({ catalog: { any: "JSON" }, tenants: 10 }),
    purser.publishCatalog({ actor: "me", expectedRevision: 3 }),
    // @ts-expect-error nobody publishes
    purser.publishCatalog({}),
    // @ts-expect-error a revision is a number
    purser.publishCatalog({ actor: "me", expectedRevision: "3" }),
    // @ts-expect-error a consumption without its key
    purser.tryConsume({} as Pool, { tenant: "t", feature: "calls" }),
  ];
  expect(written).toBeTypeOf("function");
});

const misspelt = () => [
  defineCatalog({
    tiers: { free: { rank: 0, name: "Free" } },
    features: { sso: { kind: "flag", name: "Single sign-on" } },
    // @ts-expect-error no such tier
    plans: { free: { name: "Free", tier: "fre", inclusions: { sso: true } } },
  }),
  defineCatalog({
    tiers: { free: { rank: 0, name: "Free" } },
    features: { sso: { kind: "flag", name: "Single sign-on" } },
    // @ts-expect-error no such feature
    plans: { free: { name: "Free", tier: "free", inclusions: { ssso: true } } },
  }),
  defineCatalog({
    tiers: { free: { rank: 0, name: "Free" } },
    features: { sso: { kind: "flag", name: "Single sign-on" } },
    capabilities: {
      "sso.use": { feature: "sso" },
      // @ts-expect-error no such feature of a capability
      "sso.see": { feature: "ssso" },
    },
    plans: {},
    products: {
      pack: {
        name: "Pack",
        inclusions: {
          sso: { amount: 1 },
          // @ts-expect-error no such feature of a product
          ssso: { amount: 1 },
        },
      },
    },
  }),
  defineCatalog({
    tiers: { free: { rank: 0, name: "Free" } },
    features: {
      sso: {
        kind: "flag",
        name: "Single sign-on",
        // @ts-expect-error no such tier; what is right beside it is no error
        minimumTier: "fre",
      },
    },
    plans: {},
  }),
  defineCatalog({
    tiers: { free: { rank: 0, name: "Free" } },
    features: { sso: { kind: "flag", name: "Single sign-on" } },
    // @ts-expect-error a typed plan says what it includes; only JSON may leave it out
    plans: { free: { name: "Free", tier: "free" } },
  }),
  defineCatalog({
    tiers: { free: { rank: 0, name: "Free" } },
    features: { calls: { kind: "credits", name: "Calls" } },
    plans: {},
    // @ts-expect-error so does a typed product
    products: { pack: { name: "Pack" } },
  }),
  defineCatalog({
    tiers: { free: { rank: 0, name: "Free" } },
    features: { calls: { kind: "metered", name: "Calls" } },
    // @ts-expect-error no such window
    plans: { free: { name: "Free", tier: "free", inclusions: { calls: { amount: 1, every: "fortnight" } } } },
  }),
];

test("a catalogue that refers to what is not there does not compile", () => {
  expect(misspelt).toBeTypeOf("function");
});
