// What the tests of the migration stand on: connections, folders of SQL with something changed, and `migrate` in a Node
// process of its own, which can be killed.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Client } from "pg";
import { onTestFinished } from "vitest";
import { createBlankDatabase, type TestDatabase } from "../../../behaviour/fixture/database.ts";
import type { MigrationReport } from "../../src/store/migrate.ts";
import { readSqlFiles, type SqlFiles } from "../../src/store/sql-files.ts";
import { schemaText } from "./schema-text.ts";

const workspace = fileURLToPath(new URL("../..", import.meta.url));

export async function blankDatabase(): Promise<TestDatabase> {
  const database = await createBlankDatabase();
  onTestFinished(database.drop);
  return database;
}

export async function using<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export const run = (url: string, text: string): Promise<void> =>
  using(url, async (client) => void (await client.query(text)));

export const ask = (url: string, text: string): Promise<unknown[]> =>
  using(url, async (client) => (await client.query<unknown[]>({ text, rowMode: "array" })).rows.map((row) => row[0]));

/** The schema, the bodies of its functions and views, and what the database has recorded about them. */
export function wholeSchema(url: string): Promise<string> {
  return using(url, async (client) => {
    const { rows } = await client.query<{ line: string }>(`
      SELECT concat_ws(' ', 'migration', name, checksum) AS line FROM purser.schema_migrations
      UNION ALL SELECT concat_ws(' ', 'file', name, checksum) FROM purser.schema_files
      UNION ALL SELECT concat_ws(' ', 'body', proname, md5(prosrc)) FROM pg_proc
                WHERE pronamespace = 'purser'::regnamespace
      UNION ALL SELECT concat_ws(' ', 'query', oid::regclass, md5(pg_get_viewdef(oid))) FROM pg_class
                WHERE relnamespace = 'purser'::regnamespace AND relkind = 'v'
      ORDER BY line`);
    return `${await schemaText(client)}\n${rows.map(({ line }) => line).join("\n")}`;
  });
}

/** A copy of engine/sql with files changed, added, or (undefined) taken away. */
export function sqlFolder(changes: Record<string, ((text: string) => string) | string | undefined> = {}): URL {
  const folder = mkdtempSync(join(tmpdir(), "purser-sql-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(join(workspace, "sql"), folder, { recursive: true });
  for (const [path, change] of Object.entries(changes)) {
    const file = join(folder, path);
    if (change === undefined) rmSync(file);
    else writeFileSync(file, typeof change === "string" ? change : changed(readFileSync(file, "utf8"), change));
  }
  return pathToFileURL(`${folder}/`);
}

function changed(text: string, change: (text: string) => string): string {
  const after = change(text);
  if (after === text) throw new Error("the change of the file changed nothing");
  return after;
}

export const sqlFiles = (changes: Parameters<typeof sqlFolder>[0]): SqlFiles => readSqlFiles(sqlFolder(changes));

/** A function as the house writes them, with nothing to do. */
export const someFunction = (name: string, parameters = "", result = "integer") => `
CREATE OR REPLACE FUNCTION purser.${name}(${parameters}) RETURNS ${result} LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp AS $$ BEGIN RETURN 1; END $$;`;

/**
 * An earlier version of the schema, as changes of the present files: it lacks the last migration, and has what is to be
 * replaced in place, made anew because its result or its columns are others, dropped as an old signature, and dropped.
 */
export const older: Parameters<typeof sqlFolder>[0] = {
  [readSqlFiles().migrations.at(-1)?.path ?? ""]: undefined,
  "functions/slot_of.sql": (text) => text.replace("BEGIN\n", "BEGIN\n  -- as it was\n"),
  "functions/has_entitlement.sql": someFunction("has_entitlement", "p_one text"),
  "functions/balance_now.sql": (text) => text.replace("as_of timestamptz,", "as_of timestamptz, more text,"),
  "functions/left_over.sql": someFunction("left_over"),
  "views/consumptions.sql": "CREATE OR REPLACE VIEW purser.consumptions AS SELECT purser.left_over() AS metadata;",
  "views/left_over_too.sql": "CREATE OR REPLACE VIEW purser.left_over_too AS SELECT * FROM purser.consumptions;",
};

// Compiled, as users run it: Node 20 has no loader for TypeScript.
const script = `
  import { createInterface } from "node:readline";
  import { migrateTo } from ${JSON.stringify(join(workspace, "dist/store/migrate.js"))};
  import { readSqlFiles } from ${JSON.stringify(join(workspace, "dist/store/sql-files.js"))};
  const { url, folder, dieBefore } = JSON.parse(process.argv[1]);
  const files = readSqlFiles(folder === undefined ? undefined : new URL(folder));
  console.log("ready");
  await new Promise((resolve) => createInterface(process.stdin).once("line", resolve));
  let steps = 0;
  const onStep = () => { if (steps++ === dieBefore) process.kill(process.pid, "SIGKILL"); };
  const report = await migrateTo(files, { url, onStep });
  console.log(JSON.stringify({ steps, report }));
  process.exit(0);
`;

/** Brings the compiled engine up to date; a run through `npm test` has done it already. */
export function compile(): void {
  const compiler = join(workspace, "../node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [compiler, "-b", workspace], { stdio: "inherit" });
}

export interface Migrating {
  process: ChildProcess;
  /** Lets it begin; it is waiting, with everything loaded. */
  go(): void;
  /** What it reported, or undefined when it was killed. */
  ended: Promise<{ steps: number; report: MigrationReport } | undefined>;
}

/** `migrate` in a process of its own, which kills itself before its step of this number (from 0) if one is given. */
export async function migrating(url: string, options: { folder?: URL; dieBefore?: number } = {}): Promise<Migrating> {
  const given = JSON.stringify({ url, folder: options.folder?.href, dieBefore: options.dieBefore });
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, given], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exit = once(child, "exit");
  // The pipe of one that is killed breaks, which is no news.
  child.stdin.on("error", () => undefined);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  if ((await lines.next()).value !== "ready") throw new Error("the migrating process did not start");
  const ended = (async () => {
    const { value, done } = await lines.next();
    const [code, signal] = await exit;
    if (done !== true) return JSON.parse(value);
    if (signal !== "SIGKILL") throw new Error(`the migrating process ended with ${code}`);
    return undefined;
  })();
  // Awaited by the test when it has done its worst.
  ended.catch(() => undefined);
  return { process: child, go: () => void child.stdin.write("go\n"), ended };
}
