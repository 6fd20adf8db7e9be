// The SQL against the reference model: random runs on real PostgreSQL, in which every answer, every balance and every lineage
// has to be the model's. A failing run is printed as JSON; kept as a line of regressions.jsonl, it is played each time.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../behaviour/fixture/database.ts";
import { type Run, runsOf } from "./actions.ts";
import { commands, emptyModel } from "./model.ts";
import { outcomes } from "./outcomes.ts";
import { Table } from "./play.ts";
import { tour } from "./tour.ts";

// For a run as long as one likes: npm run simulate -- --seed 7 --minutes 30.
const minutes = Number(process.env["SIMULATE_MINUTES"] ?? 0);
const chosenSeed = process.env["SIMULATE_SEED"];
const MINUTE_MS = 60_000;
const STEPS = 60;
const RUNS = 30;

let database: TestDatabase;
let table: Table;
beforeAll(async () => {
  database = await createTestDatabase();
  table = await Table.open(database);
});
afterAll(async () => {
  await table.close();
  await database.drop();
});

/** Plays runs until one fails; a failing one is made smaller, and printed. Answers what went wrong. */
async function playRandom(parameters: fc.Parameters<[Run]>): Promise<string | undefined> {
  const property = fc.asyncProperty(runsOf(STEPS), (run: Run) => table.play(run));
  const check = await fc.check(property, parameters);
  if (!check.failed || check.counterexample === null) return undefined;
  const how = `seed ${check.seed}, path ${check.counterexamplePath}; as a line of regressions.jsonl:`;
  return `${how}\n${JSON.stringify({ was: "…", run: check.counterexample[0] })}\n${String(check.errorInstance)}`;
}

test("windows begin and end where the model's do, on any clock", async () => {
  const zones = ["UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Pacific/Kiritimati", "America/St_Johns"];
  const instant = fc
    .tuple(fc.integer({ min: 1.5e9, max: 1.95e9 }), fc.constantFrom("", ".000001", ".999999"))
    .map(([seconds, fraction]) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction}Z`);
  const asked = fc.record({
    p_unit: fc.constantFrom("hour", "day", "week", "month", "year", "lifetime"),
    p_count: fc
      .integer({
        min: 1,
        max: 13,
      })
      .map(String),
    p_anchor: instant,
    p_zone: fc.constantFrom(...zones),
    p_at: instant,
  });
  const property = fc.asyncProperty(asked, async (args) => {
    expect(await table.ask("window_at", args)).toEqual(commands["window_at"]?.(emptyModel(), args));
  });
  await fc.assert(property, { numRuns: 400, seed: 1 });
});

const kept = readFileSync(new URL("regressions.jsonl", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as { was: string; run: Run });
test.each(kept)("what was wrong once: $was", async ({ run }) => {
  await expect(table.play(run)).resolves.toBeUndefined();
});

test.runIf(minutes > 0)("a simulation", { timeout: minutes * MINUTE_MS * 2 + MINUTE_MS }, async () => {
  const seed = Number(chosenSeed ?? fc.sample(fc.nat(), 1)[0]);
  process.stdout.write(`simulating for ${minutes} minutes from seed ${seed}\n`);
  const numRuns = 1_000_000;
  const limits = { interruptAfterTimeLimit: minutes * MINUTE_MS, markInterruptAsFailure: false };
  expect(await playRandom({ seed, numRuns, ...limits })).toBeUndefined();
});

// A simulation that is out of time leaves its last run unfinished, on the same connection.
test.runIf(minutes === 0)("a tour of every outcome", async () => {
  await expect(table.follow(tour)).resolves.toBeUndefined();
});

test.runIf(minutes === 0)(
  "random runs: every command comes to every outcome it can have",
  { timeout: 600_000 },
  async () => {
    expect(await playRandom({ seed: 1, numRuns: RUNS })).toBeUndefined();
    const listed = Object.entries(outcomes).flatMap(([command, all]) => all.map((outcome) => `${command} ${outcome}`));
    expect(
      listed.filter((one) => !table.reached.has(one)),
      "commands and outcomes that no run reached",
    ).toEqual([]);
    expect(
      [...table.reached].filter((one) => !listed.includes(one)),
      "outcomes that are not listed",
    ).toEqual([]);
  },
);
