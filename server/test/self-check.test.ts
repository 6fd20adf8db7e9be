// H02: a server looks at the role that it was given, and at what the database promises, before it serves.
import { type DatabaseFacts, inspectDatabase } from "@purser/engine";
import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBlankDatabase, createTestDatabase, type TestDatabase } from "../../behaviour/fixture/database.ts";
import { judge } from "../src/self-check.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function inspect(url: string, before: string[] = []): Promise<DatabaseFacts> {
  const pool = new Pool({ connectionString: url, max: 1 });
  try {
    for (const statement of before) await pool.query(statement);
    return await inspectDatabase(pool);
  } finally {
    await pool.end();
  }
}

test("a member of purser_service on a migrated database is refused nothing", async () => {
  const facts = await inspect(database.serviceUrl);
  expect(facts).toMatchObject({
    superuser: false,
    owner: false,
    service: true,
    schema: "current",
    tablesWithoutRowSecurity: [],
    lastMigration: expect.stringMatching(/^migrations\/\d{4}_/),
  });
  expect(Math.abs(facts.clockDifferenceMs)).toBeLessThan(500);
  expect(judge(facts, false).refusals).toEqual([]);
});

test("a superuser is refused, unless that was asked for, and then warned of", async () => {
  const facts = await inspect(database.adminUrl);
  expect(judge(facts, false).refusals).toEqual([
    expect.stringMatching(/is a superuser.*PURSER_ALLOW_PRIVILEGED_ROLE=yes/),
  ]);
  const allowed = judge(facts, true);
  expect(allowed.refusals).toEqual([]);
  expect(allowed.warnings).toContainEqual(expect.stringContaining("is a superuser"));
});

test("the owner, who comes past row-level security, is refused", async () => {
  const owner = await inspect(database.adminUrl, ["SET ROLE purser_owner"]);
  expect(owner).toMatchObject({ role: "purser_owner", superuser: false, owner: true });
  expect(judge(owner, false).refusals).toContainEqual(expect.stringContaining("rights of the owner"));
});

test("other roles are told what they lack", async () => {
  for (const url of [database.tenantUrl, database.readonlyUrl]) {
    const facts = await inspect(url);
    expect(judge(facts, false).refusals).toEqual([expect.stringContaining("GRANT purser_service TO")]);
  }
});

test("a database that was never migrated, one of other files, and a table without its protection", async () => {
  const blank = await createBlankDatabase();
  const used = await createTestDatabase();
  try {
    expect(judge(await inspect(blank.serviceUrl), false).refusals).toEqual([expect.stringContaining("no schema")]);
    const refusalsAfter = async (statement: string) => {
      await inspect(used.adminUrl, [statement]);
      return judge(await inspect(used.serviceUrl), false);
    };
    const unprotected = await refusalsAfter("ALTER TABLE purser.balances DISABLE ROW LEVEL SECURITY");
    expect(unprotected.refusals).toEqual([expect.stringContaining("Row-level security is off for balances")]);
    await inspect(used.adminUrl, ["ALTER TABLE purser.balances ENABLE ROW LEVEL SECURITY"]);
    const newer = await refusalsAfter(
      "INSERT INTO purser.schema_migrations (name, checksum, applied_at) VALUES ('migrations/9999_future.sql', 'x', now())",
    );
    expect(newer).toMatchObject({ refusals: [], warnings: expect.arrayContaining([expect.stringContaining("newer")]) });
    await inspect(used.adminUrl, ["DELETE FROM purser.schema_migrations WHERE name LIKE '%9999%'"]);
    const older = await refusalsAfter(
      "UPDATE purser.schema_files SET checksum = 'x' WHERE name = 'functions/consume.sql'",
    );
    expect(older.refusals).toEqual([expect.stringContaining("older")]);
  } finally {
    await Promise.all([blank.drop(), used.drop()]);
  }
});

describe("the judgement", () => {
  const good: DatabaseFacts = {
    role: "app",
    superuser: false,
    bypassesRowSecurity: false,
    owner: false,
    mayCreateRoles: false,
    service: true,
    serverVersion: 180_004,
    serverVersionText: "18.4",
    fsync: true,
    fullPageWrites: true,
    synchronousCommit: "on",
    statementTimeoutMs: 5000,
    lockTimeoutMs: 2000,
    idleInTransactionTimeoutMs: 10_000,
    tablesWithoutRowSecurity: [],
    schema: "current",
    lastMigration: "migrations/0009_console_session.sql",
    clockDifferenceMs: 3,
  };

  test("is silent where all is well", () => expect(judge(good, false)).toEqual({ refusals: [], warnings: [] }));

  test.each<[change: Partial<DatabaseFacts>, kind: "refusals" | "warnings", about: RegExp]>([
    [{ serverVersion: 140_010, serverVersionText: "14.10" }, "refusals", /PostgreSQL 14\.10; Purser needs 15/],
    [{ bypassesRowSecurity: true }, "refusals", /bypasses row-level security/],
    [{ fsync: false }, "warnings", /fsync is OFF/],
    [{ fullPageWrites: false }, "warnings", /full_page_writes is OFF/],
    [{ synchronousCommit: "off" }, "warnings", /synchronous_commit is OFF/],
    [{ lockTimeoutMs: 0 }, "warnings", /no limit for one of/],
    [{ clockDifferenceMs: -1500 }, "warnings", /differ by -1500 ms/],
    [{ schema: "unreadable", service: false }, "refusals", /not a member of purser_service/],
  ])("%j: %s %s", (change, kind, about) => {
    const { refusals, warnings } = judge({ ...good, ...change }, false);
    expect({ refusals, warnings }).toEqual({ refusals: [], warnings: [], [kind]: [expect.stringMatching(about)] });
  });
});
