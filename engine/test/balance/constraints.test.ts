// A10: a unique violation is never taken for a replay. Each key that a command writes is taken beforehand by a row that does not
// belong there, as a bug or a damaged restore could leave it: the command fails with the code of that, and nothing is done.
import type { ClientBase } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkbench, type Workbench } from "../workbench.ts";

const tenant = "taken";
let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
  await bench.testTenant(tenant, "pro");
  for (const dedupeKey of ["g", "h"])
    await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 20, dedupeKey });
  await bench.purser.consume(bench.pool, { tenant, feature: "credits", amount: 5, idempotencyKey: "k" });
  await bench.purser.reserve(bench.pool, { tenant, feature: "credits", amount: 5, idempotencyKey: "held" });
});
afterAll(() => bench.close());

const credits = "FROM purser.balances b WHERE b.tenant_id = 'taken' AND b.feature = 'credits'";
const grant = "(SELECT g.grant_id FROM purser.grants g WHERE g.tenant_id = 'taken' AND g.dedupe_key = 'g')";
const cases: readonly (readonly [key: string, plant: string, ask: (db: ClientBase) => Promise<unknown>])[] = [
  [
    "balance_facts_pkey",
    `INSERT INTO purser.balance_facts (slot, tenant_id, subject, feature, version, kind, amount, overage, interval_no,
       interval_used, recorded_at)
     SELECT slot, tenant_id, subject, feature, version + 1, 'lock', 0, 0, interval_no, 0, as_of ${credits}`,
    (db) => bench.purser.consume(db, { tenant, feature: "credits", idempotencyKey: "new" }),
  ],
  [
    "holds_pkey",
    `INSERT INTO purser.holds (slot, tenant_id, hold_key, subject, feature, amount, funded, status, interval_no,
       reserved_version, reserved_at, asked_until, expires_at)
     SELECT slot, tenant_id, 'new', subject, feature, 1, 1, 'open', interval_no, 1, as_of, 'infinity', 'infinity' ${credits}`,
    (db) => bench.purser.reserve(db, { tenant, feature: "credits", idempotencyKey: "new" }),
  ],
  [
    "burns_pkey",
    `INSERT INTO purser.burns (slot, tenant_id, subject, feature, interval_no, grant_id, from_used, to_used)
     SELECT slot, tenant_id, subject, feature, interval_no, ${grant}, 0, 1 ${credits}`,
    (db) => bench.purser.issueGrant(db, { tenant, feature: "credits", amount: 1, dedupeKey: "new" }),
  ],
  [
    "hold_pins_pkey",
    `INSERT INTO purser.hold_pins (slot, tenant_id, hold_key, grant_id, amount)
     SELECT slot, tenant_id, 'held', ${grant}, 1 ${credits}`,
    (db) => bench.purser.extend(db, { tenant, holdKey: "held", expiresAt: new Date("2026-01-02T00:00:00Z") }),
  ],
  [
    "allocations_pkey",
    `INSERT INTO purser.allocations (slot, tenant_id, subject, feature, version, grant_id, amount)
     SELECT slot, tenant_id, subject, feature, version + 1, ${grant}, 1 ${credits}`,
    (db) => bench.purser.reverseConsumption(db, { tenant, consumptionKey: "k", idempotencyKey: "new" }),
  ],
  [
    "resource_snapshots_pkey",
    `INSERT INTO purser.resource_snapshots (slot, tenant_id, subject, feature, version, counted, reported_at)
     SELECT slot, tenant_id, subject, feature, version + 1, 1, as_of
       FROM purser.balances b WHERE b.tenant_id = 'taken' AND b.feature = 'projects'`,
    (db) => bench.purser.reportCount(db, { tenant, feature: "projects", count: 2 }),
  ],
  [
    "grants_pkey",
    // The id of the grant of a window follows from its key, so that it can be known beforehand.
    `SELECT purser.advance_test_clock('taken', '2026-02-03Z');
     WITH next AS (SELECT d.* FROM purser.grants_due(purser.slot_of('taken'), 'taken', '', 'reports', '2026-02-03Z') d)
     INSERT INTO purser.grants (slot, tenant_id, grant_id, subject, feature, amount, source, effective_at, expires_at, priority,
       dedupe_key, issued_version, issued_at)
     SELECT purser.slot_of('taken'), 'taken', n.grant_id, '', 'credits', 1, 'manual', '2099-01-01Z', 'infinity', 100,
       'planted', 1, '2026-01-01Z' FROM next n`,
    (db) => bench.purser.consume(db, { tenant, feature: "reports", idempotencyKey: "new" }),
  ],
];

test.each(cases)("A10: %s is taken", async (key, plant, ask) => {
  const client = await bench.admin.connect();
  try {
    await client.query("BEGIN");
    await client.query(plant);
    await expect(ask(client)).rejects.toMatchObject({ code: "23505", constraint: key });
  } finally {
    await client.query("ROLLBACK");
    client.release();
  }
});
