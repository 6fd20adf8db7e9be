// Callers without a transaction of their own share flights: what is shared, what is not, and what happens when it goes wrong.
import { Pool } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createPurser, Fault, slotOf } from "@purser/engine";
import { openCuttingProxy } from "../store/cutting-proxy.ts";
import { createWorkbench, smallCatalog, type SmallPurser, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

const pools: Pool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()));
});

interface Engine {
  readonly purser: SmallPurser;
  readonly pool: Pool;
  readonly sent: string[];
  /** At most so many statements were on their way at once. */
  readonly most: () => number;
}

/** An engine on a pool of its own, and the statements that it sent; the answer of each is so long on its way. */
function engine(options: object = {}, answerMs = 0): Engine {
  const pool = new Pool({ connectionString: bench.database.serviceUrl, max: 10, ...options });
  pool.on("error", () => undefined);
  pools.push(pool);
  const sent: string[] = [];
  let [underway, most] = [0, 0];
  const send = pool.query.bind(pool);
  Object.defineProperty(pool, "query", {
    value: (...args: unknown[]): unknown => {
      sent.push(/purser\.(\w+)/.exec((args[0] as { text?: string }).text ?? "")?.[1] ?? "");
      underway += 1;
      most = Math.max(most, underway);
      const answer = Reflect.apply(send, pool, args) as Promise<unknown>;
      return (answerMs === 0 ? answer : pause(answerMs).then(() => answer)).finally(() => {
        underway -= 1;
      });
    },
  });
  return { purser: createPurser({ catalog: smallCatalog, database: pool }), pool, sent, most: () => most };
}

async function holder(tenant: string, credits = 1_000_000): Promise<string> {
  await bench.testTenant(tenant, "pro");
  await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: credits, dedupeKey: "g" });
  return tenant;
}

/** So many tenants whose calls go the same way. */
async function neighbours(prefix: string, count: number): Promise<string[]> {
  const found: string[] = [];
  for (let n = 0; found.length < count; n += 1) {
    if (slotOf(`${prefix}-${n}`) % 12 === 0) found.push(await holder(`${prefix}-${n}`));
  }
  return found;
}

const ask = ({ purser, pool }: { purser: SmallPurser; pool: Pool }, tenant: string, key: string, amount = 1) =>
  purser.tryConsume(pool, { tenant, feature: "credits", amount, idempotencyKey: key });

/** Holds the balance of a tenant as a slow transaction of somebody else does. */
async function hold(tenant: string): Promise<() => Promise<void>> {
  const client = await bench.pool.connect();
  await client.query("BEGIN");
  await client
    .query("SELECT FROM purser.balances WHERE tenant_id = $1 AND feature = 'credits' FOR UPDATE", [tenant])
    .catch(() => client.query("ROLLBACK; BEGIN"));
  await client.query("SELECT FROM purser.consume($1, 'credits', 1, 'slow')", [tenant]);
  return async () => {
    await client.query("COMMIT");
    client.release();
  };
}

const WAITING_TOGETHER = `SELECT pid, query_start::text FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%consume_many_in_slots%'`;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a flight", () => {
  test("is of one call where there is one, and of all that came meanwhile", async () => {
    const on = engine();
    const tenant = await holder("shared");
    expect(await ask(on, tenant, "alone")).toMatchObject({ outcome: "consumed", available: 999_999 });
    expect(on.sent).toEqual(["consume_in_slot"]);
    const outcomes = await Promise.all(Array.from({ length: 300 }, (_, n) => ask(on, tenant, `k${n}`)));
    expect(outcomes.every(({ outcome }) => outcome === "consumed")).toBe(true);
    expect(on.sent.slice(1)).toEqual(["consume_many_in_slots"]);
    // One line in the outbox for each flight.
    expect(
      await bench.rows(
        "SELECT count(*)::int AS told FROM purser.outbox WHERE tenant_id = $1 AND source = 'consumption'",
        [tenant],
      ),
    ).toEqual([{ told: 2 }]);
  });

  test("keeps the order of the calls of one balance, across flights and refusals", async () => {
    const on = engine();
    const tenant = await holder("in-order", 600);
    const amounts = Array.from({ length: 700 }, (_, n) => (n % 100 === 50 ? 590 : 1));
    const outcomes = await Promise.all(
      amounts.map(async (amount, n) => {
        if (n >= 350) await pause(1);
        return ask(on, tenant, `k${n}`, amount);
      }),
    );
    // Judged in order: nothing large fits after the first eleven, and everything small does until nothing is left.
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(
      amounts.map((amount, n) =>
        amount === 1 && n - Math.floor((n + 49) / 100) < 600 ? "consumed" : "insufficient_balance",
      ),
    );
    const versions = outcomes.flatMap((one) => (one.outcome === "consumed" ? [one.version] : []));
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
  });

  test("of a crowd has the next one behind it before it lands, and never two", async () => {
    const on = engine({}, 50);
    const tenant = await holder("followed");
    const outcomes = await Promise.all(Array.from({ length: 2048 }, (_, n) => ask(on, tenant, `k${n}`)));
    const versions = outcomes.map((one) => (one.outcome === "consumed" ? one.version : 0));
    expect(versions.toSorted((a, b) => a - b)).toEqual(outcomes.map((_, n) => n + 2));
    // Each flight whole and in its order. Which of two that are in the air has the balance first is for the database to say.
    const flights = [0, 512, 1024, 1536].map((from) => versions.slice(from, from + 512));
    for (const flight of flights) expect(flight).toEqual(flight.map((_, n) => (flight[0] ?? 0) + n));
    expect(on.sent).toEqual(Array.from({ length: 4 }, () => "consume_many_in_slots"));
    expect(on.most()).toBe(2);
  });

  test("answers everybody by themselves: refusals, conflicts, replays and what is not valid", async () => {
    const on = engine();
    const tenant = await holder("everybody", 10);
    const outcomes = await Promise.all([
      ask(on, tenant, "a", 4),
      ask(on, tenant, "b", 9),
      ask(on, tenant, "a", 4),
      ask(on, tenant, "a", 5),
      ask(on, tenant, "c", -1),
      ask(on, "nobody", "d"),
      on.purser.tryConsume(on.pool, { tenant, feature: "seats", idempotencyKey: "e" }),
      ask(on, tenant, "f", 6),
    ]);
    expect(outcomes).toMatchObject([
      { outcome: "consumed", replayed: false, available: 6 },
      { outcome: "insufficient_balance", available: 6 },
      { outcome: "consumed", replayed: true, available: 6 },
      { outcome: "idempotency_conflict", field: "amount" },
      { outcome: "invalid_input", field: "amount" },
      { outcome: "tenant_unknown" },
      { outcome: "subject_required" },
      { outcome: "consumed", available: 0 },
    ]);
  });

  test("one whose row is damaged fails, and nobody else with it", async () => {
    const on = engine();
    const damaged = await holder("damaged");
    const others = await Promise.all(Array.from({ length: 9 }, (_, n) => holder(`sound-${n}`)));
    // A fact that is already where the next one belongs.
    await bench.rows(
      `INSERT INTO purser.balance_facts (slot, tenant_id, subject, feature, version, kind, amount, overage, interval_no,
         interval_used, recorded_at)
       SELECT slot, tenant_id, subject, feature, version + 1, 'lock', 0, 0, interval_no, 0, as_of
       FROM purser.balances WHERE tenant_id = $1 AND feature = 'credits'`,
      [damaged],
    );
    const outcomes = await Promise.allSettled(
      [...others.slice(0, 5), damaged, ...others.slice(5)].map((tenant) => ask(on, tenant, "k")),
    );
    await bench.rows("DELETE FROM purser.balance_facts WHERE tenant_id = $1 AND kind = 'lock'", [damaged]);
    expect(outcomes.map(({ status }) => status)).toEqual(
      [...others, ""].map((_, n) => (n === 5 ? "rejected" : "fulfilled")),
    );
    expect(outcomes[5]).toMatchObject({ reason: { code: "23505" } });
  });
});

describe("a balance that somebody else holds", () => {
  test("keeps nobody else of its lane waiting, whether its call came alone or in company, and keeps its order", async () => {
    const [held = "", ...others] = await neighbours("held", 4);
    for (const company of [false, true]) {
      const on = engine();
      const free = await hold(held);
      const answered: string[] = [];
      const waiting = [0, 1, 2].map(async (n) => {
        if (n > 0 && !company) await pause(40 * n);
        const outcome = await ask(on, held, `${company} ${n}`);
        answered.push(`${n}`);
        return outcome;
      });
      if (!company) await pause(5);
      const rest = await Promise.all(
        others.flatMap((tenant) => Array.from({ length: 20 }, (_, n) => ask(on, tenant, `${company} ${n}`))),
      );
      expect(rest.every(({ outcome }) => outcome === "consumed")).toBe(true);
      expect(answered).toEqual([]);
      await free();
      const outcomes = await Promise.all(waiting);
      expect(answered).toEqual(["0", "1", "2"]);
      const versions = outcomes.map((one) => (one.outcome === "consumed" ? one.version : 0));
      expect(versions[2]).toBe((versions[0] ?? 0) + 2);
    }
  });

  test("between two flights of a crowd delays the crowd and nobody else, and nobody of the crowd is lost", async () => {
    const on = engine();
    const [crowded = "", other = ""] = await neighbours("crowd", 2);
    const asked = Array.from({ length: 5000 }, (_, n) => ask(on, crowded, `k${n}`));
    await pause(30);
    const free = await hold(crowded);
    expect(await ask(on, other, "k")).toMatchObject({ outcome: "consumed" });
    const late = Array.from({ length: 2000 }, (_, n) => ask(on, crowded, `late ${n}`));
    await pause(300);
    await free();
    const outcomes = await Promise.all([...asked, ...late]);
    expect(new Set(outcomes.map((one) => one.outcome === "consumed" && !one.replayed && one.version)).size).toBe(7000);
    expect(await bench.purser.balances({ tenant: crowded, feature: "credits" })).toMatchObject([{ used: 7001 }]);
  });

  test.each([
    ["whose tenant's access is being changed", "SELECT FROM purser.lock_tenant(purser.slot_of($1), $1)", 2],
    ["that somebody else is just making", "SELECT FROM purser.consume($1, 'seats', 1, 'slow', 'ann')", 3],
  ])("%s delays its first use and nobody else", async (what, holding, version) => {
    const on = engine();
    const [slow = "", ...others] = await neighbours(what.slice(-6), 4);
    const client = await bench.pool.connect();
    await client.query("BEGIN");
    await client.query(holding, [slow]);
    let answered = false;
    const first = on.purser
      .tryConsume(on.pool, { tenant: slow, feature: "seats", subject: "ann", idempotencyKey: "first" })
      .finally(() => {
        answered = true;
      });
    const rest = Promise.all([...others, ...others].map((tenant, n) => ask(on, tenant, `k${n}`)));
    // The same flight seen waiting twice is one that keeps its others waiting.
    const seen: object[][] = [];
    for (let look = 0; look < 2; look += 1) {
      await pause(150);
      seen.push(await bench.rows(WAITING_TOGETHER));
    }
    expect(seen[0]?.filter((one) => seen[1]?.some((other) => JSON.stringify(one) === JSON.stringify(other)))).toEqual(
      [],
    );
    expect((await rest).every(({ outcome }) => outcome === "consumed")).toBe(true);
    expect(answered).toBe(false);
    await client.query("COMMIT");
    client.release();
    expect(await first).toMatchObject({ outcome: "consumed", version });
  });

  test("for longer than lock_timeout is busy, for its own callers alone", async () => {
    const on = engine();
    const [held = "", other = ""] = await neighbours("timeout", 2);
    const free = await hold(held);
    const outcomes = await Promise.all([ask(on, held, "a"), ask(on, held, "b"), ask(on, other, "c")]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["busy", "busy", "consumed"]);
    expect(await ask(on, held, "d")).toEqual({ outcome: "busy" });
    await free();
    expect(await ask(on, held, "a")).toMatchObject({ outcome: "consumed", replayed: false });
  });

  test("more than a lane keeps are overloaded, and none of those has happened", async () => {
    const on = engine();
    const tenant = await holder("overloaded");
    const free = await hold(tenant);
    const asked = Array.from({ length: 10_050 }, (_, n) => ask(on, tenant, `k${n}`));
    expect(await asked.at(-1)).toEqual({ outcome: "overloaded" });
    await free();
    const outcomes = await Promise.all(asked);
    expect(outcomes.filter(({ outcome }) => outcome === "overloaded")).toHaveLength(50);
    expect(outcomes.filter(({ outcome }) => outcome === "consumed")).toHaveLength(10_000);
    expect(await bench.purser.balances({ tenant, feature: "credits" })).toMatchObject([{ used: 10_001 }]);
    await expect(
      on.purser.consume(on.pool, { tenant, feature: "credits", idempotencyKey: "k10049" }),
    ).resolves.toMatchObject({ replayed: false });
  });
});

/** A consumption, by the name of the function or, once it is prepared, of the statement. */
const consuming = /consume_|\0purser_\d+\0/;

describe("A05: a connection lost with a consumption on its way", () => {
  test.each([
    ["before", 1, false],
    ["after", 1, true],
    ["before", 40, false],
    ["after", 40, true],
  ] as const)(
    "cut %s the database had it, %i at once: it happened once, and everybody is told",
    async (when, calls, replayed) => {
      const proxy = await openCuttingProxy(bench.database.serviceUrl);
      const on = engine({ connectionString: proxy.url });
      const tenant = await holder(`cut-${when}-${calls}`);
      await ask(on, tenant, "first");
      proxy.cut(1, when, consuming);
      const outcomes = await Promise.all(Array.from({ length: calls }, (_, n) => ask(on, tenant, `k${n}`)));
      expect(proxy.hasCut).toBe(true);
      expect(outcomes).toEqual(
        outcomes.map(() => expect.objectContaining({ outcome: "consumed", replayed }) as object),
      );
      expect(await bench.purser.balances({ tenant, feature: "credits" })).toMatchObject([{ used: calls + 1 }]);
      await proxy.close();
    },
  );

  test("for good: everybody is told that nobody knows, and the same keys find out", async () => {
    const proxy = await openCuttingProxy(bench.database.serviceUrl);
    const on = engine({ connectionString: proxy.url });
    const tenant = await holder("cut-for-good");
    await ask(on, tenant, "first");
    proxy.refuse();
    proxy.cut(1, "after", consuming);
    const keys = Array.from({ length: 20 }, (_, n) => `k${n}`);
    const outcomes = await Promise.allSettled(keys.map((key) => ask(on, tenant, key)));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "commit_not_confirmed", retryable: true } });
    }
    await proxy.close();
    const again = await Promise.all(keys.map((key) => ask(engine(), tenant, key)));
    expect(again.every(({ outcome }) => outcome === "consumed")).toBe(true);
    expect(await bench.purser.balances({ tenant, feature: "credits" })).toMatchObject([{ used: 21 }]);
  });
});

test("A01: two engines on one balance sell what is left once", async () => {
  const tenant = await holder("two-engines", 700);
  const engines = [engine(), engine()];
  const outcomes = await Promise.all(
    engines.flatMap((on, side) =>
      Array.from({ length: 600 }, async (_, n) => {
        await pause(n % 7);
        return ask(on, tenant, `${side} ${n}`);
      }),
    ),
  );
  expect(outcomes.filter(({ outcome }) => outcome === "consumed")).toHaveLength(700);
  expect(outcomes.filter(({ outcome }) => outcome === "insufficient_balance")).toHaveLength(500);
});

test("A11: the same keys on different balances from two engines: one effect each, and nobody is told of a deadlock", async () => {
  const tenants = await neighbours("crossed", 6);
  const keys = Array.from({ length: 40 }, (_, n) => `k${n}`);
  const outcomes = await Promise.all(
    [engine(), engine()].flatMap((on, side) =>
      tenants.flatMap((tenant) =>
        (side === 0 ? keys : keys.toReversed()).map((idempotencyKey) =>
          on.purser.tryConsume(on.pool, { tenant, feature: side === 0 ? "credits" : "views", idempotencyKey }),
        ),
      ),
    ),
  );
  expect(outcomes.filter(({ outcome }) => outcome === "consumed")).toHaveLength(240);
  expect(outcomes.filter(({ outcome }) => outcome === "idempotency_conflict")).toHaveLength(240);
});

test("I02: a pool of two serves fifty callers, some with a transaction of their own", async () => {
  const on = engine({ max: 2 });
  const tenant = await holder("small-pool");
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      n % 5 === 0
        ? on.purser.withConsumption(on.pool, { tenant, feature: "credits", idempotencyKey: `k${n}` }, () => pause(2))
        : ask(on, tenant, `k${n}`),
    ),
  );
  expect(outcomes.every(({ outcome }) => outcome === "consumed")).toBe(true);
  expect(await bench.purser.balances({ tenant, feature: "credits" })).toMatchObject([{ used: 50 }]);
});

test("closing answers what was asked before it and takes nothing after it", async () => {
  const on = engine();
  const tenant = await holder("closing");
  const asked = Array.from({ length: 600 }, (_, n) => ask(on, tenant, `k${n}`));
  let answered = 0;
  for (const one of asked) void one.then(() => (answered += 1));
  await on.purser.close();
  expect(answered).toBe(600);
  const late = ask(on, tenant, "late");
  await expect(late).rejects.toBeInstanceOf(Fault);
  await expect(late).rejects.toMatchObject({ code: "closed" });
  await on.purser.close();
});
