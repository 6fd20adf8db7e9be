// Brings a database to the schema of this version, from whatever state an earlier or a killed run left it in.
import { Client } from "pg";
import { sqlState } from "./errors.ts";
import { applyFiles, type Changes, isCurrent, readRecord, type Step } from "./migrate-files.ts";
import { type MigrationRefusal, MigrationRefused } from "./migration-refused.ts";
import * as sql from "./migration-sql.ts";
import { readSqlFiles, type SqlFiles, schemaVersion } from "./sql-files.ts";

export { printMigration } from "./migrate-print.ts";
export { type MigrationRefusal, MigrationRefused } from "./migration-refused.ts";

export interface MigrationOptions {
  /** The migrating role's connection: direct, since a pooler may swap the session in the middle. */
  url: string;
  /** Does everything and rolls it back; the report says what would have been done. */
  dryRun?: boolean;
  /** Told of each step before it is taken. */
  onStep?: (line: string) => void;
}

export interface MigrationReport extends Changes {
  /** The number of the last migration. */
  version: number;
  /** What the database's administrator runs next, with the name of the role that the application logs in as. */
  grantHint: string;
}

interface Surroundings {
  server_version: number;
  encoding: string;
  read_only: boolean;
  missing_roles: string[];
  can_become_owner: boolean;
  has_schema: boolean;
  recorded: boolean;
  may_create_roles: boolean;
  may_create_schema: boolean;
  let_create_roles: string;
  let_become_owner: string;
  let_create_schema: string;
}

const nothing: Changes = { applied: [], reapplied: [], dropped: [] };

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
  // Without one the driver would look for a server of its own choosing, and migrate whatever it finds there.
  if (typeof options.url !== "string" || options.url.trim() === "") {
    throw new MigrationRefused("url_missing", "No url was given: the connection string of the role that migrates.");
  }
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
    await step("settle the session", sql.settle, [false]);
    for (let attempt = 1; ; attempt += 1) {
      try {
        const changes = await migrateOnce(step, files, options.dryRun === true);
        return { ...changes, version: schemaVersion(files), grantHint: sql.grantHint };
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
    await applyRoles(step, files, found);
    await step("commit", sql.commit);
  }

  await step("begin", sql.begin);
  await step("wait for other migrations", sql.takeLock);
  // A dry run makes its roles here, so that they vanish with the rest.
  if (reapplyRoles && dryRun) await applyRoles(step, files, found);
  const changes = await applyFiles(step, files);
  if (reapplyRoles) changes.reapplied.unshift(files.roles.path);
  if (dryRun) await step("roll back the dry run", sql.rollback);
  else await step("commit", sql.commit);
  return changes;
}

export function refuseServer({
  server_version,
  encoding,
  read_only,
}: Pick<Surroundings, "server_version" | "encoding" | "read_only">): void {
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
    // insufficient_privilege
    throw sqlState(error) === "42501" ? refuseRole(found, error) : error;
  }
}

/** All that an administrator has to run, so that it takes one round. */
function refuseRole(found: Surroundings, error: unknown): unknown {
  const missing = found.missing_roles.join(", ");
  const made = !["purser_owner", "purser_writer"].some((role) => found.missing_roles.includes(role));
  // Up to version 15 CREATEROLE is enough to become any role.
  const mayGrant = found.may_create_roles && found.server_version < 160_000;
  const refusals: [boolean, MigrationRefusal, string, string][] = [
    [missing !== "" && !found.may_create_roles, "role_missing", `create the roles ${missing}`, found.let_create_roles],
    [
      made && !found.can_become_owner && !mayGrant,
      "role_not_granted",
      "become purser_owner and purser_writer, which another role made",
      found.let_become_owner,
    ],
    [
      !found.has_schema && !found.may_create_schema,
      "schema_not_permitted",
      "create the schema purser",
      found.let_create_schema,
    ],
  ];
  const [first, ...rest] = refusals.filter(([applies]) => applies);
  if (first === undefined) return error;
  const all = [first, ...rest];
  const what = all.map(([, , may]) => may).join("; nor ");
  const commands = all.map(([, , , command]) => `\n  ${command}`).join("");
  const message = `The role that migrates may not ${what}. An administrator must run:${commands}`;
  return new MigrationRefused(first[1], message, error);
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
