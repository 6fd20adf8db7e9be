// The adapter for `pg` (node-postgres).
import type { ClientBase, Pool, PoolClient } from "pg";
import { Fault } from "../foundation/fault.ts";
import type { Database, Session, Value } from "./database.ts";

/**
 * The engine's view of a `pg` pool. A transaction of the host's own is any client of any pool with BEGIN behind it.
 */
export function pgDatabase(pool: Pool): Database<ClientBase> {
  return {
    ...sessionOf(pool),
    within(client) {
      // Without a transaction the consumption would be committed at once and the caller's write by itself.
      if (client.getTransactionStatus() !== "T") {
        throw new Fault("no_transaction", "this client has no usable transaction open; send BEGIN first");
      }
      return sessionOf(client);
    },
    async transaction(work) {
      const client = await pool.connect();
      return settle(client, () => work(sessionOf(client), client));
    },
    async savepoint(client, work) {
      const session = this.within(client);
      await client.query("SAVEPOINT purser");
      try {
        const result = await work(session);
        await client.query("RELEASE SAVEPOINT purser");
        return result;
      } catch (error) {
        await client.query("ROLLBACK TO SAVEPOINT purser");
        throw error;
      }
    },
  };
}

function sessionOf(connection: Pool | ClientBase): Session {
  return {
    async query<Row>(statement: string, values: readonly Value[]) {
      // Named, so that each connection parses and plans a statement once. The text is its own name's source.
      const { rows } = await connection.query({ name: nameOf(statement), text: statement, values: [...values] });
      return rows as Row[];
    },
  };
}

const names = new Map<string, string>();

/** PostgreSQL keeps 63 bytes of a statement's name, so texts are numbered; there are as many as statements in this folder. */
function nameOf(statement: string): string {
  const known = names.get(statement);
  if (known !== undefined) return known;
  const name = `purser_${names.size + 1}`;
  names.set(statement, name);
  return name;
}

async function settle<Result>(client: PoolClient, work: () => Promise<Result>): Promise<Result> {
  let result: Result;
  try {
    await client.query("BEGIN ISOLATION LEVEL READ COMMITTED");
    result = await work();
  } catch (error) {
    await rollBack(client);
    throw error;
  }
  let answer: string;
  try {
    ({ command: answer } = await client.query("COMMIT"));
  } catch (cause) {
    client.release(true);
    throw new Fault("commit_not_confirmed", "the connection failed during COMMIT; ask again with the same key", {
      cause,
      retryable: true,
    });
  }
  // A transaction in which a statement failed and the error was swallowed answers ROLLBACK to COMMIT.
  if (answer !== "COMMIT") {
    client.release(true);
    throw new Fault(
      "commit_not_confirmed",
      `the server answered ${answer} to COMMIT: a statement before it had failed`,
    );
  }
  client.release();
  return result;
}

/** A client whose rollback fails is in an unknown state: it is destroyed and never handed out again. */
async function rollBack(client: PoolClient): Promise<void> {
  try {
    await client.query("ROLLBACK");
  } catch {
    client.release(true);
    return;
  }
  client.release();
}
