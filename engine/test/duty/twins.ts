// Two tenants to whom the same happens, and what it leaves of each without what is particular to it: its name and the ids
// made from it.
import type { Workbench } from "../workbench.ts";

interface Row {
  readonly kind: string;
  readonly source: string;
}
const questions = {
  facts: `SELECT feature, subject, version, kind, idempotency_key, amount, overage, interval_no, interval_used, balance_after,
      recorded_at::text FROM purser.balance_facts WHERE tenant_id = $1 ORDER BY feature, subject, version`,
  grants: `SELECT feature, subject, amount, unlimited, source, effective_at::text, expires_at::text, priority, issued_version,
      issued_at::text FROM purser.grants WHERE tenant_id = $1 ORDER BY feature, subject, issued_version, amount`,
  open: `SELECT feature, subject, source, amount, used, active, effective_at::text, expires_at::text, issued_version
    FROM purser.open_grants WHERE tenant_id = $1 ORDER BY feature, subject, issued_version, amount`,
  burns: `SELECT b.feature, b.subject, b.interval_no, b.from_used, b.to_used, g.source, g.effective_at::text
    FROM purser.burns b JOIN purser.grants g USING (tenant_id, grant_id) WHERE tenant_id = $1
    ORDER BY b.feature, b.subject, b.interval_no, b.from_used`,
  holds: "SELECT hold_key, status, amount, ended_at::text FROM purser.holds WHERE tenant_id = $1 ORDER BY hold_key",
  voids:
    "SELECT lapsed, reason, voided_at::text FROM purser.grant_voids WHERE tenant_id = $1 ORDER BY voided_at, lapsed",
  balances: `SELECT feature, subject, denied_reason, unlimited, granted, used, held, overage, interval_no, interval_used,
      version, as_of::text, next_change_at::text FROM purser.balances WHERE tenant_id = $1 ORDER BY feature, subject`,
  changes: `SELECT kind, source, subject, features, version, recorded_at::text FROM purser.outbox
    WHERE tenant_id = $1 AND kind = 'balance' ORDER BY features, subject, version`,
};

export type Rows = { [table in keyof typeof questions]: Row[] };

/** Every row that time could have written, in an order of its own. */
export async function rowsOf(bench: Workbench, tenant: string): Promise<Rows> {
  const found: Partial<Rows> = {};
  for (const [table, question] of Object.entries(questions)) {
    found[table as keyof Rows] = await bench.rows<Row>(question, [tenant]);
  }
  return found as Rows;
}

/**
 * What must be the same however many steps time took: what the consumptions were paid with, what counts now and how much of
 * it is left. Not how the facts are numbered, since a step that was left out has none.
 */
export async function pathOf(bench: Workbench, tenant: string): Promise<Record<string, object[]>> {
  const asked = {
    paid: `SELECT f.idempotency_key, g.source, g.amount, g.effective_at::text,
        least(b.to_used, f.interval_used) - greatest(b.from_used, f.interval_used - (f.amount - f.overage)) AS paid
      FROM purser.balance_facts f
      JOIN purser.burns b USING (tenant_id, subject, feature, interval_no)
      JOIN purser.grants g USING (tenant_id, grant_id)
      WHERE f.tenant_id = $1 AND f.kind = 'consume' AND b.from_used < f.interval_used
        AND b.to_used > f.interval_used - (f.amount - f.overage)
      ORDER BY f.recorded_at, f.version, b.from_used`,
    open: `SELECT feature, source, amount, used, active, effective_at::text, expires_at::text FROM purser.open_grants
      WHERE tenant_id = $1 ORDER BY feature, effective_at, amount`,
    holds: "SELECT hold_key, status, ended_at::text FROM purser.holds WHERE tenant_id = $1 ORDER BY hold_key",
    balances: `SELECT feature, denied_reason, unlimited, granted, used, held, overage, interval_used, as_of::text,
        next_change_at::text FROM purser.balances WHERE tenant_id = $1 ORDER BY feature`,
  };
  const found: Record<string, object[]> = {};
  for (const [what, question] of Object.entries(asked)) found[what] = await bench.rows<object>(question, [tenant]);
  return found;
}

/** Sets five reports aside under each key until its instant. */
export async function hold(bench: Workbench, tenant: string, until: { readonly [key: string]: string }): Promise<void> {
  for (const [key, instant] of Object.entries(until)) {
    const reserve = "SELECT outcome FROM purser.reserve($1, 'reports', 5, $2, ($3 || ' 00:00+00')::timestamptz)";
    const [held] = await bench.rows<{ outcome: string }>(reserve, [tenant, key, instant]);
    if (held?.outcome !== "reserved") throw new Error(`not reserved: ${held?.outcome}`);
  }
}

/**
 * Half a year of consumptions and boundaries, several of them at instants on the boundary itself. `turn` comes after each
 * move of the clock; where it does nothing the next consumption does it.
 */
export async function story(bench: Workbench, tenant: string, turn: () => Promise<void>): Promise<void> {
  const consume = async (feature: "reports" | "exports" | "seats", amount: number, key: string) => {
    const call = { tenant, feature, amount, idempotencyKey: `${feature}-${key}` };
    await bench.purser.tryConsume(bench.pool, feature === "seats" ? { ...call, subject: "ann" } : call);
  };
  const grant = { tenant, feature: "reports", amount: 50, priority: 1 } as const;
  await consume("reports", 33, "first");
  await bench.purser.issueGrant(bench.pool, { ...grant, dedupeKey: "a", expiresAt: new Date("2026-01-20T12:00:00Z") });
  await bench.purser.issueGrant(bench.pool, {
    ...grant,
    dedupeKey: "b",
    effectiveAt: new Date("2026-02-01T00:00:00Z"),
  });
  // One that ends between two boundaries, one at a window's very end, one that outlives its window.
  await hold(bench, tenant, { h1: "2026-01-25", h2: "2026-02-01", h3: "2026-03-15" });
  const instants = [
    "2026-01-02",
    "2026-01-02T23:59:59.999Z",
    "2026-01-20T12:00:00Z",
    "2026-02-01",
    "2026-03-30T17:03:00Z",
    "2026-03-31",
    "2026-04-01",
    "2026-07-09T08:00:00Z",
  ];
  for (const at of instants) {
    await bench.purser.advanceClock({ tenant, to: new Date(at) });
    await turn();
    await consume("reports", 40, at);
    await consume("exports", 5, at);
    await consume("seats", 1, at);
  }
}
