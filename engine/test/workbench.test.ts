// What every workbench checks when it closes would notice each of these: a check that nothing breaks proves nothing.
import { afterAll, beforeAll, expect, test } from "vitest";
import { brokenInvariants, createWorkbench, type Workbench } from "./workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
  const tenant = await bench.testTenant("sound", "pro");
  const consume = (feature: "reports" | "exports", amount: number, idempotencyKey: string) =>
    bench.purser.consume(bench.pool, { tenant, feature, amount, idempotencyKey });
  await consume("reports", 30, "a");
  await consume("reports", 20, "b");
  await consume("exports", 5, "c");
  await bench.purser.issueGrant(bench.pool, { tenant, feature: "reports", amount: 7, dedupeKey: "g" });
  await consume("reports", 1, "d");
});
afterAll(() => bench.close());

test.each([
  ["nothing", "SELECT 1", undefined],
  ["used lowered", "UPDATE purser.balances SET used = used - 1 WHERE feature = 'reports'", "the row is what"],
  [
    "granted raised",
    "UPDATE purser.balances SET granted = granted + 1000 WHERE feature = 'reports'",
    "the row is what",
  ],
  [
    "both moved alike",
    "UPDATE purser.balances SET granted = granted + 9, used = used + 9 WHERE feature = 'reports'",
    "add up",
  ],
  ["overage invented", "UPDATE purser.balances SET overage = overage + 1 WHERE feature = 'exports'", "overage"],
  [
    "a version skipped",
    "UPDATE purser.balances SET version = version + 1 WHERE feature = 'reports'",
    "the row is at its newest",
  ],
  ["a fact lost", "DELETE FROM purser.balance_facts WHERE idempotency_key = 'a'", "versions have no gap"],
  ["a fact changed", "UPDATE purser.balance_facts SET amount = amount + 1 WHERE idempotency_key = 'b'", "continues"],
  [
    "a grant lost",
    "DELETE FROM purser.open_grants; DELETE FROM purser.grants WHERE feature = 'reports' AND source = 'plan'",
    "add up",
  ],
  ["a burn lost", "DELETE FROM purser.burns", "a closed interval is paid for"],
  ["a burn raised", "UPDATE purser.burns SET to_used = to_used + 1000", "no more than it is"],
])("%s", async (_, tampering, noticed) => {
  const client = await bench.admin.connect();
  try {
    await client.query("BEGIN");
    await client.query(tampering);
    const { rows } = await client.query<{ invariant: string }>(brokenInvariants);
    const found = rows.map(({ invariant }) => invariant);
    expect(found.some((broken) => broken.includes(noticed ?? ""))).toBe(noticed !== undefined);
  } finally {
    await client.query("ROLLBACK");
    client.release();
  }
});
