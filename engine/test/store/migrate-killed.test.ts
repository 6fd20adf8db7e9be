// I05: a migration may be killed at any moment. What it leaves is the schema from before or the whole of the new one,
// and the next one goes through.
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import { migrateTo } from "../../src/store/migrate.ts";
import { readSqlFiles } from "../../src/store/sql-files.ts";
import { ask, compile, migrating, older, sqlFiles, sqlFolder, wholeSchema } from "./migrate-rig.ts";
import { ownCluster } from "./own-cluster.ts";

const cluster = ownCluster();
beforeAll(compile);

/** mulberry32: the same delays again from the seed in the name of the test. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
const seed = Number(process.env["PURSER_TEST_SEED"] ?? Date.now() % 1_000_000);

const starts = {
  "an empty database, without our roles": async () => {
    await cluster.clear();
    return cluster.database("killed");
  },
  "an older schema": async () => {
    const [there] = await ask(cluster.url("postgres"), "SELECT 1 FROM pg_database WHERE datname = 'older'");
    if (there === undefined) await migrateTo(sqlFiles(older), { url: await cluster.database("older") });
    return cluster.database("killed", "TEMPLATE older");
  },
};
type Start = () => Promise<string>;
const drop = () => ask(cluster.url("postgres"), "DROP DATABASE IF EXISTS killed WITH (FORCE)");

/** The schema as text, or why there is none. */
const stateOf = async (url: string) => {
  const [recorded] = await ask(url, "SELECT to_regclass('purser.schema_files')::text");
  return recorded === null ? "nothing" : wholeSchema(url);
};

/** What a start is before and after an undisturbed migration, and how many steps and milliseconds that takes. */
async function undisturbed(start: Start, folder: URL) {
  const url = await start();
  const before = await stateOf(url);
  const child = await migrating(url, { folder });
  const from = performance.now();
  child.go();
  const steps = (await child.ended)?.steps ?? 0;
  const took = performance.now() - from;
  const after = await wholeSchema(url);
  await drop();
  return { before, after, steps, took };
}

test.each(Object.entries(starts))("I05 killed before any of its steps: %s", { timeout: 120_000 }, async (_, start) => {
  const folder = sqlFolder();
  const { before, after, steps } = await undisturbed(start, folder);
  expect(steps).toBeGreaterThan(30);
  const every = Math.ceil(steps / 12);
  const last = [steps - 3, steps - 2, steps - 1];
  for (const dieBefore of [...Array.from({ length: steps }, (__, n) => n).filter((n) => n % every === 0), ...last]) {
    const url = await start();
    const child = await migrating(url, { folder, dieBefore });
    child.go();
    expect(await child.ended, `step ${dieBefore}`).toBeUndefined();
    expect(await stateOf(url), `left by a kill before step ${dieBefore} of ${steps}`).toBe(before);
    await migrateTo(readSqlFiles(folder), { url });
    expect(await wholeSchema(url), `migrated after a kill before step ${dieBefore}`).toBe(after);
    await drop();
  }
});

test.each(Object.entries(starts))(
  `I05 killed at random moments (PURSER_TEST_SEED=${seed}): %s`,
  { timeout: 120_000 },
  async (_, start) => {
    const folder = sqlFolder();
    const { before, after, took } = await undisturbed(start, folder);
    const next = chance(seed);
    for (let round = 0; round < 8; round += 1) {
      const url = await start();
      const child = await migrating(url, { folder });
      const delay = next() * took * 1.2;
      child.go();
      await sleep(delay);
      child.process.kill("SIGKILL");
      await child.ended;
      expect([before, after], `left by a kill after ${delay} ms of ${took}`).toContain(await stateOf(url));
      await migrateTo(readSqlFiles(folder), { url });
      expect(await wholeSchema(url), `migrated after a kill after ${delay} ms`).toBe(after);
      await drop();
    }
  },
);
