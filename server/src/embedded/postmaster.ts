// One postmaster process: is there one, start one, end one.
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Client } from "pg";
import type { Binaries } from "./binaries.ts";
import { superuser } from "./cluster.ts";
import { isRunning, processesOf, processMark, servesFrom, waitUntil } from "./liveness.ts";
import { runAs, type ServerUser } from "./server-user.ts";

const keptLog = 4 << 20;
const startLimit = 120_000;

/** The postmaster that runs on a data directory, if one does. */
export function livePostmaster(data: string): number | undefined {
  const pid = pidFile(data)?.pid;
  return pid !== undefined && processMark(pid) !== undefined && servesFrom(pid, data) ? pid : undefined;
}

/** Whether the server at the port answers and is ours: SCRAM proves the password to both sides, so no stranger can. */
export async function answers(port: number, password: string): Promise<boolean> {
  const connection = { host: "127.0.0.1", port, user: superuser, password, database: "postgres" };
  const client = new Client({ ...connection, ssl: false, connectionTimeoutMillis: 5000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

/** Starts a postmaster and waits until it takes connections. A string is what it said when it did not come up. */
export async function startPostmaster(
  binaries: Binaries,
  user: ServerUser,
  data: string,
  settings: Record<string, string>,
  logFile: string,
): Promise<{ pid: number } | string> {
  removeStrangersPidFile(data);
  const logged = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (logged > keptLog) renameSync(logFile, `${logFile}.1`);
  const from = logged > keptLog ? 0 : logged;
  const log = openSync(logFile, "a", 0o600);
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const { file, args, options } = user.command(join(binaries.bin, "postgres"), ["-D", data, ...flags]);
  // A session of its own: Ctrl-C in a terminal must not stop the database before the application has finished with it.
  // A log in a file and no pipe: nobody has to read it, and it stays when we are killed.
  const child = spawn(file, args, { ...options, detached: true, windowsHide: true, stdio: ["ignore", log, log] });
  closeSync(log);
  let ended: string | undefined;
  child.on("error", (error) => (ended = error.message));
  child.on("exit", (code, signal) => (ended = `it ended with ${signal ?? code}`));
  const pid = child.pid ?? 0;
  const ready = () => pidFile(data)?.pid === pid && pidFile(data)?.ready === true;
  const inTime = await waitUntil(startLimit, () => ended !== undefined || ready());
  // The application's event loop is not held open by its database.
  child.unref();
  if (ended === undefined && inTime) return { pid };
  if (ended === undefined) await stopPostmaster(pid, data, binaries.bin, user);
  return `${ended ?? "it took too long"}\n${readFileSync(logFile, "utf8").slice(from).trim()}`;
}

/**
 * Fast shutdown: sessions are ended, transactions rolled back, a checkpoint written. After 30 s the shutdown becomes an
 * immediate one (the next start recovers from the log), so this ends in any case.
 */
export async function stopPostmaster(pid: number, data: string, bin?: string, user?: ServerUser): Promise<void> {
  const mark = processMark(pid);
  if (mark === undefined) return;
  if (process.platform === "win32" && bin && user) {
    // A signal on Windows is TerminateProcess, which is no clean end.
    await runAs(user, join(bin, "pg_ctl"), ["stop", "-D", data, "-m", "fast"]).catch(() => undefined);
  }
  for (const [signal, patience] of [
    ["SIGINT", 30_000],
    ["SIGQUIT", 10_000],
    ["SIGKILL", 5_000],
  ] as const) {
    if (isRunning(mark)) signalTo(pid, signal);
    if (await waitUntil(patience, () => !isRunning(mark))) return;
  }
  throw new Error(`PostgreSQL (process ${pid}) on ${data} cannot be stopped.`);
}

/**
 * Waits for the backends of a killed postmaster. Idle ones notice at once; one in the middle of a long computation does
 * not, and its answer can no longer reach anybody, so it is ended after 3 s.
 */
export async function awaitOrphans(data: string): Promise<void> {
  const gone = () => processesOf(data).length === 0;
  if (process.platform !== "linux") await waitUntil(1000, () => false);
  else if (!(await waitUntil(3000, gone))) {
    for (const pid of processesOf(data)) signalTo(pid, "SIGQUIT");
    await waitUntil(5000, gone);
  }
}

/** A port free on the loopback address: the preferred one if it still is, so that addresses outlive a restart. */
export async function freePort(preferred?: number): Promise<number> {
  const tried = await new Promise<number | undefined>((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ host: "127.0.0.1", port: preferred ?? 0, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? address?.port : undefined));
    });
  });
  if (tried !== undefined) return tried;
  if (preferred !== undefined) return freePort();
  throw new Error("No port can be opened on 127.0.0.1.");
}

function pidFile(data: string): { pid: number; ready: boolean } | undefined {
  try {
    const lines = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n");
    return { pid: Number(lines[0]), ready: lines[7]?.trim() === "ready" };
  } catch {
    return undefined;
  }
}

/**
 * PostgreSQL clears a stale postmaster.pid itself, except when its pid is in use again, which in a container is the
 * rule: then it would refuse for ever. It still guards the data by its shared memory after this.
 */
function removeStrangersPidFile(data: string): void {
  const pid = pidFile(data)?.pid;
  if (pid === undefined || livePostmaster(data) !== undefined) return;
  if (signalTo(pid, 0)) rmSync(join(data, "postmaster.pid"), { force: true });
}

/** Sends a signal and answers whether there was somebody to take it: the process may have ended just before. */
function signalTo(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
