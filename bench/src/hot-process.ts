// A process of its own that consumes from one balance by way of its lanes, for the bar of two processes. Arguments: database
// URL, seconds, key prefix. Says how many were answered.
import { createPurser } from "@purser/engine";
import { exampleCatalog } from "@purser/server";
import { Pool } from "pg";
import { FEATURE } from "./field.ts";
import { many } from "./rate.ts";

const [url = "", seconds = "3", prefix = ""] = process.argv.slice(2);
const pool = new Pool({ connectionString: url, max: 8 });
pool.on("error", () => undefined);
const purser = createPurser({ catalog: exampleCatalog, database: pool });
let consumed = 0;
let keys = 0;
const runner = many("lanes", 256, async () => {
  keys += 1;
  const asked = { tenant: "t-1", feature: FEATURE, idempotencyKey: `${prefix}-${keys}` } as const;
  const { outcome } = await purser.tryConsume(pool, asked);
  if (outcome !== "consumed") throw new Error(outcome);
  consumed += 1;
});
const rate = await runner.run(Number(seconds));
await purser.close();
await pool.end();
process.send?.({ consumed, rate });
process.disconnect();
