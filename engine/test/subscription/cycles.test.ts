// How often a plan is billed and how often its amounts come back are two cycles: each turns by itself, from one anchor that may
// lie in the past or in the future, and a trial in front of them moves neither.
import { createPurser, defineCatalog } from "@purser/engine";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkbench, type Workbench } from "../workbench.ts";

type Unit = "day" | "week" | "month" | "year";
interface Cycle {
  readonly unit: Unit;
  readonly count: number;
}
const allowances = {
  daily: { unit: "day", count: 1 },
  fortnightly: { unit: "week", count: 2 },
  monthly: { unit: "month", count: 1 },
  halfyearly: { unit: "month", count: 6 },
  yearly: { unit: "year", count: 1 },
} as const satisfies Record<string, Cycle>;
const billings: readonly Cycle[] = [
  { unit: "week", count: 1 },
  { unit: "month", count: 1 },
  { unit: "month", count: 3 },
  { unit: "year", count: 1 },
];
const trials = [0, 10];
const names = [...Object.keys(allowances), "billed"] as const;
const planOf = ({ unit, count }: Cycle, trialDays: number) => `${unit}-${count}-${trialDays}`;
const catalog = defineCatalog({
  tiers: { base: { rank: 0, name: "Base" } },
  features: Object.fromEntries(names.map((name) => [name, { kind: "metered" as const, name }])),
  plans: Object.fromEntries(
    billings.flatMap((billing) =>
      trials.map((trialDays) => [
        planOf(billing, trialDays),
        {
          name: planOf(billing, trialDays),
          tier: "base" as const,
          billing,
          ...(trialDays === 0 ? {} : { trialDays, afterTrial: "active" as const }),
          inclusions: {
            ...Object.fromEntries(Object.entries(allowances).map(([name, every]) => [name, { amount: 1000, every }])),
            billed: { amount: 1000, every: "billing_period" as const },
          },
        },
      ]),
    ),
  ),
});

let bench: Workbench;
const purserOn = () => createPurser({ catalog, database: bench.pool });
beforeAll(async () => {
  bench = await createWorkbench();
  const published = await purserOn().publishCatalog({ actor: "test" });
  if (published.outcome !== "published") throw new Error(published.outcome);
});
afterAll(() => bench.close());

/** When window `n` begins in UTC: the day of the anchor, or the last one where a month has no such day. */
function startOf(anchor: Date, { unit, count }: Cycle, n: number): number {
  const days = unit === "day" ? count : unit === "week" ? 7 * count : undefined;
  if (days !== undefined) return anchor.getTime() + n * days * 86_400_000;
  const month = anchor.getUTCMonth() + n * count * (unit === "year" ? 12 : 1);
  const last = new Date(Date.UTC(anchor.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const time = anchor.getTime() % 86_400_000;
  return (
    Date.UTC(anchor.getUTCFullYear(), month, Math.min(anchor.getUTCDate(), last)) +
    (time < 0 ? time + 86_400_000 : time)
  );
}
/** The number of the window that holds an instant, found by walking. */
function windowOf(anchor: Date, cycle: Cycle, at: number): number {
  let n = 0;
  while (startOf(anchor, cycle, n) > at) n -= 1;
  while (startOf(anchor, cycle, n + 1) <= at) n += 1;
  return n;
}

test("C10: every pair of a billing cycle and an allowance's turns each by itself, whatever trial and anchor", async () => {
  const start = Date.UTC(2026, 0, 15, 8, 30);
  const used = new Set<string>();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...billings),
      fc.constantFrom(...trials),
      fc.integer({ min: -500 * 1440, max: 500 * 1440 }),
      fc.array(fc.oneof(fc.integer({ min: 1, max: 72 }), fc.integer({ min: 500, max: 6000 })), {
        minLength: 3,
        maxLength: 6,
      }),
      async (billing, trialDays, minutes, jumps) => {
        run += 1;
        const purser = purserOn();
        const tenant = `cycles-${run}`;
        const billingAnchor = new Date(start + minutes * 60_000);
        await purser.createTenant({ tenant, mode: "test", clockAt: new Date(start), actor: "test" });
        const plan = planOf(billing, trialDays);
        await purser.subscribe({ tenant, plan, billingAnchor, idempotencyKey: "s", actor: "test" });
        const cycles: Record<string, Cycle> = { ...allowances, billed: billing };
        const taken: Record<string, { window: number; used: number }> = {};
        let now = start;
        for (const [n, hours] of [0, ...jumps].entries()) {
          now += hours * 3_600_000;
          await purser.advanceClock({ tenant, to: new Date(now) });
          for (const name of names) {
            const cycle = cycles[name] ?? billing;
            const window = windowOf(billingAnchor, cycle, now);
            const before = taken[name]?.window === window ? taken[name].used : 0;
            taken[name] = { window, used: before + 1 };
            await purser.consume(bench.pool, { tenant, feature: name, amount: 1, idempotencyKey: `${name} ${n}` });
            if (before === 0 && n > 0) used.add(`${planOf(billing, 0)} ${name}`);
          }
          const balances = await purser.balances({ tenant });
          expect(Object.fromEntries(balances.map((one) => [one.feature, one.used]))).toEqual(
            Object.fromEntries(names.map((name) => [name, taken[name]?.used])),
          );
          const ends = await bench.rows<{ feature: string; ends: Date }>(
            "SELECT f AS feature, e.window_ends_at AS ends FROM unnest($2::text[]) f, purser.explain($1, f) e",
            [tenant, names],
          );
          expect(Object.fromEntries(ends.map(({ feature, ends: at }) => [feature, at.getTime()]))).toEqual(
            Object.fromEntries(
              names.map((name) => [
                name,
                startOf(billingAnchor, cycles[name] ?? billing, (taken[name]?.window ?? 0) + 1),
              ]),
            ),
          );
        }
      },
    ),
    { numRuns: 12 },
  );
  // Windows did turn, of most pairs.
  expect(used.size).toBeGreaterThan(8);
});
