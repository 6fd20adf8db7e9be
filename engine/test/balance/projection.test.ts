// S001-8: what a balance says is a formula over what happened, another one for each kind of feature.
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkbench, type SmallPurser, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

type Command = (purser: SmallPurser, tenant: string) => Promise<{ readonly outcome: string }>;
type Amounts = "reports" | "exports" | "views" | "credits" | "seats";
const consume =
  (feature: Amounts, amount: number, subject?: string): Command =>
  (purser, tenant) =>
    purser.tryConsume(bench.pool, { tenant, feature, amount, subject, idempotencyKey: `c${feature}${amount}` });
const grant =
  (feature: Amounts | "projects", amount: number, expiresAt?: Date): Command =>
  (purser, tenant) =>
    purser.issueGrant(bench.pool, { tenant, feature, amount, expiresAt, dedupeKey: `g${feature}${amount}` });
const reserve =
  (feature: Amounts, amount: number): Command =>
  (purser, tenant) =>
    purser.reserve(bench.pool, { tenant, feature, amount, idempotencyKey: `h${amount}` });
const settle =
  (reserved: number, amount: number): Command =>
  (purser, tenant) =>
    purser.settle(bench.pool, { tenant, holdKey: `h${reserved}`, amount });
const undo =
  (feature: Amounts, taken: number, amount: number): Command =>
  (purser, tenant) =>
    purser.reverseConsumption(bench.pool, {
      tenant,
      consumptionKey: `c${feature}${taken}`,
      idempotencyKey: "undo",
      amount,
    });
const revoke =
  (feature: Amounts, amount: number): Command =>
  (purser, tenant) =>
    purser.voidGrant(bench.pool, { tenant, dedupeKey: `g${feature}${amount}`, reason: "wrong", actor: "test" });
const claim =
  (resource: string): Command =>
  (purser, tenant) =>
    purser.claim(bench.pool, { tenant, feature: "projects", resource });
const unclaim =
  (resource: string): Command =>
  (purser, tenant) =>
    purser.releaseClaim(bench.pool, { tenant, feature: "projects", resource });
const report =
  (count: number): Command =>
  (purser, tenant) =>
    purser.reportCount(bench.pool, { tenant, feature: "projects", count });
const until =
  (at: string): Command =>
  (purser, tenant) =>
    purser.advanceClock({ tenant, to: new Date(at) });

/** Granted, used, held, overage and available of a balance, and by how much it is over its limit. */
type Said = readonly [number, number, number, number, number, number];
const table: readonly (readonly [kind: string, feature: string, commands: readonly Command[], said: Said])[] = [
  ["metered, hard: N of the window", "reports", [consume("reports", 30)], [100, 30, 0, 0, 70, 0]],
  [
    "metered, with what was given besides and what is set aside",
    "reports",
    [consume("reports", 30), grant("reports", 10), reserve("reports", 5)],
    [110, 30, 5, 0, 75, 0],
  ],
  [
    "metered, what was set aside settled for less, and a part undone",
    "reports",
    [consume("reports", 30), reserve("reports", 5), settle(5, 2), undo("reports", 30, 7)],
    [100, 25, 0, 0, 75, 0],
  ],
  [
    "metered, in the next window: what was left has expired",
    "reports",
    [consume("reports", 30), until("2026-02-01T00:00:00Z")],
    [100, 0, 0, 0, 100, 0],
  ],
  ["metered, soft: what is beyond is overage", "exports", [consume("exports", 5)], [3, 3, 0, 2, 0, 2]],
  [
    "metered, soft: overage belongs to its window",
    "exports",
    [consume("exports", 5), until("2026-01-02T00:00:00Z"), consume("exports", 1)],
    [3, 1, 0, 0, 2, 0],
  ],
  ["metered, observed: counted only", "views", [consume("views", 9)], [1, 1, 0, 8, 0, 8]],
  [
    "credits: all that was bought and is in force",
    "credits",
    [grant("credits", 50), grant("credits", 25, new Date("2026-01-05T00:00:00Z")), consume("credits", 30)],
    [75, 30, 0, 0, 45, 0],
  ],
  [
    "credits: what ends first pays first, and what is left of it ends with it",
    "credits",
    [
      grant("credits", 50),
      grant("credits", 25, new Date("2026-01-05T00:00:00Z")),
      consume("credits", 10),
      until("2026-01-05T00:00:00Z"),
    ],
    [50, 0, 0, 0, 50, 0],
  ],
  [
    "credits: of what was taken back what was spent stays spent",
    "credits",
    [grant("credits", 50), grant("credits", 20), consume("credits", 30), revoke("credits", 50)],
    [20, 0, 0, 0, 20, 0],
  ],
  ["capacity, by claims: N less what is occupied", "projects", [claim("a"), claim("b")], [5, 2, 0, 0, 3, 0]],
  [
    "capacity, more bought, one given back",
    "projects",
    [claim("a"), claim("b"), grant("projects", 2), unclaim("a")],
    [7, 1, 0, 0, 6, 0],
  ],
  ["capacity, counted elsewhere, over the limit", "projects", [report(7)], [5, 7, 0, 0, 0, 2]],
];

test.each(table)("S001-8: %s (%s)", async (kind, feature, commands, said) => {
  const tenant = await bench.testTenant(`of-${kind}`, "pro");
  for (const command of commands)
    expect((await command(bench.purser, tenant)).outcome).toMatch(
      /^(consumed|granted|reserved|settled|reversed|voided|claimed|released|reported|advanced)$/,
    );
  const numbers = async () => {
    const [balance] = await bench.purser.balances({ tenant, feature });
    const [decision] = await bench.rows<{ remaining: number; over_limit: number }>(
      "SELECT remaining::float8, over_limit::float8 FROM purser.check_entitlement($1, $2)",
      [tenant, feature],
    );
    // How many places are occupied is no part of the balance's own available.
    const [used, left] =
      balance?.kind === "capacity" ? [balance.claimed, decision?.remaining] : [balance?.used, balance?.available];
    return [balance?.granted, used, balance?.held, balance?.overage, left, decision?.over_limit];
  };
  expect(await numbers()).toEqual(said);
  // Written down by whoever comes next, it is the same.
  await bench.purser.refresh(bench.pool, { tenant, feature: feature as "reports" });
  expect(await numbers()).toEqual(said);
});

test("S001-8: a flag is there or not, a value is the finite number; neither is counted", async () => {
  const [free, pro] = [await bench.testTenant("flags-free", "free"), await bench.testTenant("flags-pro", "pro")];
  const of = async (tenant: string) => [
    await bench.purser.hasEntitlement(tenant, "sso"),
    await bench.purser.entitlementValue(tenant, "hours"),
    (await bench.purser.balances({ tenant })).some(({ feature }) => ["sso", "hours"].includes(feature)),
  ];
  expect([await of(free), await of(pro)]).toEqual([
    [false, 72, false],
    [true, 8, false],
  ]);
});
