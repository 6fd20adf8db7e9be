// The face of batches in SQL: what it reads, all or nothing, and many callers at once.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createWorkbench, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench({ max: 40 });
});
afterAll(() => bench.close());

interface Answer {
  readonly item: number | null;
  readonly idempotency_key: string | null;
  readonly outcome: string;
  readonly replayed: boolean;
  readonly field: string | null;
  readonly amount: string | null;
  readonly available: string | null;
}
async function many(
  tenant: string,
  items: unknown,
  options: { key?: string; atomic?: boolean } = {},
): Promise<Answer[]> {
  const { rows } = await bench.pool.query<Answer>(
    `SELECT item, idempotency_key, outcome, replayed, field, trim_scale(amount) AS amount, trim_scale(available) AS available
     FROM purser.consume_many($1::text, $2::jsonb, $3::text, $4::boolean)`,
    [tenant, JSON.stringify(items), options.key ?? null, options.atomic ?? false],
  );
  return rows;
}
async function holder(tenant: string, credits: number): Promise<string> {
  await bench.testTenant(tenant, "pro");
  await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: credits, dedupeKey: "g" });
  return tenant;
}
const one = (key: string, more: object = {}) => ({ feature: "credits", amount: 1, idempotency_key: key, ...more });

describe("what an item may be", () => {
  test.each<[string, unknown, string, string | null]>([
    ["a number", { amount: 2 }, "consumed", null],
    ["a decimal text", { amount: "0.5" }, "consumed", null],
    ["all of it", { subject: "ann", occurred_at: "2026-01-02T03:04:05.5+02:00", metadata: { a: 1 } }, "consumed", null],
    ["null is nothing", { subject: null, occurred_at: null, metadata: null }, "consumed", null],
    ["no amount", { amount: null }, "invalid_input", "amount"],
    ["an amount in words", { amount: "1e2" }, "invalid_input", "amount"],
    ["a negative amount", { amount: -1 }, "invalid_input", "amount"],
    ["a huge amount", { amount: 1e300 }, "invalid_input", "amount"],
    ["seven digits", { amount: 0.0000001 }, "invalid_input", "amount"],
    ["no feature", { feature: null }, "invalid_input", "feature"],
    ["a feature that is a list", { feature: ["credits"] }, "invalid_input", "feature"],
    ["a key that is a number", { idempotency_key: 7 }, "invalid_input", "idempotencyKey"],
    ["a subject that is an object", { subject: {} }, "invalid_input", "subject"],
    ["a day that is none", { occurred_at: "2026-02-30T00:00:00Z" }, "invalid_input", "occurredAt"],
    ["a time without an offset", { occurred_at: "2026-02-03T00:00:00" }, "invalid_input", "occurredAt"],
    ["a time in words", { occurred_at: "yesterday" }, "invalid_input", "occurredAt"],
    ["a time that is a number", { occurred_at: 1_700_000_000 }, "invalid_input", "occurredAt"],
    ["metadata that is a list", { metadata: [] }, "invalid_input", "metadata"],
    ["a member that means nothing", { subjct: "ann" }, "invalid_input", "subjct"],
  ])("%s", async (name, members, outcome, field) => {
    const tenant = await holder(`item ${name}`, 10);
    const answers = await many(tenant, [one("before"), { ...one("k"), ...(members as object) }, one("after")]);
    expect(answers.map((answer) => answer.outcome)).toEqual(["consumed", outcome, "consumed"]);
    expect(answers[1]).toMatchObject({ item: 2, field });
  });

  test("an item that is no object", async () => {
    const tenant = await holder("no object", 10);
    const answers = await many(tenant, [one("a"), 5, "text", null, [], one("b")]);
    expect(answers.map(({ field, outcome }) => field ?? outcome)).toEqual([
      "consumed",
      "feature",
      "feature",
      "feature",
      "feature",
      "consumed",
    ]);
  });

  test("J05: a thousand items and not one more, and what is no list at all", async () => {
    const tenant = await holder("thousand", 2000);
    const items = Array.from({ length: 1001 }, (_, n) => one(`k${n}`));
    for (const refused of [items, {}, null, "[]"]) {
      expect(await many(tenant, refused)).toMatchObject([{ item: null, outcome: "invalid_input", field: "items" }]);
    }
    expect(await many(tenant, [])).toEqual([]);
    const answers = await many(tenant, items.slice(1));
    expect(answers.map(({ item }) => item)).toEqual(Array.from({ length: 1000 }, (_, n) => n + 1));
    expect(answers.at(-1)).toMatchObject({ idempotency_key: "k1000", outcome: "consumed", available: "1000" });
  });

  test("one key for the whole call", async () => {
    const tenant = await holder("one key", 10);
    const items = [
      { feature: "credits", amount: 1 },
      { feature: "reports", amount: 2 },
    ];
    expect(await many(tenant, items, { key: "call" })).toMatchObject([
      { idempotency_key: "call#1", outcome: "consumed", replayed: false },
      { idempotency_key: "call#2", outcome: "consumed", replayed: false },
    ]);
    expect((await many(tenant, items, { key: "call" })).map(({ replayed }) => replayed)).toEqual([true, true]);
    expect(await many(tenant, [one("own")], { key: "call" })).toMatchObject([
      { outcome: "invalid_input", field: "idempotencyKey" },
    ]);
    for (const key of ["", "x".repeat(196)]) {
      expect(await many(tenant, items, { key })).toMatchObject([
        { item: null, outcome: "invalid_input", field: "idempotencyKey" },
      ]);
    }
  });

  test("a tenant that there is not", async () => {
    expect(await many("nobody at all", [one("a"), one("b")])).toMatchObject([
      { outcome: "tenant_unknown" },
      { outcome: "tenant_unknown" },
    ]);
    const { rows } = await bench.pool.query("SELECT outcome, field FROM purser.consume_many(NULL, '[{}]')");
    expect(rows).toEqual([{ outcome: "invalid_input", field: "tenant" }]);
  });
});

describe("all or nothing", () => {
  const rowsOf = (tenant: string) =>
    bench.rows(
      `SELECT (SELECT count(*)::int FROM purser.consumptions WHERE tenant_id = $1) AS consumptions,
         (SELECT count(*)::int FROM purser.outbox WHERE tenant_id = $1 AND source = 'consumption') AS told,
         (SELECT sum(used)::int FROM purser.balances WHERE tenant_id = $1) AS used`,
      [tenant],
    );

  test("one refusal undoes the others, and says what is there", async () => {
    const tenant = await holder("atomic", 5);
    const items = [one("a"), { feature: "reports", amount: 7, idempotency_key: "b" }, one("c", { amount: 5 })];
    expect(await many(tenant, items, { atomic: true })).toMatchObject([
      { outcome: "batch_refused", amount: null, available: "5" },
      { outcome: "batch_refused", amount: null, available: "100" },
      { outcome: "insufficient_balance", available: "4" },
    ]);
    expect(await rowsOf(tenant)).toEqual([{ consumptions: 0, told: 0, used: 0 }]);
    expect(await many(tenant, items.slice(0, 2), { atomic: true })).toMatchObject([
      { outcome: "consumed" },
      { outcome: "consumed" },
    ]);
    // What had happened before stays told.
    expect(await many(tenant, items, { atomic: true })).toMatchObject([
      { outcome: "consumed", replayed: true },
      { outcome: "consumed", replayed: true },
      { outcome: "insufficient_balance", available: "4" },
    ]);
  });

  test("an item told again within a refused call has not happened either", async () => {
    const tenant = await holder("atomic-twice", 5);
    expect(await many(tenant, [one("a"), one("a"), one("b", { amount: 9 })], { atomic: true })).toMatchObject([
      { outcome: "batch_refused", replayed: false, available: "5" },
      { outcome: "batch_refused", replayed: false, available: "5" },
      { outcome: "insufficient_balance" },
    ]);
    expect(await rowsOf(tenant)).toEqual([{ consumptions: 0, told: 0, used: 0 }]);
  });

  test("A03: a conflict is a refusal, and so is an item that cannot be read", async () => {
    const tenant = await holder("atomic-conflict", 5);
    const both = [one("a"), one("a", { amount: 2 })];
    expect(await many(tenant, both, { atomic: true })).toMatchObject([
      { outcome: "batch_refused" },
      { outcome: "idempotency_conflict", field: "amount" },
    ]);
    expect(await many(tenant, [one("a"), {}], { atomic: true })).toMatchObject([
      { outcome: "batch_refused" },
      { outcome: "invalid_input" },
    ]);
    expect(await rowsOf(tenant)).toEqual([{ consumptions: 0, told: 0, used: 0 }]);
  });

  test("the caller's transaction goes on after a refusal, and takes all of it along when it is rolled back", async () => {
    const tenant = await holder("atomic-inside", 5);
    const client = await bench.pool.connect();
    const inside = (items: object[]) =>
      client.query("SELECT outcome FROM purser.consume_many($1, $2::jsonb, p_atomic => true)", [
        tenant,
        JSON.stringify(items),
      ]);
    await client.query("BEGIN");
    await client.query("SELECT FROM purser.consume($1, 'credits', 1, 'first')", [tenant]);
    expect((await inside([one("a"), one("b", { amount: 9 })])).rows).toEqual([
      { outcome: "batch_refused" },
      { outcome: "insufficient_balance" },
    ]);
    expect((await inside([one("a"), one("b")])).rows).toEqual([{ outcome: "consumed" }, { outcome: "consumed" }]);
    await client.query("ROLLBACK");
    client.release();
    expect(await rowsOf(tenant)).toEqual([{ consumptions: 0, told: 0, used: 0 }]);
  });
});

describe("in TypeScript", () => {
  test("one answer an item, with what cannot even be sent among them", async () => {
    const tenant = await holder("typed", 10);
    const answer = await bench.purser.consumeMany(bench.pool, {
      tenant,
      items: [
        { feature: "credits", amount: 4, idempotencyKey: "a", metadata: { order: 1 }, occurredAt: new Date(0) },
        { feature: "credits", amount: Number.NaN, idempotencyKey: "b" },
        { feature: "reports.run", idempotencyKey: "c" },
        { feature: "credits", amount: 7, idempotencyKey: "\ud800" },
        { feature: "credits", amount: 7, idempotencyKey: "d" },
        { feature: "credits", amount: "6", idempotencyKey: "e" },
        { feature: "credits" },
      ],
    });
    expect(answer).toMatchObject({
      outcome: "answered",
      items: [
        { outcome: "consumed", replayed: false, available: 6, idempotencyKey: "a" },
        { outcome: "invalid_input", field: "amount" },
        // A capability, for two of its feature.
        { outcome: "consumed", amount: 2, available: 98 },
        { outcome: "invalid_input", field: "idempotencyKey" },
        { outcome: "insufficient_balance", available: 6 },
        { outcome: "consumed", available: 0 },
        { outcome: "invalid_input", field: "idempotencyKey" },
      ],
    });
  });

  test("all or nothing under one key, as a preview and for good, and again", async () => {
    const tenant = await holder("typed-atomic", 10);
    const items = [{ feature: "credits" as const, amount: 3 }, { feature: "reports" as const }];
    const ask = (more: object) => bench.purser.consumeMany(bench.pool, { tenant, items, atomic: true, ...more });
    const twice = [
      { outcome: "consumed", idempotencyKey: "k#1" },
      { outcome: "consumed", idempotencyKey: "k#2" },
    ];
    expect(await ask({ idempotencyKey: "k", dryRun: true })).toMatchObject({ items: twice });
    expect(await ask({ idempotencyKey: "k", items: [...items, {}] })).toMatchObject({
      items: [{ outcome: "batch_refused", available: 10 }, { outcome: "batch_refused" }, { outcome: "invalid_input" }],
    });
    expect(await ask({ idempotencyKey: "k" })).toMatchObject({
      items: twice.map((answer) => ({ ...answer, replayed: false })),
    });
    expect(await ask({ idempotencyKey: "k" })).toMatchObject({
      items: twice.map((answer) => ({ ...answer, replayed: true })),
    });
    for (const [field, wrong] of [
      ["tenant", { tenant: "" }],
      ["items", { items: Array.from({ length: 1001 }, () => items[0]) }],
      ["idempotencyKey", { idempotencyKey: "x".repeat(196) }],
    ] as const) {
      expect(await ask(wrong)).toEqual({ outcome: "invalid_input", field });
    }
  });
});

describe("many at once", () => {
  /** Another order for every client and round: those that go up meet those that go down. */
  const inOrder = (values: readonly string[], turn: number) => {
    const from = turn % values.length;
    const turned = [...values.slice(from), ...values.slice(0, from)];
    return turn % 2 === 0 ? turned : turned.toReversed();
  };

  test("A01: what is left is sold once", async () => {
    const tenant = await holder("many-last", 100);
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, client) =>
        many(
          tenant,
          Array.from({ length: 10 }, (__, n) => one(`${client}-${n}`)),
        ),
      ),
    );
    expect(answers.flat().filter(({ outcome }) => outcome === "consumed")).toHaveLength(100);
    expect(await bench.purser.balances({ tenant, feature: "credits" })).toMatchObject([{ available: 0, used: 100 }]);
  });

  test("A01: from two processes with 64 clients each", async () => {
    const tenant = await holder("many-processes", 500);
    const child = fileURLToPath(new URL("consuming-process.mjs", import.meta.url));
    const runs = await Promise.all(
      [0, 1].map((n) => elsewhere(child, [bench.database.serviceUrl, tenant, `p${n}`, "8"])),
    );
    expect(runs.reduce((sum, { consumed }) => sum + consumed, 0)).toBe(500);
    expect(await bench.purser.balances({ tenant, feature: "credits" })).toMatchObject([{ available: 0, used: 500 }]);
  });

  test("A11: features in any order, and nobody is told of a deadlock", async () => {
    const tenant = await holder("many-order", 10_000);
    const features = ["credits", "reports", "exports", "views"];
    const answers = await Promise.all(
      Array.from({ length: 32 }, async (_, client) => {
        const mine: Answer[] = [];
        for (let round = 0; round < 4; round += 1) {
          mine.push(
            ...(await many(
              tenant,
              inOrder(features, client + round).map((feature) => ({
                feature,
                amount: 1,
                idempotency_key: `${client} ${round} ${feature}`,
              })),
            )),
          );
        }
        return mine;
      }),
    );
    expect(
      answers
        .flat()
        .map(({ outcome }) => outcome)
        .filter((outcome) => outcome !== "consumed" && outcome !== "limit_reached"),
    ).toEqual([]);
    expect(await bench.purser.balances({ tenant, feature: "credits" })).toMatchObject([{ used: 128 }]);
  });

  test("A02: the same keys in different calls, on different balances, happen once", async () => {
    const tenant = await holder("many-keys", 10_000);
    const keys = Array.from({ length: 30 }, (_, n) => `k${n}`);
    const again = new Set(["40001", "40P01"]);
    const made = await Promise.all(
      Array.from({ length: 16 }, async (_, client) => {
        const feature = client % 2 === 0 ? "credits" : "views";
        for (let attempt = 1; ; attempt += 1) {
          try {
            return await many(
              tenant,
              inOrder(keys, client).map((key) => one(key, { feature })),
            );
          } catch (error) {
            if (attempt === 20 || !again.has((error as { code: string }).code)) throw error;
          }
        }
      }),
    );
    const answers = made.flat();
    expect(answers.filter(({ outcome, replayed }) => outcome === "consumed" && !replayed)).toHaveLength(30);
    expect(answers.filter(({ outcome }) => outcome === "idempotency_conflict")).toHaveLength(8 * 30);
    expect(answers.filter(({ replayed }) => replayed)).toHaveLength(7 * 30);
  });

  test("waits for who changes the access of its tenant, where it must, before it holds any balance that one waits for", async () => {
    const tenant = await holder("in-change", 10);
    const changing = new Client({ connectionString: bench.database.adminUrl });
    await changing.connect();
    onTestFinished(() => changing.end());
    await changing.query("BEGIN");
    await changing.query("SELECT FROM purser.tenants WHERE tenant_id = $1 FOR NO KEY UPDATE", [tenant]);
    const waiting = many(tenant, [one("k1"), one("k2", { feature: "seats", subject: "ann" })]);
    const blocked = `SELECT FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND wait_event_type = 'Lock'
      AND query LIKE '%purser.consume_many(%' AND datname = current_database()`;
    while ((await bench.rows(blocked)).length === 0);
    await changing.query("SELECT FROM purser.lock_tenant(purser.slot_of($1), $1)", [tenant]);
    await changing.query("COMMIT");
    expect((await waiting).map(({ outcome }) => outcome)).toEqual(["consumed", "consumed"]);
  });
});

function elsewhere(script: string, args: string[]): Promise<{ consumed: number }> {
  return new Promise((resolve, reject) => {
    const child = fork(script, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    child.once("message", (message) => resolve(message as { consumed: number }));
    child.once("error", reject);
    child.once("exit", (code) => code === 0 || reject(new Error(`the process ended with ${code}`)));
  });
}
