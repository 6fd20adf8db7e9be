// `purser dev --demo`, as a newcomer meets it: one command, the lines that it prints, a second start, an end.
import { execFile } from "node:child_process";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { createPurser } from "@purser/engine";
import { Client, Pool } from "pg";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createBlankDatabase, createTestDatabase, type TestDatabase } from "../../../behaviour/fixture/database.ts";
import { exampleCatalog } from "../../src/demo/catalog.ts";
import { demoTenants } from "../../src/demo/tenants.ts";
import { startEmbedded } from "../../src/embedded/index.ts";
import { compile, postgresOf, purser, type Run, temporaryDirectory } from "./rig.ts";

beforeAll(compile);

const ready = /Ctrl-C stops it/;
const start = (directory: string, environment: Record<string, string> = {}, port = "0", through?: "sh") =>
  purser(["dev", "--demo", "--directory", directory, "--port", port], environment, through);
const printed = (out: string) => ({
  url: /ready at (\S+)/.exec(out)?.[1] ?? "",
  key: / {2}key +(\S+)/.exec(out)?.[1] ?? "",
  testKey: / {2}test key +(\S+)/.exec(out)?.[1] ?? "",
  curls: out.split("\n").filter((line) => line.startsWith("curl ")),
});
const get = async (url: string, key: string) =>
  (await fetch(url, { headers: { authorization: `Bearer ${key}` } })).json() as Promise<Record<string, unknown>>;

async function stop(run: Run, signal: "SIGTERM" | "SIGINT" = "SIGTERM"): Promise<void> {
  run.process.kill(signal);
  expect(await run.ended).toMatchObject({ code: 0 });
}

/** Every row of every table of ours, through a server of the test's own on the same directory. */
async function everyRow(directory: string): Promise<string> {
  const { NODE_ENV: _, ...environment } = process.env;
  const server = await startEmbedded({ directory, environment });
  const client = new Client({ connectionString: server.adminUrl });
  await client.connect();
  try {
    // What time made due may or may not have been turned by a worker that was stopped: here it is, whoever came first.
    await client.query("SELECT purser.refresh(b.tenant_id, b.feature, b.subject) FROM purser.balances b");
    const { rows } = await client.query<{ relname: string }>(
      "SELECT relname FROM pg_class WHERE relnamespace = 'purser'::regnamespace AND relkind = 'r' ORDER BY 1",
    );
    const texts: string[] = [];
    for (const { relname } of rows) {
      const found = await client.query(
        `SELECT string_agg(t::text, E'\\n' ORDER BY t::text) AS t FROM purser.${relname} t`,
      );
      texts.push(`${relname}\n${found.rows[0].t}`);
    }
    return texts.join("\n");
  } finally {
    await client.end();
    await server.stop();
  }
}

/** A role that may migrate and serve, as administrators give one out, and that may make no role. */
async function migratingRole({ adminUrl, name }: TestDatabase): Promise<string> {
  const role = `${name}_migrates`;
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
  await admin.query(`GRANT purser_owner, purser_writer, purser_service TO ${role}`);
  await admin.end();
  onTestFinished(async () => {
    const maintenance = new URL(adminUrl);
    maintenance.pathname = "/postgres";
    const last = new Client({ connectionString: maintenance.href });
    await last.connect();
    await last.query(`DROP ROLE ${role}`);
    await last.end();
  });
  const url = new URL(adminUrl);
  url.username = role;
  url.password = "x";
  return url.href;
}

test("from an empty directory to answers, and to nothing left running", async () => {
  const directory = temporaryDirectory();
  const run = start(directory);
  const out = await run.until(ready);
  const { url, key, curls } = printed(out);
  expect(out).toMatch(/PostgreSQL +18\.\d+ at 127\.0\.0\.1:\d+\/postgres \(embedded, in .*purser-cli-/);
  expect(out).toMatch(/schema +version \d+/);
  expect(out).toContain(`API               ${url}/v1   (what it takes: ${url}/docs)`);
  expect(run.err()).not.toContain("warning");
  for (const file of ["login.json", "keys.json"]) expect(statSync(join(directory, file)).mode & 0o777).toBe(0o600);

  // The lines as they stand there, each pasted into a shell of its own.
  const answers = [];
  for (const line of curls) answers.push(JSON.parse((await promisify(execFile)("sh", ["-c", line])).stdout));
  expect(answers).toMatchObject([
    { allowed: true, feature: "annuity.calculations.monthly", remaining: 500 },
    { outcome: "consumed", replayed: false, available: 95 },
    { outcome: "consumed", replayed: true, available: 95 },
    { balances: expect.arrayContaining([expect.objectContaining({ feature: "messaging.credits", available: 95 })]) },
    { allowed: false, reason: "TIER_INSUFFICIENT", unlockedBy: ["enterprise"] },
  ]);

  const balance = async (tenant: string, feature: string) =>
    (await get(`${url}/v1/tenants/${tenant}/entitlements/${feature}`, key)) as {
      reason: string;
      remaining: number | null;
    };
  expect(await balance("cedar-row", "annuity.calculations.monthly")).toMatchObject({
    reason: "LIMIT_REACHED",
    remaining: 0,
  });
  expect(await balance("elm-and-oak", "messaging.credits")).toMatchObject({ reason: "INCLUDED", remaining: 840 });
  expect(await balance("juniper", "messaging.credits")).toMatchObject({ reason: "INCLUDED", remaining: 1000 });
  expect(await balance("granite", "ccp-01")).toMatchObject({ reason: "SUBSCRIPTION_INACTIVE" });
  expect(await balance("kestrel", "annuity.calculations.monthly")).toMatchObject({ unlimited: true, remaining: null });

  // On a loopback address, what the server tells about itself is there without being asked for.
  for (const path of ["/docs", "/openapi.json", "/metrics"]) expect((await fetch(url + path)).status).toBe(200);

  await stop(run);
  expect(postgresOf(directory)).toEqual([]);
  await expect(fetch(`${url}/healthz`)).rejects.toThrow("fetch failed");
});

test("a second start changes nothing and is quick", async () => {
  const directory = temporaryDirectory();
  const first = start(directory);
  const { key, testKey } = printed(await first.until(ready));
  await stop(first);
  const before = await everyRow(directory);

  const begun = performance.now();
  const second = start(directory);
  const again = printed(await second.until(ready));
  const seconds = (performance.now() - begun) / 1000;
  expect(again).toMatchObject({ key, testKey });
  // On an idle machine it takes well under one; this only notices an order of magnitude.
  expect(seconds).toBeLessThan(10);
  const path = `${again.url}/v1/tenants`;
  expect((await get(path, key))["tenants"]).toHaveLength(demoTenants.length - 1);
  expect((await get(path, testKey))["tenants"]).toMatchObject([{ tenant: "time-traveller", mode: "test" }]);
  await stop(second, "SIGINT");
  expect(await everyRow(directory)).toBe(before);
});

test("what was published after the first start stays in force, and the next start says which that is", async () => {
  const directory = temporaryDirectory();
  const first = start(directory);
  expect(await first.until(ready)).toMatch(/catalogue +revision 1, the example's\n/);
  const config = join(directory, "mine.config.json");
  const { plans, ...rest } = exampleCatalog;
  writeFileSync(config, JSON.stringify({ ...rest, plans: { pro: plans.pro } }));
  const pushed = await purser(["push", "--yes", "--config", config, "--directory", directory]).ended;
  expect(pushed).toMatchObject({ code: 0, out: expect.stringContaining("Published revision 2.") });
  await stop(first);

  const second = start(directory);
  const out = await second.until(ready);
  expect(out).toMatch(/catalogue +revision 2, published by purser push; it stays, and the example .* left out\n/);
  const { url, key, curls } = printed(out);
  expect(curls).toEqual([]);
  expect(await get(`${url}/v1/catalog`, key)).toMatchObject({ revision: 2, publishedBy: "purser push" });
  await stop(second);
}, 180_000);

test("the administrator's URL that is printed is one that migrates", async () => {
  const directory = temporaryDirectory();
  const run = start(directory);
  const url = / {2}PURSER_ADMIN_URL +(\S+)/.exec(await run.until(ready))?.[1] ?? "";
  const migrated = await purser(["migrate"], { PURSER_ADMIN_URL: url }).ended;
  expect(migrated).toMatchObject({ code: 0, out: expect.stringContaining("Up to date") });
  await stop(run);
});

test("a database that another version of the code left is named, and so is what to remove to begin anew", async () => {
  const directory = temporaryDirectory();
  const first = start(directory);
  const [, admin = ""] = /PURSER_ADMIN_URL +(\S+)/.exec(await first.until(ready)) ?? [];
  const client = new Client({ connectionString: admin });
  await client.connect();
  await client.query("UPDATE purser.schema_migrations SET checksum = 'another' WHERE name LIKE '%0004%'");
  await client.end();
  await stop(first);
  const second = await start(directory).ended;
  expect(second).toMatchObject({
    code: 3,
    err: expect.stringMatching(/migrations\/0004_.* was changed[^\n]*\n.*remove \//),
  });
  for (const place of (/remove (.*)\./.exec(second.err)?.[1] ?? "").split(" and ")) {
    expect(place).toMatch(/purser/);
    rmSync(place, { recursive: true });
  }
  const third = start(directory);
  await third.until(ready);
  await stop(third);
}, 180_000);

test("two at once share the database, and the one that does not own it leaves it running", async () => {
  const directory = temporaryDirectory();
  const owner = start(directory);
  await owner.until(ready);
  const guest = start(directory);
  const { url } = printed(await guest.until(ready));
  expect(guest.err()).toMatch(/Using the PostgreSQL that process \d+ runs/);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  await stop(guest);
  expect(postgresOf(directory)).not.toEqual([]);
  await stop(owner);
  expect(postgresOf(directory)).toEqual([]);
});

test("told to stop while it starts, it leaves nothing running", async () => {
  const directory = temporaryDirectory();
  const run = start(directory);
  await expect.poll(() => postgresOf(directory).length, { timeout: 60_000 }).toBeGreaterThan(0);
  run.process.kill("SIGTERM");
  expect(await run.ended).toMatchObject({ code: 0 });
  expect(postgresOf(directory)).toEqual([]);
});

test("as npm runs it, it ends when the shell that npm started is ended", async () => {
  const directory = temporaryDirectory();
  const run = start(directory, { npm_lifecycle_event: "start" }, "0", "sh");
  const { url } = printed(await run.until(ready));
  run.process.kill("SIGTERM");
  await expect.poll(() => postgresOf(directory), { timeout: 20_000 }).toEqual([]);
  await expect(fetch(`${url}/healthz`)).rejects.toThrow("fetch failed");
});

test("its own port taken, it takes the next and says so; a port that was asked for is an error", async () => {
  const directory = temporaryDirectory();
  const squatters = [4242].map((port) =>
    createServer()
      .once("error", () => undefined)
      .listen(port, "127.0.0.1"),
  );
  onTestFinished(() => squatters.forEach((squatter) => squatter.close()));
  const run = purser(["dev", "--directory", directory]);
  const { url, curls } = printed(await run.until(ready));
  expect(run.err()).toContain("Port 4242 is taken; trying 4243.");
  expect(Number(new URL(url).port)).toBeGreaterThan(4242);
  expect(curls).toEqual([]);
  const asked = await start(directory, {}, new URL(url).port).ended;
  expect(asked).toMatchObject({ code: 1, err: expect.stringMatching(/is taken\. Choose another one\./) });
});

describe("on a database of one's own", () => {
  test("it makes a login role and serves as that, with its limits", async () => {
    const database = await createBlankDatabase();
    onTestFinished(() => database.drop());
    const run = start(temporaryDirectory(), { DATABASE_URL: database.adminUrl });
    const out = await run.until(ready);
    expect(out).toMatch(new RegExp(`at 127\\.0\\.0\\.1:\\d+/${database.name} \\(DATABASE_URL\\)`));
    expect(out + run.err()).not.toContain(new URL(database.adminUrl).password);
    // The tests' own server does not wait for its disk, which is what a warning is for.
    const warnings = run
      .err()
      .split("\n")
      .filter((line) => line.startsWith("warning") && !/is OFF/.test(line));
    expect(warnings).toEqual([]);
    const client = new Client({ connectionString: database.adminUrl });
    await client.connect();
    const { rows } = await client.query<{ role: string; settings: string[]; tight: boolean }>(
      `SELECT r.rolname AS role, r.rolconfig AS settings,
              NOT (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolbypassrls OR r.rolreplication) AS tight
       FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
       WHERE a.datname = current_database() AND a.application_name = 'purser' LIMIT 1`,
    );
    expect(rows).toEqual([
      {
        role: expect.stringMatching(/^purser_app_[0-9a-f]{8}$/),
        settings: [
          "statement_timeout=10s",
          "lock_timeout=2s",
          "idle_in_transaction_session_timeout=10s",
          "TimeZone=UTC",
        ],
        tight: true,
      },
    ]);
    await stop(run);
    await client.query(`DROP OWNED BY ${rows[0]?.role}; DROP ROLE ${rows[0]?.role}`);
    await client.end();
  });

  test("where the role may make no other, it serves as that role and says so", async () => {
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const pool = new Pool({ connectionString: database.adminUrl });
    onTestFinished(() => pool.end());
    const theirs = createPurser({ catalog: exampleCatalog, database: pool });
    for (const url of [database.serviceUrl, await migratingRole(database)]) {
      const run = start(temporaryDirectory(), { DATABASE_URL: url });
      const { url: api, key } = printed(await run.until(ready));
      expect(run.err()).toMatch(/warning: the role .*may n.* make a login role.*Serving as the role given/);
      expect(await get(`${api}/v1/tenants/acme`, key)).toMatchObject({ tenant: "acme" });
      await stop(run);
    }
    expect(await theirs.findTenant({ tenant: "acme" })).toBeDefined();
  });

  test("a catalogue that somebody published there stays as it is", async () => {
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const pool = new Pool({ connectionString: database.adminUrl });
    onTestFinished(() => pool.end());
    const { plans, ...rest } = exampleCatalog;
    const theirs = createPurser({ catalog: { ...rest, plans: { free: plans.free } }, database: pool });
    await theirs.publishCatalog({ actor: "somebody" });
    const run = start(temporaryDirectory(), { DATABASE_URL: database.adminUrl });
    const { url, key } = printed(await run.until(ready));
    expect(run.out()).toMatch(/catalogue +revision 1, published by somebody; it stays, and the example .* left out\n/);
    expect(printed(run.out()).curls).toEqual([]);
    expect(await get(`${url}/v1/catalog`, key)).toMatchObject({ revision: 1, publishedBy: "somebody" });
    expect((await get(`${url}/v1/tenants`, key))["tenants"]).toEqual([]);
    await stop(run);
  });
});
