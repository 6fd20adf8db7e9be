// A process of its own with 64 clients that all consume at once; started by concurrency.test.ts. It runs the SQL face, so it
// needs nothing compiled. Arguments: database URL, tenant, key prefix and, to consume in batches, how many in one.
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";

const [url, tenant, prefix, batch] = process.argv.slice(2);
const clients = await Promise.all(
  Array.from({ length: 64 }, async () => {
    const client = new Client({ connectionString: url });
    await client.connect();
    return client;
  }),
);
/** The answer of a client that does as it is told: who waited too long for the balance asks again with the same key. */
async function ask(client, statement, values) {
  for (;;) {
    try {
      return await client.query(statement, values);
    } catch (error) {
      if (error.code !== "55P03") throw error;
    }
  }
}
// Both processes start at the same full half second.
await pause(500 - (Date.now() % 500) + 500);
const outcomes = await Promise.all(
  clients.flatMap((client, i) =>
    [0, 1].map((n) => {
      if (batch === undefined) {
        return ask(client, "SELECT outcome FROM purser.consume($1, 'credits', 1, $2)", [tenant, `${prefix}-${i}-${n}`]);
      }
      const items = Array.from({ length: Number(batch) }, (_, item) => ({
        feature: "credits",
        amount: 1,
        idempotency_key: `${prefix}-${i}-${n}-${item}`,
      }));
      return ask(client, "SELECT outcome FROM purser.consume_many($1, $2::jsonb)", [tenant, JSON.stringify(items)]);
    }),
  ),
);
const answers = outcomes.flatMap(({ rows }) => rows);
const consumed = answers.filter(({ outcome }) => outcome === "consumed").length;
await Promise.all(clients.map((client) => client.end()));
process.send({ consumed, asked: answers.length });
process.disconnect();
