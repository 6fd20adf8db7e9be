// The example as a reader runs it: a process of its own in a directory of its own, and what it printed.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

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

const run = async () =>
  (await promisify(execFile)(process.execPath, [compiled], { cwd: directory, env: environment })).stdout;

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
