// The adapter for `pg` (node-postgres): a pool is a database, a client with BEGIN behind it is a transaction.
import type { ClientBase, Pool, PoolClient, QueryResult } from "pg";
import { Fault } from "../foundation/fault.ts";
import type { Database, Opened, Session, Value } from "./database.ts";
import { sqlState } from "./errors.ts";

/** As much of a client as a session needs. */
export interface Connection {
  query(statement: string | { name: string; text: string; values: unknown[] }): Promise<QueryResult>;
  getTransactionStatus(): string | null;
}

export function pgAdapter(handle: object): Opened | undefined {
  if (isPool(handle)) return { database: pgDatabase(handle) };
  if (isClient(handle)) return { transaction: openTransaction(handle) };
  return undefined;
}

export const isPool = (handle: object): handle is Pool => "connect" in handle && "totalCount" in handle;
const isClient = (handle: object): handle is ClientBase => "query" in handle && "getTransactionStatus" in handle;

function pgDatabase(pool: Pool): Database {
  return {
    pool,
    ...sessionOf(pool),
    transaction: (work) =>
      ownTransaction(pool, async (client, ending) => {
        await client.query("BEGIN ISOLATION LEVEL READ COMMITTED");
        try {
          const result = await work(sessionOf(client), client);
          ending();
          const { command } = await client.query("COMMIT");
          return { result, answer: command };
        } catch (error) {
          // Where this fails too, nobody knows how the connection stands, and it is not used again.
          await client.query("ROLLBACK").catch(() => undefined);
          throw error;
        }
      }),
  };
}

/** The session over a transaction that the host has open. */
export function openTransaction(connection: Connection): Session {
  // Without a transaction the consumption would be committed at once and the caller's write by itself.
  if (connection.getTransactionStatus() !== "T") {
    throw new Fault("no_transaction", "this client has no usable transaction open; send BEGIN first");
  }
  return sessionOf(connection);
}

export function sessionOf(connection: Pick<Connection, "query">): Session {
  return {
    async query<Row>(statement: string, values: readonly Value[]) {
      // Named, so that each connection parses and plans a statement once. The text is its own name's source.
      const { rows } = await connection.query(
        values.length === 0 ? statement : { name: nameOf(statement), text: statement, values: [...values] },
      );
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

/**
 * Lends a client of the pool to `run`, which begins a transaction, calls `ending` before it sends COMMIT, and says what the
 * server answered to that. The client goes back only where it is known to be idle and nothing more is coming: one in doubt
 * is destroyed, since the next to get it would continue somebody else's transaction.
 */
export async function ownTransaction<Result>(
  pool: Pool,
  run: (client: PoolClient, ending: () => void) => Promise<{ result: Result; answer: string }>,
): Promise<Result> {
  const client = await pool.connect();
  // A connection that is lost between two statements tells its client alone; unheard, that would end the process.
  const unheard = () => undefined;
  client.on("error", unheard);
  let committing = false;
  let reusable = false;
  try {
    const { result, answer } = await run(client, () => {
      committing = true;
    });
    // A transaction in which a statement failed and the error was swallowed answers ROLLBACK to COMMIT.
    if (answer !== "COMMIT") {
      throw new Fault(
        "commit_not_confirmed",
        `the server answered ${answer} to COMMIT: a statement before it had failed`,
      );
    }
    reusable = true;
    return result;
  } catch (error) {
    if (error instanceof Fault && error.code === "commit_not_confirmed") throw error;
    const idle = client.getTransactionStatus() === "I";
    // An error that the server answered to COMMIT (a deferred constraint) is an answer: nothing happened.
    if (committing && !(idle && sqlState(error) !== undefined)) {
      throw new Fault("commit_not_confirmed", "the connection failed during COMMIT; ask again with the same key", {
        cause: error,
        retryable: true,
      });
    }
    reusable = idle;
    throw error;
  } finally {
    client.off("error", unheard);
    client.release(!reusable);
  }
}
