import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import { dataOf } from "../../src/embedded/cluster.ts";
import { processesOf, processMark } from "../../src/embedded/liveness.ts";
import { ask, type Child, child, compile, start, temporaryDirectory, type Told, unfinished } from "./rig.ts";

beforeAll(compile);

async function serverWithRow(directory: string): Promise<{ owner: Child; told: Told }> {
  const owner = child({ directory, settings: {} });
  const told = await owner.told();
  await ask(told.adminUrl, "create table kept as select 7 as n");
  return { owner, told };
}

/** The row that was committed, as the server of the next start gives it. */
async function rowAfterRestart(directory: string): Promise<unknown> {
  const server = await start(directory);
  const [n] = await ask(server.adminUrl, "select n from kept");
  return { adopted: server.adopted, firstStart: server.firstStart, n };
}
const kept = { adopted: false, firstStart: false, n: 7 };

test("kill -9 of the Node process ends the server cleanly", async () => {
  const directory = temporaryDirectory();
  const { owner, told } = await serverWithRow(directory);
  await owner.kill();
  await expect.poll(() => processMark(told.pid), { timeout: 10_000 }).toBeUndefined();
  expect(readFileSync(join(directory, "pg.log"), "utf8")).toMatch(
    /received fast shutdown[^]*database system is shut down/,
  );
  expect(await rowAfterRestart(directory)).toEqual(kept);
});

test("kill -9 of the Node process and a start in the same moment", async () => {
  const directory = temporaryDirectory();
  const { owner, told } = await serverWithRow(directory);
  // Stopped, the server cannot act on its death signal yet: this is the moment in which it looks alive and is not.
  process.kill(told.pid, "SIGSTOP");
  await owner.kill();
  setTimeout(() => process.kill(told.pid, "SIGCONT"), 500);
  expect(await rowAfterRestart(directory)).toEqual(kept);
  expect(processMark(told.pid)).toBeUndefined();
});

test("kill -9 of the postmaster: the same process starts it again", async () => {
  const directory = temporaryDirectory();
  const first = await start(directory);
  await ask(first.adminUrl, "create table kept as select 7 as n");
  process.kill(first.pid, "SIGKILL");
  const lines: string[] = [];
  const second = await start(directory, { onLog: (line) => lines.push(line) });
  expect(second).toMatchObject({ adopted: false, firstStart: false });
  expect(await ask(second.adminUrl, "select n from kept")).toEqual([7]);
  expect(lines[0]).toBe(`The PostgreSQL that ran here (process ${first.pid}) is gone; starting it again.`);
  await first.stop();
  expect(await ask(second.adminUrl, "select n from kept"), "the old handle ends nothing").toEqual([7]);
});

test("kill -9 of the postmaster under a backend that computes on", async () => {
  const directory = temporaryDirectory();
  const { told, owner } = await serverWithRow(directory);
  const lost = ask(told.adminUrl, "do $$ begin loop end loop; end $$").catch(() => "lost");
  await sleep(300);
  process.kill(told.pid, "SIGKILL");
  await expect.poll(() => processesOf(dataOf(directory)).length, { timeout: 5000 }).toBe(1);
  expect(await rowAfterRestart(directory)).toEqual(kept);
  expect(readFileSync(join(directory, "pg.log"), "utf8")).toContain("shared memory block");
  expect(await lost).toBe("lost");
  await owner.kill();
});

test("kill -9 of both, and three starts at once", async () => {
  const directory = temporaryDirectory();
  const { told, owner } = await serverWithRow(directory);
  process.kill(told.pid, "SIGKILL");
  await owner.kill();
  const next = await Promise.all([1, 2, 3].map(() => child({ directory }).told()));
  expect(new Set(next.map(({ pid }) => pid)).size, "one postmaster").toBe(1);
  expect(next.filter(({ adopted }) => !adopted)).toHaveLength(1);
  expect(await ask(next[0]?.adminUrl ?? "", "select n from kept")).toEqual([7]);
});

test("a postmaster.pid whose pid is now somebody else's", async () => {
  const directory = temporaryDirectory();
  const { told, owner } = await serverWithRow(directory);
  const pidFile = join(dataOf(directory), "postmaster.pid");
  const left = readFileSync(pidFile, "utf8");
  await owner.stop();
  writeFileSync(pidFile, left.replace(String(told.pid), String(process.pid)));
  expect(await rowAfterRestart(directory)).toEqual(kept);
});

test("kill -9 in the middle of initdb", async () => {
  const directory = temporaryDirectory();
  for (const moment of [0, 50, 150, 250]) {
    const owner = child({ directory });
    await expect.poll(() => unfinished(directory).length, { interval: 2, timeout: 10_000 }).toBeGreaterThan(0);
    await sleep(moment);
    expect(existsSync(join(directory, "cluster")), "still in initdb").toBe(false);
    await owner.kill();
  }
  const server = await start(directory);
  expect(server.firstStart).toBe(true);
  expect(await ask(server.adminUrl, "select 1")).toEqual([1]);
  expect(unfinished(directory)).toEqual([]);
});

test("SIGTERM reaches the application's own handler, which still has its database", async () => {
  const { owner, told } = await serverWithRow(temporaryDirectory());
  owner.process.kill("SIGTERM");
  expect(await owner.told()).toEqual({ handler: "of the application" });
  await expect.poll(() => owner.process.exitCode, { timeout: 10_000 }).toBe(0);
  expect(processMark(told.pid)).toBeUndefined();
});
