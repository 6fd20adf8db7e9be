import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import { processMark } from "../../src/embedded/liveness.ts";
import { oneAtATime } from "../../src/embedded/turn.ts";
import { ask, child, compile, start, temporaryDirectory } from "./rig.ts";

beforeAll(compile);

test("processes that start at once share one server; its owner ends it, and the next start begins anew", async () => {
  const directory = temporaryDirectory();
  const children = [1, 2, 3].map(() => child({ directory }));
  const told = await Promise.all(children.map((each) => each.told()));
  expect(new Set(told.map(({ pid }) => pid)).size, "one postmaster").toBe(1);
  expect(told.filter(({ adopted }) => !adopted).length, "one owner").toBe(1);
  expect(told.filter(({ firstStart }) => firstStart).length, "one initdb").toBe(1);
  const url = told[0]?.adminUrl ?? "";
  await ask(url, "create table kept as select 7 as n");

  const lines: string[] = [];
  const adopter = await start(directory, { onLog: (line) => lines.push(line) });
  expect(adopter).toMatchObject({ adopted: true, pid: told[0]?.pid, port: told[0]?.port });
  for (const [i, each] of children.entries()) if (told[i]?.adopted) await each.stop();
  await adopter.stop();
  expect(await ask(url, "select n from kept"), "an adopter ends nothing").toEqual([7]);

  for (const [i, each] of children.entries()) if (!told[i]?.adopted) await each.stop();
  await expect(ask(url, "select 1")).rejects.toThrow("ECONNREFUSED");
  const again = await start(directory, { onLog: (line) => lines.push(line) });
  expect(again).toMatchObject({ adopted: false, firstStart: false });
  expect(await ask(again.adminUrl, "select n from kept")).toEqual([7]);
  expect(lines).toEqual([
    expect.stringContaining("Using the PostgreSQL that process"),
    expect.stringContaining("runs on port"),
  ]);
});

test("turns never overlap, whoever held the last one was killed", async () => {
  const directory = temporaryDirectory();
  const dead = "1234567@1";
  expect(processMark(1234567)).toBeUndefined();
  let inside = 0;
  for (let round = 0; round < 10; round += 1) {
    const last = Math.max(0, ...readdirSync(directory).map((name) => Number(name.slice("start.".length))));
    writeFileSync(join(directory, `start.${last + 1}`), dead);
    writeFileSync(join(directory, `start.draft-1234567-x`), dead);
    const turn = () =>
      oneAtATime(directory, async () => {
        inside += 1;
        expect(inside).toBe(1);
        await sleep(1);
        inside -= 1;
      });
    await Promise.all(Array.from({ length: 5 }, turn));
  }
  expect(readdirSync(directory), "one small file stays").toEqual(["start.60"]);
});

test("a turn whose work failed is over", async () => {
  const directory = temporaryDirectory();
  await expect(oneAtATime(directory, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await oneAtATime(directory, () => Promise.resolve(existsSync(directory)))).toBe(true);
});
