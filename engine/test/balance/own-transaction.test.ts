// Enforcement in the caller's own transaction: check, the caller's write and the consumption commit together or not at all.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Fault, Refused } from "@purser/engine";
import { createWorkbench, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench({ max: 4 });
  await bench.rows("CREATE TABLE public.reports (id text PRIMARY KEY)");
  await bench.rows("GRANT ALL ON public.reports TO PUBLIC");
});
afterAll(() => bench.close());

let tenant = "";
let number = 0;
beforeEach(async () => {
  number += 1;
  tenant = await bench.testTenant(`own-${number}`, "pro");
  await bench.rows("TRUNCATE public.reports");
});
const input = (idempotencyKey: string, amount = 60) =>
  ({ tenant, feature: "reports", amount, idempotencyKey }) as const;
const write = (id: string) => (tx: { query(text: string, values: string[]): Promise<unknown> }) =>
  tx.query("INSERT INTO public.reports VALUES ($1)", [id]);
const available = async () => (await bench.purser.balances({ tenant, feature: "reports" }))[0]?.available;
const reports = async () =>
  (await bench.rows<{ id: string }>("SELECT id FROM public.reports ORDER BY id")).map(({ id }) => id);

describe("withConsumption given the pool", () => {
  test("S001-10: both commit, or neither does; on a replay the write is not run", async () => {
    expect(await bench.purser.withConsumption(bench.pool, input("a"), write("a"))).toMatchObject({
      outcome: "consumed",
      replayed: false,
      available: 40,
    });
    expect(await bench.purser.withConsumption(bench.pool, input("a"), write("again"))).toMatchObject({
      replayed: true,
      result: undefined,
    });
    expect(await bench.purser.withConsumption(bench.pool, input("b"), write("b"))).toMatchObject({
      outcome: "limit_reached",
      available: 40,
    });
    expect(await reports()).toEqual(["a"]);
    expect(await available()).toBe(40);
  });

  test("an error of the write undoes the consumption and is thrown on, and the same key can be used again", async () => {
    const failing = bench.purser.withConsumption(bench.pool, input("a"), async (tx) => {
      await tx.query("INSERT INTO public.reports VALUES ('a')");
      throw new RangeError("the caller's own");
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect([await reports(), await available()]).toEqual([[], 100]);
    expect(await bench.purser.tryConsume(bench.pool, input("a"))).toMatchObject({ replayed: false });
  });

  test("A06: a statement that failed and was swallowed makes COMMIT a rollback, and that is a fault, not a success", async () => {
    const swallowed = bench.purser.withConsumption(bench.pool, input("a"), async (tx) => {
      await tx.query("SELECT * FROM no_such_table").catch(() => undefined);
      return "looks fine";
    });
    await expect(swallowed).rejects.toMatchObject({ name: "Fault", code: "commit_not_confirmed" });
    expect(await available()).toBe(100);
    // The pool is whole: no client came back inside a broken transaction.
    for (let again = 0; again < 8; again += 1) {
      const { rows } = await bench.pool.query("SELECT txid_current_if_assigned() AS xid");
      expect(rows).toEqual([{ xid: null }]);
    }
  });

  test("a connection that dies in the middle is a thrown error, nothing happened, and the pool goes on", async () => {
    const cut = bench.purser.withConsumption(bench.pool, input("a"), async (tx) => {
      const { rows } = await tx.query("SELECT pg_backend_pid() AS pid");
      tx.on("error", () => undefined);
      await bench.rows("SELECT pg_terminate_backend($1)", [rows[0].pid]);
      await tx.query("INSERT INTO public.reports VALUES ('a')");
    });
    await expect(cut).rejects.toThrow(/terminat|clos|queryable|ECONNRESET|EPIPE/i);
    expect([await reports(), await available()]).toEqual([[], 100]);
    expect(await bench.purser.tryConsume(bench.pool, input("a"))).toMatchObject({ outcome: "consumed" });
  });
});

describe("in a transaction that the caller has open", () => {
  test("consume joins it: rolled back with it, committed with it", async () => {
    const client = await bench.pool.connect();
    await client.query("BEGIN");
    await client.query("INSERT INTO public.reports VALUES ('a')");
    await bench.purser.consume(client, input("a"));
    await client.query("ROLLBACK");
    expect([await reports(), await available()]).toEqual([[], 100]);
    await client.query("BEGIN");
    await client.query("INSERT INTO public.reports VALUES ('a')");
    await bench.purser.consume(client, input("a"));
    await client.query("COMMIT");
    client.release();
    expect([await reports(), await available()]).toEqual([["a"], 40]);
  });

  test("a refusal is thrown, so that ignoring it cannot sell for free; tryConsume returns it", async () => {
    const client = await bench.pool.connect();
    await client.query("BEGIN");
    await expect(bench.purser.consume(client, input("a", 101))).rejects.toMatchObject({
      name: "Refused",
      outcome: { outcome: "limit_reached", available: 100 },
    });
    expect(await bench.purser.tryConsume(client, input("a", 101))).toMatchObject({
      outcome: "limit_reached",
      available: 100,
    });
    await client.query("ROLLBACK");
    client.release();
    expect(Refused.name).toBe("Refused");
  });

  test("withConsumption uses a savepoint: what it did is undone where the write throws, the rest goes on", async () => {
    const client = await bench.pool.connect();
    await client.query("BEGIN");
    await client.query("INSERT INTO public.reports VALUES ('before')");
    const failing = bench.purser.withConsumption(client, input("a"), async (tx) => {
      await tx.query("INSERT INTO public.reports VALUES ('before')");
    });
    await expect(failing).rejects.toThrow(/duplicate key/);
    expect(
      await bench.purser.withConsumption(client, input("b"), (tx) =>
        tx.query("INSERT INTO public.reports VALUES ('b')"),
      ),
    ).toMatchObject({ outcome: "consumed" });
    expect(await bench.purser.withConsumption(client, input("c"), () => Promise.resolve(1))).toMatchObject({
      outcome: "limit_reached",
    });
    await client.query("COMMIT");
    client.release();
    expect([await reports(), await available()]).toEqual([["b", "before"], 40]);
  });

  test("a client without a transaction is refused: its consumption would be committed by itself", async () => {
    const client = await bench.pool.connect();
    await expect(bench.purser.consume(client, input("a"))).rejects.toMatchObject({ code: "no_transaction" });
    await client.query("BEGIN");
    await client.query("SELECT 1 / 0").catch(() => undefined);
    await expect(bench.purser.consume(client, input("a"))).rejects.toBeInstanceOf(Fault);
    await client.query("ROLLBACK");
    client.release();
    expect(await available()).toBe(100);
  });

  test("a row locked by somebody else for too long: busy in a savepoint, a retryable fault in the bare transaction", async () => {
    const [holder, waiter] = [await bench.pool.connect(), await bench.pool.connect()];
    await holder.query("BEGIN");
    await bench.purser.consume(holder, input("holder", 1));
    await waiter.query("BEGIN");
    await waiter.query("SET LOCAL lock_timeout = '50ms'");
    expect(await bench.purser.withConsumption(waiter, input("w"), () => Promise.resolve(1))).toEqual({
      outcome: "busy",
    });
    await expect(bench.purser.consume(waiter, input("w"))).rejects.toMatchObject({ code: "retry", retryable: true });
    await waiter.query("ROLLBACK");
    await holder.query("COMMIT");
    holder.release();
    waiter.release();
    expect(await available()).toBe(99);
  });
});

test("from psql: the SQL face inside BEGIN and COMMIT", async () => {
  const client = await bench.pool.connect();
  await client.query("BEGIN");
  const { rows } = await client.query("SELECT outcome, available FROM purser.consume($1, 'reports', 5, 'psql')", [
    tenant,
  ]);
  expect(rows).toEqual([{ outcome: "consumed", available: "95.000000" }]);
  await client.query("ROLLBACK");
  client.release();
  expect(await available()).toBe(100);
});
