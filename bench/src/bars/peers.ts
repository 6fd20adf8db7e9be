// What counts requests elsewhere, in the same run: rate-limiter-flexible, on the same PostgreSQL and on a Redis that writes
// to disk before it answers. It counts and keeps no ledger: no key of a request, so a retry counts twice, no row that says
// who took what, no lineage. Shown, and held against nothing.
import { Pool } from "pg";
import { type RateLimiterAbstract, RateLimiterPostgres, RateLimiterRedis } from "rate-limiter-flexible";
import { type Field, TENANTS } from "../field.ts";
import { type Figure, fastest, inTurns, many } from "../rate.ts";
import { startRedis } from "../redis.ts";
import { any, byLanes } from "./throughput.ts";

const POINTS = 1_000_000_000;
const DAY = 86_400;

export async function peers(field: Field, tell: (figure: Figure) => void): Promise<void> {
  const pool = new Pool({ connectionString: field.url, max: 8 });
  pool.on("error", () => undefined);
  await field.admin.query("GRANT CREATE ON SCHEMA public TO PUBLIC");
  const onPostgres = await new Promise<RateLimiterAbstract>((resolve, reject) => {
    const options = { storeClient: pool, storeType: "pool", tableName: "limits", points: POINTS, duration: DAY };
    const limiter: RateLimiterAbstract = new RateLimiterPostgres(options, (error?: Error) =>
      error === undefined ? resolve(limiter) : reject(error),
    );
  });
  await beside(field, "peers.postgres", "rate-limiter-flexible on the same PostgreSQL", onPostgres, tell);
  await pool.end();

  const redis = await startRedis();
  if (redis === undefined) {
    console.error("peers.redis: there is no redis-server here; Debian has it in redis-server");
    return;
  }
  try {
    const onRedis = new RateLimiterRedis({ storeClient: redis.client, points: POINTS, duration: DAY });
    await beside(field, "peers.redis", "rate-limiter-flexible on Redis, appendfsync always", onRedis, tell);
  } finally {
    await redis.close();
  }
}

async function beside(
  field: Field,
  bar: string,
  name: string,
  limiter: RateLimiterAbstract,
  tell: (figure: Figure) => void,
): Promise<void> {
  for (const [where, balances] of [
    ["many", TENANTS],
    ["hot", 1],
  ] as const) {
    const ours = await fastest(byLanes(field, balances));
    const theirs = await fastest(
      [8, 32, 256, 1024].map((inFlight) =>
        many("consume", inFlight, async () => {
          await limiter.consume(`t-${any(balances)}`);
        }),
      ),
    );
    const found = await inTurns(ours, theirs, 3, 3);
    const problem = await field.check();
    tell({
      bar: `${bar}.${where}`,
      what: `consumptions a second over ${balances} balances (${ours.name}) ÷ ${name} (${theirs.name}), which keeps no ledger and no keys`,
      ...found,
      ok: problem === undefined,
      ...(problem === undefined ? {} : { problem }),
    });
  }
}
