// Brings the command line and the console up to date once for the run: the tests use them as they are served. A run through
// `npm test` has done it already.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

export default function setup(): void {
  for (const words of [["node_modules/typescript/bin/tsc", "-b", "server", "console"], ["console/build.mjs"]]) {
    execFileSync(process.execPath, words, { cwd: root, stdio: "inherit" });
  }
}
