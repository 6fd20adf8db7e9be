// kill -9, of who asks and of the database, at any moment: what was answered is there, what was not is asked again with the same
// key, and in the end everything that was ever asked for happened once.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createPurser, migrate } from "@purser/engine";
import { Client, Pool } from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type OwnServer, startOwnServer } from "../../../behaviour/fixture/own-server.ts";
import { smallCatalog } from "../workbench.ts";

let server: OwnServer;
let directory: string;
beforeAll(async () => {
  server = await startOwnServer();
  directory = await mkdtemp(join(tmpdir(), "purser-killed-"));
  await asked("CREATE DATABASE killed", "postgres");
  // What was answered has to outlive the server; the machine under it goes on, so fsync may stay off.
  await asked("ALTER DATABASE killed SET synchronous_commit = on", "postgres");
  await migrate({ url: urlOf("killed") });
  const pool = new Pool({ connectionString: urlOf("killed"), max: 2 });
  const purser = createPurser({ catalog: smallCatalog, database: pool });
  await purser.publishCatalog({ actor: "test" });
  await purser.createTenant({ tenant: "acme", actor: "test" });
  await purser.issueGrant(pool, { tenant: "acme", feature: "credits", amount: 1_000_000, dedupeKey: "stock" });
  await purser.close();
  await pool.end();
});
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

function urlOf(database: string): string {
  const url = new URL(server.adminUrl);
  url.pathname = `/${database}`;
  return url.href;
}
async function asked<Row>(statement: string, database = "killed", values: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: urlOf(database) });
  await client.connect();
  try {
    return (await client.query(statement, values)).rows as Row[];
  } finally {
    await client.end();
  }
}

type Verb = "grant" | "consume" | "hold";
const again: Readonly<Record<Verb, string>> = {
  grant: "SELECT outcome FROM purser.issue_grant('acme', 'credits', 3, $1)",
  consume: "SELECT outcome FROM purser.consume('acme', 'credits', 1, $1)",
  hold: "SELECT outcome FROM purser.reserve('acme', 'credits', 2, $1)",
};
const done: Readonly<Record<Verb, string>> = { grant: "granted", consume: "consumed", hold: "reserved" };
/** How often each key had its effect. */
const effects = async () =>
  new Map(
    (
      await asked<{ key: string; times: number }>(
        `SELECT key, count(*)::int AS times FROM (
           SELECT idempotency_key AS key FROM purser.balance_facts WHERE idempotency_key IS NOT NULL
           UNION ALL SELECT dedupe_key FROM purser.grants WHERE dedupe_key <> 'stock') e GROUP BY key`,
      )
    ).map(({ key, times }) => [key, times]),
  );

function start(file: string, prefix: string): ChildProcess {
  const script = fileURLToPath(new URL("granting-process.mjs", import.meta.url));
  const child = fork(script, [urlOf("killed"), "acme", file, prefix], { execArgv: [] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

test.each([
  ["who asks", 10],
  ["the database", 40],
  ["who asks", 70],
  ["the database", 110],
  ["both", 150],
  ["both", 190],
])("A02 A05: kill -9 of %s, %i ms after it had begun", { timeout: 120_000 }, async (whom, afterMs) => {
  const file = join(directory, `${afterMs}`);
  const child = start(file, `after-${afterMs}`);
  const ended = once(child, "exit");
  // It is in the middle of something.
  const written = async () => (await readFile(file, "utf8").catch(() => "")).length;
  await expect.poll(written, { timeout: 30_000 }).toBeGreaterThan(1500);
  await pause(afterMs);
  if (whom !== "the database") child.kill("SIGKILL");
  if (whom !== "who asks") await server.killAndStartAgain();
  await ended;

  const lines = (await readFile(file, "utf8")).split("\n").map((line) => line.split(" "));
  const asking = lines.flatMap(([word, verb, key]) => (word === "asked" && key ? [{ verb: verb as Verb, key }] : []));
  const answered = new Set(lines.flatMap(([word, , key]) => (word !== "asked" && key ? [key] : [])));
  expect(lines.filter(([word = ""]) => !/^(asked|granted|consumed|reserved|committed|)$/.test(word))).toEqual([]);
  expect(answered.size).toBeGreaterThan(5);
  const before = await effects();
  expect([...answered].filter((key) => before.get(key) !== 1)).toEqual([]);
  for (const { verb, key } of asking.filter((one) => !answered.has(one.key)))
    expect(await asked(again[verb], "killed", [key])).toEqual([{ outcome: done[verb] }]);
  const after = await effects();
  expect(asking.filter(({ key }) => after.get(key) !== 1)).toEqual([]);
  expect(await asked("SELECT * FROM purser.verify('acme')")).toEqual([]);
  const sums = await asked(
    `SELECT b.granted = 1000000 + 3 * (SELECT count(*) FROM purser.grants WHERE dedupe_key <> 'stock') AS granted,
              b.used = (SELECT count(*) FROM purser.consumptions) AS used,
              b.held = 2 * (SELECT count(*) FROM purser.holds WHERE status = 'open') AS held
       FROM purser.balances b WHERE b.tenant_id = 'acme' AND b.feature = 'credits'`,
  );
  expect(sums).toEqual([{ granted: true, used: true, held: true }]);
});
