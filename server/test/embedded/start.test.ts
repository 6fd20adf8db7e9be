import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { dataOf } from "../../src/embedded/cluster.ts";
import { chooseDatabase, findBinaries } from "../../src/embedded/index.ts";
import { serverUser } from "../../src/embedded/server-user.ts";
import { ask, environment, start, system15, temporaryDirectory } from "./rig.ts";

const handlers = () => process.eventNames().map((name) => [name, process.listenerCount(name)]);

test("a server as the launcher starts it", async () => {
  const directory = temporaryDirectory();
  const before = handlers();
  const server = await start(directory, { settings: {} });
  const { adminUrl, port } = server;
  expect(handlers(), "no handler of the process was touched").toEqual(before);
  expect(server).toMatchObject({ host: "127.0.0.1", adopted: false, firstStart: true, home: directory });

  const wanted = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    port: String(port),
    jit: "off",
    shared_buffers: "128MB",
    max_connections: "100",
    TimeZone: "UTC",
    log_timezone: "UTC",
    lc_messages: "C",
    server_encoding: "UTF8",
    fsync: "on",
    synchronous_commit: "on",
    password_encryption: "scram-sha-256",
  };
  const names = Object.keys(wanted).map((name) => `current_setting('${name}')`);
  expect(await ask(adminUrl, `select unnest(array[${names.join()}])`)).toEqual(Object.values(wanted));
  expect(await ask(adminUrl, "select distinct auth_method from pg_hba_file_rules")).toEqual(["scram-sha-256"]);
  const collation = "select (to_json(d) ->> 'datlocprovider') || coalesce(to_json(d) ->> 'datlocale', datcollate)";
  const byCodePoint = Number.parseInt(server.version, 10) >= 17 ? "bC.UTF-8" : "cC";
  expect(await ask(adminUrl, `${collation} from pg_database d`)).toEqual(Array(3).fill(byCodePoint));

  const elsewhere = new URL(adminUrl);
  elsewhere.hostname = "127.0.0.2";
  await expect(ask(elsewhere.href, "select 1")).rejects.toThrow("ECONNREFUSED");
  const stranger = new URL(adminUrl);
  stranger.password = "guess";
  await expect(ask(stranger.href, "select 1")).rejects.toThrow("password authentication failed");

  const { password } = new URL(adminUrl);
  for (const name of ["pg.json", "pg.log", "cluster/password"])
    expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
  const record = readFileSync(join(directory, "pg.json"), "utf8");
  expect(JSON.parse(record)).toMatchObject({ port, pid: server.pid });
  for (const text of [record, readFileSync(join(directory, "pg.log"), "utf8"), inspect(server), JSON.stringify(server)])
    expect(text).not.toContain(password);

  // A process group of its own, so that Ctrl-C in the terminal reaches only the application.
  expect(readFileSync(`/proc/${server.pid}/stat`, "utf8").split(" ")[4]).toBe(String(server.pid));
  expect(readFileSync(`/proc/${server.pid}/environ`, "utf8")).toMatch(/TZ=UTC\0LC_ALL=C/);
  expect(readFileSync(`/proc/${server.pid}/environ`, "utf8")).not.toContain("VITEST");
});

test("a clean stop, and the same data at the same port afterwards", async () => {
  const directory = temporaryDirectory();
  const first = await start(directory);
  await ask(first.adminUrl, "create table kept as select 7 as n");
  await Promise.all([first.stop(), first.stop()]);
  expect(existsSync(join(dataOf(directory), "postmaster.pid"))).toBe(false);
  expect(readFileSync(join(directory, "pg.log"), "utf8")).toContain("database system is shut down");
  await expect(ask(first.adminUrl, "select 1")).rejects.toThrow("ECONNREFUSED");

  const second = await start(directory);
  expect(second).toMatchObject({ port: first.port, firstStart: false, adopted: false });
  expect(await ask(second.adminUrl, "select n from kept")).toEqual([7]);
  await second.stop();

  const squatter = createServer().listen(first.port, "127.0.0.1");
  const third = await start(directory).finally(() => squatter.close());
  expect(third.port).not.toBe(first.port);
});

test("a stop ends open sessions and does not wait for them", async () => {
  const server = await start(temporaryDirectory());
  const sleeping = ask(server.adminUrl, "select pg_sleep(600)").catch(String);
  await expect
    .poll(() => ask(server.adminUrl, "select count(*)::int from pg_stat_activity where query like '%sleep(600)'"))
    .toEqual([1]);
  await server.stop();
  expect(await sleeping).toMatch(/terminat/);
});

test("not in production, unless told so", async () => {
  const directory = temporaryDirectory();
  const production = { ...environment, NODE_ENV: "production" };
  await expect(start(directory, { environment: production })).rejects.toThrow(
    /In production set DATABASE_URL.*PURSER_EMBEDDED_IN_PRODUCTION=yes/,
  );
  expect(existsSync(join(directory, "cluster"))).toBe(false);
  await start(directory, { environment: { ...production, PURSER_EMBEDDED_IN_PRODUCTION: "yes" } });
});

test.skipIf(!existsSync(system15))(
  "the system's PostgreSQL 15 through PURSER_PG_BIN, and its data under 18",
  async () => {
    const directory = temporaryDirectory();
    const server = await start(directory, { environment: { ...environment, PURSER_PG_BIN: system15 } });
    expect(server).toMatchObject({ source: "PURSER_PG_BIN", version: expect.stringMatching(/^15\./) });
    const locale = "select concat_ws(' ', pg_encoding_to_char(encoding), datcollate) from pg_database";
    expect(await ask(server.adminUrl, locale)).toEqual(Array(3).fill("UTF8 C"));
    await server.stop();
    writeFileSync(join(dataOf(directory), "PG_VERSION"), "14\n");
    await expect(start(directory)).rejects.toThrow(/made by PostgreSQL 14, .*PURSER_PG_BIN .* PostgreSQL 14 .*move /);
  },
);

describe("the ladder", () => {
  test.each([
    [{}, { kind: "embedded" }],
    [{ DATABASE_URL: "postgresql://db/x" }, { kind: "external", url: "postgresql://db/x" }],
  ])("%j chooses %j", (variables, choice) => expect(chooseDatabase(variables)).toEqual(choice));

  test.each(["", "  "])("a DATABASE_URL of '%s' is an error", (blank) =>
    expect(() => chooseDatabase({ DATABASE_URL: blank })).toThrow("DATABASE_URL is set but blank"),
  );

  test.each(["", "/nowhere", "/usr/bin"])(
    "a PURSER_PG_BIN of '%s' is an error and no other rung is tried",
    async (bin) => {
      const named = { ...environment, PURSER_PG_BIN: bin };
      await expect(findBinaries(named, await serverUser(named))).rejects.toThrow(
        /^PURSER_PG_BIN must name a directory/,
      );
    },
  );

  test.skipIf(!existsSync(system15))("without the package, the system's", async () => {
    const { PURSER_PG_BIN: _, ...plain } = environment;
    const user = await serverUser(plain);
    const lines: string[] = [];
    expect(
      await findBinaries(plain, user, { packageDirectory: "/nowhere", onLog: (line) => lines.push(line) }),
    ).toMatchObject({ source: "system", major: expect.any(Number) });
    expect(lines).toEqual([expect.stringMatching(/^Passed over: .*\/nowhere/)]);
    expect(await findBinaries(plain, user)).toMatchObject({ source: "package", major: 18 });
  });
});
