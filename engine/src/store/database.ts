// The seam to PostgreSQL: everything above it sees one method. An adapter for another driver or query builder implements
// these two interfaces in about 25 lines and is proven by the same behaviour suite.

/** Values that may be bound to a statement. Quantities go as decimal text, JSON as text. */
export type Value = string | number | boolean | null | Date | Buffer | readonly string[];

/** An open transaction, or a connection that commits each statement by itself. The only thing that can write. */
export interface Session {
  /** Runs one statement with bound parameters and answers its rows, columns by name. */
  query<Row>(statement: string, values: readonly Value[]): Promise<Row[]>;
}

/** What the engine asks of a database: single statements, and transactions of its own. `Host` is the driver's handle. */
export interface Database<Host> extends Session {
  /** The seam over a transaction that the host application has open. Throws a fault where none is open. */
  within(host: Host): Session;
  /**
   * Runs `work` in a transaction of its own, READ COMMITTED, and commits; rolls back where it throws. Answers only after
   * the server confirmed the commit.
   */
  transaction<Result>(work: (session: Session, host: Host) => Promise<Result>): Promise<Result>;
  /**
   * Runs `work` in a savepoint of a transaction that the host has open: what it did is undone where it throws, and the
   * host's transaction goes on.
   */
  savepoint<Result>(host: Host, work: (session: Session) => Promise<Result>): Promise<Result>;
}
