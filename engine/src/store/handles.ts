// Where a command may run: every handle that an adapter knows, by one name.
import type { ClientBase, Pool } from "pg";
import { Fault } from "../foundation/fault.ts";
import type { Adapter, Opened, Session } from "./database.ts";
import { type DrizzleHandle, drizzleAdapter } from "./drizzle.ts";
import { pgAdapter } from "./pg.ts";

/**
 * Where a command runs. A database (a `pg` pool, Drizzle's `db` over one): in a transaction of its own. A transaction that
 * the caller has open (a `pg` client after BEGIN, Drizzle's `tx`): in that one.
 */
export type DatabaseHandle = Pool | ClientBase | DrizzleHandle;

/** Those of them that are a database. */
export type OwnDatabase = Pool | (DrizzleHandle & { readonly rollback?: never });

/** The transaction that a write gets, as the library of the handle knows it. */
export type TransactionOf<Handle> = Handle extends ClientBase | { rollback(): never }
  ? Handle
  : Handle extends Pool
    ? ClientBase
    : Handle extends { transaction(work: (tx: infer Tx) => Promise<unknown>): Promise<unknown> }
      ? Tx
      : never;

const adapters: readonly Adapter[] = [pgAdapter, drizzleAdapter];

/** What a handle is. Throws a fault where no adapter knows it, or where its transaction is not open. */
export function opened(handle: DatabaseHandle): Opened {
  for (const adapter of adapters) {
    const found = adapter(handle);
    if (found !== undefined) return found;
  }
  throw new Fault("unknown_handle", "give a pg pool, a pg client after BEGIN, or Drizzle's db or tx over pg");
}

let savepoints = 0;

/**
 * Runs `work` in a savepoint of a transaction that the host has open: what it did is undone where it throws, and the host's
 * transaction goes on. Each has a name of its own, so that two which overlap end in an error and never undo or keep what is
 * the other's.
 */
export async function inSavepoint<Result>(session: Session, work: () => Promise<Result>): Promise<Result> {
  savepoints += 1;
  const savepoint = `purser_${savepoints}`;
  await session.query(`SAVEPOINT ${savepoint}`, []);
  let result: Result;
  try {
    result = await work();
  } catch (error) {
    await session.query(`ROLLBACK TO SAVEPOINT ${savepoint}`, []);
    throw error;
  }
  await session.query(`RELEASE SAVEPOINT ${savepoint}`, []);
  return result;
}
