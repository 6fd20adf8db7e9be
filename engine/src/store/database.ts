// The seam to PostgreSQL: everything above it sees one method, `query`. An adapter for another driver or query builder says
// in about 25 lines what it makes of that library's handles, and is proven by the same behaviour suite.

/** Values that may be bound to a statement. Quantities go as decimal text, JSON as text. */
export type Value = string | number | boolean | null | Date | Buffer | readonly string[] | readonly number[];

/** An open transaction, or a connection that commits each statement by itself. The only thing that can write. */
export interface Session {
  /** Runs one statement with bound parameters and answers its rows, columns by name. */
  query<Row>(statement: string, values: readonly Value[]): Promise<Row[]>;
}

/** A database: single statements, and transactions of its own. */
export interface Database extends Session {
  /** Where its connections come from: the same for two handles over one pool. */
  readonly pool: object;
  /**
   * Runs `work` in a transaction of its own, READ COMMITTED, and commits; rolls back where it throws. `host` is that
   * transaction as the driver's users know it. Answers only after the server confirmed the commit.
   */
  transaction<Result>(work: (session: Session, host: object) => Promise<Result>): Promise<Result>;
}

/** What a handle is: a database, or a transaction that its host has open. */
export type Opened = { readonly database: Database } | { readonly transaction: Session };

/**
 * Tells its library's handles from others by their shape, so that no library has to be there that nobody uses; undefined
 * where a handle is not of that library. Throws a fault where it is and cannot serve.
 */
export type Adapter = (handle: object) => Opened | undefined;
