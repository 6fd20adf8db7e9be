import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Start {
  readonly what: string;
  /** Seconds from the command to the line that says ready: least, median, most. */
  readonly seconds: readonly string[];
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** `npm start` until it says that it is ready: in a fresh clone, again in the same clone, and there without its database. */
export async function measureStart(): Promise<Start[]> {
  const clone = await mkdtemp(join(tmpdir(), "purser-start-"));
  const cold: number[] = [];
  const warm: number[] = [];
  const emptied: number[] = [];
  try {
    for (let i = 0; i < 3; i += 1) {
      await rm(clone, { recursive: true, force: true });
      execFileSync("git", ["clone", "--quiet", root, clone]);
      cold.push(await untilReady(clone));
      for (let again = 0; again < 3; again += 1) warm.push(await untilReady(clone));
      await rm(join(clone, ".purser"), { recursive: true, force: true });
      emptied.push(await untilReady(clone));
    }
  } finally {
    await rm(clone, { recursive: true, force: true });
  }
  return [
    { what: "cold: fresh clone, nothing installed", seconds: spread(cold) },
    { what: "warm: the same again", seconds: spread(warm) },
    { what: "warm, with a new database and demo data", seconds: spread(emptied) },
  ];
}

function untilReady(directory: string): Promise<number> {
  const { DATABASE_URL: _url, PURSER_PG_BIN: _bin, ...environment } = process.env;
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn("npm", ["start"], { cwd: directory, env: environment, stdio: ["ignore", "pipe", "inherit"] });
    let ready: number | undefined;
    child.stdout.on("data", (chunk: Buffer) => {
      if (ready !== undefined || !chunk.toString().includes("Purser is ready")) return;
      ready = (performance.now() - start) / 1000;
      child.kill("SIGTERM");
    });
    // Closed is when nothing of it holds the pipe any more: npm ends before what it started.
    child.once("close", () => (ready === undefined ? reject(new Error("npm start never said ready")) : resolve(ready)));
  });
}

function spread(seconds: readonly number[]): string[] {
  const sorted = seconds.toSorted((a, b) => a - b);
  return [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map((value) => (value ?? 0).toPrecision(3));
}
