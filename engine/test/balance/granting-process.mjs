// A process of its own that grants, consumes and holds without end, until it or its database is killed; started by
// killed.test.ts. It writes down what it is about to ask and what it was told, each in a line that stands before it goes on.
// Arguments: database URL, tenant, the file, a prefix for its keys.
import { appendFileSync } from "node:fs";
import { Client } from "pg";

const [url, tenant, file, prefix] = process.argv.slice(2);
const asks = {
  grant: "SELECT outcome FROM purser.issue_grant($1, 'credits', 3, $2)",
  consume: "SELECT outcome FROM purser.consume($1, 'credits', 1, $2)",
  hold: "SELECT outcome FROM purser.reserve($1, 'credits', 2, $2)",
};
const verbs = Object.keys(asks);
await Promise.all(
  [0, 1, 2, 3].map(async (number) => {
    const client = new Client({ connectionString: url });
    // It is about to be killed; whoever started it sees what was written.
    client.on("error", () => process.exit(0));
    await client.connect();
    for (let n = 0; ; n += 1) {
      const verb = verbs[(n + number) % verbs.length];
      const key = `${prefix}-${number}-${n}`;
      appendFileSync(file, `asked ${verb} ${key}\n`);
      const { rows } = await client.query(asks[verb], [tenant, key]).catch(() => process.exit(0));
      appendFileSync(file, `${rows[0].outcome} ${verb} ${key}\n`);
      // In a transaction of its own, so that there is a moment between the effect and COMMIT.
      await client.query("BEGIN").catch(() => process.exit(0));
      appendFileSync(file, `asked ${verb} ${key}-tx\n`);
      await client.query(asks[verb], [tenant, `${key}-tx`]).catch(() => process.exit(0));
      await client.query("COMMIT").catch(() => process.exit(0));
      appendFileSync(file, `committed ${verb} ${key}-tx\n`);
    }
  }),
);
