// Functions and views have one text, in their file. Whatever a database had before, it has that one afterwards.
import { expect, onTestFinished, test } from "vitest";
import { createTestDatabase } from "../../../behaviour/fixture/database.ts";
import { migrate, migrateTo } from "../../src/store/migrate.ts";
import { ask, blankDatabase, older, run, someFunction, sqlFiles, wholeSchema } from "./migrate-rig.ts";

async function migratedDatabase(): Promise<string> {
  const { adminUrl, drop } = await createTestDatabase();
  onTestFinished(drop);
  return adminUrl;
}

const oidOf = (url: string, name: string) =>
  ask(url, `SELECT oid::text FROM pg_proc WHERE pronamespace = 'purser'::regnamespace AND proname = '${name}'`);

/** Migrates to files in which `given` is there, then to the present ones, and expects what no trace of it was left in. */
async function undone(url: string, given: Parameters<typeof sqlFiles>[0]) {
  const clean = await wholeSchema(url);
  await migrateTo(sqlFiles(given), { url });
  expect(await wholeSchema(url)).not.toEqual(clean);
  const report = await migrate({ url });
  expect(await wholeSchema(url)).toEqual(clean);
  return report;
}

test("a function whose body changed is replaced and stays the same object, with its grants", async () => {
  const url = await migratedDatabase();
  const before = await oidOf(url, "slot_of");
  const report = await undone(url, { "functions/slot_of.sql": (text) => text.replace("/ 64", "/ 32") });
  expect(report).toMatchObject({ reapplied: ["functions/slot_of.sql"], dropped: [] });
  expect(await oidOf(url, "slot_of")).toEqual(before);
});

test("a function that came to write is no longer anybody's to call, without a line of policies.sql changed", async () => {
  const report = await undone(await migratedDatabase(), {
    "functions/slot_of.sql": (text) => text.replace("IMMUTABLE", "VOLATILE"),
  });
  expect(report.reapplied).toEqual(["functions/slot_of.sql", "policies.sql"]);
});

test.each<[string, string, Parameters<typeof sqlFiles>[0], string[]]>([
  [
    "another result is made anew, with the views that read it",
    "functions/balance_now.sql",
    { "functions/balance_now.sql": (text) => text.replace("as_of timestamptz,", "as_of timestamptz, more text,") },
    [],
  ],
  [
    "another name of a parameter is made anew, with the views that read it",
    "functions/check_entitlement.sql",
    { "functions/check_entitlement.sql": (text) => text.replaceAll("p_subject", "p_who") },
    [],
  ],
  [
    "other parameters does not stay beside it",
    "functions/slot_of.sql",
    { "functions/slot_of.sql": someFunction("slot_of", "p_tenant text, p_more integer") },
    ["purser.slot_of(text,integer)"],
  ],
])("a function with %s", async (_, path, given, dropped) => {
  const report = await undone(await migratedDatabase(), given);
  expect(report.reapplied).toContain(path);
  expect(report.dropped).toEqual(dropped);
});

test("a view with other columns is made anew, with the views that read it", async () => {
  const report = await undone(await migratedDatabase(), {
    "views/balances_current.sql": "CREATE OR REPLACE VIEW purser.balances_current AS SELECT 1 AS one;",
    "views/consumptions.sql": "CREATE OR REPLACE VIEW purser.consumptions AS SELECT * FROM purser.balances_current;",
  });
  expect(report).toMatchObject({
    reapplied: ["views/balances_current.sql", "views/consumptions.sql", "policies.sql"],
    dropped: [],
  });
});

test("functions and views that the files no longer know are dropped, also when one reads another", async () => {
  const report = await undone(await migratedDatabase(), {
    "functions/left_over.sql": someFunction("left_over"),
    "views/left_over_a.sql": "CREATE OR REPLACE VIEW purser.left_over_a AS SELECT purser.left_over() AS one;",
    "views/left_over_b.sql": "CREATE OR REPLACE VIEW purser.left_over_b AS SELECT * FROM purser.left_over_a;",
  });
  expect(report.dropped.toSorted()).toEqual(["purser.left_over()", "purser.left_over_a", "purser.left_over_b"]);
});

test("what was dropped or made by hand is put right, overloads too", async () => {
  const url = await migratedDatabase();
  const clean = await wholeSchema(url);
  await run(
    url,
    `DROP FUNCTION purser.revoke_api_key; DROP VIEW purser.consumptions;
     SET ROLE purser_owner; GRANT CREATE ON SCHEMA purser TO purser_writer;
     SET ROLE purser_writer; ${someFunction("by_hand")} ${someFunction("slot_of", "p_tenant text, p_more integer")}
     SET ROLE purser_owner; REVOKE CREATE ON SCHEMA purser FROM purser_writer;`,
  );
  const report = await migrate({ url });
  expect(report.dropped.toSorted()).toEqual(["purser.by_hand()", "purser.slot_of(text,integer)"]);
  expect(await wholeSchema(url)).toEqual(clean);
});

test("an older schema becomes the present one", async () => {
  const { adminUrl: url } = await blankDatabase();
  await migrateTo(sqlFiles(older), { url });
  expect((await migrate({ url })).applied).toHaveLength(1);
  expect(await wholeSchema(url)).toEqual(await wholeSchema(await migratedDatabase()));
});

test("a view of the host's keeps what it reads from being dropped, and is named", async () => {
  const url = await migratedDatabase();
  await run(url, "CREATE VIEW public.report AS SELECT * FROM purser.balances_current");
  const clean = await wholeSchema(url);
  const next = sqlFiles({
    "views/balances_current.sql": "CREATE OR REPLACE VIEW purser.balances_current AS SELECT 1;",
  });
  await expect(migrateTo(next, { url })).rejects.toMatchObject({
    name: "MigrationRefused",
    code: "still_used",
    message: expect.stringContaining("public.report"),
  });
  expect(await wholeSchema(url)).toEqual(clean);
});

test("the host's view does not stand in the way of a new body, nor of another function", async () => {
  const url = await migratedDatabase();
  await run(url, "CREATE VIEW public.report AS SELECT * FROM purser.balances_current");
  const report = await undone(url, {
    "functions/balance_now.sql": (text) => text.replace("BEGIN\n", "BEGIN\n  -- changed\n"),
    "functions/check_entitlement.sql": (text) => text.replaceAll("p_subject", "p_who"),
  });
  expect(report.dropped).toEqual([]);
});
