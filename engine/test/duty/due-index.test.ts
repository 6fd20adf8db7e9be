// The look for what is due reads the index of what is due and nothing else: its cost does not grow with the balances.
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DUE_BALANCES } from "../../src/store/duties.ts";
import { createWorkbench, type Workbench } from "../workbench.ts";

let bench: Workbench;
let looking: Client;
beforeAll(async () => {
  bench = await createWorkbench();
  looking = new Client({ connectionString: bench.database.serviceUrl });
  await looking.connect();
  await looking.query(`PREPARE due (int, int[], text, uuid) AS ${DUE_BALANCES}`);
});
afterAll(async () => {
  await looking.end();
  await bench.close();
});

/** Balances that nobody has used, of 100 live tenants and of 100 test tenants; one is due of every tenth tenant. */
const CROWD = `
  INSERT INTO purser.tenants (slot, tenant_id, mode, time_zone, currency, version, created_at)
    SELECT purser.slot_of(id), id, mode, 'UTC', 'EUR', 1, now()
      FROM unnest(ARRAY['live', 'test']) mode, generate_series(1, 100) n, LATERAL (SELECT mode || n AS id) named
    ON CONFLICT DO NOTHING;
  INSERT INTO purser.test_clocks (slot, tenant_id, now_at)
    SELECT slot, tenant_id, '2020-01-01' FROM purser.tenants WHERE mode = 'test' ON CONFLICT DO NOTHING;
  INSERT INTO purser.balances (slot, tenant_id, subject, feature, kind, enforcement, per, unlimited, granted, used, held,
      overage, claimed, interval_no, interval_used, version, as_of, next_change_at, test)
    SELECT slot, tenant_id, 'subject-' || n, 'seats', 'metered', 'hard', 'subject', false, 0, 0, 0, 0, 0, 0, 0, 0, '2019-01-01',
           CASE WHEN n = 1 AND tenant_id LIKE '%0' THEN timestamptz '2019-12-31' WHEN mode = 'test' THEN '2020-02-01' ELSE now() + n * interval '1 hour' END,
           mode = 'test'
      FROM purser.tenants, generate_series(1, $1::int) n WHERE mode = 'live' OR n <= 300
    ON CONFLICT DO NOTHING`;

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Shared Hit Blocks"?: number;
  readonly "Shared Read Blocks"?: number;
  readonly "Actual Rows": number;
  readonly Plans?: readonly Plan[];
}
const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];

async function look(mode: "generic" | "custom"): Promise<{ found: number; reads: string[]; blocks: number }> {
  await looking.query(`SET plan_cache_mode = force_${mode}_plan`);
  const { rows } = await looking.query<{ "QUERY PLAN": [{ Plan: Plan }] }>(
    "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE due (500, '{}', 'boundary', '00000000-0000-4000-8000-000000000001')",
  );
  const plan = rows[0]?.["QUERY PLAN"][0].Plan;
  if (plan === undefined) throw new Error("no plan was answered");
  // A bitmap names its table and its index in two nodes.
  const reads = nodes(plan)
    .filter((node) => node["Index Name"] !== undefined || node["Relation Name"] === "balances")
    .map((node) => (node["Node Type"] === "Bitmap Heap Scan" ? "bitmap" : (node["Index Name"] ?? node["Node Type"])))
    .filter((read) => read !== "bitmap" && !/lease|clock/.test(read));
  return {
    found: plan["Actual Rows"],
    reads,
    blocks: (plan["Shared Hit Blocks"] ?? 0) + (plan["Shared Read Blocks"] ?? 0),
  };
}

test.each(["generic", "custom"] as const)(
  "S001-14: a tick looks at what is due and at nothing else, with a %s plan",
  async (mode) => {
    for (const balances of [20, 1000]) {
      await bench.rows(CROWD.replaceAll("$1::int", String(balances)));
      await bench.rows("VACUUM ANALYZE purser.balances, purser.test_clocks");
      const { found, reads, blocks } = await look(mode);
      expect(found).toBe(20);
      // Of a test tenant that has something due its key finds it as well, where there is little to look through.
      expect(reads.filter((read) => !["balances_due", "balances_due_test", "balances_pkey"].includes(read))).toEqual(
        [],
      );
      expect(reads).toEqual(expect.arrayContaining(["balances_due", "balances_due_test"]));
      // For each test clock one look down its index, and a page for what is due: the same among 4,000 and among 130,000.
      expect(blocks).toBeLessThan(800);
    }
    const [row] = await bench.rows<{ pages: number }>(
      "SELECT (pg_relation_size('purser.balances') / 8192)::int AS pages",
    );
    expect(row?.pages).toBeGreaterThan(2000);
  },
);
