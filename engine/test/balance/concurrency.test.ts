// No concurrency passes a limit: many clients, several processes, every isolation level.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWorkbench, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench({ max: 64 });
});
afterAll(() => bench.close());

const count = (outcomes: readonly { outcome: string }[], outcome: string) =>
  outcomes.filter((one) => one.outcome === outcome).length;

describe("A01: what is left is sold once", () => {
  test("64 clients ask for the last unit at the same instant", async () => {
    for (const round of [1, 2, 3, 4, 5]) {
      const tenant = await bench.testTenant(`last-${round}`);
      await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 1, dedupeKey: "g" });
      const outcomes = await Promise.all(
        Array.from({ length: 64 }, (_, i) =>
          bench.purser.tryConsume(bench.pool, { tenant, feature: "credits", amount: 1, idempotencyKey: `k${i}` }),
        ),
      );
      expect([count(outcomes, "consumed"), count(outcomes, "insufficient_balance")]).toEqual([1, 63]);
      expect(await bench.purser.balances({ tenant })).toMatchObject([{ available: 0, used: 1 }]);
    }
  });

  test("two processes with 64 clients each", async () => {
    const tenant = await bench.testTenant("processes");
    await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 100, dedupeKey: "g" });
    const child = fileURLToPath(new URL("consuming-process.mjs", import.meta.url));
    const runs = await Promise.all(
      [0, 1].map((n) => consumeElsewhere(child, [bench.database.serviceUrl, tenant, `p${n}`])),
    );
    const consumed = runs.reduce((sum, run) => sum + run.consumed, 0);
    const asked = runs.reduce((sum, run) => sum + run.asked, 0);
    expect([consumed, asked]).toEqual([100, 256]);
    expect(await bench.purser.balances({ tenant })).toMatchObject([{ available: 0, used: 100 }]);
  });

  test("whatever is asked for at once, the accepted sum never passes what was granted", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 24 }),
        async (granted, amounts) => {
          run += 1;
          const tenant = await bench.testTenant(`sum-${run}`);
          await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: granted, dedupeKey: "g" });
          const outcomes = await Promise.all(
            amounts.map((amount, i) =>
              bench.purser.tryConsume(bench.pool, { tenant, feature: "credits", amount, idempotencyKey: `k${i}` }),
            ),
          );
          const accepted = outcomes.reduce((sum, one) => sum + (one.outcome === "consumed" ? one.amount : 0), 0);
          const [balance] = await bench.purser.balances({ tenant });
          expect(accepted).toBeLessThanOrEqual(granted);
          expect(balance?.available).toBe(granted - accepted);
          // Nobody was refused who still fitted at the end.
          const refused = amounts.filter((_, i) => outcomes[i]?.outcome !== "consumed");
          expect(refused.filter((amount) => amount <= granted - accepted)).toEqual([]);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe("A02: one key is one effect", () => {
  test("the same grant asked for 32 times at once is one row, and everybody gets its id", async () => {
    const tenant = await bench.testTenant("grant-once");
    const outcomes = await Promise.all(
      Array.from({ length: 32 }, () =>
        bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 7, dedupeKey: "purchase-1" }),
      ),
    );
    const granted = outcomes.flatMap((one) => (one.outcome === "granted" ? [one] : []));
    expect(granted).toHaveLength(32);
    expect(new Set(granted.map(({ grantId }) => grantId)).size).toBe(1);
    expect(granted.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await bench.purser.balances({ tenant })).toMatchObject([{ granted: 7, available: 7 }]);
  });

  test("grants and consumptions of one balance at once: none is lost", async () => {
    const tenant = await bench.testTenant("mixed");
    await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 100, dedupeKey: "start" });
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        i % 3 === 0
          ? bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 5, dedupeKey: `g${i}` })
          : bench.purser.tryConsume(bench.pool, { tenant, feature: "credits", amount: 2, idempotencyKey: `c${i}` }),
      ),
    );
    expect([count(outcomes, "granted"), count(outcomes, "consumed")]).toEqual([20, 40]);
    expect(await bench.purser.balances({ tenant })).toMatchObject([{ granted: 200, used: 80, available: 120 }]);
  });

  test("one dedupe key on two features at once is one grant and one conflict", async () => {
    for (const round of [1, 2, 3, 4, 5]) {
      const tenant = await bench.testTenant(`grant-two-${round}`, "pro");
      const outcomes = await Promise.all(
        (["credits", "reports"] as const).map((feature) =>
          bench.purser.issueGrant(bench.pool, { tenant, feature, amount: 7, dedupeKey: "one" }),
        ),
      );
      expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(["granted", "idempotency_conflict"]);
    }
  });

  test("the same consumption asked for 32 times at once happens once", async () => {
    const tenant = await bench.testTenant("consume-once", "pro");
    const outcomes = await Promise.all(
      Array.from({ length: 32 }, () =>
        bench.purser.tryConsume(bench.pool, { tenant, feature: "reports", amount: 9, idempotencyKey: "one" }),
      ),
    );
    expect(count(outcomes, "consumed")).toBe(32);
    expect(outcomes.filter((one) => one.outcome === "consumed" && !one.replayed)).toHaveLength(1);
    expect(await bench.purser.balances({ tenant, feature: "reports" })).toMatchObject([{ available: 91 }]);
  });

  test("one key on two features at once is one consumption and one conflict", async () => {
    for (const round of [1, 2, 3, 4, 5]) {
      const tenant = await bench.testTenant(`consume-two-${round}`, "pro");
      const outcomes = await Promise.all(
        (["reports", "exports"] as const).map((feature) =>
          bench.purser.tryConsume(bench.pool, { tenant, feature, idempotencyKey: "one" }),
        ),
      );
      expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(["consumed", "idempotency_conflict"]);
    }
  });

  test("a first use by many at once makes one balance and one window", async () => {
    const tenant = await bench.testTenant("first-use", "pro");
    const outcomes = await Promise.all(
      Array.from({ length: 16 }, (_, i) =>
        bench.purser.tryConsume(bench.pool, { tenant, feature: "seats", subject: "ann", idempotencyKey: `f${i}` }),
      ),
    );
    expect([count(outcomes, "consumed"), count(outcomes, "limit_reached")]).toEqual([4, 12]);
  });

  test("a boundary turned by many at once is turned once", async () => {
    const tenant = await bench.testTenant("turn-once", "pro");
    await bench.purser.tryConsume(bench.pool, { tenant, feature: "reports", amount: 90, idempotencyKey: "before" });
    await bench.purser.advanceClock({ tenant, to: new Date("2026-02-03T00:00:00Z") });
    const outcomes = await Promise.all(
      Array.from({ length: 16 }, (_, i) =>
        bench.purser.tryConsume(bench.pool, { tenant, feature: "reports", amount: 10, idempotencyKey: `t${i}` }),
      ),
    );
    expect(count(outcomes, "consumed")).toBe(10);
    const turns = await bench.rows(
      "SELECT version FROM purser.balance_facts WHERE tenant_id = $1 AND feature = 'reports' AND kind = 'boundary'",
      [tenant],
    );
    expect(turns).toHaveLength(1);
  });
});

describe("A07: no isolation level of the caller's transaction overdraws", () => {
  test.each(["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])("%s", async (level) => {
    const tenant = await bench.testTenant(`level-${level}`);
    await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 5, dedupeKey: "g" });
    const clients = new Pool({ connectionString: bench.database.serviceUrl, max: 12 });
    const attempts = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const client = await clients.connect();
        try {
          await client.query(`BEGIN ISOLATION LEVEL ${level}`);
          // Takes the snapshot before anybody has consumed.
          await client.query("SELECT count(*) FROM purser.balances");
          const { rows } = await client.query("SELECT outcome FROM purser.consume($1, 'credits', 1, $2)", [
            tenant,
            `k${i}`,
          ]);
          await client.query("COMMIT");
          return String(rows[0].outcome);
        } catch (error) {
          await client.query("ROLLBACK");
          // A transaction that cannot be placed after the others is told to start again, never given a stale answer.
          return (error as { code: string }).code;
        } finally {
          client.release();
        }
      }),
    );
    await clients.end();
    const consumed = attempts.filter((one) => one === "consumed").length;
    expect(consumed).toBeGreaterThanOrEqual(1);
    expect(consumed).toBeLessThanOrEqual(5);
    expect(attempts.filter((one) => !["consumed", "insufficient_balance", "40001"].includes(one))).toEqual([]);
    expect(await bench.purser.balances({ tenant })).toMatchObject([{ available: 5 - consumed, used: consumed }]);
  });
});

test("A10: another unique violation is an error with its own code, never taken for a replay", async () => {
  const tenant = await bench.testTenant("unique");
  await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 5, dedupeKey: "g" });
  // A fact that is already where the next one belongs: what a bug or a damaged restore could leave.
  await bench.rows(
    `INSERT INTO purser.balance_facts (slot, tenant_id, subject, feature, version, kind, amount, overage, interval_no,
       interval_used, recorded_at)
     SELECT slot, tenant_id, subject, feature, version + 1, 'lock', 0, 0, interval_no, 0, as_of
     FROM purser.balances WHERE tenant_id = $1`,
    [tenant],
  );
  const consumption = bench.purser.tryConsume(bench.pool, { tenant, feature: "credits", idempotencyKey: "k" });
  await expect(consumption).rejects.toMatchObject({ code: "23505" });
  await bench.rows("DELETE FROM purser.balance_facts WHERE tenant_id = $1 AND kind = 'lock'", [tenant]);
});

function consumeElsewhere(script: string, args: string[]): Promise<{ consumed: number; asked: number }> {
  return new Promise((resolve, reject) => {
    const child = fork(script, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    child.once("message", (message) => resolve(message as { consumed: number; asked: number }));
    child.once("error", reject);
    child.once("exit", (code) => code === 0 || reject(new Error(`the process ended with ${code}`)));
  });
}
