// What becomes of a window when something changes inside it. Each line: what is done, and what is available then.
import { createPurser, defineCatalog } from "@purser/engine";
import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../behaviour/fixture/database.ts";
import { sessionOf } from "../../src/store/pg.ts";
import { brokenInvariants } from "../workbench.ts";
import { changePlan } from "./change-plan.ts";

// January of 2026 has 31 days: a window from the 1st, so a share of it is a number of days.
const monthly = (amount: number, onChange: "keep" | "reset" | "prorate") => ({
  amount,
  every: "month" as const,
  onChange,
});
const plan = (amount: number) => ({
  name: String(amount),
  tier: "base" as const,
  inclusions: {
    keep: monthly(amount, "keep"),
    reset: monthly(amount, "reset"),
    prorate: monthly(amount, "prorate"),
    rolls: { amount, every: "week" as const, rollover: { cap: 10, windows: 2 } },
  },
});
const catalog = defineCatalog({
  tiers: { base: { rank: 0, name: "Base" } },
  features: {
    keep: { kind: "metered", name: "Keep" },
    reset: { kind: "metered", name: "Reset" },
    prorate: { kind: "metered", name: "Prorate" },
    rolls: { kind: "metered", name: "Rolls" },
  },
  plans: {
    p31: plan(31),
    p62: plan(62),
    none: { name: "None", tier: "base", inclusions: {} },
    endless: {
      name: "Endless",
      tier: "base",
      inclusions: { keep: { unlimited: true, every: "month" }, prorate: { unlimited: true, every: "month" } },
    },
  },
});

let database: TestDatabase;
let pool: Pool;
const purser = () => createPurser({ catalog, database: pool });
beforeAll(async () => {
  database = await createTestDatabase();
  pool = new Pool({ connectionString: database.serviceUrl, max: 2 });
  await purser().publishCatalog({ actor: "test" });
});
afterAll(async () => {
  const { rows } = await pool.query(brokenInvariants);
  await pool.end();
  await database.drop();
  if (rows.length > 0) throw new Error(`broken invariants: ${JSON.stringify(rows)}`);
});

const day = (n: number) => new Date(Date.UTC(2026, 0, n));
/** `use 5` · `plan p62` · `day 11` · `override 40 until 20` (days of January) · `limit 3 until 20` (a degraded amount) */
async function play(name: string, feature: keyof typeof catalog.features, story: string): Promise<number | null> {
  const tenant = `${name}-${feature}`;
  await purser().createTenant({ tenant, mode: "test", clockAt: day(1), plan: "p31", actor: "test" });
  let now = 1;
  const refused: string[] = [];
  for (const [index, line] of story.split(" · ").entries()) {
    const [verb, ...words] = line.split(" ");
    const [first = "", , third] = words;
    if (verb === "use") {
      const outcome = await purser().tryConsume(pool, {
        tenant,
        feature,
        amount: Number(first),
        idempotencyKey: `${index}`,
      });
      if (outcome.outcome !== "consumed") refused.push(line);
    } else if (verb === "hold" || verb === "release") {
      const text =
        verb === "hold"
          ? "SELECT outcome FROM purser.reserve($1, $2, $3::numeric, 'hold', '2026-12-31Z')"
          : "SELECT outcome FROM purser.release($1, 'hold')";
      const { rows } = await pool.query<{ outcome: string }>(
        text,
        verb === "hold" ? [tenant, feature, first] : [tenant],
      );
      if (!/^(reserved|released)$/.test(rows[0]?.outcome ?? "")) refused.push(line);
    } else if (verb === "plan") {
      await changePlan(sessionOf(pool), tenant, first);
    } else if (verb === "day") {
      now = Number(first);
      await purser().advanceClock({ tenant, to: day(now) });
    } else {
      const values = [tenant, feature, first, day(now), day(Number(third))];
      const text =
        verb === "override"
          ? "SELECT outcome FROM purser.write_override($1, $2, 'allow', 'sales', $4, $5, 'me', p_amount => $3::numeric)"
          : "SELECT outcome FROM purser.write_restriction($1, $2, 'degraded', $4, $5, 'me', to_jsonb($3::numeric))";
      const { rows } = await pool.query<{ outcome: string }>(text, values);
      if (rows[0]?.outcome !== "written") refused.push(line);
    }
  }
  expect(refused).toEqual([]);
  const [balance] = await purser().balances({ tenant, feature });
  return balance?.available ?? null;
}

describe("C02: a plan change inside a window, by on_change", () => {
  const cases: readonly (readonly [string, "keep" | "reset" | "prorate", string, number | null])[] = [
    ["up, nothing used", "keep", "day 11 · plan p62", 62],
    ["up after use", "keep", "use 20 · day 11 · plan p62", 42],
    ["up at once", "keep", "use 20 · plan p62", 42],
    ["down below the use", "keep", "plan p62 · use 40 · day 11 · plan p31", 0],
    ["back and forth", "keep", "use 20 · plan p62 · use 1 · plan p31 · use 2 · plan p62", 39],
    ["through unlimited", "keep", "use 3 · plan endless · use 20 · plan p31", 8],
    ["through unlimited beyond", "keep", "plan endless · use 200 · plan p62", 0],
    ["what is held is taken", "keep", "hold 31 · plan p62", 31],
    ["and stays taken when it is released", "keep", "hold 31 · plan p62 · release", 31],
    ["what is held of the unlimited", "keep", "plan endless · hold 20 · plan p31", 11],
    ["at the boundary", "keep", "use 20 · day 32 · plan p62", 62],
    ["up", "reset", "use 20 · day 11 · plan p62", 62],
    ["down", "reset", "plan p62 · use 40 · day 11 · plan p31", 31],
    // 10 days of the one and 21 of the other: 10 + 42.
    ["up on day 11", "prorate", "day 11 · plan p62", 52],
    ["up on day 11 after use", "prorate", "use 20 · day 11 · plan p62", 32],
    ["down on day 11", "prorate", "plan p62 · day 11 · plan p31", 41],
    ["down on day 11 after use", "prorate", "plan p62 · use 41 · day 11 · plan p31", 0],
    ["twice", "prorate", "day 11 · plan p62 · use 5 · day 21 · plan p31", 10 + 20 + 11 - 5],
    ["unlimited for a while", "prorate", "day 11 · plan endless · use 500 · day 21 · plan p31", 10 + 11],
    [
      "to the same amount again and again",
      "prorate",
      "day 4 · plan p31 · day 9 · plan p62 · plan p31 · day 17 · plan p31",
      31,
    ],
    ["nothing for a while", "prorate", "day 8 · plan none · day 15 · plan p31", 7 + 17],
    ["in the next window it is whole", "prorate", "use 20 · day 11 · plan p62 · day 32", 62],
  ];
  test.each(cases)("%s: %s, %s → %s", async (name, feature, story, available) => {
    expect(await play(name, feature, story)).toBe(available);
  });
});

describe("an amount that stands in the place of the plan's for a while", () => {
  const cases: readonly (readonly [string, string, number | null])[] = [
    ["more", "use 20 · override 50 until 21", 30],
    ["more, used, and its end", "use 20 · override 50 until 21 · use 5 · day 21", 6],
    ["more, used beyond the plan, and its end", "use 20 · override 50 until 21 · use 30 · day 21", 0],
    ["what is held is taken", "hold 31 · override 50 until 21", 19],
    ["what is held under it, too", "override 50 until 21 · hold 21 · day 21", 10],
    ["fewer than used", "use 20 · override 10 until 21", 0],
    ["fewer than used, and its end", "use 20 · override 10 until 21 · day 21", 11],
    ["a window turns under it", "use 20 · override 50 until 40 · day 32", 50],
    ["a window turns under it, and its end", "use 20 · override 50 until 40 · day 32 · use 3 · day 40", 28],
    ["one after the other", "use 20 · override 50 until 11 · use 5 · day 11 · override 40 until 21", 15],
    ["at the same instant again", "use 20 · override 50 until 11 · override 25 until 11", 5],
    ["the last one written holds", "use 20 · override 50 until 21 · day 5 · override 25 until 11 · use 1", 4],
    ["the one it covered is back", "use 20 · override 50 until 21 · override 25 until 11 · use 1 · day 11", 29],
    ["the plan after both", "use 20 · override 50 until 21 · override 25 until 11 · use 1 · day 21", 10],
    ["a longer one covers the rest", "use 20 · override 50 until 11 · override 25 until 21 · use 1 · day 11", 4],
    ["one degraded amount over another", "use 2 · limit 9 until 21 · limit 3 until 11 · use 1 · day 11", 6],
    ["the plan changes under it", "use 20 · override 50 until 11 · use 5 · plan p62 · day 11", 37],
    ["a degraded amount comes before an override", "use 2 · override 50 until 21 · limit 3 until 11", 1],
    ["and leaves it when it ends", "use 2 · override 50 until 21 · limit 3 until 11 · use 1 · day 11", 47],
    ["and the plan after all", "use 2 · override 50 until 21 · limit 3 until 11 · use 1 · day 22", 28],
  ];
  test.each(cases)("%s: %s → %s", async (name, story, available) => {
    expect(await play(name, "keep", story)).toBe(available);
  });
});

describe("what is left of a window rolls over", () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ["up to the cap", "day 8", 41],
    ["what is left", "use 25 · day 8", 37],
    ["for two windows", "use 25 · day 8 · day 15", 47],
    ["and then no longer", "use 25 · day 8 · day 15 · day 22", 51],
    ["nothing of what is used up", "use 31 · day 8", 31],
    ["drawn after what ends sooner", "use 25 · day 8 · use 6 · day 15", 47],
    ["not a second time", "day 8 · use 31 · day 15", 41],
    ["in one jump", "use 25 · day 15", 47],
    ["in one long jump", "use 25 · day 36", 51],
    ["after a plan change", "use 25 · plan p62 · day 8", 72],
    ["after a plan change that nobody was there for", "use 30 · plan p62 · use 31 · day 8", 63],
  ];
  test.each(cases)("%s: %s → %s", async (name, story, available) => {
    expect(await play(name, "rolls", story)).toBe(available);
  });
});
