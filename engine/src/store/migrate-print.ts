// The migration as a script, for those who let nobody but an administrator with psql change their database.
import { escapeLiteral } from "pg";
import * as sql from "./migration-sql.ts";
import { checksums, readSqlFiles, reappliedFiles, type SqlFile, type SqlFiles } from "./sql-files.ts";

const heading = `-- The schema of Purser. Run it as a superuser, or as a role with CREATEROLE that may create schemas:
--
--   psql -X -1 -v ON_ERROR_STOP=1 -d <database> -f <this file>
--
-- It may be run again: migrations that the database has had are left out, and what changed is made anew. Afterwards:
--
--   ${sql.grantHint}`;

/** The whole migration as one script for \`psql -1\`, which does and records the same as \`migrate\`. */
export function printMigration(): string {
  return printFiles(readSqlFiles());
}

/** `printMigration` with files of the caller's choice. */
export function printFiles(files: SqlFiles): string {
  return [
    heading,
    "\\set ON_ERROR_STOP on",
    `${sql.insistOnTransaction};`,
    quietly(withValues(sql.settle, ["true"])),
    quietly(sql.takeLock),
    textOf(files.roles),
    `${sql.asOwner};`,
    `${sql.createRecord};`,
    quietly(
      withValues(sql.tellFiles, [
        literalJson(checksums(files.migrations)),
        literalJson(checksums(reappliedFiles(files))),
      ]),
    ),
    `${sql.judge};`,
    ...files.migrations.map((file) =>
      when(
        "purser_pending",
        withValues(sql.isPending, [escapeLiteral(file.path)]),
        `${textOf(file)}\n${withValues(sql.recordMigration, [escapeLiteral(file.path), escapeLiteral(file.checksum)])};`,
      ),
    ),
    `${sql.letWriterCreate};`,
    quietly(sql.chooseDoomed),
    `${withValues(sql.dropViewsOn, [sql.doomed])}\n\\gexec`,
    `${sql.asWriter};`,
    `${withValues(sql.dropRoutines, [sql.doomed])}\n\\gexec`,
    ...files.functions.map(whenMissing),
    `${sql.asOwner};`,
    ...files.views.map(whenMissing),
    `${sql.asOneself};`,
    textOf(files.policies),
    `${sql.asOwner};`,
    `${sql.letWriterCreateNoMore};`,
    `${sql.recordFiles};`,
    `${sql.asOneself};\n`,
  ]
    .map((part) => part.replace(/^\n/, ""))
    .join("\n\n");
}

const textOf = ({ path, text }: SqlFile) => `-- ${path}\n${text.trimEnd()}`;
const literalJson = (value: object) => escapeLiteral(JSON.stringify(value));

/** Puts expressions of SQL in the places of the parameters, which psql does not have. */
const withValues = (text: string, expressions: readonly string[]) =>
  text.replace(/\$(\d)/g, (_, n: string) => expressions[Number(n) - 1] ?? "NULL");

/** Takes the answer into variables of psql instead of showing it. */
const quietly = (query: string) => `${query}\n\\gset`;
const when = (variable: string, query: string, then: string) =>
  `${quietly(query)}\n\\if :${variable}\n${then}\n\\endif`;
const whenMissing = (file: SqlFile) =>
  when("purser_missing", withValues(sql.isMissing, [escapeLiteral(file.stem)]), textOf(file));
