// The layout as a distributed engine needs it, asked of the catalogue of a migrated database. Every rule is also shown a
// database that breaks it: a rule that has gone blind passes everything.
import { readFileSync } from "node:fs";
import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { readSqlFiles } from "../../src/store/sql-files.ts";
import { createTestDatabase, type TestDatabase } from "../../../behaviour/fixture/database.ts";
import { broken, column, connect, rolledBack } from "./connection.ts";
import { countingFunction, countsRows, distributionRules, routinesOf } from "./function-rules.ts";
import { classes, layoutRules, views } from "./layout-rules.ts";
import { settle } from "./two-tenants.ts";

let database: TestDatabase;
let admin: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  admin = await connect(database.adminUrl);
  await admin.query(views);
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});

describe("tables", () => {
  test.each(layoutRules)("$name", async ({ find, bad }) => {
    expect(await column(admin, find)).toEqual([]);
    for (const [statement, line] of bad) {
      expect(await broken(admin, find, statement)).toContainEqual(expect.stringContaining(line));
    }
  });

  test("rule 0: no table is in two classes", () => {
    const named = Object.values(classes).flat();
    expect(named.filter((name, i) => named.indexOf(name) !== i)).toEqual([]);
  });
});

describe("functions", () => {
  test.each(distributionRules)("$name", async ({ breaks, bad }) => {
    const all = await routinesOf(admin);
    expect(all.filter((routine) => breaks(routine, all)).map(({ signature }) => signature)).toEqual([]);
    for (const statement of bad) {
      const worse = await rolledBack(admin, async () => {
        await admin.query("SET LOCAL check_function_bodies = off");
        await admin.query(statement);
        return routinesOf(admin);
      });
      const found = worse.filter((routine) => breaks(routine, worse)).map(({ name }) => name);
      expect({ statement, found }).toEqual({ statement, found: expect.arrayContaining(["bad"]) });
    }
  });

  test("rule 5: results are judged by RETURNING, never by how many rows a command says it touched", async () => {
    const counting = async () => (await routinesOf(admin)).filter(countsRows).map(({ name }) => name);
    // Its inserts count what ON CONFLICT DO NOTHING left out on a distributed engine. An entry leaves here with its cause.
    expect(await counting()).toEqual([]);
    const worse = await rolledBack(admin, async () => {
      await admin.query(countingFunction);
      return counting();
    });
    expect(worse).toContain("bad");
  });
});

test("rule 8: foreign keys between tenant tables stand in a file of their own, functions and policies in theirs", () => {
  const tenantTables = classes["tenant"] ?? [];
  const mixed = (path: string, text: string) => {
    const tables = [...text.matchAll(/\bCREATE TABLE purser\.(\w+) \(([\s\S]*?)\n\)/g)]
      .filter(([, name = "", body = ""]) => tenantTables.includes(name) && /\bREFERENCES\b/.test(body))
      .map(([, name]) => `${path}: ${name} is made with a foreign key`);
    const keys = /\bADD (CONSTRAINT \w+ )?FOREIGN KEY\b/.test(text) && /\bCREATE\b/.test(text);
    const indexes = /\bCREATE TABLE\b/.test(text) && /\bCREATE (UNIQUE )?INDEX\b/.test(text);
    return [
      ...tables,
      ...(keys ? [`${path}: adds foreign keys and makes something`] : []),
      ...(indexes ? [`${path}: makes tables and indexes`] : []),
      ...(/\b(CREATE POLICY|ROW LEVEL SECURITY|GRANT)\b/.test(text) ? [`${path}: says who may do what`] : []),
    ];
  };
  expect(readSqlFiles().migrations.flatMap(({ path, text }) => mixed(path, text))).toEqual([]);
  const bad = [
    "CREATE TABLE purser.claims (\n  slot integer REFERENCES purser.slots\n);",
    "CREATE TABLE purser.a (\n  a int\n);\nALTER TABLE purser.a ADD FOREIGN KEY (a) REFERENCES purser.b (b);",
    "CREATE TABLE purser.a (\n  a int\n);\nCREATE UNIQUE INDEX i ON purser.a (a);",
    "GRANT SELECT ON purser.a TO purser_tenant;",
  ];
  for (const text of bad) expect({ text, count: mixed("0009_bad.sql", text).length }).toEqual({ text, count: 1 });
});

/** The share of updates that stayed on their page, over a few hundred consumptions of one balance. */
async function hotShare(looking: Client, service: Client, key: string): Promise<number> {
  const stats =
    "SELECT n_tup_upd::int AS all, n_tup_hot_upd::int AS hot FROM pg_stat_user_tables WHERE relid = 'purser.balances'::regclass";
  const look = async () => {
    await service.query("SELECT pg_stat_force_next_flush()");
    const { rows } = await looking.query<{ all: number; hot: number }>(stats);
    return rows[0] ?? { all: 0, hot: 0 };
  };
  const before = await look();
  for (let i = 0; i < 400; i += 1) {
    const { rows } = await service.query<{ outcome: string }>(
      "SELECT outcome FROM purser.consume('hot', 'credits', 1, $1)",
      [`${key}-${i}`],
    );
    expect(rows[0]?.outcome).toBe("consumed");
  }
  const after = await look();
  expect(after.all - before.all).toBe(400);
  return (after.hot - before.hot) / (after.all - before.all);
}

describe("a consume updates its balance in place", () => {
  const indexed = `
    SELECT DISTINCT a.attname FROM pg_index i
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refobjid = i.indrelid
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = d.refobjsubid
    WHERE i.indrelid = 'purser.balances'::regclass
    UNION SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indrelid = 'purser.balances'::regclass`;
  const source = readFileSync(new URL("../../sql/functions/consume_in_slot.sql", import.meta.url), "utf8");

  test("no index holds a column that consume sets, nor asks for one in its condition", async () => {
    const assignments = [...source.matchAll(/UPDATE purser\.balances b\s+SET ([\s\S]*?)\s+WHERE/g)];
    const updated = assignments.flatMap(([, list = ""]) =>
      [...list.matchAll(/(?:^|,\s*)(\w+) =/g)].map(([, name = ""]) => name),
    );
    expect(new Set(updated)).toEqual(new Set(["version", "used", "overage", "interval_used", "as_of"]));
    const touched = async () => (await column(admin, indexed)).filter((name) => updated.includes(name));
    expect(await touched()).toEqual([]);
    for (const bad of ["(tenant_id, used)", "(tenant_id) WHERE used > 0", "((used + overage))"]) {
      const found = rolledBack(admin, async () => {
        await admin.query(`CREATE INDEX bad ON purser.balances ${bad}`);
        return touched();
      });
      expect({ bad, found: await found }).toEqual({ bad, found: expect.arrayContaining(["used"]) });
    }
  });

  test("of a few hundred updates at least 95 in 100 are HOT; with an index on what is set, none", async () => {
    const scratch = await createTestDatabase();
    onTestFinished(scratch.drop);
    await settle(scratch, ["hot"]);
    const service = await connect(scratch.serviceUrl);
    const looking = await connect(scratch.adminUrl);
    onTestFinished(() => service.end());
    onTestFinished(() => looking.end());
    expect(await hotShare(looking, service, "in place")).toBeGreaterThanOrEqual(0.95);
    await looking.query("CREATE INDEX bad ON purser.balances (used)");
    expect(await hotShare(looking, service, "moved")).toBe(0);
  });
});
