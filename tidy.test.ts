// The style guide as a test. Each rule carries small trees that must fail and trees that must pass, so that a rule
// which has gone blind is noticed as well. What the rules look for is in house/rules.ts, with the permitted homes.
import { describe, expect, test } from "vitest";
import * as rules from "./house/rules.ts";
import { type File, filesOfTree } from "./house/source.ts";

type Tree = Record<string, string>;
interface Rule {
  name: string;
  why: string;
  find: (files: File[]) => string[];
  bad: Tree[];
  good: Tree[];
}

const lines = (n: number) => "x\n".repeat(n);
const outcome = "engine/src/foundation/outcome.ts";
const pinned = "language plpgsql set search_path = pg_catalog, purser, pg_temp";
const table = { "engine/sql/migrations/0001_balance.sql": "create table purser.balances (a int);" };

const house: Rule[] = [
  {
    name: "workspaces import each other only by their doors, and only downwards",
    why: "A library that knows its transport cannot be used without it, and a deep path makes every file public.",
    find: rules.crossWorkspaceImports,
    bad: [
      { "console/src/a.tsx": 'import { x } from "@purser/engine";' },
      { "sdk/src/a.ts": 'export * from "@purser/engine";' },
      { "sdk/src/a.ts": 'import { readFileSync } from "node:fs";' },
      { "server/src/a.ts": 'import { x } from "@purser/engine/dist/store/pool.js";' },
      { "server/src/a.ts": 'import {\n  x,\n} from "../../engine/src/index.ts";' },
      { "engine/src/engine.ts": 'import fastify from "fastify";' },
      { "engine/src/engine.ts": 'const http = await import("node:http");' },
      { "bench/src/a.ts": 'import { x } from "@purser/engine/src/index.ts";' },
      { "engine/src/a.ts": 'import { x } from "../../behaviour/fixture/database.ts";' },
    ],
    good: [
      { "server/src/a.ts": 'import { x } from "@purser/engine";\n// import y from "../../sdk/src/y.ts"' },
      { "examples/one/src/a.ts": 'import { x } from "@purser/server";' },
      {
        "engine/test/a.test.ts": 'import { x } from "../src/store/x.ts";\nconst s = `import "../../server/src/x.ts"`;',
      },
      { "engine/test/a.test.ts": 'import { x } from "../../behaviour/fixture/database.ts";' },
    ],
  },
  {
    name: "imports inside the engine only go down",
    why: "A noun that needs a higher one has the wrong home; going up is how every file comes to know every other.",
    find: rules.upwardImports,
    bad: [
      { "engine/src/catalog/a.ts": 'import { x } from "../tenant/x.ts";' },
      { "engine/src/balance/a.ts": 'import type { x } from "../index.ts";' },
      { "engine/src/store/a.ts": 'import { x } from "../command.ts";' },
      { "engine/src/foundation/a.ts": 'import { x } from "../store/x.ts";' },
      { "engine/src/balance/a.ts": 'import { x } from "../duty/x.ts";' },
      { "engine/src/foundation/a.ts": 'import pg from "pg";' },
    ],
    good: [
      { "engine/src/entitlement/a.ts": 'import { x } from "../catalog/x.ts";' },
      { "engine/src/command.ts": 'import { x } from "./store/x.ts";' },
      { "engine/src/duty/a.ts": 'import { x } from "../balance/x.ts"; import { y } from "../command.ts";' },
      { "engine/src/foundation/id.ts": 'import { randomUUID } from "node:crypto";' },
    ],
  },
  {
    name: "every file of the engine stands on a floor",
    why: "A folder that no floor names is one whose imports nobody checks.",
    find: rules.homelessFiles,
    bad: [{ "engine/src/pricing/a.ts": "" }, { "engine/src/helpers.ts": "" }],
    good: [{ "engine/src/duty/a.ts": "", "engine/src/command.ts": "" }],
  },
  {
    name: "no import cycles",
    why: "Files in a circle can only be read, tested and moved together.",
    find: rules.importCycles,
    bad: [
      {
        "server/src/a.ts": 'import "./b.ts";',
        "server/src/b.ts": 'import "./c.js";',
        "server/src/c.ts": 'import "./a.ts";',
      },
    ],
    good: [
      {
        "server/src/a.ts": 'import "./b.ts"; import "./c.ts";',
        "server/src/b.ts": 'import "./c.ts";',
        "server/src/c.ts": "",
      },
    ],
  },
  {
    name: "a file has at most 400 lines",
    why: "What does not fit in one sitting is not read; look for the second subject in it before splitting.",
    find: rules.longFiles,
    bad: [{ "engine/src/a.ts": lines(401) }, { "engine/sql/functions/a.sql": lines(401) }],
    good: [{ "engine/src/a.ts": lines(400), "engine/sql/schema.sql": lines(999), "README.md": lines(999) }],
  },
  {
    name: "at most three folders below src",
    why: "A deep tree hides what belongs together; the listing should show the system.",
    find: rules.deepFolders,
    bad: [{ "server/src/a/b/c/d/e.ts": "" }],
    good: [{ "server/src/a/b/c/e.ts": "" }],
  },
  {
    name: "no name that says nothing",
    why: "A folder of helpers belongs to nobody and takes everything in; a V2 is a migration that nobody finished.",
    find: rules.bannedNames,
    bad: [
      { "server/src/utils/a.ts": "" },
      { "engine/src/grant-helpers.ts": "" },
      { "engine/sql/migrations/0002_misc.sql": "" },
      { "engine/src/a.ts": "export function grantHelper() {}" },
      { "engine/src/a.ts": "export abstract class UserManager {}" },
      { "engine/src/a.ts": "const a = 1;\nexport { a, a as thingV2 };" },
    ],
    good: [
      { "tsconfig.base.json": "", "engine/src/database.ts": "export const databaseUrl = 1; const helper = 2;" },
      { "docs/liberty.md": "" },
    ],
  },
  {
    name: "no any",
    why: "One `any` silences the compiler for everything it touches; `unknown` makes the reader prove it.",
    find: rules.anyTypes,
    bad: [
      { "a.ts": "let a: any;" },
      { "a.ts": "f(b as any)" },
      { "a.ts": "new Map<string, any>()" },
      { "a.ts": "let a: (string | any)[]" },
    ],
    good: [{ "a.ts": 'expect.any(String); // any\nconst a = "as any"; Promise.any([]); f({ any: 1 });' }],
  },
  {
    name: "no switching off of the compiler or the linter",
    why: "A silenced complaint is a rule that holds except where it matters.",
    find: rules.silencedChecks,
    bad: [
      { "a.ts": "// @ts-ignore" },
      { "a.test.ts": "/* @ts-expect-error no */" },
      { "a.ts": "// oxlint-disable-line" },
    ],
    good: [{ "engine/test/types/a.ts": "// @ts-expect-error" }, { "a.ts": 'const a = "// eslint-disable"' }],
  },
  {
    name: "the clock is read in one place",
    why: "Time is an input: what reads it on the side cannot be replayed, tested at a boundary or explained afterwards.",
    find: rules.strayClocks,
    bad: [{ "engine/src/a.ts": "const t = Date.now();" }, { "server/src/a.ts": "`${new Date( ).getTime()}`" }],
    good: [{ "engine/src/foundation/clock.ts": "Date.now()", "server/src/a.ts": "new Date(row.at) // new Date()" }],
  },
  {
    name: "ids and randomness come from one place",
    why: "A run can only be repeated from its seed when nothing draws its own luck.",
    find: rules.strayChance,
    bad: [{ "engine/src/a.ts": 'import { randomUUID } from "node:crypto";' }, { "server/src/a.ts": "Math.random()" }],
    good: [{ "engine/src/foundation/id.ts": "randomUUID()", "server/src/keys.ts": "randomBytes(32)" }],
  },
  {
    name: "the environment is read in one place",
    why: "A setting read deep inside is one that no list names and no start-up check validates.",
    find: rules.strayEnvironment,
    bad: [{ "engine/src/a.ts": "process.env.X" }, { "server/src/embedded/a.ts": 'process.env["X"]' }],
    good: [{ "server/src/settings.ts": "process.env", "behaviour/a.test.ts": "process.env" }],
  },
  {
    name: "SQL stands in engine/sql and engine/src/store only",
    why: "The tables are private to the engine; SQL elsewhere is a second opinion on what they mean.",
    find: rules.straySql,
    bad: [
      { "engine/src/balance/a.ts": "const a = `\n  select * from purser.balances`;" },
      { "server/src/a.ts": 'pool.query("BEGIN")' },
      { "server/src/a.ts": "pool.query('insert into purser.tenants values ($1)')" },
      { "server/src/a.ts": "pool.query(`update ${table} set a = 1`)" },
      { "server/src/a.ts": 'pool.query("set local role purser_tenant")' },
      { "server/src/a.ts": 'pool.query("select purser.consume($1)")' },
      { "server/src/a.ts": 'pool.query("with due as (select 1) delete from x")' },
    ],
    good: [
      {
        "engine/src/store/a.ts": '"select 1"',
        "server/src/embedded/a.ts": '"create role a"',
        "bench/src/a.ts": '"begin"',
      },
      {
        "server/src/a.ts": 'throw new Error("grant belongs to another tenant"); f("set aside", "update", "call off");',
      },
      { "console/src/a.tsx": '"Select a plan from the list"; // select 1 from x' },
    ],
  },
  {
    name: "SQL text is never put together from values",
    why: "What varies is a parameter; a text built from pieces is an injection waiting for its input.",
    find: rules.builtSql,
    bad: [
      { "engine/src/store/a.ts": "`select * from ${table}`" },
      { "engine/src/store/a.ts": '"select * from " + table' },
    ],
    good: [
      { "engine/src/store/a.ts": "`savepoint ${savepoint}`; `no row for ${id}`;" },
      { "engine/src/store/a.ts": '"select a " + "from b"' },
    ],
  },
  {
    name: "no trigger in the schema",
    why: "A trigger acts where no reader looks; every effect is in the function that was called.",
    find: rules.triggers,
    bad: [
      { "engine/sql/migrations/0001_a.sql": "CREATE CONSTRAINT TRIGGER t AFTER INSERT" },
      { "engine/sql/schema.sql": "create or replace\n trigger t" },
      { "engine/sql/functions/a.sql": "returns trigger" },
    ],
    good: [{ "engine/sql/migrations/0001_a.sql": "-- never create trigger\ncomment on table a is 'it''s -- plain';" }],
  },
  {
    name: "one function a file, pinned, named like its file, and every table qualified",
    why: "A definer function that trusts the caller's search_path runs the caller's tables with the owner's rights.",
    find: rules.untidyFunctions,
    bad: [
      { "engine/sql/functions/grant_void.sql": `create function purser.grant_end() ${pinned}` },
      { "engine/sql/functions/a.sql": `create function purser.a() ${pinned}; create function purser.b() ${pinned}` },
      { "engine/sql/functions/a.sql": "create function purser.a() language sql" },
      {
        "engine/sql/functions/a.sql": `create function purser.a() ${pinned}`,
        "engine/sql/functions/more/a.sql": `create function purser.a(b int) ${pinned}`,
      },
      { "engine/sql/functions/a.sql": "create function purser.a() set search_path = purser language c" },
      { "engine/sql/functions/a.sql": `create function a() ${pinned}` },
      { ...table, "engine/sql/functions/a.sql": `create function purser.a() ${pinned} select 1 from balances` },
    ],
    good: [
      {
        ...table,
        "engine/sql/functions/a.sql": `create or replace function purser.a() ${pinned} update purser.balances`,
      },
    ],
  },
  {
    name: "migrations are named NNNN_noun.sql and hold no function",
    why: "Functions are re-applied from their own file; a copy inside a migration is the older of two truths.",
    find: rules.untidyMigrations,
    bad: [
      { "engine/sql/migrations/1_balance.sql": "" },
      { "engine/sql/migrations/0001_a.sql": "", "engine/sql/migrations/0001_b.sql": "" },
      { "engine/sql/migrations/0001_a.sql": "CREATE OR REPLACE FUNCTION f()" },
    ],
    good: [{ "engine/sql/migrations/0001_tenant_tables.sql": "-- create function\ncreate table a ();" }],
  },
  {
    name: "HTTP statuses stand in server/src/answer.ts only",
    why: "One table from outcome to status keeps the same refusal from being a 409 here and a 422 there.",
    find: rules.strayStatuses,
    bad: [{ "server/src/routes/a.ts": "reply.code(404)" }, { "engine/src/engine.ts": "throw { statusCode: 409 }" }],
    good: [{ "server/src/answer.ts": "reply.status(404)", "server/src/routes/a.ts": "answer(reply, outcome)" }],
  },
  {
    name: "wire shapes stand in server/src/routes only",
    why: "The contract is generated from the route table; a shape elsewhere is a promise nobody publishes.",
    find: rules.strayShapes,
    bad: [{ "server/src/serve.ts": "const body = z.object({})" }, { "engine/src/tenant/a.ts": "z.strictObject({})" }],
    good: [{ "server/src/routes/a.ts": "z.object({})", "engine/src/catalog/a.ts": "z.object({})" }],
  },
  {
    name: "every outcome code is documented",
    why: "A refusal whose meaning stands nowhere is handled by guessing.",
    find: rules.undocumentedOutcomes,
    bad: [
      { [outcome]: 'export const refused = ["busy", "not_found"] as const;', "GLOSSARY.md": "`busy`, not_found" },
      { [outcome]: "export type Outcome = string;" },
    ],
    good: [
      {},
      { [outcome]: 'export const refused = ["busy"] as const;', "engine/src/balance/README.md": "answers `busy`" },
    ],
  },
  {
    name: "every noun has a README, and so have the duties",
    why: "A noun starts with the page that says what it owns; if that page needs an `and`, it is two nouns.",
    find: rules.nounsWithoutReadme,
    bad: [{ "engine/src/ledger/post.ts": "" }, { "engine/src/duty/boundary.ts": "" }],
    good: [{ "engine/src/ledger/post.ts": "", "engine/src/ledger/README.md": "", "engine/src/store/a.ts": "" }],
  },
  {
    name: "no test is switched off or preferred",
    why: "A skipped test is green and proves nothing; one `only` silences the rest.",
    find: rules.mutedTests,
    bad: [
      { "a.test.ts": 'test.only("a")' },
      { "engine/test/a.ts": 'describe.skip("a")' },
      { "a.test.ts": "it.todo()" },
    ],
    good: [{ "a.test.ts": 'test("a .skip"); limit.only(1); // test.only' }],
  },
  {
    name: "nothing points outside the repository",
    why: "A reader of a clone cannot follow a path that exists on one machine.",
    find: rules.privateReferences,
    bad: [{ "README.md": "see ..\x2fshared/notes" }, { "a.ts": '"\x2fwork/main"' }, { "docs/a.md": "seeds\x2fone.md" }],
    good: [{ "README.md": "homework/ is shared/ between seedlings" }],
  },
  {
    name: "no note to finish later",
    why: "What is not done is an issue somebody can find, not a comment nobody looks for.",
    find: rules.unfinishedNotes,
    bad: [{ "a.ts": "// TO\x44O later" }, { "engine/sql/roles.sql": "-- FIX\x4dE" }, { "docs/a.md": "XX\x58" }],
    good: [{ "a.ts": 'const todo = "TO\x44O";', "docs/a.md": "mktemp XXXXXX" }],
  },
  {
    name: "dependencies are exact and install scripts refused",
    why: "A range lets tomorrow's release in unread, and an install script runs it before anyone looks.",
    find: rules.looseDependencies,
    bad: [
      { "package.json": '{ "dependencies": { "pg": "^8.0.0" } }' },
      { "sdk/package.json": '{ "devDependencies": { "pg": "github:a/b" } }' },
      { ".npmrc": "save-exact=true\n" },
    ],
    good: [{ "package.json": '{ "dependencies": { "pg": "8.0.0-beta.1" } }', ".npmrc": "ignore-scripts=true\n" }],
  },
];

const byName = house.map((rule) => [rule.name, rule] as const);
const asFiles = (small: Tree) => Object.entries(small).map(([path, text]) => ({ path, text }));
const tree = filesOfTree(import.meta.dirname);

test("the tree is read at all", () => {
  expect(tree.map(({ path }) => path)).toEqual(expect.arrayContaining(["package.json", "engine/src/index.ts"]));
});

describe("the tree", () => {
  test.each(byName)("%s", (name, { why, find }) => {
    expect(find(tree), `${name}. ${why}`).toEqual([]);
  });
});

describe("the rules notice", () => {
  test.each(byName)("%s", (_, { find, bad, good }) => {
    expect(bad.filter((small) => find(asFiles(small)).length === 0)).toEqual([]);
    expect(good.flatMap((small) => find(asFiles(small)))).toEqual([]);
  });
});
