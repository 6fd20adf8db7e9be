// Builds the console where its sources, or what it is made with, changed since the last build. Node's own modules alone,
// so that bootstrap.mjs can load this as soon as the dependencies are there.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const stamp = join(here, "dist", "site", ".built");

/** Of everything that goes into a build; the SDK as it is compiled. */
function fingerprint() {
  const hash = createHash("sha256");
  const folders = [join(here, "src"), join(here, "..", "sdk", "dist")];
  const inside = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name))),
  );
  const files = [...inside, ...["index.html", "vite.config.mjs", "package.json"].map((name) => join(here, name))];
  for (const file of files.filter((name) => /\.(tsx?|m?js|css|svg|html|json)$/.test(name)).toSorted()) {
    hash.update(file.slice(here.length)).update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** Answers whether there was something to do; ends the process where the build fails. */
export function buildConsole() {
  const wanted = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return false;
  const vite = join(here, "..", "node_modules", "vite", "bin", "vite.js");
  const { status } = spawnSync(process.execPath, [vite, "build"], { cwd: here, stdio: ["ignore", 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(stamp, wanted);
  return true;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) buildConsole();
