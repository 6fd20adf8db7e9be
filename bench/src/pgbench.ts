import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Runner } from "./rate.ts";

const execute = promisify(execFile);

/** Whether there is a pgbench here. The embedded PostgreSQL has none; Debian's `postgresql-contrib` or `postgresql` does. */
export async function hasPgbench(): Promise<boolean> {
  return execute("pgbench", ["--version"]).then(
    () => true,
    () => false,
  );
}

/** One prepared call a transaction, by so many clients of pgbench. */
export function pgbench(url: string, script: string, clients: number): Runner {
  return {
    name: `pgbench -M prepared -c ${clients}`,
    async run(seconds) {
      const directory = await mkdtemp(join(tmpdir(), "purser-pgbench-"));
      try {
        const file = join(directory, "script.sql");
        await writeFile(file, script);
        const time = String(Math.max(2, Math.round(seconds)));
        const options = `-n -M prepared -j 1 -c ${clients} -T ${time} -f`.split(" ");
        const { stdout } = await execute("pgbench", [...options, file, url]);
        // It says none where it has done nothing, since its clients were not connected yet.
        return Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1] ?? 0);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
  };
}
