// When more becomes available by time alone: what every refusal and every check names.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createWorkbench, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

let tenant = "";
let number = 0;
beforeEach(async () => {
  number += 1;
  tenant = await bench.testTenant(`resets-${number}`, "pro");
});

/** Of a consumption, a batch, a reservation and a check: they are to name the same instant. */
async function resetsAt(feature: "reports" | "credits"): Promise<string | null> {
  const asked = { tenant, feature, amount: 1_000_000 } as const;
  const many = await bench.purser.consumeMany(bench.pool, { tenant, items: [{ ...asked, idempotencyKey: "b" }] });
  const answers = [
    await bench.purser.tryConsume(bench.pool, { ...asked, idempotencyKey: "a" }),
    "items" in many ? many.items[0] : undefined,
    await bench.purser.reserve(bench.pool, { ...asked, idempotencyKey: "c" }),
    await bench.purser.check(asked),
  ];
  const named = new Set(
    answers.map((answer) =>
      answer !== undefined && "resetsAt" in answer ? (answer.resetsAt?.toISOString() ?? null) : null,
    ),
  );
  expect([...named]).toHaveLength(1);
  return [...named][0] ?? null;
}
const to = (at: string) => bench.purser.advanceClock({ tenant, to: new Date(at) });
const grant = (dedupeKey: string, more: { effectiveAt?: Date; expiresAt?: Date } = {}) =>
  bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 5, dedupeKey, ...more });

test("of an allowance it is the end of its window, whatever else happens before", async () => {
  expect(await resetsAt("reports")).toBe("2026-02-01T00:00:00.000Z");
  await bench.purser.reserve(bench.pool, { tenant, feature: "reports", amount: 40, idempotencyKey: "hold" });
  expect(await resetsAt("reports")).toBe("2026-02-01T00:00:00.000Z");
  await to("2026-01-01T01:00:00Z");
  expect(await resetsAt("reports")).toBe("2026-02-01T00:00:00.000Z");
  await to("2026-02-03T00:00:00Z");
  expect(await resetsAt("reports")).toBe("2026-03-01T00:00:00.000Z");
});

test("of what was bought it is the beginning of a grant that waits, never the end of one", async () => {
  await grant("now", { expiresAt: new Date("2026-01-10T00:00:00Z") });
  expect(await resetsAt("credits")).toBeNull();
  await grant("later", { effectiveAt: new Date("2026-01-20T00:00:00Z") });
  expect(await resetsAt("credits")).toBe("2026-01-20T00:00:00.000Z");
  await to("2026-01-12T00:00:00Z");
  expect(await resetsAt("credits")).toBe("2026-01-20T00:00:00.000Z");
  await to("2026-01-20T00:00:00Z");
  expect(await resetsAt("credits")).toBeNull();
});

test("a window that its allowance does not outlive brings nothing, what masked it and ends does", async () => {
  const layOverride = (from: string, until: string) =>
    bench.rows("SELECT purser.write_override($1, 'reports', 'allow', 'support', $2, $3, 'test', p_amount => 20)", [
      tenant,
      from,
      until,
    ]);
  await layOverride("2026-01-10Z", "2026-02-14Z");
  await to("2026-01-11T00:00:00Z");
  // The override has the plan's windows.
  expect(await resetsAt("reports")).toBe("2026-02-01T00:00:00.000Z");
  await to("2026-02-02T00:00:00Z");
  expect(await resetsAt("reports")).toBe("2026-02-14T00:00:00.000Z");
  await bench.rows("UPDATE purser.allowances SET ends_at = '2026-02-20Z' WHERE tenant_id = $1 AND source = 'plan'", [
    tenant,
  ]);
  await to("2026-02-15T00:00:00Z");
  expect(await resetsAt("reports")).toBeNull();
});

test("where access is denied it is when access changes", async () => {
  await bench.rows(
    "SELECT purser.write_override($1, 'reports', 'deny', 'support', '2026-01-05Z', '2026-01-07Z', 'test')",
    [tenant],
  );
  await bench.purser.tryConsume(bench.pool, { tenant, feature: "reports", idempotencyKey: "first" });
  await to("2026-01-06T00:00:00Z");
  expect(await resetsAt("reports")).toBe("2026-01-07T00:00:00.000Z");
  await to("2026-01-07T00:00:00Z");
  expect(await resetsAt("reports")).toBe("2026-02-01T00:00:00.000Z");
});

test("a holder that has no balance yet is told the same", async () => {
  const asked = { tenant, feature: "seats", subject: "ann", amount: 1_000_000 } as const;
  const before = await bench.purser.check(asked);
  expect(before).toMatchObject({ resetsAt: new Date("2026-02-01T00:00:00Z") });
  await bench.purser.tryConsume(bench.pool, { tenant, feature: "seats", subject: "ann", idempotencyKey: "first" });
  expect(await bench.purser.check(asked)).toMatchObject({ resetsAt: new Date("2026-02-01T00:00:00Z") });
});
