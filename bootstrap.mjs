// Makes a clone runnable: installs what the lockfile names and compiles the workspaces, each only when something
// changed. Uses Node's own modules alone, because before it has run there is nothing else. The scripts `start`, `test`
// and `check` all begin with it; it is a script of its own and not a `prestart`, since npm skips pre-scripts wherever
// install scripts are refused.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const installedStamp = join(root, "node_modules", ".purser-installed");

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Purser needs Node 20.19 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}

/** What an install depends on: the lockfile, and the platform whose PostgreSQL binaries it picks. */
function fingerprint() {
  const lock = readFileSync(join(root, "package-lock.json"));
  return createHash("sha256").update(lock).update(`${process.platform}-${process.arch}`).digest("hex");
}

function run(command, args) {
  const windows = process.platform === "win32";
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", shell: windows });
  if (error) process.stderr.write(`${command}: ${error.message}\n`);
  if (status !== 0) process.exit(status ?? 1);
}

const wanted = fingerprint();
const installed = existsSync(installedStamp) ? readFileSync(installedStamp, "utf8") : "";
if (installed !== wanted) {
  process.stderr.write("installing the dependencies named in package-lock.json …\n");
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
  writeFileSync(installedStamp, wanted);
}
// An incremental build with nothing to do takes a fraction of a second, so it needs no stamp of its own.
run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-b"]);
// Its own stamp stands beside what it built, since a build of the console takes longer than finding out.
const { buildConsole } = await import("./console/build.mjs");
buildConsole();
