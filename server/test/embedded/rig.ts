// What the tests of the launcher stand on: temporary directories, the launcher in this process, and the launcher in a
// Node process of its own, which can be killed.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { onTestFinished } from "vitest";
import { type EmbeddedOptions, type EmbeddedPostgres, startEmbedded } from "../../src/embedded/index.ts";
import { dataOf } from "../../src/embedded/cluster.ts";
import { processesOf } from "../../src/embedded/liveness.ts";

export const isRoot = process.getuid?.() === 0;
export const nobody = 65534;
export const system15 = "/usr/lib/postgresql/15/bin";
export const { NODE_ENV: _, ...environment } = process.env;

/** A new directory, removed at the end of the test together with any server that still serves from it. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "purser-embedded-"));
  onTestFinished(() => forget(directory));
  return directory;
}

export function forget(home: string): void {
  for (const pid of existsSync(dataOf(home)) ? processesOf(dataOf(home)) : []) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      // It ended by itself since it was seen.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
  rmSync(home, { recursive: true, force: true, maxRetries: 10 });
}

/** Starts in this process, without waiting for the disk; stopped at the end of the test. */
export async function start(directory: string, options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbedded({ directory, environment, settings: { fsync: "off" }, ...options });
  onTestFinished(async () => {
    await server.stop();
    if (server.home !== directory) forget(server.home);
  });
  return server;
}

/** The first column of what a query answers, as the superuser or at another URL. */
export async function ask(url: string, query: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<unknown[]>({ text: query, rowMode: "array" })).rows.map(([value]) => value);
  } finally {
    await client.end();
  }
}

export const unfinished = (home: string) => readdirSync(home).filter((name) => name.startsWith("cluster.new-"));

export type Told = Pick<EmbeddedPostgres, "port" | "pid" | "adopted" | "firstStart" | "home" | "adminUrl" | "source">;

const workspace = fileURLToPath(new URL("../..", import.meta.url));
/** Compiled, as users run it: the ordinary user of a child process has no TypeScript loader on Node 20. */
const compiled = join(workspace, "dist/embedded");
const script = `
  import { startEmbedded, findBinaries } from ${JSON.stringify(join(compiled, "index.js"))};
  import { serverUser } from ${JSON.stringify(join(compiled, "server-user.js"))};
  const { packageDirectory, ...options } = JSON.parse(process.argv[1]);
  const { NODE_ENV: _, ...environment } = process.env;
  if (packageDirectory) {
    const { bin } = await findBinaries(environment, await serverUser(environment), { packageDirectory });
    console.log(JSON.stringify({ bin }));
    environment.PURSER_PG_BIN = bin;
  }
  const server = await startEmbedded({ environment, settings: { fsync: "off" }, ...options });
  console.log(JSON.stringify({ ...server, adminUrl: server.adminUrl }));
  const stop = () => server.stop().then(() => process.exit(0));
  process.on("SIGTERM", () => { console.log(JSON.stringify({ handler: "of the application" })); stop(); });
  process.stdin.on("data", stop);
`;

/** Brings the compiled launcher up to date; a run through `npm test` has done it already. */
export function compile(): void {
  const compiler = join(workspace, "../node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [compiler, "-b", workspace], { stdio: "inherit" });
}

export interface Child {
  process: ChildProcess;
  /** The next line the child told, parsed; rejects when it ends without. */
  told<T = Told>(): Promise<T>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** The launcher in a process of its own, as another user if asked, killed at the end of the test. */
export function child(
  options: Partial<EmbeddedOptions> & { packageDirectory?: string },
  {
    uid,
    HOME,
    environment: given = environment,
  }: { uid?: number; HOME?: string; environment?: NodeJS.ProcessEnv } = {},
): Child {
  const running = spawn(process.execPath, ["--input-type=module", "-e", script, JSON.stringify(options)], {
    cwd: "/",
    env: { ...given, ...(HOME === undefined ? {} : { HOME }) },
    stdio: ["pipe", "pipe", "inherit"],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const ended = once(running, "exit");
  const lines = createInterface(running.stdout)[Symbol.asyncIterator]();
  const kill = async () => {
    running.kill("SIGKILL");
    await ended;
  };
  onTestFinished(kill);
  return {
    process: running,
    async told() {
      const { value, done } = await lines.next();
      if (done) throw new Error("the child ended");
      return JSON.parse(value);
    },
    async stop() {
      running.stdin.write("stop\n");
      await ended;
    },
    kill,
  };
}
