// npm run simulate -- --seed 7 --minutes 30: the random runs of model.test.ts, as many as fit into the time.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { seed: { type: "string" }, minutes: { type: "string", default: "5" } } });
const environment = { ...process.env, SIMULATE_MINUTES: values.minutes };
if (values.seed !== undefined) environment.SIMULATE_SEED = values.seed;
const vitest = ["vitest", "run", "--project", "engine", "engine/test/model/model.test.ts"];
const { status } = spawnSync("npx", [...vitest, "--disable-console-intercept"], { stdio: "inherit", env: environment });
process.exit(status ?? 1);
