// Start, adopt, stop: one server for a directory, however many processes ask for it.
import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { type BinariesSource, findBinaries } from "./binaries.ts";
import { dataOf, ensureCluster, homeOf, passwordOf, superuser } from "./cluster.ts";
import { isRunning, processMark, waitUntil } from "./liveness.ts";
import { answers, awaitOrphans, freePort, livePostmaster, startPostmaster, stopPostmaster } from "./postmaster.ts";
import { readRecord, type ServerRecord, writeRecord } from "./record.ts";
import { serverUser } from "./server-user.ts";
import { oneAtATime } from "./turn.ts";

export interface EmbeddedOptions {
  /** Made if it is not there; holds `pg.json`, `pg.log` and the cluster. */
  directory: string;
  /** `process.env`, handed in: read for PURSER_PG_BIN, PURSER_EMBEDDED_IN_PRODUCTION, NODE_ENV, PATH and HOME. */
  environment: NodeJS.ProcessEnv;
  /** PostgreSQL settings on top of the launcher's. An adopted server keeps those it was started with. */
  settings?: Record<string, string>;
  /** Takes what the launcher has to tell, a line at a time; never a password. */
  onLog?: (line: string) => void;
  /** As root, run the server as `nobody` even where a user namespace would do. */
  withoutUserNamespace?: boolean;
}

export interface EmbeddedPostgres {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly version: string;
  readonly source: BinariesSource;
  /** The postmaster. */
  readonly pid: number;
  /** True when another process, or an earlier call, owns the server: then `stop` does nothing. */
  readonly adopted: boolean;
  /** True when this call made the cluster. */
  readonly firstStart: boolean;
  /** Where the cluster is: `directory`, unless the server's user cannot enter that. */
  readonly home: string;
  /** URL of the superuser, for migrations and tests; not enumerable, so that printing the handle does not print it. */
  readonly adminUrl: string;
  /** Ends the server if this handle owns it. Safe to call twice; takes at most 45 s. */
  stop(): Promise<void>;
}

const loopbackOnly = { listen_addresses: "127.0.0.1", unix_socket_directories: "" };
/** No `fsync` here: it stays on unless the caller turns it off. `jit` needs a library that the package leaves out. */
const modest = {
  jit: "off",
  shared_buffers: "128MB",
  max_connections: "100",
  logging_collector: "off",
  timezone: "UTC",
  log_timezone: "UTC",
};

/**
 * Gives the server of a directory: adopts the one that runs, else starts one, making the cluster the first time. It is
 * ready to take connections on return. Throws with advice when it cannot, and in production unless told otherwise.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { environment } = options;
  if (environment["NODE_ENV"] === "production" && environment["PURSER_EMBEDDED_IN_PRODUCTION"] !== "yes")
    throw new Error(
      "The embedded PostgreSQL is for development. In production set DATABASE_URL to a PostgreSQL that is backed up, " +
        "or, if you know what you do, PURSER_EMBEDDED_IN_PRODUCTION=yes.",
    );
  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const directory = realpathSync(options.directory);
  return oneAtATime(directory, async () => (await adopt(directory, options)) ?? (await start(directory, options)));
}

async function adopt(directory: string, { onLog }: EmbeddedOptions): Promise<EmbeddedPostgres | undefined> {
  const record = readRecord(directory);
  const pid = record && livePostmaster(dataOf(record.home));
  // A server without its owner is about to be ended by the death signal, or was left behind where there is none.
  if (record === undefined || pid === undefined || !isRunning(record.owner)) return undefined;
  const { home, port } = record;
  const password = passwordOf(home);
  let answered = false;
  await waitUntil(60_000, async () => {
    answered = await answers(port, password);
    return answered || livePostmaster(dataOf(home)) !== pid;
  });
  if (answered) {
    onLog?.(`Using the PostgreSQL that process ${Number.parseInt(record.owner, 10)} runs on port ${port}.`);
    return handle({ ...record, pid }, password, { adopted: true, firstStart: false }, () => Promise.resolve());
  }
  if (livePostmaster(dataOf(home)) === pid)
    throw new Error(`PostgreSQL (process ${pid}, port ${port}) runs on ${home} but does not answer; see pg.log there.`);
  return undefined;
}

async function start(directory: string, options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { environment, settings = {}, onLog } = options;
  const last = readRecord(directory);
  const user = await serverUser(environment, options);
  const binaries = await findBinaries(environment, user, { onLog });
  const home = await homeOf(directory, last, user);
  const data = dataOf(home);
  if (home !== directory) onLog?.(`The data is in ${home}: ${user.description} cannot enter ${directory}.`);
  await endLeftOver(data, last, onLog);
  const firstStart = await ensureCluster(home, binaries, user, settings["fsync"] !== "off");

  const owner = processMark(process.pid) ?? `${process.pid}@`;
  const logFile = join(directory, "pg.log");
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(attempt === 1 ? last?.port : undefined);
    // Written before the spawn: if we are killed in between, the next start knows that the server is nobody's.
    const record: ServerRecord = { port, version: binaries.version, source: binaries.source, home, owner };
    writeRecord(directory, record);
    const wanted = { ...modest, ...settings, ...loopbackOnly, port: String(port) };
    const started = await startPostmaster(binaries, user, data, wanted, logFile);
    if (typeof started !== "string" && (await answers(port, passwordOf(home)))) {
      const { pid } = started;
      writeRecord(directory, { ...record, pid });
      onLog?.(`PostgreSQL ${binaries.version} (${binaries.source}) runs on port ${port} as ${user.description}.`);
      const mark = processMark(pid);
      let stopping: Promise<void> | undefined;
      const stop = async () => {
        // By mark and not by pid: long after the server ended by itself its pid may be somebody else's.
        if (mark === undefined || !isRunning(mark)) return;
        // Noted first: while the server still runs nobody else writes the record.
        if (existsSync(directory)) writeRecord(directory, record);
        await stopPostmaster(pid, data, binaries.bin, user);
      };
      return handle({ ...record, pid }, passwordOf(home), { adopted: false, firstStart }, () => (stopping ??= stop()));
    }
    if (typeof started !== "string") await stopPostmaster(started.pid, data, binaries.bin, user);
    const reason = typeof started === "string" ? started : "it does not answer";
    const orphans = /shared memory block .* is still in use/.test(reason);
    if (attempt === 5 || !(orphans || /could not bind|already in use/.test(reason)))
      throw new Error(`PostgreSQL ${binaries.version} did not start on ${home}: ${reason}`);
    if (orphans) await awaitOrphans(data);
  }
}

/** Ends a server that nobody owns any more, so that what we start has the settings and the parent we give it. */
async function endLeftOver(
  data: string,
  last: ServerRecord | undefined,
  onLog: EmbeddedOptions["onLog"],
): Promise<void> {
  const pid = livePostmaster(data);
  if (pid !== undefined) {
    onLog?.(`Ending the PostgreSQL (process ${pid}) that its owner left behind.`);
    await stopPostmaster(pid, data);
  } else if (last?.pid !== undefined)
    onLog?.(`The PostgreSQL that ran here (process ${last.pid}) is gone; starting it again.`);
}

function handle(
  { port, version, source, pid, home }: ServerRecord & { pid: number },
  password: string,
  how: { adopted: boolean; firstStart: boolean },
  stop: () => Promise<void>,
): EmbeddedPostgres {
  const adminUrl = `postgresql://${superuser}:${password}@127.0.0.1:${port}/postgres`;
  const server: EmbeddedPostgres = { host: "127.0.0.1", port, version, source, pid, home, adminUrl, ...how, stop };
  return Object.defineProperty(server, "adminUrl", { enumerable: false });
}
