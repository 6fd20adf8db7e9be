// The example as a reader runs it: a process of its own in a directory of its own, and what it printed.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createPurser } from "@purser/engine";
import { exampleCatalog, openDevelopmentDatabase } from "@purser/server";
import { Pool } from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createTestDatabase } from "../../../behaviour/fixture/database.ts";

const workspace = fileURLToPath(new URL("..", import.meta.url));
const compiled = join(workspace, "dist/index.js");
const { DATABASE_URL: _, NODE_ENV: __, ...environment } = process.env;
let directory = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "purser-example-"));
  const compiler = join(workspace, "../../node_modules/typescript/bin/tsc");
  await promisify(execFile)(process.execPath, [compiler, "-b", workspace]);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const run = async (more: Record<string, string> = {}) =>
  (await promisify(execFile)(process.execPath, [compiled], { cwd: directory, env: { ...environment, ...more } }))
    .stdout;

/** What stands under each numbered heading. */
const stories = (printed: string) =>
  printed
    .split(/\n\n(?=\d\. )/)
    .slice(1)
    .map((story) =>
      story
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.trim()),
    );

test("each request leaves the rows that its answer says, the first time and the second", async () => {
  for (let time = 1; time <= 2; time += 1) {
    const [accepted, replayed, refused, crashed, byHand] = stories(await run());
    const one = ["reports       Annuities 2031", "consumptions  request-1: 3"];
    expect(accepted).toEqual(["the write runs", "consumed, available 17", ...one]);
    expect(replayed).toEqual(["consumed, replayed, available 17", ...one]);
    expect(refused).toEqual(["limit_reached, available 17", ...one]);
    expect(crashed).toEqual(["thrown: the printer is on fire", ...one]);
    expect(byHand).toEqual([
      "consume 2 → consumed, available 15 → COMMIT",
      "consume 99 → limit_reached, available 15 → ROLLBACK",
      "reports       Annuities 2031 · By hand, 2 pages",
      "consumptions  request-1: 3 · request-4: 2",
    ]);
  }
});

test("a catalogue that somebody published, or a role that may not make its schema, is told in a sentence", async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const url = { DATABASE_URL: database.serviceUrl };
  await expect(run(url)).rejects.toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/^The role \S+ may not make the example's schema .*\. Unset DATABASE_URL, .*\n$/),
  });

  const pool = new Pool({ connectionString: database.serviceUrl, max: 1 });
  onTestFinished(() => pool.end());
  const { plans, ...rest } = exampleCatalog;
  const purser = createPurser({ catalog: { ...rest, plans: { pro: plans.pro } }, database: pool });
  await purser.publishCatalog({ actor: "somebody" });
  for (const given of [database.serviceUrl, database.adminUrl]) {
    await expect(run({ DATABASE_URL: given })).rejects.toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        /^This database has a catalogue of its own \(revision 1, published by somebody\), .*\n$/,
      ),
    });
  }
  expect(await purser.catalogRevisions()).toHaveLength(1);
});

test("beside what npm start serves it leaves that catalogue alone", async () => {
  const served = await openDevelopmentDatabase({ directory: join(directory, ".purser"), environment });
  const pool = new Pool({ connectionString: served.serviceUrl, max: 1 });
  try {
    const { plans, ...rest } = exampleCatalog;
    const purser = createPurser({ catalog: { ...rest, plans: { pro: plans.pro } }, database: pool });
    await purser.publishCatalog({ actor: "somebody" });
    expect(stories(await run())).toHaveLength(5);
    expect(await purser.catalogRevisions()).toMatchObject([{ revision: 1, publishedBy: "somebody" }]);
  } finally {
    await pool.end();
    await served.stop();
  }
});
