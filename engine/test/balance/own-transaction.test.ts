// Enforcement in the caller's own transaction, through every library that a caller may have it open with: check, the
// caller's write and the consumption commit together or not at all.
import { createPurser } from "@purser/engine";
import { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { applicationOn, type Application, type Host, libraries } from "../../../behaviour/fixture/hosts.ts";
import { createWorkbench, smallCatalog, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench({ max: 8 });
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
const input = (idempotencyKey: string, amount = 60) => ({ tenant, feature: "reports", amount, idempotencyKey });
const insert = (id: string) => (tx: Host) => tx.insert(id);
const available = async () => (await bench.purser.balances({ tenant, feature: "reports" }))[0]?.available;
const reports = async () =>
  (await bench.rows<{ id: string }>("SELECT id FROM public.reports ORDER BY id")).map(({ id }) => id);
const keys = async () =>
  (
    await bench.rows<{ key: string }>(
      "SELECT idempotency_key AS key FROM purser.consumptions WHERE tenant_id = $1 ORDER BY 1",
      [tenant],
    )
  ).map(({ key }) => key);
/** No client came back to the pool inside a transaction. */
async function poolIsWhole(): Promise<void> {
  for (let again = 0; again < 8; again += 1) {
    const { rows } = await bench.pool.query(
      "SELECT txid_current_if_assigned() AS xid, now() = statement_timestamp() AS fresh",
    );
    expect(rows).toEqual([{ xid: null, fresh: true }]);
  }
}

describe.each(libraries)("on %s", (library) => {
  let app: Application;
  beforeAll(() => {
    app = applicationOn(library, bench.purser, bench.pool);
  });

  describe("withConsumption given the database", () => {
    test("S001-10: both commit, or neither does; on a replay the write is not run", async () => {
      expect(await app.withConsumption(input("a"), insert("a"))).toMatchObject({
        outcome: "consumed",
        replayed: false,
        available: 40,
      });
      expect(await app.withConsumption(input("a"), insert("again"))).toMatchObject({
        replayed: true,
        result: undefined,
      });
      expect(await app.withConsumption(input("b"), insert("b"))).toMatchObject({
        outcome: "limit_reached",
        available: 40,
      });
      expect([await reports(), await keys(), await available()]).toEqual([["a"], ["a"], 40]);
    });

    test("an error of the write undoes the consumption and is thrown on, and the same key can be used again", async () => {
      const failing = app.withConsumption(input("a"), async (tx) => {
        await tx.insert("a");
        throw new RangeError("the caller's own");
      });
      await expect(failing).rejects.toThrow(RangeError);
      expect([await reports(), await available()]).toEqual([[], 100]);
      expect(await app.tryConsume(input("a"))).toMatchObject({ replayed: false });
    });

    test("A06: a statement that failed and was swallowed makes COMMIT a rollback, and that is a fault, not a success", async () => {
      let kept: Host | undefined;
      const swallowed = app.withConsumption(input("a"), async (tx) => {
        kept = tx;
        await tx.run("SELECT * FROM no_such_table").catch(() => undefined);
        return "looks fine";
      });
      await expect(swallowed).rejects.toMatchObject({ name: "Fault", code: "commit_not_confirmed" });
      expect(await available()).toBe(100);
      // What the write may still send goes nowhere, and not into the transaction of whoever is next on the connection.
      await expect(kept?.run("SELECT 1")).rejects.toBeInstanceOf(Error);
      await poolIsWhole();
    });

    test("A06: nor is one that nobody waited for, sent when the write had answered", async () => {
      const unwaited = app.withConsumption(input("a"), async (tx) => {
        void tx.run("SELECT * FROM no_such_table").catch(() => undefined);
        return "looks fine";
      });
      await expect(unwaited).rejects.toMatchObject({ name: "Fault", code: "commit_not_confirmed" });
      expect(await available()).toBe(100);
      await poolIsWhole();
    });

    test("an error that the server answers to COMMIT is an answer: nothing happened, and it is thrown as it is", async () => {
      await bench.rows(
        "CREATE TABLE public.deferred (id text REFERENCES public.reports DEFERRABLE INITIALLY DEFERRED)",
      );
      await bench.rows("GRANT ALL ON public.deferred TO PUBLIC");
      const refused = app.withConsumption(input("a"), (tx) => tx.run("INSERT INTO public.deferred VALUES ('nobody')"));
      await expect(refused).rejects.toBeInstanceOf(Error);
      await expect(refused).rejects.not.toMatchObject({ code: "commit_not_confirmed" });
      expect([await keys(), await available()]).toEqual([[], 100]);
      await poolIsWhole();
      await bench.rows("DROP TABLE public.deferred");
    });

    test("I03: a connection that dies in the middle is a thrown error, nothing happened, and the pool goes on", async () => {
      const cut = app.withConsumption(input("a"), async (tx) => {
        await tx.run("SET LOCAL application_name = 'victim'");
        await bench.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'");
        await tx.insert("a");
      });
      await expect(cut).rejects.toBeInstanceOf(Error);
      expect([await reports(), await available()]).toEqual([[], 100]);
      expect(await app.tryConsume(input("a"))).toMatchObject({ outcome: "consumed" });
      await poolIsWhole();
    });

    test("I03: a connection that is still at work when nobody waits any more is not used again", async () => {
      const hasty = new Pool({ connectionString: bench.database.serviceUrl, max: 1, query_timeout: 100 });
      const given = applicationOn(library, createPurser({ catalog: smallCatalog, database: hasty }), hasty);
      await expect(given.withConsumption(input("a"), (tx) => tx.run("SELECT pg_sleep(1)"))).rejects.toBeInstanceOf(
        Error,
      );
      const { rows } = await hasty.query("SELECT now() = statement_timestamp() AS fresh");
      expect(rows).toEqual([{ fresh: true }]);
      await hasty.end();
      expect(await available()).toBe(100);
    });

    test("a dry run does everything, tells what would happen, and leaves nothing", async () => {
      const preview = { ...input("a"), dryRun: true };
      expect(await app.withConsumption(preview, insert("a"))).toMatchObject({ outcome: "consumed", available: 40 });
      expect(await app.tryConsume(preview)).toMatchObject({ outcome: "consumed", replayed: false, available: 40 });
      expect(await app.tryConsume({ ...preview, amount: 101 })).toMatchObject({ outcome: "limit_reached" });
      expect([await reports(), await keys(), await available()]).toEqual([[], [], 100]);
    });
  });

  describe("in a transaction that the caller has open", () => {
    test("consume joins it: rolled back with it, committed with it", async () => {
      const both = async (tx: Host) => {
        await tx.insert("a");
        await tx.consume(input("a"));
      };
      const undone = app.transaction(async (tx) => {
        await both(tx);
        throw new RangeError("not after all");
      });
      await expect(undone).rejects.toThrow(RangeError);
      expect([await reports(), await available()]).toEqual([[], 100]);
      await app.transaction(both);
      expect([await reports(), await available()]).toEqual([["a"], 40]);
    });

    test("a refusal is thrown, so that ignoring it cannot sell for free; tryConsume returns it", async () => {
      await app.transaction(async (tx) => {
        await expect(tx.consume(input("a", 101))).rejects.toMatchObject({
          name: "Refused",
          outcome: { outcome: "limit_reached", available: 100 },
        });
        expect(await tx.tryConsume(input("a", 101))).toMatchObject({ outcome: "limit_reached", available: 100 });
      });
      expect(await keys()).toEqual([]);
    });

    test("withConsumption uses a savepoint: what it did is undone where the write throws or is refused, the rest goes on", async () => {
      await app.transaction(async (tx) => {
        await tx.insert("before");
        const failing = tx.withConsumption(input("a"), insert("before"));
        await expect(failing).rejects.toMatchObject(
          library === "pg" ? { code: "23505" } : { cause: { code: "23505" } },
        );
        expect(await tx.withConsumption(input("b"), insert("b"))).toMatchObject({ outcome: "consumed" });
        expect(await tx.withConsumption(input("c"), insert("c"))).toMatchObject({ outcome: "limit_reached" });
        expect(await tx.withConsumption({ ...input("d", 40), dryRun: true }, insert("d"))).toMatchObject({
          outcome: "consumed",
          available: 0,
        });
        await tx.insert("after");
      });
      expect([await reports(), await keys(), await available()]).toEqual([["after", "b", "before"], ["b"], 40]);
    });

    test("one within another: the inner one's refusal or error leaves the outer one whole", async () => {
      const outcome = await app.withConsumption(input("outer", 10), async (tx) => {
        await tx.insert("outer");
        expect(await tx.withConsumption(input("refused", 91), insert("refused"))).toMatchObject({
          outcome: "limit_reached",
          available: 90,
        });
        const thrown = tx.withConsumption(input("thrown", 1), async (inner) => {
          await inner.insert("thrown");
          throw new RangeError("the inner one's");
        });
        await expect(thrown).rejects.toThrow(RangeError);
        return tx.withConsumption(input("inner", 20), insert("inner"));
      });
      expect(outcome).toMatchObject({ outcome: "consumed", available: 90, result: { available: 70 } });
      expect([await reports(), await keys()]).toEqual([
        ["inner", "outer"],
        ["inner", "outer"],
      ]);
    });

    test("a refusal of something else that the write consumes undoes all of it and is the outcome", async () => {
      const outcome = await app.withConsumption(input("a", 10), async (tx) => {
        await tx.insert("a");
        await tx.consume({ ...input("b", 5), feature: "exports" });
        await tx.consume({ ...input("c", 1), feature: "credits" });
      });
      expect(outcome).toMatchObject({ outcome: "not_included" });
      expect([await reports(), await keys(), await available()]).toEqual([[], [], 100]);
    });

    test.each(["together", "one after the other has consumed"])(
      "two begun %s in one transaction, of which one fails, never keep a write without its consumption or the reverse",
      async (begun) => {
        let told: PromiseSettledResult<unknown>[] = [];
        const both = app.transaction(async (tx) => {
          let consumed: () => void = () => undefined;
          const writing = new Promise<void>((resolve) => {
            consumed = resolve;
          });
          const failing = tx.withConsumption(input("failing", 10), async (inner) => {
            consumed();
            await inner.insert("failing");
            throw new RangeError("one of two");
          });
          if (begun !== "together") await writing;
          const standing = tx.withConsumption(input("standing", 20), insert("standing"));
          told = await Promise.allSettled([failing, standing]);
        });
        const committed = await both.then(
          () => true,
          () => false,
        );
        const stands = committed && told[1]?.status === "fulfilled" ? ["standing"] : [];
        expect([await reports(), await keys()]).toEqual([stands, stands]);
        expect(await available()).toBe(stands.length === 0 ? 100 : 80);
      },
    );
  });

  test("I08: somebody in psql holds the balance: busy where the transaction or savepoint is ours, else a fault that can be retried", async () => {
    await app.tryConsume(input("before", 1));
    const psql = await bench.admin.connect();
    await psql.query("BEGIN");
    await psql.query("SELECT FROM purser.balances WHERE tenant_id = $1 FOR UPDATE", [tenant]);
    const inTheCallers = app.transaction(async (tx) => {
      await tx.insert("kept");
      expect(await tx.withConsumption(input("a"), insert("a"))).toEqual({ outcome: "busy" });
      // The transaction is as usable as before.
      await tx.insert("also kept");
    });
    const inTheBare = app.transaction(async (tx) => {
      await tx.insert("lost");
      await expect(tx.consume(input("a"))).rejects.toMatchObject({ code: "retry", retryable: true });
      throw new RangeError("as told");
    });
    expect(
      await Promise.all([
        app.withConsumption(input("a"), insert("a")),
        app.withConsumption({ ...input("a"), lock: "late" }, insert("a")),
        app.tryConsume(input("a")),
        bench.purser.issueGrant(bench.pool, { tenant, feature: "reports", amount: 1, dedupeKey: "a" }),
        inTheCallers,
        inTheBare.catch((error: unknown) => error),
      ]),
    ).toEqual([...Array.from({ length: 4 }, () => ({ outcome: "busy" })), undefined, expect.any(RangeError)]);
    await psql.query("ROLLBACK");
    psql.release();
    expect([await reports(), await keys(), await available()]).toEqual([["also kept", "kept"], ["before"], 99]);
  });
});

describe("what is no transaction is refused: its consumption would be committed by itself", () => {
  test("a client before BEGIN, and one in a transaction that failed", async () => {
    const client = await bench.pool.connect();
    await expect(bench.purser.consume(client, { ...input("a"), feature: "reports" })).rejects.toMatchObject({
      code: "no_transaction",
    });
    await client.query("BEGIN");
    await client.query("SELECT 1 / 0").catch(() => undefined);
    await expect(bench.purser.consume(client, { ...input("a"), feature: "reports" })).rejects.toMatchObject({
      code: "no_transaction",
    });
    await client.query("ROLLBACK");
    client.release();
    expect(await available()).toBe(100);
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
