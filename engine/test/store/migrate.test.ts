// What `migrate` promises on an ordinary day. What happens to it when it is killed, raced or has few rights is in the
// files beside this one.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createTestDatabase } from "../../../behaviour/fixture/database.ts";
import { migrate, migrateTo, printMigration, refuseServer } from "../../src/store/migrate.ts";
import { printFiles } from "../../src/store/migrate-print.ts";
import { readSqlFiles } from "../../src/store/sql-files.ts";
import { ask, blankDatabase, older, run, someFunction, sqlFiles, using, wholeSchema } from "./migrate-rig.ts";

const files = readSqlFiles();
const nothing = { applied: [], reapplied: [], dropped: [] };
const paths = (list: readonly { path: string }[]) => list.map(({ path }) => path);

async function migratedDatabase() {
  const database = await createTestDatabase();
  onTestFinished(database.drop);
  return database;
}

const someTenant = `
  INSERT INTO purser.tenants (slot, tenant_id, name, mode, time_zone, currency, version, created_at)
  VALUES (purser.slot_of('acme'), 'acme', 'Acme', 'live', 'UTC', 'EUR', 1, now())`;

test("S000-1 an empty database is migrated, and reports what was done and what remains", async () => {
  const { adminUrl } = await blankDatabase();
  const steps: string[] = [];
  const report = await migrate({ url: adminUrl, onStep: (line) => steps.push(line) });
  expect(report).toEqual({
    applied: paths(files.migrations),
    // The roles of this cluster were made for another database, and this one has not seen their file.
    reapplied: ["roles.sql", ...paths(files.functions), ...paths(files.views), "policies.sql"],
    dropped: [],
    version: files.migrations.length,
    grantHint: "GRANT purser_service TO <your application's role>;",
  });
  expect(steps).toEqual(expect.arrayContaining(["apply roles.sql", "apply functions/consume.sql", "commit"]));
});

test("S000-1 a populated database migrates again without error and keeps its rows", async () => {
  const { adminUrl } = await migratedDatabase();
  await run(adminUrl, someTenant);
  const before = await wholeSchema(adminUrl);
  const next = sqlFiles({
    "migrations/9000_extra.sql": "CREATE TABLE purser.extra (a integer PRIMARY KEY);",
    "functions/consume.sql": (text) => text.replace("BEGIN\n", "BEGIN\n  -- changed\n"),
  });
  expect(await migrate({ url: adminUrl })).toMatchObject(nothing);
  expect(await migrateTo(next, { url: adminUrl })).toMatchObject({
    applied: ["migrations/9000_extra.sql"],
    reapplied: ["functions/consume.sql", "policies.sql"],
    dropped: [],
    version: 9000,
  });
  expect(await ask(adminUrl, "SELECT name FROM purser.tenants")).toEqual(["Acme"]);
  expect(await ask(adminUrl, "SELECT has_table_privilege('purser_service', 'purser.extra', 'SELECT')")).toEqual([true]);
  expect(await wholeSchema(adminUrl)).not.toEqual(before);
});

test("console sessions that were kept beside the keys are gone, and every key stays", async () => {
  const { adminUrl } = await blankDatabase();
  const before = sqlFiles({
    "migrations/0009_console_session.sql": undefined,
    "functions/open_console_session.sql": undefined,
    "functions/close_console_session.sql": undefined,
  });
  await migrateTo(before, { url: adminUrl });
  await run(
    adminUrl,
    `INSERT INTO purser.api_keys (key_id, secret_hash, name, mode, scopes, created_by, created_at)
     SELECT id, sha256(id::bytea), name, 'live', scopes::text[], actor, now() FROM (VALUES
       ('session', 'console session of key backend', '{}', 'key:backend'),
       ('backend', 'backend', '{consume}', 'purser keys create'),
       ('powerless', 'nothing yet', '{}', 'purser keys create'),
       ('alike', 'console session of key backend', '{}', 'purser keys create'),
       ('made', 'a console session of key backend', '{}', 'key:backend')) k (id, name, scopes, actor)`,
  );
  expect(await migrate({ url: adminUrl })).toMatchObject({ applied: ["migrations/0009_console_session.sql"] });
  expect(await ask(adminUrl, "SELECT key_id FROM purser.api_keys ORDER BY 1")).toEqual([
    "alike",
    "backend",
    "made",
    "powerless",
  ]);
});

test("a database that is up to date is only looked at: no lock, no write", async () => {
  const { adminUrl } = await migratedDatabase();
  const steps: string[] = [];
  await using(adminUrl, async (other) => {
    await other.query("BEGIN; LOCK TABLE purser.balances IN ACCESS EXCLUSIVE MODE");
    const before = await ask(adminUrl, "SELECT max(xmin::text::bigint)::int FROM purser.schema_files");
    expect(await migrate({ url: adminUrl, onStep: (line) => steps.push(line) })).toMatchObject(nothing);
    expect(await ask(adminUrl, "SELECT max(xmin::text::bigint)::int FROM purser.schema_files")).toEqual(before);
  });
  expect(steps).toMatchInlineSnapshot(`
    [
      "settle the session",
      "look around",
      "begin",
      "become purser_owner",
      "tell the files",
      "compare the migrations",
      "read the record",
      "read the catalogue",
      "commit",
    ]
  `);
});

test("a dry run reports what the real one does, and leaves nothing", async () => {
  const { adminUrl } = await blankDatabase();
  const dry = await migrate({ url: adminUrl, dryRun: true });
  expect(await ask(adminUrl, "SELECT count(*)::int FROM pg_namespace WHERE nspname = 'purser'")).toEqual([0]);
  expect(await migrate({ url: adminUrl })).toEqual(dry);
  const before = await wholeSchema(adminUrl);
  const next = sqlFiles({ "functions/tenant_now.sql": undefined, "functions/extra.sql": someFunction("extra") });
  expect(await migrateTo(next, { url: adminUrl, dryRun: true })).toMatchObject({
    reapplied: ["functions/extra.sql", "policies.sql"],
    dropped: ["purser.tenant_now(integer,text)"],
  });
  expect(await wholeSchema(adminUrl)).toEqual(before);
});

test("without a url nothing is looked for", async () => {
  for (const url of [undefined as unknown as string, "", " "]) {
    await expect(migrateTo(readSqlFiles(), { url })).rejects.toMatchObject({ code: "url_missing" });
  }
});

test("a migration whose text was changed after it ran is refused by name", async () => {
  const { adminUrl } = await migratedDatabase();
  const [first] = files.migrations;
  const next = sqlFiles({ [first?.path ?? ""]: (text) => `${text}\n-- one more thing\n` });
  const before = await wholeSchema(adminUrl);
  await expect(migrateTo(next, { url: adminUrl })).rejects.toMatchObject({
    name: "MigrationRefused",
    code: "migration_changed",
    message: expect.stringContaining(first?.path ?? ""),
  });
  expect(await wholeSchema(adminUrl)).toEqual(before);
});

test("a schema that is newer than the files is refused, whatever else they would change", async () => {
  const { adminUrl } = await migratedDatabase();
  await migrateTo(sqlFiles({ "migrations/9000_extra.sql": "CREATE TABLE purser.extra (a int);" }), { url: adminUrl });
  const before = await wholeSchema(adminUrl);
  const behind = sqlFiles({ "functions/extra.sql": someFunction("extra"), "roles.sql": (text) => `${text}\n` });
  await expect(migrateTo(behind, { url: adminUrl })).rejects.toMatchObject({
    code: "schema_newer",
    message: expect.stringContaining("9000_extra.sql"),
  });
  expect(await wholeSchema(adminUrl)).toEqual(before);
});

test("a migration that fails is named by PostgreSQL and leaves the schema as it was", async () => {
  const { adminUrl } = await migratedDatabase();
  const before = await wholeSchema(adminUrl);
  const next = sqlFiles({ "migrations/9000_extra.sql": "CREATE TABLE purser.extra (a int);\nSELECT 1 / 0;" });
  await expect(migrateTo(next, { url: adminUrl })).rejects.toMatchObject({ code: "22012" });
  expect(await wholeSchema(adminUrl)).toEqual(before);
});

test.each([
  [{ server_version: 140_017, encoding: "UTF8", read_only: false }, "server_too_old"],
  [{ server_version: 150_000, encoding: "LATIN1", read_only: false }, "encoding_not_utf8"],
  [{ server_version: 150_000, encoding: "UTF8", read_only: true }, "server_read_only"],
])("a server like %o is refused: %s", (server, code) => {
  expect(() => refuseServer(server)).toThrow(expect.objectContaining({ name: "MigrationRefused", code }));
});

test("a database in another encoding is refused", async () => {
  const { adminUrl, name } = await blankDatabase();
  const other = `${name}_latin`;
  await run(adminUrl, `CREATE DATABASE ${other} TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'`);
  onTestFinished(() => run(adminUrl, `DROP DATABASE ${other} WITH (FORCE)`));
  const url = new URL(adminUrl);
  url.pathname = `/${other}`;
  await expect(migrate({ url: url.href })).rejects.toMatchObject({ code: "encoding_not_utf8" });
});

test("settings of the role or the database do not change what the files mean", async () => {
  const { adminUrl, name } = await blankDatabase();
  const slow = sqlFiles({
    "migrations/9000_extra.sql": "SELECT pg_sleep(0.5); CREATE TABLE purser.extra (a integer);",
  });
  await run(
    adminUrl,
    `ALTER DATABASE ${name} SET search_path = nowhere;
     ALTER DATABASE ${name} SET default_transaction_isolation = serializable;
     ALTER DATABASE ${name} SET standard_conforming_strings = off;
     ALTER DATABASE ${name} SET quote_all_identifiers = on;
     ALTER DATABASE ${name} SET statement_timeout = 300;
     ALTER DATABASE ${name} SET check_function_bodies = on`,
  );
  await migrateTo(slow, { url: adminUrl });
  await run(adminUrl, `ALTER DATABASE ${name} RESET ALL`);
  const { adminUrl: usual } = await migratedDatabase();
  await migrateTo(slow, { url: usual });
  expect(await wholeSchema(adminUrl)).toEqual(await wholeSchema(usual));
});

// Bodies are not checked while they are made, since functions call each other; so all are checked here.
test("every function compiles, and every view can be read", async () => {
  const { adminUrl } = await migratedDatabase();
  await using(adminUrl, async (client) => {
    const { rows } = await client.query<{ statement: string }>(`
      SELECT format('SELECT %I(%s)', h.proname, p.oid) AS statement FROM pg_proc p
      JOIN pg_language l ON l.oid = p.prolang JOIN pg_proc h ON h.oid = l.lanvalidator
      WHERE p.pronamespace = 'purser'::regnamespace
      UNION ALL SELECT format('SELECT * FROM %s LIMIT 0', c.oid::regclass) FROM pg_class c
      WHERE c.relnamespace = 'purser'::regnamespace AND c.relkind = 'v'`);
    expect(rows.length).toBe(files.functions.length + files.views.length);
    for (const { statement } of rows) await client.query(statement);
  });
});

describe("the printed script", () => {
  const missing = "the script is for psql, which is not on this machine";
  const hasPsql = spawnSync("psql", ["--version"]).status === 0;

  test("does in psql what migrate does, on an empty database and again", async ({ skip }) => {
    skip(!hasPsql, missing);
    const { adminUrl } = await blankDatabase();
    const { adminUrl: usual } = await migratedDatabase();
    for (let i = 0; i < 2; i += 1) {
      expect(psql(adminUrl, printMigration())).toBe("");
      expect(await wholeSchema(adminUrl)).toEqual(await wholeSchema(usual));
    }
    expect(await migrate({ url: adminUrl })).toMatchObject(nothing);
  });

  test("brings an older schema up to date, and refuses a newer one", async ({ skip }) => {
    skip(!hasPsql, missing);
    const { adminUrl } = await blankDatabase();
    const { adminUrl: usual } = await migratedDatabase();
    await migrateTo(sqlFiles(older), { url: adminUrl });
    expect(psql(adminUrl, printMigration())).toBe("");
    expect(await wholeSchema(adminUrl)).toEqual(await wholeSchema(usual));
    expect(() => psql(adminUrl, printFiles(sqlFiles(older)))).toThrow("The schema is newer");
    expect(await wholeSchema(adminUrl)).toEqual(await wholeSchema(usual));
  });

  test("insists on one transaction", async ({ skip }) => {
    skip(!hasPsql, missing);
    const { adminUrl } = await blankDatabase();
    expect(() => psql(adminUrl, printMigration(), [])).toThrow("SAVEPOINT can only be used in transaction blocks");
    expect(await ask(adminUrl, "SELECT count(*)::int FROM pg_namespace WHERE nspname = 'purser'")).toEqual([0]);
  });
});

function psql(url: string, script: string, mode = ["-1"]): string {
  const folder = mkdtempSync(join(tmpdir(), "purser-print-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "migration.sql"), script);
  const options = ["-X", "-q", ...mode, "-d", url, "-f", join(folder, "migration.sql")];
  return execFileSync("psql", options, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
