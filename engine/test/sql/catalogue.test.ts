// Who may do what and with whose rights, asked of the catalogue of a migrated database; that every text of SQL fits the
// schema; and that engine/sql/README.md says what is there. Every rule is also shown a database that breaks it.
import { readdirSync, readFileSync } from "node:fs";
import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../behaviour/fixture/database.ts";
import { reappliedFiles, readSqlFiles } from "../../src/store/sql-files.ts";
import { broken, column, connect, rolledBack } from "./connection.ts";
import { type RoutineRow, routinesOf, securityRules, writers } from "./function-rules.ts";
import { grantView, privilegeRules } from "./privilege-rules.ts";

let database: TestDatabase;
let admin: Client;
let service: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  admin = await connect(database.adminUrl);
  service = await connect(database.serviceUrl);
  await admin.query(grantView);
});
afterAll(async () => {
  await admin.end();
  await service.end();
  await database.drop();
});

describe("privileges", () => {
  test.each(privilegeRules)("$name", async ({ find, bad }) => {
    expect(await column(admin, find)).toEqual([]);
    for (const [statement, line] of bad) {
      expect(await broken(admin, find, statement)).toContainEqual(expect.stringContaining(line));
    }
  });
});

/** Whether the text of a body is PL/pgSQL at all: `migrate` does not ask, so that the files need no order. */
const unparsed = () =>
  rolledBack(admin, async () => {
    await admin.query("SET LOCAL check_function_bodies = on");
    const found: string[] = [];
    for (const definition of await column(
      admin,
      "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'purser'::regnamespace",
    )) {
      await admin.query("SAVEPOINT one");
      try {
        await admin.query(definition);
      } catch (error) {
        await admin.query("ROLLBACK TO SAVEPOINT one");
        found.push(`${/purser\.(\w+)/.exec(definition)?.[1]}: ${String(error)}`);
      }
    }
    return found;
  });

describe("functions", () => {
  test.each(securityRules)("$name", async ({ breaks, bad }) => {
    const all = await routinesOf(admin);
    expect(all.filter((routine) => breaks(routine, all)).map(({ signature }) => signature)).toEqual([]);
    for (const statement of bad) {
      const worse = await rolledBack(admin, async () => {
        await admin.query(statement);
        return routinesOf(admin);
      });
      const found = worse.filter((routine) => breaks(routine, worse)).map(({ name }) => name);
      expect({ statement, found }).toEqual({ statement, found: expect.arrayContaining(["bad"]) });
    }
  });

  test("A07: what writes is told by the text, through every call", async () => {
    const found = [...writers(await routinesOf(admin))];
    expect(found).toEqual(
      expect.arrayContaining([
        "consume",
        "consume_in_slot",
        "issue_grant",
        "open_balance",
        "refresh_balances",
        "turn_balance",
      ]),
    );
    expect(found).not.toContain("check_entitlement");
  });

  test("every body parses", async () => {
    expect(await unparsed()).toEqual([]);
    await admin.query("SET check_function_bodies = off");
    await admin.query("CREATE FUNCTION purser.bad() RETURNS void LANGUAGE plpgsql AS 'BEGIN SELEC 1; END'");
    try {
      expect(await unparsed()).toEqual([expect.stringMatching(/^bad: .*syntax error/)]);
    } finally {
      await admin.query("DROP FUNCTION purser.bad()");
    }
  });
});

/** The statements of a file of engine/src/store: literals that begin like SQL. Transactions take no PREPARE. */
function statementsIn(text: string): string[] {
  const literal = /\/\/.*|\/\*[\s\S]*?\*\/|`(?:\\[\s\S]|[^`\\])*`|"(?:\\.|[^"\\\n])*"/g;
  return [...text.matchAll(literal)]
    .map(([word]) => word)
    .filter((word) => /^[`"]\s*(SELECT|WITH|INSERT|UPDATE|DELETE|MERGE|VALUES|TABLE|CALL)\b/i.test(word))
    .map((word) => word.slice(1, -1));
}

const looseParameters = (statement: string) => statement.match(/\$\d+\b(?!::)/g) ?? [];

async function prepare(statement: string): Promise<void> {
  await service.query(`PREPARE asked AS ${statement}`);
  await service.query("DEALLOCATE asked");
}

describe("the statements of engine/src/store", () => {
  const folder = new URL("../../src/store/", import.meta.url);
  // Migrating is done as the owner and is tested by doing it.
  const files = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.startsWith("migrat"));
  const all = files.flatMap((file) =>
    statementsIn(readFileSync(new URL(file, folder), "utf8")).map((statement) => ({ file, statement })),
  );
  test("are found, all of them", () => {
    // Whatever is sent stands in a constant in capitals; a literal that is not found here would be missing there.
    const constants = files.flatMap((file) => [
      ...readFileSync(new URL(file, folder), "utf8").matchAll(/^(?:export )?const [A-Z][A-Z_]* =\s*[`"]\s*[A-Z]+\b/gm),
    ]);
    expect(all.length).toBe(constants.length);
    expect(all.length).toBeGreaterThan(15);
    expect(statementsIn('const A = `SELECT 1`; // "SELECT 2"\nf("UPDATE a SET b = 1"); g("Select a plan")')).toEqual([
      "SELECT 1",
      "UPDATE a SET b = 1",
      "Select a plan",
    ]);
  });

  test.each(all)("$file: $statement", async ({ statement }) => {
    expect(looseParameters(statement)).toEqual([]);
    await prepare(statement);
  });

  test("one that does not fit the schema, or that the server's role may not use, or leaves a type open, is noticed", async () => {
    await expect(prepare("SELECT colour FROM purser.tenants WHERE slot = $1::int")).rejects.toThrow(/does not exist/);
    await expect(prepare("SELECT purser.consume_in_slot($1::text)")).rejects.toThrow(/does not exist/);
    expect(looseParameters("SELECT purser.slot_of($1) + $2::int + $10")).toEqual(["$1", "$10"]);
  });

  test("H06: none is put together from values", () => {
    expect(all.filter(({ statement }) => statement.includes("${"))).toEqual([]);
  });
});

const callersOf = ({ callers }: RoutineRow) =>
  callers.map((role) => role.replace("purser_", "")).join(", ") || "nobody";
function classesOf(routine: RoutineRow, all: readonly RoutineRow[]): string[] {
  if (routine.callers.length === 0) return ["internal"];
  return writers(all).has(routine.name) ? ["A", "B"] : ["read", "part"];
}

describe("engine/sql/README.md", () => {
  const readme = readFileSync(new URL("../../sql/README.md", import.meta.url), "utf8");
  /** The cells of the rows of the table under a heading, without the marks of code. */
  const table = (heading: string) =>
    (readme.split(`## ${heading}\n`)[1]?.split(/^## /m)[0] ?? "")
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .map((line) =>
        line
          .slice(1, -1)
          .split("|")
          .map((cell) => cell.trim().replaceAll("`", "")),
      );

  test("lists every function exactly once, with who may call it", async () => {
    const all = await routinesOf(admin);
    const said = table("Functions").map(([name, kind, callers]) => [name, kind, callers]);
    expect(said.map(([name]) => name).toSorted()).toEqual(all.map(({ name }) => name).toSorted());
    for (const routine of all) {
      const [, kind = "", callers] = said.find(([name]) => name === routine.name) ?? [];
      expect({ name: routine.name, callers }).toEqual({ name: routine.name, callers: callersOf(routine) });
      const kinds = classesOf(routine, all);
      expect({ name: routine.name, kinds }).toEqual({ name: routine.name, kinds: expect.arrayContaining([kind]) });
    }
  });

  test("lists every view exactly once", async () => {
    const present = await column(
      admin,
      "SELECT relname FROM pg_class WHERE relnamespace = 'purser'::regnamespace AND relkind IN ('v', 'm') ORDER BY relname",
    );
    expect(
      table("Views")
        .map(([name]) => name)
        .toSorted(),
    ).toEqual(present);
  });

  test("names the five roles", async () => {
    const made = /ARRAY\[([^\]]+)\] LOOP/.exec(readSqlFiles().roles.text)?.[1] ?? "";
    expect(table("Roles").map(([name]) => name)).toEqual(made.replaceAll("'", "").split(", "));
  });

  test("explains every error code of its own, once", () => {
    const files = readSqlFiles();
    const texts = reappliedFiles(files).map(({ text }) => text);
    const migrating = readFileSync(new URL("../../src/store/migration-sql.ts", import.meta.url), "utf8");
    const raised = [...texts, migrating].flatMap((text) =>
      [...text.matchAll(/\bERRCODE = '(PU\d{3})'/g)].map(([, code]) => code),
    );
    expect(raised.length).toBeGreaterThan(0);
    expect(table("Error codes").map(([code]) => code)).toEqual([...new Set(raised)].toSorted());
  });

  test("names the files in the order in which they are applied", () => {
    const files = readSqlFiles();
    const named = table("Order").map(([path]) => path);
    const { roles, policies } = files;
    expect(named).toEqual([
      roles.path,
      ...files.migrations.map(({ path }) => path),
      "functions/*.sql",
      "views/*.sql",
      policies.path,
    ]);
  });
});
