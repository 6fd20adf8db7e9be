// Every order in which the steps of two or three transactions can come, on real sessions, under every isolation level: how it
// ends is one of the ways that are written down, each of those happens, and afterwards every invariant holds.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWorkbench, type Workbench } from "../workbench.ts";
import { amounts } from "./amounts.ts";
import type { Case } from "./calls.ts";
import { places } from "./places.ts";
import { trios } from "./trios.ts";
import { everyOrder, openStage, type Stage } from "./interleaving.ts";

let bench: Workbench;
let stage: Stage;
/** A database for each level: what was planned while there was little in it stays as it was planned. */
function onStage(): void {
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
}

/** The balances that do not know what their tenant's access is now: there must be none that is not due. */
const UNTOLD = `SELECT b.subject, b.feature, b.denied_reason, b.next_change_at, t.denied_reason AS now, t.next_change_at AS until
  FROM purser.balances b
  CROSS JOIN LATERAL purser.tenant_now(b.slot, b.tenant_id) AS n (now_at)
  CROSS JOIN LATERAL purser.turned_balance(b.slot, b.tenant_id, b.subject, b.feature, n.now_at) t
  WHERE b.tenant_id = $1 AND b.version > 0 AND b.next_change_at > n.now_at
    AND ((b.denied_reason, b.restricted_by, b.enforcement, b.per)
         IS DISTINCT FROM (t.denied_reason, t.restricted_by, t.enforcement, t.per) OR b.next_change_at > t.next_change_at)`;
const MAKE = `SELECT purser.create_tenant(purser.slot_of($1), $1, '', 'test', 'UTC', 'EUR', NULL,
  '2026-01-01 00:00+00', 'test')`;
let tenants = 0;

/** Plays all orders of a case; answers how many there were, and the ways in which they ended. */
async function endingsOf(one: Case, scriptOf: (calls: readonly string[], n: number) => readonly string[]) {
  let tenant = "";
  const endings = await everyOrder(
    stage,
    one.alike === true,
    async () => {
      tenants += 1;
      tenant = `tenant-${tenants}`;
      if (one.plan === undefined) await bench.rows(MAKE, [tenant]);
      else await bench.testTenant(tenant, one.plan);
      await bench.rows(one.arrange(tenant).join(";"));
      return one.sessions(tenant).map(scriptOf);
    },
    async ({ order, said }) => {
      const broken = await bench.rows("SELECT * FROM purser.verify($1)", [tenant]);
      const untold = await bench.rows(UNTOLD, [tenant]);
      const wrong = one.wrong === undefined ? [] : await bench.rows(one.wrong(tenant));
      expect({ order, said, broken, untold, wrong }).toEqual({ order, said, broken: [], untold: [], wrong: [] });
    },
  );
  return { orders: endings.length, ways: waysOf(one, endings) };
}

/** In which ways it ended; who of those that do the same it was does not matter. */
function waysOf({ alike }: Case, endings: readonly { readonly said: readonly string[] }[]): string[] {
  const ways = new Set(endings.map(({ said }) => (alike === true ? said.toSorted() : said).join(" | ")));
  return [...ways].toSorted((a, b) => (a < b ? -1 : 1));
}
/** How a case may end under each level. */
const waysUnder = {
  "READ COMMITTED": ({ committed }: Case) => [...committed],
  "REPEATABLE READ": ({ committed, snapshot = [] }: Case) => [...committed, ...snapshot],
  SERIALIZABLE: ({ committed, snapshot = [], serializable = snapshot }: Case) => [...committed, ...serializable],
};
const levels = Object.keys(waysUnder) as (keyof typeof waysUnder)[];

describe.each(levels)("A07: two, %s", (level) => {
  onStage();
  test.each([...amounts, ...places])("$name", { timeout: 240_000 }, async (one) => {
    const { orders, ways } = await endingsOf(one, (calls, n) => {
      const own = n === one.engine ? "READ COMMITTED" : level;
      // What is looked at first is what a transaction with a snapshot goes by from then on.
      return [`BEGIN ISOLATION LEVEL ${own}; SELECT FROM purser.balances LIMIT 1`, ...calls, "COMMIT"];
    });
    expect(ways).toEqual(waysUnder[level](one).toSorted());
    expect(orders).toBe(one.orders ?? (one.alike === true ? 7 : 14));
  });
});

// A snapshot is taken by the call itself here: a look before it would make thousands of orders. SERIALIZABLE adds nothing.
describe.each(levels.slice(0, 2))("A07: three, %s", (level) => {
  onStage();
  test.each(trios)("$name", { timeout: 240_000 }, async (one) => {
    const begin = `BEGIN ISOLATION LEVEL ${level}`;
    const { orders, ways } = await endingsOf(one, ([call = "", ...calls]) => [`${begin}; ${call}`, ...calls, "COMMIT"]);
    expect(ways).toEqual(waysUnder[level](one).toSorted());
    expect(orders).toBeGreaterThanOrEqual(one.alike === true ? 10 : 30);
  });
});
