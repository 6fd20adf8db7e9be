// Consumptions a second over ten thousand balances and on one, by way of the lanes, beside a call for each from the same
// process and from pgbench; and what each of them costs the database.
import { Pool } from "pg";
import { type Field, TENANTS } from "../field.ts";
import { hasPgbench, pgbench } from "../pgbench.ts";
import { type Figure, fastest, inTurns, many, round, type Runner } from "../rate.ts";

const PAIRS = 3;
const SECONDS = 3;
const CONNECTIONS = [8, 16, 32];
const CLIENTS = [1, 8, 32];

interface Crowd {
  readonly name: "many" | "hot";
  readonly balances: number;
  /** Against a call for each from Node, and by pgbench: what must be reached and what is wished for. */
  readonly fromNode: readonly [floor: number, aim: number];
  readonly byPgbench: readonly [floor: number, aim: number];
}
const crowds: readonly Crowd[] = [
  { name: "many", balances: TENANTS, fromNode: [2.5, 5], byPgbench: [1.5, 3] },
  { name: "hot", balances: 1, fromNode: [20, 50], byPgbench: [8, 15] },
];

/** The number of one of so many. */
export const any = (balances: number) => 1 + Math.floor(Math.random() * balances);

/** The lanes at 256 and at 1,024 in flight. */
export const byLanes = (field: Field, balances: number) =>
  [256, 1024].map((inFlight) => many("lanes", inFlight, () => field.consume(`t-${any(balances)}`)));

/** A bare call for each, on so many connections of its own. */
function byCalls(url: string, call: string, balances: number): { runners: Runner[]; end: () => Promise<void> } {
  let keys = 0;
  const pools = CONNECTIONS.map((max) => new Pool({ connectionString: url, max }));
  const runners = pools.map((pool, n) => {
    pool.on("error", () => undefined);
    return many(call, CONNECTIONS[n] ?? 0, async () => {
      keys += 1;
      await pool.query({
        name: call,
        text: `SELECT public.${call}($1::int, 1, $2::text)`,
        values: [any(balances), `${call}-${balances}-${n}-${keys}`],
      });
    });
  });
  return {
    runners,
    async end() {
      await Promise.all(pools.map((pool) => pool.end()));
    },
  };
}

/** pgbench's keys are drawn from so many that two are never the same. */
const scriptOf = (call: string, balances: number) =>
  `\\set id random(1, ${balances})\n\\set key random(1, 9000000000000000)\nSELECT public.${call}(:id, 1, 'p-' || :key);\n`;

export async function throughput(
  field: Field,
  named: (bar: string) => boolean,
  tell: (figure: Figure) => void,
): Promise<void> {
  const rates = new Map<string, number>();
  const withPgbench = await hasPgbench();
  for (const { name, balances, fromNode, byPgbench } of crowds) {
    if (!named(name)) continue;
    const ours = await fastest(byLanes(field, balances));
    const compare = async (bar: string, base: Runner, against: string, held: readonly number[]) => {
      const found = await inTurns(ours, base, PAIRS, SECONDS);
      rates.set(name, Math.max(found.ours, rates.get(name) ?? 0));
      const problem = await field.check();
      const [floor, aim] = held;
      tell({
        bar,
        what: `consumptions a second over ${balances} balances (${ours.name}) ÷ ${against} (${base.name})`,
        ...found,
        ...(floor === undefined || aim === undefined ? {} : { floor, aim }),
        ok: problem === undefined,
        ...(problem === undefined ? {} : { problem }),
      });
    };
    for (const [call, against, held] of [
      ["bare_consume", "an UPDATE and an INSERT in one prepared call", fromNode],
      ["same_work", "the same with its key looked up and a line told", []],
    ] as const) {
      const { runners, end } = byCalls(field.url, call, balances);
      await compare(`${name}.${call === "same_work" ? "same_work" : "node"}`, await fastest(runners), against, held);
      await end();
    }
    if (withPgbench) {
      const clients = CLIENTS.map((count) => pgbench(field.url, scriptOf("bare_consume", balances), count));
      await compare(`${name}.pgbench`, await fastest(clients), "the bare call", byPgbench);
    } else {
      console.error(`${name}.pgbench: there is no pgbench here; Debian has it in postgresql-contrib or postgresql`);
    }
  }
  const [hot, crowd] = [rates.get("hot"), rates.get("many")];
  if (hot !== undefined && crowd !== undefined) {
    const ratio = round(hot / crowd);
    const what = "consumptions a second on one balance ÷ over ten thousand";
    tell({ bar: "hot.many", what, ours: hot, base: crowd, ratio, floor: 1, aim: 1.5, ok: true });
  }
  if (named("cost")) for (const figure of await costs(field)) tell(figure);
}

const COUNTERS = `
  SELECT (pg_current_wal_insert_lsn() - '0/0')::float AS wal,
         (SELECT sum(n_tup_upd) FROM pg_stat_user_tables WHERE schemaname = 'purser' AND relname = 'balances')::float AS updates,
         (SELECT sum(n_tup_hot_upd) FROM pg_stat_user_tables WHERE schemaname = 'purser' AND relname = 'balances')::float AS hot`;
/** From 18 on flushes are counted with all other I/O. */
const FLUSHES = {
  old: "SELECT wal_sync::float AS flushes FROM pg_stat_wal",
  new: "SELECT sum(fsyncs)::float AS flushes FROM pg_stat_io WHERE object = 'wal'",
};
/** So many consumptions at first, that every page has its image in the log: one a checkpoint, and not one a consumption. */
const WARM = 30_000;
const COUNTED = 50_000;

interface Counters {
  readonly wal: number;
  readonly updates: number;
  readonly hot: number;
  readonly flushes: number;
}

/** What a consumption costs at 256 in flight: counters that no noise moves. */
async function costs(field: Field): Promise<Figure[]> {
  const version = await field.admin.query<{ number: number }>(
    "SELECT current_setting('server_version_num')::int AS number",
  );
  const read = async () => {
    // The counts of a session are told when it has been idle for a second.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    const { rows } = await field.admin.query(COUNTERS);
    const flushes = await field.admin.query((version.rows[0]?.number ?? 0) >= 180_000 ? FLUSHES.new : FLUSHES.old);
    return { ...rows[0], ...flushes.rows[0] } as Counters;
  };
  const spent = async (balances: number) => {
    const consume = async (count: number) => {
      let left = count;
      await Promise.all(
        Array.from({ length: 256 }, async () => {
          while (left > 0) {
            left -= 1;
            await field.consume(`t-${any(balances)}`);
          }
        }),
      );
    };
    await field.admin.query("CHECKPOINT");
    await consume(WARM);
    const before = await read();
    await consume(COUNTED);
    const after = await read();
    return {
      wal: (after.wal - before.wal) / COUNTED,
      flushes: (after.flushes - before.flushes) / COUNTED,
      hot: (after.hot - before.hot) / (after.updates - before.updates),
    };
  };
  const over = await spent(TENANTS);
  const one = await spent(1);
  const problem = await field.check();
  const figure = (bar: string, what: string, value: number, floor: number, aim: number, smaller: boolean): Figure => ({
    bar,
    what,
    ours: round(value),
    base: 1,
    ratio: round(value),
    floor,
    aim,
    ...(smaller ? { smaller: true } : {}),
    ok: problem === undefined,
    ...(problem === undefined ? {} : { problem }),
  });
  const flushes = "flushes of the log a consumption, 256 at once";
  const wal = "bytes of the log a consumption, 256 at once, without the images of pages that follow a checkpoint";
  return [
    figure("cost.flushes", `${flushes}, over ${TENANTS} balances`, over.flushes, 0.1, 0.02, true),
    figure("cost.flushes.hot", `${flushes}, on one balance`, one.flushes, 0.1, 0.02, true),
    figure("cost.wal", `${wal}, over ${TENANTS} balances`, over.wal, 700, 400, true),
    figure("cost.wal.hot", `${wal}, on one balance`, one.wal, 700, 400, true),
    figure(
      "cost.hot",
      `of the updates of ${TENANTS} balances, how many stayed on their page`,
      over.hot,
      0.95,
      0.99,
      false,
    ),
  ];
}
