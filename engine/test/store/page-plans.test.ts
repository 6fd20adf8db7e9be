// What a page of a large list costs, as PostgreSQL carries it out: it reads about as many rows as it has lines, from an index
// in the order of the list, and never gathers or sorts the whole.
import { slotOf } from "@purser/engine";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addBalances, addFeatures, addTenants, names } from "../../../behaviour/fixture/many.ts";
import { balancesAfter } from "../../src/store/balances.ts";
import type { Session, Value } from "../../src/store/database.ts";
import { entitlementsAfter } from "../../src/store/entitlements.ts";
import { openGrantsAfter } from "../../src/store/grants.ts";
import { tenantsAfter } from "../../src/store/tenants.ts";
import { createWorkbench, type Workbench } from "../workbench.ts";

const LINES = 10_001;
const PAGE = 50;
const of = { tenant: "large", slot: slotOf("large"), feature: null };
let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
  await addTenants(bench.admin, ["large", ...names(LINES)]);
  await addFeatures(
    bench.admin,
    Array.from({ length: LINES }, (_, i) => `f${i}`),
  );
  await addBalances(bench.admin, { tenant: "large", feature: "seats", subjects: names(LINES) });
});
afterAll(() => bench.close());

interface Node {
  "Node Type": string;
  "Index Name"?: string;
  "Actual Rows": number;
  "Actual Loops": number;
  "Rows Removed by Filter"?: number;
  Plans?: Node[];
}
const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** Runs what it is asked, planned for these values or, as a statement that is used often is, for any. */
function explaining(mode: string, seen: Node[]): Session {
  return {
    async query<Row>(statement: string, values: readonly Value[]) {
      const client = await bench.pool.connect();
      try {
        await client.query("SELECT set_config('plan_cache_mode', $1, false)", [mode]);
        await client.query(`PREPARE page AS ${statement}`);
        const given = values.map((value) => (value === null ? "NULL" : client.escapeLiteral(String(value))));
        const { rows } = await client.query<{ "QUERY PLAN": { Plan: Node }[] }>(
          `EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) EXECUTE page (${given.join(", ")})`,
        );
        for (const { Plan } of rows.flatMap((row) => row["QUERY PLAN"])) seen.push(...nodesOf(Plan));
      } finally {
        client.release(true);
      }
      return [] as Row[];
    },
  };
}

const middle = names(LINES)[700] ?? "";
test.each([
  ["balances", "balances_pkey", (session: Session) => balancesAfter(session, of, [middle, "seats"], PAGE)],
  ["balances from the first", "balances_pkey", (session: Session) => balancesAfter(session, of, [], PAGE)],
  ["grants", "balances_pkey", (session: Session) => openGrantsAfter(session, of, [middle, "seats", "~"], PAGE)],
  ["grants from the first", "balances_pkey", (session: Session) => openGrantsAfter(session, of, [], PAGE)],
  ["entitlements", "features_pkey", (session: Session) => entitlementsAfter(session, of, ["f5"], PAGE)],
  ["tenants", "tenants_", (session: Session) => tenantsAfter(session, { mode: null, prefix: "" }, [middle], PAGE)],
] as const)("J05: a page of %s comes from an index %s", async (_list, index, read) => {
  for (const mode of ["force_custom_plan", "force_generic_plan"]) {
    const nodes: Node[] = [];
    await read(explaining(mode, nodes));
    expect(nodes.filter((node) => node["Index Name"]?.startsWith(index) === true)).not.toEqual([]);
    const handled = nodes.map((node) => ({
      node: node["Node Type"],
      rows: node["Actual Loops"] * (node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0)),
    }));
    expect(handled.filter(({ rows }) => rows > 2 * PAGE)).toEqual([]);
    expect(handled.some(({ rows }) => rows >= PAGE)).toBe(true);
  }
});
