#!/usr/bin/env node
// The command stands here and not in dist, because npm links commands when it installs, before anything is compiled.
import { existsSync } from "node:fs";

const program = new URL("../dist/cli.js", import.meta.url);
if (!existsSync(program)) {
  process.stderr.write("Purser is not compiled yet: run `npm run build` (or `npm start`) in the clone first.\n");
  process.exit(1);
}
await import(program.href);
