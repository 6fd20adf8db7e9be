// The adapter for Drizzle on `pg` (drizzle-orm/node-postgres). Drizzle itself is not imported: what is needed of it comes
// with the handle, so it is the host's copy in the host's version.
import type { QueryResult } from "pg";
import { Fault } from "../foundation/fault.ts";
import type { Database, Opened } from "./database.ts";
import { type Connection, isPool, openTransaction, ownTransaction, sessionOf } from "./pg.ts";

/** A Drizzle database or transaction over `pg`; the one's `transaction` says the type of the other. */
export interface DrizzleHandle {
  readonly _: { readonly session: object };
  execute(query: string): PromiseLike<Pick<QueryResult, "command" | "rows">>;
  transaction(work: (tx: object) => Promise<unknown>): Promise<unknown>;
}

interface DrizzleSession {
  readonly client: object;
  transaction<Result>(work: (tx: object) => Promise<Result>, config: object): Promise<Result>;
}

export function drizzleAdapter(handle: object): Opened | undefined {
  const { _: inside } = handle as { _?: { session?: unknown } };
  if (!("execute" in handle) || typeof inside?.session !== "object" || inside.session === null) return undefined;
  const session = inside.session as Partial<DrizzleSession>;
  const { client } = session;
  if (client === undefined || !("query" in client) || session.transaction === undefined) {
    throw new Fault("unknown_handle", "of Drizzle's drivers only node-postgres is known");
  }
  if ("rollback" in handle) return { transaction: openTransaction(client as Connection) };
  if (isPool(client)) return { database: drizzleDatabase(client, session as DrizzleSession) };
  throw new Fault(
    "no_transaction",
    "this Drizzle database is over one connection; give one over a pool, or the tx of db.transaction",
  );
}

function drizzleDatabase(pool: Parameters<typeof ownTransaction>[0], drizzle: DrizzleSession): Database {
  return {
    pool,
    ...sessionOf(pool),
    transaction: (work) =>
      ownTransaction(pool, async (client, ending) => {
        // Drizzle sends BEGIN and COMMIT by itself and does not look at the answers. So it gets its session over a client
        // that does: the one that was lent, and what the server says to the end of the transaction is noted in passing.
        let ended = false;
        let answer = "";
        const noting: Connection = {
          getTransactionStatus: () => client.getTransactionStatus(),
          async query(...sent) {
            const result = await client.query(...sent);
            if (ended && answer === "" && /^(COMMIT|ROLLBACK)$/.test(result.command)) answer = result.command;
            return result;
          },
        };
        const session = Object.create(drizzle, { client: { value: noting } }) as DrizzleSession;
        const result = await session.transaction(
          async (tx) => {
            const worked = await work(openTransaction(noting), tx);
            ended = true;
            ending();
            return worked;
          },
          { isolationLevel: "read committed" },
        );
        return { result, answer };
      }),
  };
}
