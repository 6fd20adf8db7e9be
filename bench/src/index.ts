// npm run bench [-- NAME… [--json]]: measures the bars whose names begin with one of NAME, or all of them. `start` is how
// long a newcomer waits: it clones the repository and installs from the registry, so it only runs when it is named.
import { cpus, totalmem } from "node:os";
import { type Bar, type LateBar, type Measured, measure } from "./bar.ts";
import { boundaryBar } from "./bars/boundary.ts";
import { catalogBars } from "./bars/catalog.ts";
import { checkBars } from "./bars/check.ts";
import { consumeBars } from "./bars/consume.ts";
import { httpBars } from "./bars/http.ts";
import { firstPageBytes } from "./first-page.ts";
import { prepareGround } from "./ground.ts";
import { measureStart } from "./start.ts";

const words = process.argv.slice(2);
const asJson = words.includes("--json");
const names = words.filter((word) => !word.startsWith("--"));

if (names.includes("start")) {
  for (const { what, seconds } of await measureStart()) {
    console.log(
      asJson ? JSON.stringify({ bar: "start", what, seconds }) : `start ${what.padEnd(44)} ${seconds.join(" ")} s`,
    );
  }
  if (names.length === 1) process.exit(0);
}
const ground = await prepareGround();
const machine = {
  node: process.version,
  cpu: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`,
  memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  ...ground.machine,
};
if (!asJson) for (const [what, value] of Object.entries(machine)) console.log(`${what.padEnd(20)} ${value}`);

const bars: (Bar | LateBar)[] = [
  ...consumeBars(ground),
  ...checkBars(ground),
  ...(await httpBars(ground)),
  ...catalogBars(ground),
  boundaryBar(ground),
];
const chosen = bars.filter(({ name }) => names.length === 0 || names.some((wanted) => name.startsWith(wanted)));
let failed = chosen.length === 0;
if (failed) console.error(`no such bar; there are: ${bars.map(({ name }) => name).join(" ")}`);
for (const bar of chosen) {
  const measured = await measure("prepare" in bar ? await bar.prepare() : bar);
  failed ||= !measured.ok;
  console.log(asJson ? JSON.stringify(measured) : line(measured));
}
const bytes = firstPageBytes();
if (bytes !== undefined && names.length === 0) {
  const { scripts, styles } = bytes;
  console.log(
    asJson
      ? JSON.stringify({ bar: "console", scripts, styles })
      : `console's first page: ${scripts} B of scripts and ${styles} B of styles, gzipped`,
  );
}
await ground.close();
process.exitCode = failed ? 1 : 0;

function line({ bar, ours, base, ratio, ok, problem, what }: Measured): string {
  const numbers = `ours ${String(ours).padStart(6)} µs   bare ${String(base).padStart(6)} µs   ratio ${ratio.toFixed(2).padStart(6)}`;
  return `${bar.padEnd(26)} ${numbers}   ${ok ? "checked" : `VOID: ${problem}`}   ${what}`;
}
