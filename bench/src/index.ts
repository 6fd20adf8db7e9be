// npm run bench [-- NAME… [--json]]: measures the bars whose names begin with one of NAME, or all of them. `start` is how
// long a newcomer waits: it clones the repository and installs from the registry, so it only runs when it is named.
//
// `many`, `hot`, `cost`, `two_processes`, `peers` and `history` are measured among ten thousand tenants; --past=N is how many past
// consumptions `history` has, ten million where it is not said. --flush=N lets every commit wait N µs for company before its
// flush (commit_delay), which is about what a disk does that takes so much longer.
import { cpus, totalmem } from "node:os";
import { type Bar, type LateBar, type Measured, measure } from "./bar.ts";
import { boundaryBar } from "./bars/boundary.ts";
import { catalogBars } from "./bars/catalog.ts";
import { checkBars } from "./bars/check.ts";
import { consumeBars } from "./bars/consume.ts";
import { httpBars } from "./bars/http.ts";
import { historyBar } from "./bars/history.ts";
import { peers } from "./bars/peers.ts";
import { throughput } from "./bars/throughput.ts";
import { twoProcesses } from "./bars/two-processes.ts";
import { type Field, prepareField } from "./field.ts";
import { firstPageBytes } from "./first-page.ts";
import { prepareGround } from "./ground.ts";
import { type Figure, lineOf } from "./rate.ts";
import { measureStart } from "./start.ts";

const words = process.argv.slice(2);
const asJson = words.includes("--json");
const names = words.filter((word) => !word.startsWith("--"));
function numberOf(option: string, usual: number): number {
  const word = words.find((one) => one.startsWith(`--${option}=`));
  if (word === undefined) return usual;
  const [, digits] = /=(\d+)$/.exec(word) ?? [];
  if (digits === undefined) throw new Error(`${word}: --${option} takes a whole number`);
  return Number(digits);
}
const past = numberOf("past", 10_000_000);
const isNamed = (bar: string) => names.length === 0 || names.some((wanted) => bar.startsWith(wanted));

if (names.includes("start")) {
  for (const { what, seconds } of await measureStart()) {
    console.log(
      asJson ? JSON.stringify({ bar: "start", what, seconds }) : `start ${what.padEnd(44)} ${seconds.join(" ")} s`,
    );
  }
  if (names.length === 1) process.exit(0);
}
const ground = await prepareGround(numberOf("flush", 0));
const machine = {
  node: process.version,
  cpu: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`,
  memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  ...ground.machine,
};
let field: Promise<Field> | undefined;
function fieldOf(): Promise<Field> {
  field ??= prepareField(ground);
  return field;
}
if (!asJson) for (const [what, value] of Object.entries(machine)) console.log(`${what.padEnd(20)} ${value}`);

const bars: (Bar | LateBar)[] = [
  ...consumeBars(ground),
  ...checkBars(ground),
  ...(await httpBars(ground)),
  ...catalogBars(ground),
  boundaryBar(ground),
  historyBar(fieldOf, past),
];
const crowded = ["many", "hot", "cost", "two_processes", "peers"];
const chosen = bars.filter(({ name }) => isNamed(name));
let failed = chosen.length === 0 && !crowded.some(isNamed);
if (failed) console.error(`no such bar; there are: ${[...bars.map(({ name }) => name), ...crowded].join(" ")}`);
if (crowded.some(isNamed)) {
  const tell = (figure: Figure) => {
    failed ||= !figure.ok;
    console.log(asJson ? JSON.stringify(figure) : lineOf(figure));
  };
  await throughput(await fieldOf(), isNamed, tell);
  if (isNamed("two_processes")) tell(await twoProcesses(await fieldOf()));
  if (isNamed("peers")) await peers(await fieldOf(), tell);
}
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

function line({ bar, ours, base, ratio, floor, aim, ok, problem, what }: Measured): string {
  const numbers = `ours ${String(ours).padStart(6)} µs   bare ${String(base).padStart(6)} µs   ratio ${ratio.toFixed(2).padStart(6)}`;
  const held = floor === undefined ? "" : `   ${ratio <= floor ? "holds" : "MISSES"} ${floor} (aim ${aim})`;
  return `${bar.padEnd(26)} ${numbers}${held}   ${ok ? "checked" : `VOID: ${problem}`}   ${what}`;
}
