// What keeps a write from asking for a second connection while its transaction holds the first: with as many writes at once
// as the pool has connections, each would wait for another's for ever. So it is told at once, and not only under load.
import { AsyncLocalStorage } from "node:async_hooks";
import { Fault } from "../foundation/fault.ts";
import type { Database } from "./database.ts";

export interface Guard {
  /** Runs a caller's write. Whatever it calls, as long as it runs, is inside. */
  inside<Result>(write: () => Promise<Result>): Promise<Result>;
  /** Throws where whoever calls is inside. */
  insistOutside(): void;
  /** The same database, closed to whoever is inside. */
  guarded(database: Database): Database;
}

export function createGuard(): Guard {
  const writing = new AsyncLocalStorage<{ open: boolean }>();
  const insist = () => {
    // What a write started and did not wait for may come here after its end, and harms nobody then.
    if (writing.getStore()?.open === true) {
      throw new Fault(
        "inside_write",
        "a write asked for a connection besides its own: give this call the transaction that the write was given, or make it before or after",
      );
    }
  };
  return {
    async inside(write) {
      const state = { open: true };
      try {
        return await writing.run(state, write);
      } finally {
        state.open = false;
      }
    },
    insistOutside: insist,
    guarded: (database) => ({
      pool: database.pool,
      async query(statement, values) {
        insist();
        return database.query(statement, values);
      },
      async transaction(work) {
        insist();
        return database.transaction(work);
      },
    }),
  };
}
