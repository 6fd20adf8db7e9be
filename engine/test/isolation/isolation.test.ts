// Every order in which the steps of two or three transactions can come, on real sessions, under every isolation level: how it
// ends is one of the ways that are written down, each of those happens, and afterwards every invariant holds.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWorkbench, type Workbench } from "../workbench.ts";
import { type Case, cases, trios } from "./cases.ts";
import { everyOrder, openStage, type Stage } from "./interleaving.ts";

let bench: Workbench;
let stage: Stage;
beforeAll(async () => {
  bench = await createWorkbench();
  // A deadlock is waited for, and not hurried past.
  await bench.rows(`ALTER DATABASE ${bench.database.name} SET deadlock_timeout = '50ms'`);
  await bench.rows("CREATE TABLE public.buildings (tenant_id text NOT NULL)");
  await bench.rows("GRANT ALL ON public.buildings TO PUBLIC");
  stage = await openStage(bench.database.serviceUrl, bench.database.adminUrl, 3);
});
afterAll(async () => {
  await stage.close();
  await bench.close();
});

const MAKE = `SELECT purser.create_tenant(purser.slot_of($1), $1, '', 'test', 'UTC', 'EUR', NULL,
  '2026-01-01 00:00+00', 'test')`;
let tenants = 0;

/** Plays all orders of a case; answers how many there were, and the ways in which they ended. */
async function endingsOf(one: Case, scriptOf: (calls: readonly string[]) => readonly string[]) {
  let tenant = "";
  const endings = await everyOrder(
    stage,
    async () => {
      tenants += 1;
      tenant = `tenant-${tenants}`;
      if (one.plan === undefined) await bench.rows(MAKE, [tenant]);
      else await bench.testTenant(tenant, one.plan);
      for (const statement of one.arrange(tenant)) await bench.rows(statement);
      return one.sessions(tenant).map(scriptOf);
    },
    async ({ order, said }) => {
      const broken = await bench.rows("SELECT * FROM purser.verify($1)", [tenant]);
      const wrong = one.wrong === undefined ? [] : await bench.rows(one.wrong(tenant));
      expect({ order, said, broken, wrong }).toEqual({ order, said, broken: [], wrong: [] });
    },
  );
  return { orders: endings.length, ways: [...new Set(endings.map(({ said }) => said.join(" | ")))].toSorted() };
}

/** How a case may end under each level. */
const waysUnder = {
  "READ COMMITTED": ({ committed }: Case) => [...committed],
  "REPEATABLE READ": ({ committed, snapshot = [] }: Case) => [...committed, ...snapshot],
  SERIALIZABLE: ({ committed, snapshot = [], serializable = snapshot }: Case) => [...committed, ...serializable],
};
const levels = Object.keys(waysUnder) as (keyof typeof waysUnder)[];

describe.each(levels)("A07: two, %s", (level) => {
  test.each(cases)("$name", { timeout: 240_000 }, async (one) => {
    // What is looked at first is what a transaction with a snapshot goes by from then on.
    const look = `BEGIN ISOLATION LEVEL ${level}; SELECT FROM purser.balances LIMIT 1`;
    const { orders, ways } = await endingsOf(one, (calls) => [look, ...calls, "COMMIT"]);
    expect(ways).toEqual(waysUnder[level](one).toSorted());
    expect(orders).toBe(one.orders ?? 14);
  });
});

// A snapshot is taken by the call itself here: a look before it would make thousands of orders. SERIALIZABLE adds nothing.
describe.each(levels.slice(0, 2))("A07: three, %s", (level) => {
  test.each(trios)("$name", { timeout: 240_000 }, async (one) => {
    const begin = `BEGIN ISOLATION LEVEL ${level}`;
    const { orders, ways } = await endingsOf(one, ([call = "", ...calls]) => [`${begin}; ${call}`, ...calls, "COMMIT"]);
    expect(ways).toEqual(waysUnder[level](one).toSorted());
    expect(orders).toBeGreaterThanOrEqual(30);
  });
});
