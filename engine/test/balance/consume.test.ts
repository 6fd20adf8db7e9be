import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Refused } from "@purser/engine";
import { createWorkbench, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

const facts = (tenant: string) =>
  bench.rows<{ n: number }>(
    "SELECT count(*)::int AS n FROM purser.balance_facts WHERE tenant_id = $1 AND kind = 'consume'",
    [tenant],
  );

describe("a consumption", () => {
  test("takes the amount, tells what is left and is told once more on a replay", async () => {
    const tenant = await bench.testTenant("replay", "pro");
    const input = { tenant, feature: "reports", amount: 30, idempotencyKey: "a" } as const;
    const first = await bench.purser.tryConsume(bench.pool, input);
    expect(first).toMatchObject({ outcome: "consumed", replayed: false, amount: 30, overage: 0, available: 70 });
    await bench.purser.tryConsume(bench.pool, { ...input, idempotencyKey: "b" });
    const again = await bench.purser.tryConsume(bench.pool, input);
    expect(again).toEqual({ ...first, replayed: true });
    expect(await facts(tenant)).toEqual([{ n: 2 }]);
  });

  // A03: the same key with another payload names the field and has no effect.
  const original = {
    feature: "reports",
    amount: 10,
    idempotencyKey: "key",
    metadata: { a: 1, b: { c: "é" } },
    subject: "ann",
    occurredAt: new Date("2026-01-01T00:00:00Z"),
  } as const;
  test.each([
    ["amount", { amount: 100 }],
    ["amount", { amount: "10.000001" }],
    ["feature", { feature: "exports" }],
    ["subject", { subject: "bob" }],
    ["metadata", { metadata: { a: 2, b: { c: "é" } } }],
    ["metadata", { metadata: undefined }],
    ["occurredAt", { occurredAt: new Date("2026-01-01T00:00:01Z") }],
  ] as const)("A03: with another %s is idempotency_conflict (%#)", async (field, change) => {
    const tenant = await bench.testTenant("conflict", "pro");
    await bench.purser.tryConsume(bench.pool, { tenant, ...original });
    const before = await bench.purser.balances({ tenant });
    const outcome = await bench.purser.tryConsume(bench.pool, { tenant, ...original, ...change });
    expect(outcome).toEqual({ outcome: "idempotency_conflict", field });
    expect(await bench.purser.balances({ tenant })).toEqual(
      before.map((balance) => ({ ...balance, asOf: expect.any(Date) })),
    );
  });
  test("A03: other spellings of the same payload are the same payload", async () => {
    const tenant = await bench.testTenant("conflict", "pro");
    const spelt = { ...original, amount: "10.000", metadata: { b: { c: "e\u0301" }, a: 1.0 } };
    expect(await bench.purser.tryConsume(bench.pool, { tenant, ...spelt })).toMatchObject({ replayed: true });
  });

  test("a refusal leaves nothing and is judged afresh with the same key", async () => {
    const tenant = await bench.testTenant("afresh");
    const input = { tenant, feature: "credits", amount: 5, idempotencyKey: "later" } as const;
    await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 3, dedupeKey: "g1" });
    expect(await bench.purser.tryConsume(bench.pool, input)).toMatchObject({
      outcome: "insufficient_balance",
      available: 3,
    });
    expect(await facts(tenant)).toEqual([{ n: 0 }]);
    await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 3, dedupeKey: "g2" });
    expect(await bench.purser.tryConsume(bench.pool, input)).toMatchObject({ outcome: "consumed", available: 1 });
  });

  test("A12: one key is one consumption over all features and windows of a tenant, and another tenant's is its own", async () => {
    const [one, other] = [await bench.testTenant("keys-1", "pro"), await bench.testTenant("keys-2", "pro")];
    const input = { feature: "reports", idempotencyKey: "same" } as const;
    await bench.purser.tryConsume(bench.pool, { tenant: one, ...input });
    await bench.purser.advanceClock({ tenant: one, to: new Date("2026-03-05T00:00:00Z") });
    expect(await bench.purser.tryConsume(bench.pool, { tenant: one, ...input })).toMatchObject({ replayed: true });
    expect(await bench.purser.tryConsume(bench.pool, { tenant: one, ...input, feature: "exports" })).toEqual({
      outcome: "idempotency_conflict",
      field: "feature",
    });
    expect(await bench.purser.tryConsume(bench.pool, { tenant: other, ...input })).toMatchObject({ replayed: false });
  });

  test("enforcement: hard refuses, soft allows and counts overage, observe only counts", async () => {
    const tenant = await bench.testTenant("enforcement", "pro");
    const consume = (feature: "reports" | "exports" | "views", amount: number, idempotencyKey: string) =>
      bench.purser.tryConsume(bench.pool, { tenant, feature, amount, idempotencyKey });
    expect(await consume("reports", 101, "r")).toEqual({
      outcome: "limit_reached",
      available: 100,
      resetsAt: new Date("2026-02-01T00:00:00Z"),
    });
    expect(await consume("exports", 5, "e")).toMatchObject({ outcome: "consumed", overage: 2, available: 0 });
    expect(await consume("views", 4, "v")).toMatchObject({ outcome: "consumed", overage: 3, available: 0 });
    expect(await bench.purser.check({ tenant, feature: "exports" })).toMatchObject({
      allowed: true,
      reason: "OVERAGE",
    });
    expect(await bench.purser.check({ tenant, feature: "views" })).toMatchObject({ allowed: true, reason: "INCLUDED" });
    expect(await bench.purser.balances({ tenant, feature: "exports" })).toMatchObject([
      { used: 3, overage: 2, available: 0 },
    ]);
    expect(await consume("exports", 1, "e2")).toMatchObject({ outcome: "consumed", overage: 1, available: 0 });
    expect(await bench.purser.check({ tenant, feature: "exports" })).toMatchObject({ used: 6, overLimit: 3 });
    await bench.purser.advanceClock({ tenant, to: new Date("2026-01-02T00:00:00Z") });
    const [exports] = await bench.purser.balances({ tenant, feature: "exports" });
    expect(exports).toMatchObject({ overage: 0, used: 0, available: 3 });
  });

  test("unlimited is a state: nothing runs out, everything is counted", async () => {
    const tenant = await bench.testTenant("unlimited", "unlimited");
    const input = { tenant, feature: "reports", amount: 1_000_000, idempotencyKey: "u" } as const;
    expect(await bench.purser.tryConsume(bench.pool, input)).toMatchObject({ outcome: "consumed", available: null });
    expect(await bench.purser.balances({ tenant })).toMatchObject([
      { unlimited: true, granted: 0, used: 1_000_000, available: null },
    ]);
    expect(await bench.purser.check({ tenant, feature: "reports", amount: 1e9 })).toMatchObject({
      allowed: true,
      unlimited: true,
      limit: null,
      remaining: null,
    });
  });

  test("per subject: each has its own, made on first use; without a subject: subject_required", async () => {
    const tenant = await bench.testTenant("subjects", "pro");
    const consume = (subject: string, idempotencyKey: string, amount = 3) =>
      bench.purser.tryConsume(bench.pool, { tenant, feature: "seats", amount, subject, idempotencyKey });
    expect(await bench.purser.check({ tenant, feature: "seats", subject: "ann" })).toMatchObject({ remaining: 4 });
    expect(await consume("ann", "1")).toMatchObject({ outcome: "consumed", available: 1 });
    expect(await consume("bob", "2")).toMatchObject({ outcome: "consumed", available: 1 });
    expect(await consume("ann", "3")).toMatchObject({ outcome: "limit_reached", available: 1 });
    expect(await consume("", "4")).toMatchObject({ outcome: "subject_required" });
    expect(await bench.purser.check({ tenant, feature: "seats" })).toMatchObject({ allowed: false });
  });

  test("per tenant: a subject is only recorded", async () => {
    const tenant = await bench.testTenant("recorded", "pro");
    const input = { tenant, feature: "reports", amount: 60, idempotencyKey: "s", subject: "ann" } as const;
    expect(await bench.purser.tryConsume(bench.pool, input)).toMatchObject({ available: 40 });
    expect(await bench.purser.tryConsume(bench.pool, input)).toMatchObject({ available: 40, replayed: true });
    expect(
      await bench.rows("SELECT subject, acting_subject FROM purser.consumptions WHERE tenant_id = $1", [tenant]),
    ).toEqual([{ subject: "", acting_subject: "ann" }]);
  });

  test("a purchase of the tenant's is anybody's, a subject's own only where amounts are each subject's", async () => {
    const tenant = await bench.testTenant("whose", "pro");
    const grant = (feature: "credits" | "seats", subject: string) =>
      bench.purser.issueGrant(bench.pool, { tenant, feature, amount: 10, subject, dedupeKey: `${feature}${subject}` });
    expect(await grant("credits", "ann")).toEqual({ outcome: "invalid_input", field: "subject" });
    expect(await grant("seats", "")).toEqual({ outcome: "subject_required" });
    expect(await grant("credits", "")).toMatchObject({ outcome: "granted", available: 10 });
    expect(await grant("seats", "ann")).toMatchObject({ outcome: "granted", available: 14 });
    const consume = (feature: "credits" | "seats", subject: string) =>
      bench.purser.tryConsume(bench.pool, {
        tenant,
        feature,
        amount: 4,
        subject,
        idempotencyKey: `${feature}${subject}`,
      });
    expect(await consume("credits", "ann")).toMatchObject({ outcome: "consumed", available: 6 });
    expect(await consume("seats", "ann")).toMatchObject({ outcome: "consumed", available: 10 });
    expect(await consume("seats", "bob")).toMatchObject({ outcome: "consumed", available: 0 });
    expect(await bench.purser.check({ tenant, feature: "credits", subject: "ann" })).toMatchObject({ remaining: 6 });
  });

  test("a capability stands for its feature and amount (S001-11)", async () => {
    const tenant = await bench.testTenant("capability", "pro");
    expect(
      await bench.purser.tryConsume(bench.pool, { tenant, feature: "reports.run", idempotencyKey: "c" }),
    ).toMatchObject({ outcome: "consumed", amount: 2, available: 98 });
    expect(await bench.purser.check({ tenant, feature: "projects.create" })).toMatchObject({
      allowed: true,
      feature: "projects",
      limit: 5,
    });
  });
});

describe("bad input is a named outcome that names the field, and nothing is written", () => {
  const nobody = "x".repeat(201);
  // J01, J07, D04: text that cannot be stored, and everything that is not a quantity.
  test.each([
    ["tenant", { tenant: "" }],
    ["tenant", { tenant: nobody }],
    ["tenant", { tenant: "a\0b" }],
    ["tenant", { tenant: "half \ud800 pair" }],
    ["feature", { feature: "" as "reports" }],
    ["subject", { subject: "a\0" }],
    ["idempotencyKey", { idempotencyKey: "" }],
    ["idempotencyKey", { idempotencyKey: undefined as unknown as string }],
    ["idempotencyKey", { idempotencyKey: nobody }],
    ["amount", { amount: 0 }],
    ["amount", { amount: -1 }],
    ["amount", { amount: Number.NaN }],
    ["amount", { amount: Number.POSITIVE_INFINITY }],
    ["amount", { amount: "1e3" }],
    ["amount", { amount: "0x10" }],
    ["amount", { amount: "" }],
    ["amount", { amount: null as unknown as number }],
    ["amount", { amount: "1.0000001" }],
    ["amount", { amount: "1234567890.123456" }],
    ["amount", { amount: 1e15 }],
    ["occurredAt", { occurredAt: new Date("never") }],
    ["metadata", { metadata: { note: "a\0b" } }],
    ["metadata", { metadata: { note: "\ud800" } }],
    ["metadata", { metadata: { note: "x".repeat(20_000) } }],
  ] as const)("J01 J07 D04: %s (%#)", async (field, change) => {
    await bench.testTenant("bad", "pro");
    const input = { tenant: "bad", feature: "reports", amount: 1, idempotencyKey: "bad", ...change } as const;
    expect(await bench.purser.tryConsume(bench.pool, input)).toEqual({ outcome: "invalid_input", field });
    expect(await facts("bad")).toEqual([{ n: 0 }]);
  });

  test("unknown tenants and features, and verbs that do not fit the kind", async () => {
    const tenant = await bench.testTenant("verbs", "pro");
    const consume = (feature: string, of = tenant) =>
      bench.purser.tryConsume(bench.pool, { tenant: of, feature: feature as "reports", idempotencyKey: "v" });
    expect(await consume("reports", "nobody")).toEqual({ outcome: "tenant_unknown" });
    expect(await consume("no.such")).toEqual({ outcome: "feature_unknown" });
    expect(await consume("sso")).toEqual({ outcome: "wrong_kind" });
    expect(await consume("hours")).toEqual({ outcome: "wrong_kind" });
    expect(await consume("projects")).toMatchObject({ outcome: "wrong_kind" });
    expect(await consume("credits")).toMatchObject({ outcome: "not_included" });
    expect(await facts(tenant)).toEqual([{ n: 0 }]);
  });

  test("consume throws what tryConsume returns", async () => {
    await expect(
      bench.purser.consume(bench.pool, { tenant: "nobody", feature: "reports", idempotencyKey: "v" }),
    ).rejects.toThrow(Refused);
  });
});
