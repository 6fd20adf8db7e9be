// The command line as people run it: compiled, as a process of its own, in a directory of its own.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { dataOf } from "../../src/embedded/cluster.ts";
import { processesOf } from "../../src/embedded/liveness.ts";

const workspace = fileURLToPath(new URL("../..", import.meta.url));
const cli = join(workspace, "dist/cli.js");
const { DATABASE_URL: _, PURSER_ADMIN_URL: __, NODE_ENV: ___, ...clean } = process.env;

/** Brings the compiled command line up to date; a run through `npm test` has done it already. */
export function compile(): void {
  const compiler = join(workspace, "../node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [compiler, "-b", workspace], { stdio: "inherit" });
}

/** A new directory; at the end of the test it is removed, with any PostgreSQL that still runs on it. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "purser-cli-"));
  onTestFinished(() => {
    for (const pid of postgresOf(directory)) kill(pid);
    rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  });
  return directory;
}

/** One that ended by itself meanwhile is what was wanted. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The processes of the embedded PostgreSQL whose directory this is. */
export function postgresOf(directory: string): number[] {
  const record = join(directory, "pg.json");
  if (!existsSync(record)) return [];
  const { home }: { home: string } = JSON.parse(readFileSync(record, "utf8"));
  return existsSync(dataOf(home)) ? processesOf(dataOf(home)) : [];
}

export interface Run {
  readonly process: ChildProcess;
  /** What has been printed so far. */
  out(): string;
  err(): string;
  /** Resolves with what stands on standard output once a line of either matches; rejects when it ends without. */
  until(line: RegExp): Promise<string>;
  /** Resolves with how it ended. */
  readonly ended: Promise<{ code: number | null; out: string; err: string }>;
}

/** `through` a shell that waits for it, as npm does. */
export function purser(args: readonly string[], environment: Record<string, string> = {}, through?: "sh"): Run {
  const [file, before] =
    through === undefined ? [process.execPath, []] : ["sh", ["-c", '"$@"; :', "sh", process.execPath]];
  const child = spawn(file, [...before, cli, ...args], { cwd: "/", env: { ...clean, ...environment } });
  const texts = { out: "", err: "" };
  child.stdout.on("data", (data: Buffer) => (texts.out += data.toString()));
  child.stderr.on("data", (data: Buffer) => (texts.err += data.toString()));
  const closed = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await closed;
  });
  const ended = closed.then(() => ({ code: child.exitCode, ...texts }));
  const until = async (line: RegExp) => {
    for (;;) {
      if (line.test(texts.out + texts.err)) return texts.out;
      const more = await Promise.race([once(child.stdout, "data"), once(child.stderr, "data"), ended]);
      if ("code" in more && !line.test(texts.out + texts.err)) throw new Error(`ended with ${more.code}: ${more.err}`);
    }
  };
  return { process: child, out: () => texts.out, err: () => texts.err, until, ended };
}
