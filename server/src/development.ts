// A database to develop on: the embedded one, or the one that DATABASE_URL names, migrated, with a role of its own for the
// server. What has to be remembered between two starts lies in the directory, readable by nobody else.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type DatabaseFacts, inspectDatabase, migrate, MigrationRefused } from "@purser/engine";
import { Pool } from "pg";
import { chooseDatabase, type EmbeddedPostgres, startEmbedded } from "./embedded/index.ts";
import { ensureLoginRole, type LoginRole } from "./embedded/login-role.ts";
import { oneAtATime } from "./embedded/turn.ts";
import { randomWord } from "./keys.ts";

export interface DevelopmentOptions {
  /** Where the embedded database and what belongs to it lives; `.purser` by convention. */
  readonly directory: string;
  /** `process.env`, handed in. */
  readonly environment: NodeJS.ProcessEnv;
  /** As whom to migrate an external database; the role in DATABASE_URL where it is not said. */
  readonly adminUrl?: string | undefined;
  /** Takes what there is to tell, a line at a time; never a password. */
  readonly onLog?: ((line: string) => void) | undefined;
}

export interface DevelopmentDatabase {
  /** As the role that may do everything: for migrations and for tables of one's own. Not enumerable. */
  readonly adminUrl: string;
  /** As a role that is a member of purser_service, where one could be made. Not enumerable. */
  readonly serviceUrl: string;
  /** Why `serviceUrl` is the administrator's, if it is. */
  readonly hindrance: string | undefined;
  /** Undefined where DATABASE_URL named the database. */
  readonly embedded: EmbeddedPostgres | undefined;
  /** For people: where the database is, without a password. */
  readonly where: string;
  /** The number of the last migration. */
  readonly schemaVersion: number;
  /** Ends the embedded server, if this call started it. */
  stop(): Promise<void>;
}

/** Gives a migrated database and a role to use it as. Safe to call from several processes at once. */
export async function openDevelopmentDatabase(options: DevelopmentOptions): Promise<DevelopmentDatabase> {
  const { directory, environment, onLog = () => undefined } = options;
  const choice = chooseDatabase(environment);
  const embedded = choice.kind === "embedded" ? await startEmbedded({ directory, environment, onLog }) : undefined;
  const stop = async () => embedded?.stop();
  try {
    const given = choice.kind === "external" ? choice.url : (embedded?.adminUrl ?? "");
    const adminUrl = choice.kind === "external" ? (options.adminUrl ?? given) : given;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const schema = await migrated(adminUrl);
    const login = schema.hindrance === undefined ? await loginOf(adminUrl, directory, embedded !== undefined) : schema;
    const opened = {
      adminUrl,
      serviceUrl: "url" in login ? login.url : given,
      hindrance: "url" in login ? undefined : login.hindrance,
      embedded,
      where: placeOf(adminUrl),
      schemaVersion: schema.version,
      stop,
    };
    // So that printing the handle does not print a password.
    for (const secret of ["adminUrl", "serviceUrl"]) Object.defineProperty(opened, secret, { enumerable: false });
    return opened;
  } catch (error) {
    await stop();
    throw embedded === undefined ? error : madeAnew(error, [...new Set([resolve(directory), embedded.home])]);
  }
}

/** A database that another version of a clone left behind is nobody's production: it can be made anew, and is said to be. */
function madeAnew(error: unknown, places: readonly string[]): unknown {
  if (!(error instanceof MigrationRefused) || !["migration_changed", "schema_newer"].includes(error.code)) return error;
  const advice = `It was made by another version of this code, and is for trying out: to begin anew, remove ${places.join(" and ")}.`;
  return new MigrationRefused(error.code, `${error.message}\n${advice}`, error);
}

/** Migrates; a role that may not is taken as it is where there is nothing to do. */
async function migrated(url: string): Promise<{ version: number; hindrance?: string }> {
  try {
    return { version: (await migrate({ url })).version };
  } catch (error) {
    if (!(error instanceof MigrationRefused) || error.code !== "role_not_granted") throw error;
    const pool = new Pool({ connectionString: url, max: 1 });
    const facts = await inspected(pool);
    if (facts.schema !== "current") throw error;
    const version = Number(/\d{4}/.exec(facts.lastMigration ?? "")?.[0] ?? 0);
    return { version, hindrance: `the role ${facts.role} may neither migrate nor make a login role` };
  }
}

async function inspected(pool: Pool): Promise<DatabaseFacts> {
  try {
    return await inspectDatabase(pool);
  } finally {
    await pool.end();
  }
}

/** One process at a time, so that two do not make two roles. */
function loginOf(adminUrl: string, directory: string, createsTables: boolean): ReturnType<typeof ensureLoginRole> {
  return oneAtATime(directory, () => ensureLoginRole(adminUrl, { ...rememberedLogin(directory), createsTables }));
}

function rememberedLogin(directory: string): LoginRole {
  const known = recall(directory, "login");
  const { role, password } = known ?? {};
  if (role !== undefined && password !== undefined) return { role, password };
  const made = { role: `purser_app_${randomWord(4)}`, password: randomWord(24) };
  remember(directory, "login", made);
  return made;
}

/** What `remember` kept under a name, or undefined where there is nothing of use: it can all be made anew. */
export function recall(directory: string, name: string): Record<string, string> | undefined {
  try {
    const read: unknown = JSON.parse(readFileSync(join(directory, `${name}.json`), "utf8"));
    if (typeof read !== "object" || read === null) return undefined;
    return Object.fromEntries(
      Object.entries(read).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
    );
  } catch {
    return undefined;
  }
}

/** Keeps texts in a file that only its owner reads; whole or not at all. */
export function remember(directory: string, name: string, texts: Readonly<Record<string, string>>): void {
  const draft = join(directory, `${name}.json.${process.pid}`);
  writeFileSync(draft, `${JSON.stringify(texts, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(draft, join(directory, `${name}.json`));
}

function placeOf(url: string): string {
  const { hostname, port, pathname, searchParams } = new URL(url);
  return `${hostname || (searchParams.get("host") ?? "localhost")}:${port || "5432"}${pathname}`;
}
