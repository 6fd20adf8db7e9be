// Brings a database to the schema of this version, from whatever state an earlier or a killed run left it in.
import { Client } from "pg";
import { sqlState } from "./errors.ts";
import { MigrationRefused } from "./migration-refused.ts";
import * as sql from "./migration-sql.ts";
import { checksums, readSqlFiles, reappliedFiles, type SqlFile, type SqlFiles, schemaVersion } from "./sql-files.ts";

export interface MigrationOptions {
  /** The migrating role's connection: direct, since a pooler may swap the session in the middle. */
  url: string;
  /** Does everything and rolls it back; the report says what would have been done. */
  dryRun?: boolean;
  /** Told of each step before it is taken. */
  onStep?: (line: string) => void;
}

export interface MigrationReport {
  /** Migrations, which run once. */
  applied: string[];
  /** Roles, functions, views and policies whose text is new to the database. */
  reapplied: string[];
  /** Functions and views that the files no longer know, old signatures among them. */
  dropped: string[];
  /** The number of the last migration. */
  version: number;
  /** What the database's administrator runs next, with the name of the role that the application logs in as. */
  grantHint: string;
}

export const grantHint = "GRANT purser_service TO <your application's role>;";

interface Surroundings {
  server_version: number;
  encoding: string;
  read_only: boolean;
  missing_roles: string[];
  can_become_owner: boolean;
  has_schema: boolean;
  recorded: boolean;
  grant_roles: string;
  grant_create: string;
  grant_create_role: string;
}

type Changes = Pick<MigrationReport, "applied" | "reapplied" | "dropped">;
const nothing: Changes = { applied: [], reapplied: [], dropped: [] };

/**
 * Takes one step: tells of it, then runs it. One simple query a step, so that the server sees the files as psql would
 * send them.
 */
type Step = <Row extends object>(line: string, text: string, values?: unknown[]) => Promise<Row[]>;

const tries = 20;

class TryAgain extends Error {
  constructor(cause: unknown) {
    super("somebody else did the same at the same moment", { cause });
  }
}

/**
 * Migrates the database at `url`; a database that is up to date is only looked at. Safe to run from any number of
 * processes at once, on several databases of one cluster at once, and again after it was killed. Throws
 * `MigrationRefused`, having changed nothing, with a message that says what to do.
 */
export function migrate(options: MigrationOptions): Promise<MigrationReport> {
  return migrateTo(readSqlFiles(), options);
}

/** `migrate` with files of the caller's choice. */
export async function migrateTo(files: SqlFiles, options: MigrationOptions): Promise<MigrationReport> {
  const client = new Client({ connectionString: options.url, application_name: "purser migrate" });
  // Without a listener a connection that breaks between two queries ends the process; the next query reports it.
  client.on("error", () => undefined);
  const step: Step = async (line, text, values) => {
    options.onStep?.(line);
    const result: unknown = await client.query(text, values);
    // A file of several statements answers with a list, and nobody asks for its rows.
    return isResult(result) ? result.rows : [];
  };
  await client.connect();
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const changes = await migrateOnce(step, files, options.dryRun === true);
        return { ...changes, version: schemaVersion(files), grantHint };
      } catch (error) {
        if (!passes(error)) throw explained(error);
        await step("roll back", sql.rollback);
        if (attempt === tries)
          throw new MigrationRefused(
            "busy",
            `Another migration or a long transaction held a lock for all of ${tries} tries. Nothing was changed; run it again.`,
            error,
          );
        await step("wait and try again", sql.pause);
      }
    }
  } finally {
    await client.end();
  }
}

/**
 * Everything but the roles happens in one transaction: whatever is killed, whenever, the schema is either the old one or
 * the new one, and no reader sees functions of one version on tables of another. The price is that the locks of all
 * steps are held to the end, which the limit on waiting for them bounds. Roles belong to the cluster and are made
 * before, because two databases may migrate at once and neither may wait for the other's whole migration.
 */
async function migrateOnce(step: Step, files: SqlFiles, dryRun: boolean): Promise<Changes> {
  const [found] = await step<Surroundings>("look around", sql.look);
  if (found === undefined) throw new TypeError("the server did not answer");
  refuseServer(found);
  const recorded = found.recorded && found.can_become_owner ? await readRecord(step, files) : undefined;
  if (recorded !== undefined && found.missing_roles.length === 0 && isCurrent(recorded, files)) return nothing;

  const reapplyRoles =
    found.missing_roles.length > 0 ||
    !found.can_become_owner ||
    !found.has_schema ||
    recorded?.files[files.roles.path] !== files.roles.checksum;
  if (reapplyRoles && !dryRun) {
    await step("begin", sql.begin);
    await step("settle the session", sql.settle);
    await applyRoles(step, files, found);
    await step("commit", sql.commit);
  }

  await step("begin", sql.begin);
  await step("settle the session", sql.settle);
  await step("wait for other migrations", sql.takeLock);
  // A dry run makes its roles here, so that they vanish with the rest.
  if (reapplyRoles && dryRun) await applyRoles(step, files, found);
  const changes = await applyFiles(step, files);
  if (reapplyRoles) changes.reapplied.unshift(files.roles.path);
  if (dryRun) await step("roll back the dry run", sql.rollback);
  else await step("commit", sql.commit);
  return changes;
}

function refuseServer({ server_version, encoding, read_only }: Surroundings): void {
  if (server_version < 150_000)
    throw new MigrationRefused(
      "server_too_old",
      `Purser needs PostgreSQL 15 or newer; this is ${Math.floor(server_version / 10_000)}.`,
    );
  if (encoding !== "UTF8")
    throw new MigrationRefused(
      "encoding_not_utf8",
      `Purser needs a database with encoding UTF8; this one has ${encoding}. Create one with ENCODING 'UTF8' TEMPLATE template0.`,
    );
  if (read_only)
    throw new MigrationRefused("server_read_only", "This server is a standby or read-only; migrate the primary.");
}

async function applyRoles(step: Step, files: SqlFiles, found: Surroundings): Promise<void> {
  const made = found.missing_roles.length > 0 ? ` (makes ${found.missing_roles.join(", ")})` : "";
  try {
    await step(`apply ${files.roles.path}${made}`, files.roles.text);
  } catch (error) {
    // duplicate_object, duplicate_schema, unique_violation: another database of the cluster, or another process, made
    // the same at the same moment.
    if (["42710", "42P06", "23505"].includes(sqlState(error) ?? "")) throw new TryAgain(error);
    // insufficient_privilege, in the order in which the file does things.
    if (sqlState(error) !== "42501") throw error;
    if (found.missing_roles.length > 0)
      throw new MigrationRefused(
        "role_missing",
        `The role that migrates may not create the roles ${found.missing_roles.join(", ")}. ` +
          `An administrator must run roles.sql first (the beginning of what --print prints), or: ${found.grant_create_role}`,
        error,
      );
    if (!found.can_become_owner)
      throw new MigrationRefused(
        "role_not_granted",
        `The roles purser_owner and purser_writer exist and the role that migrates cannot become them. ` +
          `An administrator must run: ${found.grant_roles}`,
        error,
      );
    throw new MigrationRefused(
      "schema_not_permitted",
      `The role that migrates may not create the schema. An administrator must run: ${found.grant_create}`,
      error,
    );
  }
}

interface SchemaRecord {
  /** Checksums by path. */
  migrations: Record<string, string>;
  files: Record<string, string>;
  /** Names as the catalogue has them; an overloaded function stands here twice. */
  functions: string[];
  views: string[];
}

/** Compares by two queries and without a lock, so that starting a server costs nothing when there is nothing to do. */
async function readRecord(step: Step, files: SqlFiles): Promise<SchemaRecord> {
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

const sameNames = (names: readonly string[], files: readonly SqlFile[]) =>
  JSON.stringify([...names].sort()) === JSON.stringify(files.map(({ stem }) => stem).sort());

function isCurrent(record: SchemaRecord, files: SqlFiles): boolean {
  const reapplied = reappliedFiles(files);
  return (
    files.migrations.every(({ path }) => path in record.migrations) &&
    Object.keys(record.files).length === reapplied.length &&
    reapplied.every(({ path, checksum }) => record.files[path] === checksum) &&
    sameNames(record.functions, files.functions) &&
    sameNames(record.views, files.views)
  );
}

async function applyFiles(step: Step, files: SqlFiles): Promise<Changes> {
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
  await step("let purser_writer create", sql.letWriterCreate);
  await applyFunctions(step, files, isNew, changes);
  await applyViews(step, files, isNew, changes);
  // Whatever was new has to be granted, and what was dropped and made again has lost its grants.
  await step("become oneself", sql.asOneself);
  await step(`apply ${files.policies.path}`, files.policies.text);
  changes.reapplied.push(files.policies.path);
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
  // place has another result type, other names of parameters, or is a procedure.
  if (before.length > 1 || !(await attempt(step, file, ["42P13", "42809"]))) {
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

async function applyViews(
  step: Step,
  files: SqlFiles,
  isNew: (file: SqlFile) => boolean,
  changes: Changes,
): Promise<void> {
  await step("become purser_owner", sql.asOwner);
  const known = new Set(files.views.map(({ stem }) => stem));
  const { views } = await readPresent(step);
  for (const name of views.filter((there) => !known.has(there))) {
    // It may be gone already, with another one that it read.
    await dropView(step, name);
    changes.dropped.push(`purser.${name}`);
  }
  for (const file of files.views) {
    const there = await step<{ oid: string }>(`find ${file.stem}`, sql.findView, [file.stem]);
    if (there.length > 0 && !isNew(file)) continue;
    changes.reapplied.push(file.path);
    if (await attempt(step, file, ["42P16"])) continue;
    await dropView(step, file.stem);
    await step(`apply ${file.path} anew`, file.text);
  }
}

/** Applies a file, or takes it back where PostgreSQL can only make it anew, and says which. */
async function attempt(step: Step, file: SqlFile, onlyAnew: readonly string[]): Promise<boolean> {
  await step("remember this point", "SAVEPOINT replace");
  try {
    await step(`apply ${file.path}`, file.text);
  } catch (error) {
    if (!onlyAnew.includes(sqlState(error) ?? "")) throw error;
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

/** Whether the same again may succeed: somebody else was at it at the same moment. */
function passes(error: unknown): boolean {
  // lock_not_available, deadlock_detected, serialization_failure, and "tuple concurrently updated", which is how two
  // that grant on the same thing meet.
  return error instanceof TryAgain || ["55P03", "40P01", "40001", "XX000"].includes(sqlState(error) ?? "");
}

function explained(error: unknown): unknown {
  const state = sqlState(error);
  if (!(error instanceof Error)) return error;
  if (state === sql.schemaNewer) return new MigrationRefused("schema_newer", error.message, error);
  if (state === sql.migrationChanged) return new MigrationRefused("migration_changed", error.message, error);
  // dependent_objects_still_exist: only something of the host's own can be left.
  if (state === "2BP01") {
    const detail = "detail" in error && typeof error.detail === "string" ? ` ${error.detail}.` : "";
    return new MigrationRefused(
      "still_used",
      `${error.message}.${detail} Drop that first and make it again after.`,
      error,
    );
  }
  return error;
}

function isResult(result: unknown): result is { rows: never[] } {
  return typeof result === "object" && result !== null && "rows" in result && Array.isArray(result.rows);
}
