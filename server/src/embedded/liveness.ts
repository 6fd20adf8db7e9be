// Who is running. A pid alone says little: it is used again after a reboot and in every container, and a killed process
// that nobody reaps stays as a zombie which still takes signals.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Names one process for ever: its pid and when it began. Undefined when nothing (or a zombie) has that pid. */
export function processMark(pid: number): string | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  try {
    if (process.platform === "linux") {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const [state = "", ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return "ZX".includes(state) ? undefined : `${pid}@${rest[18]}`;
    }
    if (process.platform !== "win32") return `${pid}@${ps(pid, "lstart=")}`;
    process.kill(pid, 0);
    return `${pid}@`;
  } catch {
    return undefined;
  }
}

/** Whether the process that a mark was taken of still runs. */
export function isRunning(mark: string): boolean {
  return processMark(Number.parseInt(mark, 10)) === mark;
}

/** Whether a running process is a PostgreSQL at home in this data directory, and not a stranger with a reused pid. */
export function servesFrom(pid: number, data: string): boolean {
  try {
    if (process.platform === "win32") return true;
    if (process.platform !== "linux") return ps(pid, "command=").includes(data);
    // By inode, so that a project folder renamed under a running server is still recognised.
    const [mine, its] = [statSync(data), statSync(`/proc/${pid}/cwd`)];
    return mine.ino === its.ino && mine.dev === its.dev;
  } catch {
    return false;
  }
}

/** Every process at home in the data directory: after a killed postmaster, its orphaned backends. Linux only. */
export function processesOf(data: string): number[] {
  if (process.platform !== "linux") return [];
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
  return pids.filter((pid) => servesFrom(pid, data) && processMark(pid) !== undefined);
}

/** Asks again every 10 ms until `done` says yes; answers false when that took longer than `milliseconds`. */
export async function waitUntil(milliseconds: number, done: () => boolean | Promise<boolean>): Promise<boolean> {
  const limit = AbortSignal.timeout(milliseconds);
  while (!(await done())) {
    if (limit.aborted) return false;
    await sleep(10);
  }
  return true;
}

function ps(pid: number, column: string): string {
  return execFileSync("ps", ["-ww", "-o", column, "-p", String(pid)], { encoding: "utf8" }).trim();
}
