import { slotOf } from "@purser/engine";
import type { Bar, Contender } from "../bar.ts";
import type { Ground } from "../ground.ts";

/** One caller's latency of a consume through each door, beside an UPDATE and an INSERT in one prepared plpgsql call. */
export function consumeBars({ purser, pool, acknowledge, checkConsumed }: Ground): Bar[] {
  let keys = 0;
  const nextKey = () => {
    keys += 1;
    return `bench-${keys}`;
  };
  const slot = slotOf("acme");
  const feature = "messaging.credits";

  const bare: Contender = {
    name: "UPDATE + INSERT in one prepared plpgsql call",
    async once() {
      await pool.query({ name: "bare", text: "SELECT public.bare_consume(1, 1, $1)", values: [nextKey()] });
    },
  };
  const bar = (name: string, what: string, ours: Contender, base = bare): Bar => ({
    // Of one caller.
    ...(base === bare ? { floor: 1.5, aim: 1.15 } : {}),
    name,
    what,
    ours,
    bare: base,
    check: checkConsumed,
    calls: 1000,
    rounds: 9,
  });

  return [
    bar("consume.sql", "purser.consume_in_slot, prepared, one connection's pool", {
      name: "SQL",
      async once() {
        const { rows } = await pool.query({
          name: "ours",
          text: "SELECT outcome FROM purser.consume_in_slot($1::int, 'acme', $2::text, 1, $3::text, '', NULL, NULL)",
          values: [slot, feature, nextKey()],
        });
        if (rows[0].outcome !== "consumed") throw new Error(String(rows[0].outcome));
        acknowledge();
      },
    }),
    bar("consume.typescript", "purser.tryConsume(pool, …)", {
      name: "TypeScript",
      async once() {
        const { outcome } = await purser.tryConsume(pool, { tenant: "acme", feature, idempotencyKey: nextKey() });
        if (outcome !== "consumed") throw new Error(outcome);
        acknowledge();
      },
    }),
    bar(
      "consume.own_transaction",
      "withConsumption with one INSERT of the caller's, beside BEGIN, bare call, INSERT, COMMIT",
      {
        name: "withConsumption",
        async once() {
          const idempotencyKey = nextKey();
          const { outcome } = await purser.withConsumption(pool, { tenant: "acme", feature, idempotencyKey }, (tx) =>
            tx.query({ name: "report", text: "INSERT INTO public.reports VALUES ($1)", values: [idempotencyKey] }),
          );
          if (outcome !== "consumed") throw new Error(outcome);
          acknowledge();
        },
      },
      {
        name: "BEGIN, bare call, INSERT, COMMIT",
        async once() {
          const key = nextKey();
          const client = await pool.connect();
          await client.query("BEGIN");
          await client.query({ name: "bare", text: "SELECT public.bare_consume(1, 1, $1)", values: [key] });
          await client.query({ name: "report", text: "INSERT INTO public.reports VALUES ($1)", values: [key] });
          await client.query("COMMIT");
          client.release();
        },
      },
    ),
  ];
}
