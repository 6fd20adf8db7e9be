// The cluster: `<home>/cluster/data` and, beside it, the superuser's password. Both arrive by one rename, so there is
// never half a cluster and never a cluster whose password nobody knows.
import { createHash, randomBytes } from "node:crypto";
import {
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import type { ServerRecord } from "./record.ts";
import { canEnter, runAs, type ServerUser } from "./server-user.ts";
import { complaint } from "./unknown-value.ts";

export const superuser = "postgres";
export const dataOf = (home: string) => join(home, "cluster", "data");
export const passwordOf = (home: string) => readFileSync(join(home, "cluster", "password"), "utf8");

/**
 * Where the cluster lives: in `directory`, where it was before, or, when the server's user cannot enter `directory`
 * (root's server has no capabilities, `nobody` has no way into a 0700 home), in /var/lib/purser. Not in /var/tmp: that
 * is cleaned by age on many systems.
 */
export async function homeOf(directory: string, record: ServerRecord | undefined, user: ServerUser): Promise<string> {
  const known = [record?.home ?? directory, directory].find((home) => existsSync(join(home, "cluster")));
  if (await canEnter(user, known ?? directory)) return known ?? directory;
  if (known !== undefined)
    throw new Error(`The data is in ${known}, where PostgreSQL, running as ${user.description}, cannot enter.`);
  const name = createHash("sha256").update(directory).digest("hex").slice(0, 16);
  const home = join("/var/lib/purser", name);
  mkdirSync(home, { recursive: true, mode: 0o755 });
  return home;
}

/** Makes the cluster when there is none and answers whether it did; refuses one that these binaries cannot serve. */
export async function ensureCluster(
  home: string,
  binaries: Binaries,
  user: ServerUser,
  durable: boolean,
): Promise<boolean> {
  // Only the process whose turn it is makes these, so what is here was left by one that was killed. Its initdb may be
  // dying just now and still write; what cannot be removed this time will be the next.
  for (const name of readdirSync(home).filter((entry) => entry.startsWith("cluster.new-")))
    await rm(join(home, name), { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
  if (existsSync(join(home, "cluster"))) {
    takeOver(join(home, "cluster"), user);
    checkVersion(dataOf(home), binaries);
    return false;
  }
  await makeCluster(home, binaries, user, durable);
  return true;
}

async function makeCluster(home: string, binaries: Binaries, user: ServerUser, durable: boolean): Promise<void> {
  const draft = join(home, `cluster.new-${randomBytes(6).toString("hex")}`);
  const password = join(draft, "password");
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(password, randomBytes(24).toString("base64url"), { mode: 0o600, flush: durable });
  if (user.owner) for (const path of [draft, password]) chownSync(path, user.owner.uid, user.owner.gid);
  // One sort order on every machine: by code point. PostgreSQL 17 brought it with Unicode character classes.
  const locale = [
    "--locale=C",
    ...(binaries.major >= 17 ? ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] : []),
  ];
  const account = ["-U", superuser, "-A", "scram-sha-256", `--pwfile=${password}`];
  const flags = ["-E", "UTF8", ...locale, "--no-instructions", ...(durable ? [] : ["--no-sync"])];
  try {
    await runAs(user, join(binaries.bin, "initdb"), ["-D", join(draft, "data"), ...account, ...flags]);
    await rename(draft, join(home, "cluster"));
  } catch (error) {
    await rm(draft, { recursive: true, force: true }).catch(() => undefined);
    throw new Error(`initdb of PostgreSQL ${binaries.version} failed in ${home}: ${complaint(error)}`, {
      cause: error,
    });
  }
}

/** PostgreSQL serves only its own files. As root they follow the user we now run as; another user's are left alone. */
function takeOver(cluster: string, user: ServerUser): void {
  const { uid } = statSync(cluster);
  const wanted = user.owner?.uid ?? process.getuid?.() ?? uid;
  if (uid === wanted) return;
  if (user.owner && (uid === 0 || uid === 65534)) {
    for (const entry of readdirSync(cluster, { recursive: true, encoding: "utf8" }))
      lchownSync(join(cluster, entry), user.owner.uid, user.owner.gid);
    // Last, so that a walk cut short is walked again.
    lchownSync(cluster, user.owner.uid, user.owner.gid);
    return;
  }
  throw new Error(`${cluster} belongs to the user with uid ${uid}. Run as that user, or move the directory away.`);
}

function checkVersion(data: string, binaries: Binaries): void {
  const made = readFileSync(join(data, "PG_VERSION"), "utf8").trim();
  if (Number(made) === binaries.major) return;
  throw new Error(
    `The data in ${data} was made by PostgreSQL ${made}, and the PostgreSQL found (${binaries.source}: ${binaries.bin}) ` +
      `is ${binaries.version}. Set PURSER_PG_BIN to the bin directory of a PostgreSQL ${made} to go on with this data, ` +
      `or move ${data} and its parent away to begin with an empty database.`,
  );
}
