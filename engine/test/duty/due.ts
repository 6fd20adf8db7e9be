// Live balances that are due. The database's clock cannot be moved, so the instants of what was arranged are moved to it.
import type { Workbench } from "../workbench.ts";

const ARRANGE = `SELECT FROM unnest($1::text[]) tenant, generate_series(1, $2::int) n,
    purser.issue_grant(tenant, 'seats', 7, 'ending-' || n, 'subject-' || n, p_expires_at => '2222-02-02') g
  WHERE g.outcome = 'granted'`;
// Rounded up, because a JavaScript date knows milliseconds only and a boundary is not before what the balance has seen.
const NOW = "SELECT date_trunc('milliseconds', clock_timestamp()) + interval '1 ms' AS now_at, pg_sleep(0.002)";
const MOVES = [
  "UPDATE purser.grants SET expires_at = $2 WHERE tenant_id = ANY ($1) AND dedupe_key LIKE 'ending-%'",
  "UPDATE purser.open_grants SET expires_at = $2 WHERE tenant_id = ANY ($1) AND expires_at = '2222-02-02'",
  "UPDATE purser.balances SET next_change_at = $2 WHERE tenant_id = ANY ($1) AND feature = 'seats' AND subject <> ''",
];

/** Makes live tenants with so many balances each; some day the grant of each of these ends. */
export async function arrange(bench: Workbench, tenants: readonly string[], balances: number): Promise<void> {
  for (const tenant of tenants) await bench.purser.createTenant({ tenant, plan: "pro", actor: "test" });
  const granted = await bench.rows(ARRANGE, [tenants, balances]);
  if (granted.length !== tenants.length * balances) throw new Error("not everything was granted");
}

/** That day is now: answers the instant. */
export async function fallDue(bench: Workbench, tenants: readonly string[]): Promise<Date> {
  const [now] = await bench.rows<{ now_at: Date }>(NOW);
  if (now === undefined) throw new Error("no time was answered");
  for (const move of MOVES) await bench.rows(move, [tenants, now.now_at]);
  return now.now_at;
}

/** Both. */
export async function makeDue(bench: Workbench, tenants: readonly string[], balances: number): Promise<Date> {
  await arrange(bench, tenants, balances);
  return fallDue(bench, tenants);
}
