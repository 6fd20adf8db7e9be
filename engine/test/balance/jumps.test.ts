// Time in one jump is time in many small steps (invariant 6): what one tenant lives through boundary by boundary another one
// sleeps through, and both are told the same at every command.
import { createPurser, defineCatalog } from "@purser/engine";
import fc from "fast-check";
import { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../behaviour/fixture/database.ts";
import { sessionOf } from "../../src/store/pg.ts";
import { changePlan } from "./change-plan.ts";

const monthly = (amount: number, more: object = {}) => ({ amount, every: "month" as const, ...more });
const catalog = defineCatalog({
  tiers: { base: { rank: 0, name: "Base" } },
  features: {
    hard: { kind: "metered", name: "Hard" },
    soft: { kind: "metered", name: "Soft", enforcement: "soft" },
    daily: { kind: "metered", name: "Daily" },
    credits: { kind: "credits", name: "Credits" },
  },
  plans: {
    small: {
      name: "Small",
      tier: "base",
      inclusions: {
        hard: monthly(10, { rollover: { cap: 4, windows: 2 } }),
        soft: monthly(5, { onChange: "prorate" }),
        daily: { amount: 3, every: "day", rollover: { cap: 2 } },
        credits: monthly(2),
      },
    },
    large: {
      name: "Large",
      tier: "base",
      inclusions: {
        hard: monthly(20, { rollover: { cap: 6 } }),
        soft: monthly(9, { onChange: "prorate" }),
        daily: { amount: 5, every: "day", onChange: "reset" },
        credits: monthly(4),
      },
    },
    endless: {
      name: "Endless",
      tier: "base",
      inclusions: { hard: { unlimited: true, every: "month" }, soft: monthly(1) },
    },
  },
});
const features = Object.keys(catalog.features);

let database: TestDatabase;
let pool: Pool;
let admin: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = new Pool({ connectionString: database.serviceUrl, max: 2 });
  admin = new Pool({ connectionString: database.adminUrl, max: 2 });
  await createPurser({ catalog, database: pool }).publishCatalog({ actor: "test" });
});
afterAll(async () => {
  await pool.end();
  await admin.end();
  await database.drop();
});

const hour = 3_600_000;
type Step =
  | { readonly kind: "wait"; readonly hours: number; readonly exactly: boolean }
  | { readonly kind: "plan"; readonly plan: "small" | "large" | "endless" }
  | {
      readonly kind: "sql";
      readonly text: string;
      readonly values: readonly unknown[];
      readonly offset?: readonly number[];
    };

const feature = fc.constantFrom(...features);
const amount = fc.integer({ min: 1, max: 9 });
const key = fc.integer({ min: 0, max: 7 }).map((n) => `hold-${n}`);
const taken = fc.integer({ min: 0, max: 9 }).map((n) => `taken-${n}`);
let named = 0;
const fresh = () => {
  named += 1;
  return `key-${named}`;
};
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      hours: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 100, max: 2500 })),
      exactly: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(feature, amount, taken).map(([f, a, k]): Step => {
      const text = "SELECT outcome, available, overage FROM purser.consume($1, $2, $3, $4)";
      return { kind: "sql", text, values: [f, a, k] };
    }),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(feature, amount, key, fc.integer({ min: 1, max: 900 })).map(([f, a, k, hours]): Step => {
      const text = "SELECT outcome, available FROM purser.reserve($1, $2, $3, $4, $5::timestamptz)";
      return { kind: "sql", text, values: [f, a, k], offset: [hours] };
    }),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(key, amount).map(([k, a]): Step => {
      const text = "SELECT outcome, late, amount, overage, unfunded, available FROM purser.settle($1, $2, $3)";
      return { kind: "sql", text, values: [k, a] };
    }),
  },
  {
    weight: 2,
    arbitrary: key.map((k): Step => {
      return {
        kind: "sql",
        text: "SELECT outcome, restored, lapsed, available FROM purser.release($1, $2)",
        values: [k],
      };
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.oneof(key, taken), fc.option(fc.integer({ min: 1, max: 3 })), fc.boolean())
      .map(([k, a, again]): Step => {
        const text = `SELECT outcome, restored, lapsed, overage, available
        FROM purser.reverse_consumption($1, $2, $3, $4::numeric, $5)`;
        return { kind: "sql", text, values: [k, fresh(), a, again] };
      }),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        feature,
        amount,
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 1, max: 900 }),
        fc.integer({ min: 99, max: 101 }),
      )
      .map(([f, a, from, lasts, priority]): Step => {
        const text = `SELECT outcome, available FROM purser.issue_grant($1, $2, $3, $4, p_effective_at => $6::timestamptz,
          p_expires_at => $7::timestamptz, p_priority => $5)`;
        return { kind: "sql", text, values: [f, a, fresh(), priority], offset: [from, from + lasts] };
      }),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        feature,
        fc.integer({ min: 0, max: 15 }),
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 1, max: 900 }),
      )
      .map(([f, a, from, lasts]): Step => {
        const text = `SELECT outcome FROM purser.write_override($1, $2, 'allow', 'sales', $4::timestamptz, $5::timestamptz, 'me',
          p_amount => $3::numeric)`;
        return { kind: "sql", text, values: [f, a], offset: [from, from + lasts] };
      }),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom("small", "large", "endless").map((plan) => ({ kind: "plan", plan }) as const),
  },
);

const state = `SELECT feature, granted, used, held, available, overage, over_limit, unlimited, next_change_at
  FROM purser.balances_current WHERE tenant_id = $1 ORDER BY feature`;
const lineage = `SELECT l.feature, l.amount, l.source, g.effective_at, g.amount AS of_grant
  FROM purser.consumption_lineage l JOIN purser.grants g USING (tenant_id, grant_id)
  WHERE l.tenant_id = $1 ORDER BY l.feature, l.idempotency_key, l.position`;

let count = 0;
async function livesTheSame(steps: readonly Step[]): Promise<void> {
  count += 1;
  // Ids decide the last tie of the burn order; both have the same length and so the same distribution, not the same order.
  const [prompt, sleepy] = [`prompt-${count}`, `sleepy-${count}`];
  const purser = createPurser({ catalog, database: pool });
  let now = Date.UTC(2026, 0, 31, 10);
  for (const tenant of [prompt, sleepy]) {
    await purser.createTenant({ tenant, mode: "test", clockAt: new Date(now), plan: "small", actor: "test" });
  }
  const rows = async (text: string, values: readonly unknown[]) =>
    (await pool.query<Record<string, unknown>>(text, [...values])).rows.map((row) =>
      Object.fromEntries(
        // 5 and 5.000000 are one number.
        Object.entries(row).map(([name, value]) => [
          name,
          /^-?\d+(\.\d+)?$/.test(String(value)) ? Number(value) : value,
        ]),
      ),
    );
  const both = async (text: string, values: readonly unknown[]) => {
    const [ours, theirs] = [await rows(text, [prompt, ...values]), await rows(text, [sleepy, ...values])];
    expect(theirs).toEqual(ours);
  };
  for (const one of steps) {
    if (one.kind === "wait") {
      const due = `SELECT subject, feature, slot, next_change_at FROM purser.balances
        WHERE tenant_id = $1 AND next_change_at <= $2 ORDER BY next_change_at LIMIT 1`;
      const [next] = await rows(due, [prompt, "infinity"]);
      const boundary = next?.["next_change_at"];
      const until = one.exactly && boundary instanceof Date ? boundary.getTime() : now + one.hours * hour;
      for (;;) {
        const [at] = await rows(due, [prompt, new Date(until)]);
        if (at === undefined || !(at["next_change_at"] instanceof Date)) break;
        const instant = new Date(Math.max(at["next_change_at"].getTime(), now));
        await purser.advanceClock({ tenant: prompt, to: instant });
        await admin.query("SELECT purser.turn_balance($1, $2, '', $3, $4, 'boundary', 'boundary_recompute', 0, NULL)", [
          at["slot"],
          prompt,
          at["feature"],
          instant,
        ]);
      }
      now = Math.max(now, until);
      for (const tenant of [prompt, sleepy]) await purser.advanceClock({ tenant, to: new Date(now) });
    } else if (one.kind === "plan") {
      for (const tenant of [prompt, sleepy]) await changePlan(sessionOf(pool), tenant, one.plan);
    } else {
      const dates = (one.offset ?? []).map((hours) => new Date(now + hours * hour));
      await both(one.text, [...one.values, ...dates]);
    }
    await both(state, []);
  }
  await both(lineage, []);
  for (const tenant of [prompt, sleepy]) {
    expect((await admin.query("SELECT * FROM purser.verify($1)", [tenant])).rows).toEqual([]);
  }
}

test("invariant 6: one jump and many small steps", { timeout: 600_000 }, async () => {
  const numRuns = Number(process.env["JUMPS"] ?? 12);
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), livesTheSame), {
    numRuns,
    ...(process.env["SEED"] ? { seed: Number(process.env["SEED"]) } : {}),
  });
});
