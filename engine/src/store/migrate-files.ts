// What a migration does inside its transaction: compare the record with the files, apply what is new, drop what is gone.
import { sqlState } from "./errors.ts";
import * as sql from "./migration-sql.ts";
import { checksums, reappliedFiles, type SqlFile, type SqlFiles } from "./sql-files.ts";

export interface Changes {
  /** Migrations, which run once. */
  applied: string[];
  /** Roles, functions, views and policies whose text is new to the database. */
  reapplied: string[];
  /** Functions and views that the files no longer know, old signatures among them. */
  dropped: string[];
}

/** Takes one step: tells of it, then sends it as one query, so that the server sees a file as psql would send it. */
export type Step = <Row extends object>(line: string, text: string, values?: unknown[]) => Promise<Row[]>;

export interface SchemaRecord {
  /** Checksums by path. */
  migrations: Record<string, string>;
  files: Record<string, string>;
  /** Names as the catalogue has them; an overloaded function stands here twice. */
  functions: string[];
  views: string[];
}

/** Compares by two queries and without a lock, so that starting a server costs nothing when there is nothing to do. */
export async function readRecord(step: Step, files: SqlFiles): Promise<SchemaRecord> {
  await step("begin", sql.begin);
  await step("become purser_owner", sql.asOwner);
  await tellFiles(step, files);
  await step("compare the migrations", sql.judge);
  const record = await readChecksums(step);
  const present = await readPresent(step);
  await step("commit", sql.commit);
  return { ...record, ...present };
}

async function tellFiles(step: Step, files: SqlFiles): Promise<void> {
  await step("tell the files", sql.tellFiles, [
    JSON.stringify(checksums(files.migrations)),
    JSON.stringify(checksums(reappliedFiles(files))),
  ]);
}

async function readChecksums(step: Step): Promise<Pick<SchemaRecord, "migrations" | "files">> {
  const [record] = await step<Pick<SchemaRecord, "migrations" | "files">>("read the record", sql.readRecord);
  return record ?? { migrations: {}, files: {} };
}

async function readPresent(step: Step): Promise<Pick<SchemaRecord, "functions" | "views">> {
  const [present] = await step<Pick<SchemaRecord, "functions" | "views">>("read the catalogue", sql.readPresent);
  return present ?? { functions: [], views: [] };
}

async function readGranted(step: Step): Promise<string> {
  return JSON.stringify(await step("read what is granted on", sql.readGranted));
}

const sameNames = (names: readonly string[], files: readonly SqlFile[]) =>
  JSON.stringify(names.toSorted()) === JSON.stringify(files.map(({ stem }) => stem).toSorted());

export function isCurrent(record: SchemaRecord, files: SqlFiles): boolean {
  const reapplied = reappliedFiles(files);
  return (
    files.migrations.every(({ path }) => path in record.migrations) &&
    Object.keys(record.files).length === reapplied.length &&
    reapplied.every(({ path, checksum }) => record.files[path] === checksum) &&
    sameNames(record.functions, files.functions) &&
    sameNames(record.views, files.views)
  );
}

export async function applyFiles(step: Step, files: SqlFiles): Promise<Changes> {
  const changes: Changes = { applied: [], reapplied: [], dropped: [] };
  await step("become purser_owner", sql.asOwner);
  await step("make the record", sql.createRecord);
  await tellFiles(step, files);
  await step("compare the migrations", sql.judge);
  const record = await readChecksums(step);
  if (isCurrent({ ...record, ...(await readPresent(step)) }, files)) return changes;

  for (const { path, text, checksum } of files.migrations) {
    if (path in record.migrations) continue;
    await step(`apply ${path}`, text);
    await step(`record ${path}`, sql.recordMigration, [path, checksum]);
    changes.applied.push(path);
  }

  const isNew = ({ path, checksum }: SqlFile) => record.files[path] !== checksum;
  const granted = await readGranted(step);
  await dropUnknownViews(step, files, changes);
  await step("let purser_writer create", sql.letWriterCreate);
  await applyFunctions(step, files, isNew, changes);
  await applyViews(step, files, isNew, changes);
  // Policies lock every table of a tenant against everybody for a moment. A new text of a function, which is what most
  // migrations are, keeps its grants and does without.
  if (isNew(files.policies) || changes.applied.length > 0 || granted !== (await readGranted(step))) {
    await step("become oneself", sql.asOneself);
    await step(`apply ${files.policies.path}`, files.policies.text);
    changes.reapplied.push(files.policies.path);
  }
  await step("become purser_owner", sql.asOwner);
  await step("let purser_writer create no more", sql.letWriterCreateNoMore);
  await step("record the files", sql.recordFiles);
  await step("become oneself", sql.asOneself);
  return changes;
}

interface Routine {
  oid: string;
  signature: string;
}
const oids = (found: readonly { oid: string }[]) => found.map(({ oid }) => oid);

async function applyFunctions(
  step: Step,
  files: SqlFiles,
  isNew: (file: SqlFile) => boolean,
  changes: Changes,
): Promise<void> {
  const { functions } = await readPresent(step);
  const known = new Set(files.functions.map(({ stem }) => stem));
  await step("become purser_writer", sql.asWriter);
  for (const name of new Set(functions.filter((there) => !known.has(there)))) {
    const gone = await step<Routine>(`find ${name}`, sql.findRoutines, [name]);
    await dropRoutines(step, gone);
    changes.dropped.push(...gone.map(({ signature }) => signature));
  }
  for (const file of files.functions) {
    const count = functions.filter((name) => name === file.stem).length;
    if (count === 1 && !isNew(file)) continue;
    changes.reapplied.push(file.path);
    if (count === 0) await step(`apply ${file.path}`, file.text);
    else changes.dropped.push(...(await replaceFunction(step, file)));
  }
}

/** Replaces a function that is there, keeping its oid where it can be kept; gives the signatures that are no more. */
async function replaceFunction(step: Step, file: SqlFile): Promise<string[]> {
  const before = await step<Routine>(`find ${file.stem}`, sql.findRoutines, [file.stem]);
  // Of several that somebody made by hand none can be trusted to be the one that is replaced. What cannot be replaced in
  // place (invalid_function_definition) has another result type or other names of parameters.
  if (before.length > 1 || !(await attempt(step, file, "42P13"))) {
    await dropRoutines(step, before);
    await step(`apply ${file.path} anew`, file.text);
  }
  const made = await step<Routine>(`find ${file.stem}`, sql.findRoutines, [file.stem]);
  const isOld = ({ oid }: Routine) => before.some((old) => old.oid === oid);
  // With other parameters it stands beside the old one.
  if (made.length > 1) await dropRoutines(step, made.filter(isOld));
  const kept = made.length > 1 ? made.filter((routine) => !isOld(routine)) : made;
  return before.map(({ signature }) => signature).filter((old) => !kept.some(({ signature }) => signature === old));
}

/** Before the functions, which take the views that read them along. */
async function dropUnknownViews(step: Step, files: SqlFiles, changes: Changes): Promise<void> {
  const known = new Set(files.views.map(({ stem }) => stem));
  const { views } = await readPresent(step);
  for (const name of views.filter((there) => !known.has(there))) {
    // It may be gone already, with another one that it read.
    await dropView(step, name);
    changes.dropped.push(`purser.${name}`);
  }
}

async function applyViews(
  step: Step,
  files: SqlFiles,
  isNew: (file: SqlFile) => boolean,
  changes: Changes,
): Promise<void> {
  await step("become purser_owner", sql.asOwner);
  for (const file of files.views) {
    const there = await step<{ oid: string }>(`find ${file.stem}`, sql.findView, [file.stem]);
    if (there.length > 0 && !isNew(file)) continue;
    changes.reapplied.push(file.path);
    // invalid_table_definition: other columns.
    if (await attempt(step, file, "42P16")) continue;
    await dropView(step, file.stem);
    await step(`apply ${file.path} anew`, file.text);
  }
}

/** Applies a file, or takes it back where PostgreSQL can only make it anew, and says which. */
async function attempt(step: Step, file: SqlFile, onlyAnew: string): Promise<boolean> {
  await step("remember this point", "SAVEPOINT replace");
  try {
    await step(`apply ${file.path}`, file.text);
  } catch (error) {
    if (sqlState(error) !== onlyAnew) throw error;
    await step("go back to this point", "ROLLBACK TO SAVEPOINT replace");
    return false;
  }
  await step("forget this point", "RELEASE SAVEPOINT replace");
  return true;
}

/** With the views that read them; those of the files are made again afterwards. */
async function dropRoutines(step: Step, routines: readonly Routine[]): Promise<void> {
  if (routines.length === 0) return;
  await step("become purser_owner", sql.asOwner);
  await runStatements(step, sql.dropViewsOn, oids(routines));
  await step("become purser_writer", sql.asWriter);
  await runStatements(step, sql.dropRoutines, oids(routines));
}

/** With the views that read it; those of the files come after it in their order and are made again then. */
async function dropView(step: Step, name: string): Promise<void> {
  await runStatements(step, sql.dropViewsOn, oids(await step<{ oid: string }>(`find ${name}`, sql.findView, [name])));
}

async function runStatements(step: Step, text: string, found: string[]): Promise<void> {
  for (const { statement } of await step<{ statement: string }>("find what to drop", text, [found]))
    await step(statement, statement);
}
