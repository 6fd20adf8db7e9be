// What verify is for: a row that was changed behind the functions' back is found and named. A check that nothing breaks
// proves nothing, so every invariant has a damage here, and healthy data of every kind has none.
import type { PoolClient } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { brokenInvariants, createWorkbench, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
  await bench.testTenant("other", "pro");
  const tenant = await bench.testTenant("sound", "pro");
  const take = async (expected: string, text: string, ...values: unknown[]) => {
    const { rows } = await bench.pool.query<{ outcome: string }>(`SELECT * FROM purser.${text}`, [tenant, ...values]);
    if (rows[0]?.outcome !== expected) throw new Error(`${text}: ${rows[0]?.outcome}`);
  };
  const at = (instant: string) => bench.purser.advanceClock({ tenant, to: new Date(instant) });

  // One interval closed by a grant, then another; a part of it reversed.
  await take("consumed", "consume($1, 'reports', 30, 'a')");
  await take("consumed", "consume($1, 'reports', 20, 'b')");
  await take("granted", "issue_grant($1, 'reports', 7, 'extra', p_expires_at => '2026-01-20Z')");
  await take("consumed", "consume($1, 'reports', 9, 'c')");
  await take("reversed", "reverse_consumption($1, 'a', 'undo', 5)");
  // Beyond what there is, and counted.
  await take("consumed", "consume($1, 'exports', 5, 'd')");
  // Holds of every end: pinned and settled, released, run out, settled late, pinned and open.
  await take("reserved", "reserve($1, 'reports', 3, 'settled', '2026-02-10Z')");
  await take("reserved", "reserve($1, 'reports', 2, 'released', '2026-02-10Z')");
  await take("released", "release($1, 'released')");
  await take("reserved", "reserve($1, 'reports', 2, 'late', '2026-01-02Z')");
  await take("reserved", "reserve($1, 'reports', 4, 'open', '2027-01-01Z')");
  await at("2026-01-03T00:00:00Z");
  await take("settled", "settle($1, 'late', 1)");
  await take("reserved", "reserve($1, 'reports', 1, 'run out', '2026-01-05Z')");
  // A void, seats by name, a count from elsewhere.
  await take("granted", "issue_grant($1, 'credits', 50, 'order', p_source => 'top_up')");
  await at("2026-01-03T06:00:00Z");
  await take("consumed", "consume($1, 'credits', 20, 'e')");
  await at("2026-01-03T12:00:00Z");
  await take("voided", "void_grant($1, 'order', 'a mistake', 'mia')");
  for (const name of ["apollo", "gemini"]) await take("claimed", "claim($1, 'projects', $2)", name);
  await take("released", "release_claim($1, 'projects', 'gemini')");
  await bench.testTenant("counting", "pro");
  // A short story, all of which is looked at again.
  await bench.testTenant("brief");
  await bench.pool.query("SELECT purser.issue_grant('brief', 'credits', 50, 'pack')");
  await bench.purser.advanceClock({ tenant: "brief", to: new Date("2026-01-02T00:00:00Z") });
  await bench.pool.query("SELECT purser.consume('brief', 'credits', 20, 'g')");
  await bench.purser.advanceClock({ tenant: "brief", to: new Date("2026-01-03T00:00:00Z") });
  await bench.pool.query("SELECT purser.void_grant('brief', 'pack', 'a mistake', 'mia')");
  await bench.pool.query("SELECT purser.report_count('counting', 'projects', 3)");
  // Two windows later.
  await at("2026-03-02T00:00:00Z");
  await take("settled", "settle($1, 'settled', 2)");
  await take("consumed", "consume($1, 'reports', 6, 'f')");
});
afterAll(() => bench.close());

async function broken(client: PoolClient, ...given: string[]): Promise<Set<string>> {
  const [statement = brokenInvariants, ...values] = given;
  return new Set((await client.query<{ invariant: string }>(statement, values)).rows.map(({ invariant }) => invariant));
}

/** What verify says after rows were changed as a superuser without a foreign key in the way; then they are as before. */
async function after(damage: string, ...statement: string[]): Promise<Set<string>> {
  const client = await bench.admin.connect();
  try {
    await client.query("BEGIN");
    await client.query("SET LOCAL session_replication_role = replica");
    await client.query(damage);
    return await broken(client, ...statement);
  } finally {
    await client.query("ROLLBACK");
    client.release();
  }
}

const fact = (key: string) => `WHERE idempotency_key = '${key}'`;
const reports = "WHERE tenant_id = 'sound' AND feature = 'reports'";
const without = (table: string, constraint: string) => `ALTER TABLE purser.${table} DROP CONSTRAINT ${constraint}; `;

test("healthy data of every kind is silent, whole and tenant by tenant", async () => {
  expect([...(await after("SELECT 1"))]).toEqual([]);
  const client = await bench.admin.connect();
  try {
    for (const tenant of ["sound", "counting", "other", "nobody"])
      expect([...(await broken(client, "SELECT * FROM purser.verify($1)", tenant))]).toEqual([]);
  } finally {
    client.release();
  }
});

test.each([
  // 1: a balance is what its immutable rows add up to, now and in the past.
  ["the row is what its newest fact left", `UPDATE purser.balances SET used = used - 1 ${reports}`],
  ["the row is what its newest fact left", `UPDATE purser.balances SET as_of = as_of - interval '1 s' ${reports}`],
  ["the row is what its grants and holds add up to", `UPDATE purser.balances SET granted = granted + 1 ${reports}`],
  [
    "the row is what its grants and holds add up to",
    `UPDATE purser.balances SET granted = granted + 9, used = used + 9 ${reports}`,
  ],
  [
    "the row is what its grants and holds add up to",
    `UPDATE purser.balances SET held = held + 1, used = used - 1 ${reports}`,
  ],
  ["the row is what its grants and holds add up to", `UPDATE purser.balances SET exceeded = 1 ${reports}`],
  [
    "what is counted beside grants is what facts say",
    "UPDATE purser.balances SET overage = overage + 1 WHERE feature = 'exports'",
  ],
  [
    "what is counted beside grants is what facts say",
    "UPDATE purser.balances SET claimed = claimed + 1 WHERE tenant_id = 'sound' AND feature = 'projects'",
  ],
  [
    "what is counted beside grants is what facts say",
    "UPDATE purser.balances SET claimed = claimed + 1 WHERE tenant_id = 'counting' AND feature = 'projects'",
  ],
  [
    "what is counted beside grants is what facts say",
    "UPDATE purser.balances SET reported = false WHERE tenant_id = 'counting' AND feature = 'projects'",
  ],
  ["a row holds what its columns may", `UPDATE purser.balance_facts SET kind = 'gift' ${fact("g")}`],
  ["a row holds what its columns may", `UPDATE purser.balance_facts SET idempotency_key = '' ${fact("g")}`],
  ["a row holds what its columns may", `UPDATE purser.balance_facts SET amount = 'NaN' ${fact("g")}`],
  ["a row holds what its columns may", `UPDATE purser.balances SET held = -1 ${reports}`],
  ["a row holds what its columns may", `UPDATE purser.balances SET enforcement = 'firm' ${reports}`],
  ["the past adds up", "UPDATE purser.grants SET amount = amount + 1 WHERE dedupe_key = 'pack'"],
  ["the past adds up", `UPDATE purser.balance_facts SET balance_after = balance_after - 1 ${fact("g")}`],
  ["open grants are what grants say", `DELETE FROM purser.open_grants ${reports}`],
  ["open grants are what grants say", `UPDATE purser.open_grants SET active = NOT active ${reports}`],
  [
    "open grants are what grants say",
    `INSERT INTO purser.open_grants SELECT slot, tenant_id, subject, feature, grant_id, source,
     allowance_id, amount, unlimited, 0, true, effective_at, expires_at, priority, issued_version FROM purser.grants WHERE dedupe_key = 'order'`,
  ],
  // 2: nothing is given twice.
  [
    "nothing is overspent",
    `${without("balances", "balances_check")}UPDATE purser.balances SET used = granted + 1 ${reports}`,
  ],
  ["nothing is overspent", `UPDATE purser.balance_facts SET balance_after = -1 ${fact("e")}`],
  ["only a settlement leaves something unfunded", "UPDATE purser.holds SET unfunded = 1 WHERE hold_key = 'released'"],
  // 3: one effect a key.
  [
    "one effect per idempotency key",
    `${without("balance_facts", "balance_facts_tenant_id_idempotency_key_slot_key")}
     UPDATE purser.balance_facts SET idempotency_key = 'a' ${fact("b")}`,
  ],
  [
    "one grant per dedupe key",
    `${without("grants", "grants_tenant_id_dedupe_key_slot_key")}
     UPDATE purser.grants SET dedupe_key = 'order' WHERE dedupe_key = 'extra'`,
  ],
  ["what takes has a key of its own", `UPDATE purser.balance_facts SET idempotency_key = NULL ${fact("a")}`],
  // 4: lineage closes.
  ["a void says what was left", "UPDATE purser.grant_voids SET lapsed = lapsed - 1"],
  ["a closed interval is paid for", `DELETE FROM purser.burns ${reports}`],
  [
    "the stretches of an interval meet",
    `UPDATE purser.burns SET from_used = from_used + 1, to_used = to_used + 1 ${reports}`,
  ],
  ["nothing is paid that nobody used", `UPDATE purser.burns SET to_used = to_used + 1 ${reports}`],
  ["a grant pays for no more than it is", `UPDATE purser.burns SET to_used = to_used + 1000 ${reports}`],
  [
    "nothing is paid by a grant outside its life",
    "UPDATE purser.grants SET effective_at = effective_at + interval '1 day' WHERE dedupe_key = 'order'",
  ],
  [
    "nothing is paid by a grant outside its life",
    "UPDATE purser.grant_voids SET voided_at = voided_at - interval '1 day'",
  ],
  ["who pays is a grant of this balance", `UPDATE purser.burns SET grant_id = gen_random_uuid() ${reports}`],
  [
    "the pinned part of a settlement is paid for",
    "UPDATE purser.balance_facts SET pinned = 1 WHERE kind = 'settle' AND reference = 'settled'",
  ],
  [
    "a reversal gives back what it says",
    "DELETE FROM purser.allocations a USING purser.balance_facts f WHERE f.version = a.version AND f.kind = 'reverse'",
  ],
  ["no more is reversed than was taken", `UPDATE purser.balance_facts SET amount = 31 ${fact("undo")}`],
  ["only what pays or gives back is allocated", "UPDATE purser.allocations SET version = 1"],
  // 5: versions without a gap, each going on where the one before ended.
  ["versions have no gap", `DELETE FROM purser.balance_facts ${fact("a")}`],
  ["the row is at its newest fact", `UPDATE purser.balances SET version = version + 1 ${reports}`],
  ["balance_after continues", `UPDATE purser.balance_facts SET balance_after = balance_after + 1 ${fact("b")}`],
  ["balance_after continues", "UPDATE purser.holds SET funded = funded - 1 WHERE hold_key = 'released'"],
  ["an interval goes on or the next one opens", `UPDATE purser.balance_facts SET amount = amount + 1 ${fact("b")}`],
  [
    "an interval goes on or the next one opens",
    `UPDATE purser.balance_facts SET interval_no = interval_no + 2 ${fact("f")}`,
  ],
  [
    "time never goes back",
    `UPDATE purser.balance_facts SET recorded_at = recorded_at + interval '1 year' ${fact("a")}`,
  ],
  ["what became of a grant is a fact", "UPDATE purser.grants SET issued_version = 99 WHERE dedupe_key = 'extra'"],
  // 6: windows tile.
  [
    "a window holds its grants",
    `UPDATE purser.grants SET expires_at = expires_at + interval '1 s' ${reports} AND source = 'plan'`,
  ],
  [
    "the periods of a subscription tile",
    `INSERT INTO purser.subscription_periods SELECT slot, tenant_id, subscription_id, effective_at - interval '2 days',
     effective_at - interval '1 day', status, denied_reason, plan, plan_version, tier, tier_rank FROM purser.subscription_periods`,
  ],
  [
    "a subscription says one thing about a feature",
    `INSERT INTO purser.entitlements SELECT slot, tenant_id, feature, subscription_id, effective_at + interval '1 day', ends_at,
     kind, enforcement, per, denied_reason, tier, required_tier, value, unlimited, always_on, plan, plan_version FROM purser.entitlements`,
  ],
  // 7: a hold ends once.
  ["a hold ends once", "UPDATE purser.holds SET status = 'expired' WHERE hold_key = 'settled'"],
  ["a hold ends once", "UPDATE purser.holds SET status = 'released' WHERE hold_key = 'run out'"],
  ["a hold ends once", "UPDATE purser.holds SET status = 'open', ended_at = NULL WHERE hold_key = 'run out'"],
  ["a hold ends once", "UPDATE purser.holds SET settled = 3 WHERE hold_key = 'settled'"],
  ["a hold ends once", "UPDATE purser.balance_facts SET reference = 'open' WHERE kind = 'release'"],
  ["a hold begins once", "DELETE FROM purser.holds WHERE hold_key = 'run out'"],
  ["a hold begins once", "UPDATE purser.holds SET amount = amount + 1 WHERE hold_key = 'open'"],
  [
    "nothing ends that was not reserved",
    "UPDATE purser.balance_facts SET reference = 'nothing' WHERE kind = 'release'",
  ],
  ["a pinned hold has what it set aside", "DELETE FROM purser.hold_pins WHERE hold_key = 'open'"],
  ["what is claimed is what was claimed last", "DELETE FROM purser.claims WHERE resource = 'apollo'"],
  [
    "what is claimed is what was claimed last",
    "UPDATE purser.claims SET released_version = NULL, released_at = NULL WHERE resource = 'gemini'",
  ],
  ["a reported count is kept", "DELETE FROM purser.resource_snapshots"],
  // 8: a boundary has one effect.
  [
    "a boundary has one effect",
    `INSERT INTO purser.grants SELECT slot, tenant_id, gen_random_uuid(), subject, feature, amount, unlimited, source, effective_at, expires_at,
     priority, dedupe_key || ':1', allowance_id, 0, 0, 0, 0, issued_version, issued_at FROM purser.grants ${reports} AND source = 'plan'`,
  ],
  // What has no foreign key.
  ["what happened, happened to a balance", "DELETE FROM purser.balances WHERE feature = 'exports'"],
  ["a row stands in the slot of its tenant", `UPDATE purser.balances SET slot = 1023 - slot ${reports}`],
])("%s: %s", async (invariant, damage) => {
  // Of many facts only some are looked at again; of one tenant's here all of them.
  const whole = invariant === "the past adds up" ? ["SELECT * FROM purser.verify($1)", "brief"] : [];
  expect([...(await after(damage, ...whole))]).toContain(invariant);
  // What is damaged of one tenant is not said of another.
  const elsewhere = await after(damage, "SELECT * FROM purser.verify($1)", "other");
  expect(damage.includes("'sound'") ? [...elsewhere] : []).toEqual([]);
});

test("what has been due for long is told where it is asked for, and is not broken", async () => {
  const client = await bench.admin.connect();
  try {
    await client.query("BEGIN");
    await client.query("SELECT purser.advance_test_clock('other', '2026-01-08Z')");
    expect([...(await broken(client, "SELECT * FROM purser.verify('other')"))]).toEqual([]);
    expect([...(await broken(client, "SELECT * FROM purser.verify('other', '1 day')"))]).toEqual([
      "a balance has been due for long",
    ]);
    expect([...(await broken(client, "SELECT * FROM purser.verify('other', '30 days')"))]).toEqual([]);
  } finally {
    await client.query("ROLLBACK");
    client.release();
  }
});
