// The files of engine/sql as `migrate` sees them: what runs once, what is applied again, and how a change is noticed.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

export interface SqlFile {
  /** The path below engine/sql, as it is recorded in the database: `functions/consume.sql`. */
  readonly path: string;
  /** The file's own name without `.sql`: what a function or a view is called. */
  readonly stem: string;
  readonly text: string;
  /** SHA-256 of the text, in hexadecimal. */
  readonly checksum: string;
}

export interface SqlFiles {
  readonly roles: SqlFile;
  /** In the order in which they run. */
  readonly migrations: readonly SqlFile[];
  readonly functions: readonly SqlFile[];
  /** In the order of their names: a view may read those before it. */
  readonly views: readonly SqlFile[];
  readonly policies: SqlFile;
}

/** The same depth below the package from `src/store` and from `dist/store`. */
const sqlFolder = new URL("../../sql/", import.meta.url);

function readSqlFile(folder: URL, path: string): SqlFile {
  // An archive unpacked on Windows may come with its line ends; it is the same migration.
  const text = readFileSync(new URL(path, folder), "utf8").replaceAll("\r\n", "\n");
  const stem = path.slice(path.lastIndexOf("/") + 1, -".sql".length);
  return { path, stem, text, checksum: createHash("sha256").update(text, "utf8").digest("hex") };
}

/** Reads all files of a folder laid out like engine/sql, which is the default. */
export function readSqlFiles(folder: URL = sqlFolder): SqlFiles {
  const inOrder = (part: string) =>
    readdirSync(new URL(`${part}/`, folder))
      .filter((name) => name.endsWith(".sql"))
      .toSorted()
      .map((name) => readSqlFile(folder, `${part}/${name}`));
  return {
    roles: readSqlFile(folder, "roles.sql"),
    migrations: inOrder("migrations"),
    functions: inOrder("functions"),
    views: inOrder("views"),
    policies: readSqlFile(folder, "policies.sql"),
  };
}

/** What every migrate brings up to date, in the order in which it is applied. */
export function reappliedFiles(files: SqlFiles): readonly SqlFile[] {
  return [files.roles, ...files.functions, ...files.views, files.policies];
}

export function checksums(files: readonly SqlFile[]): Record<string, string> {
  return Object.fromEntries(files.map(({ path, checksum }) => [path, checksum]));
}

/** The number of the last migration: the version of the schema. */
export function schemaVersion(files: SqlFiles): number {
  return Number.parseInt(files.migrations.at(-1)?.stem ?? "0", 10);
}
