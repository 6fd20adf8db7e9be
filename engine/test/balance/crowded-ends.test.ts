// Grants that end one right after the other, faster than a balance is turned: by the clock of the machine, which does not
// stand still meanwhile.
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkbench, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

const GRANTS = 120;

test("every command goes on while boundaries come faster than a balance can be turned", async () => {
  const tenant = "crowded";
  const { purser, pool } = bench;
  await purser.createTenant({ tenant, actor: "test" });
  await purser.issueGrant(pool, { tenant, feature: "credits", amount: 1_000_000, dedupeKey: "lasting" });
  // They all end within an eighth of a second, which begins some time after the last of them is written.
  const [{ first } = { first: new Date() }] = await bench.rows<{ first: Date }>(
    "SELECT clock_timestamp() + interval '8 s' AS first",
  );
  const last = new Date(first.getTime() + GRANTS);
  for (let n = 0; n < GRANTS; n += 1) {
    const short = { amount: 1, dedupeKey: `short-${n}`, expiresAt: new Date(first.getTime() + n) };
    const { outcome } = await purser.issueGrant(pool, { tenant, feature: "credits", ...short });
    expect(outcome).toBe("granted");
  }
  await pause(Math.max(0, first.getTime() - Date.now()));
  const outcomes = new Set<string>();
  let asked = 0;
  const one = { tenant, feature: "credits", amount: 1 } as const;
  const commands = [
    async (idempotencyKey: string) => [await purser.tryConsume(pool, { ...one, idempotencyKey })],
    async (key: string) => {
      const items = [0, 1].map((n) => ({ ...one, idempotencyKey: `${key}-${n}` }));
      const together = await purser.consumeMany(pool, { tenant, items });
      return "items" in together ? together.items : [together];
    },
    async (idempotencyKey: string) => [await purser.reserve(pool, { ...one, idempotencyKey })],
  ];
  // In turns, because it is the first to come after some ends that has to turn the balance.
  do {
    const command = commands[asked % commands.length];
    asked += 1;
    for (const { outcome } of (await command?.(`key-${asked}`)) ?? []) outcomes.add(outcome);
  } while (asked < 6 || Date.now() <= last.getTime());
  expect(outcomes).toEqual(new Set(["consumed", "reserved"]));
  const [left] = await purser.balances({ tenant, feature: "credits" });
  expect(left).toMatchObject({ granted: 1_000_000 });
});
