// I05: whoever boots, migrates, and several boot together; meanwhile others work on the database.
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import { migrate, migrateTo } from "../../src/store/migrate.ts";
import { readSqlFiles } from "../../src/store/sql-files.ts";
import { ask, compile, migrating, older, sqlFiles, using, wholeSchema } from "./migrate-rig.ts";
import { ownCluster } from "./own-cluster.ts";

const cluster = ownCluster();
beforeAll(compile);

const migrations = readSqlFiles().migrations.map(({ path }) => path);

/** Migrates from a process for each of the databases named, all let go at once. */
async function together(urls: string[]) {
  const all = await Promise.all(urls.map((url) => migrating(url)));
  for (const child of all) child.go();
  const reports = await Promise.all(all.map((child) => child.ended));
  return reports.map((ended) => ended?.report.applied ?? ["killed"]);
}

async function cleanSchema(): Promise<string> {
  const url = await cluster.database("clean");
  await migrate({ url });
  return wholeSchema(url);
}

test("I05 five processes at once migrate one database once", async () => {
  const clean = await cleanSchema();
  for (let round = 0; round < 3; round += 1) {
    await cluster.clear();
    const url = await cluster.database(`five_${round}`);
    const applied = await together(Array.from({ length: 5 }, () => url));
    expect(applied.toSorted((a, b) => b.length - a.length)).toEqual([migrations, [], [], [], []]);
    expect(await wholeSchema(url)).toBe(clean);
  }
});

test("I05 two databases of one cluster at once, from no roles at all", async () => {
  await cluster.clear();
  const clean = await cleanSchema();
  for (let round = 0; round < 4; round += 1) {
    await cluster.clear();
    const urls = [await cluster.database(`one_${round}`), await cluster.database(`two_${round}`)];
    const applied = await together([...urls, ...urls]);
    expect(applied.toSorted((a, b) => b.length - a.length)).toEqual([migrations, migrations, [], []]);
    for (const url of urls) expect(await wholeSchema(url)).toBe(clean);
  }
});

test("I05 a long transaction delays the migration and not those who come after", async () => {
  const url = await cluster.database("long");
  await migrateTo(sqlFiles(older), { url });
  const steps: string[] = [];
  await using(url, async (long) => {
    await long.query("BEGIN; SELECT FROM purser.balances");
    const migration = migrate({ url, onStep: (line) => steps.push(line) });
    let worst = 0;
    for (let i = 0; i < 6; i += 1) {
      const from = performance.now();
      await ask(url, "SELECT count(*) FROM purser.balances");
      worst = Math.max(worst, performance.now() - from);
      await sleep(500);
    }
    expect(steps).toContain("wait and try again");
    // The limit on waiting is two seconds; the rest is what a busy machine may take.
    expect(worst).toBeGreaterThan(500);
    expect(worst).toBeLessThan(3_500);
    await long.query("COMMIT");
    expect((await migration).applied).toHaveLength(1);
  });
});

test("I05 new texts of functions wait for nobody", async () => {
  const url = await cluster.database("calls");
  await migrate({ url });
  await using(url, async (long) => {
    await long.query("BEGIN; SELECT purser.slot_of('a'); LOCK TABLE purser.balances IN ACCESS EXCLUSIVE MODE");
    const next = sqlFiles({ "functions/slot_of.sql": (text) => text.replace("BEGIN\n", "BEGIN\n  -- changed\n") });
    const steps: string[] = [];
    await migrateTo(next, { url, onStep: (line) => steps.push(line) });
    expect(steps).toContain("apply functions/slot_of.sql");
    expect(steps).not.toContain("wait and try again");
  });
});
