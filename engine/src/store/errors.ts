import { Fault } from "../foundation/fault.ts";

const LOCK_NOT_AVAILABLE = "55P03";
const IN_FAILED_TRANSACTION = "25P02";
/** No rights on the schema, no schema, no such table, no such function. */
const NOT_SET_UP: Readonly<Record<string, string>> = {
  "42501": "this role may not use schema purser: have an administrator run GRANT purser_service TO its name",
  "3F000": "this database has no schema purser: migrate it first",
  "42P01": "this database's schema purser is incomplete or of another version: migrate it first",
  "42883": "this database's schema purser is incomplete or of another version: migrate it first",
};
const RETRYABLE = new Set(["40001", "40P01"]);

/**
 * The SQLSTATE of an error of the database, or undefined. Errors are judged by it and never by their text. A query builder
 * hands the driver's error on as the cause of its own.
 */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof Fault) return undefined;
  if ("code" in error && typeof error.code === "string" && /^(?=.*\d)[0-9A-Z]{5}$/.test(error.code)) return error.code;
  return sqlState(error.cause);
}

/** Whether a row stayed locked by somebody else for longer than lock_timeout. */
export function isLockTimeout(error: unknown): boolean {
  return sqlState(error) === LOCK_NOT_AVAILABLE;
}

/** Whether the whole transaction can be run again as it is: a serialisation failure or a deadlock. */
export function isRetryable(error: unknown): boolean {
  return RETRYABLE.has(sqlState(error) ?? "");
}

/** Classes of SQLSTATE that a server ends or refuses a connection with. */
const GOING = /^(08|57P)/;
const BROKEN = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT"]);
/** Messages of `pg`, which gives these errors no code. */
const GONE = /^(Connection terminated|Client (was closed|has encountered a connection error) and is not queryable)/;

/** Whether a connection broke while it was in use: what was sent on it may have been committed, or not. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof Fault) return false;
  const state = sqlState(error);
  if (state !== undefined) return GOING.test(state);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return BROKEN.has(code) || GONE.test(error.message) || isConnectionLost(error.cause);
}

/** Cannot connect, out of resources, shut down or cancelled from outside, trouble of the system. */
const OF_THE_SERVER = /^(08|53|57|58)/;

/** Whether what failed is the statement itself: the server was reached, is well, and would refuse it again. */
export function isOfTheStatement(error: unknown): boolean {
  if (error instanceof Fault) return error.code === "retry" && isOfTheStatement(error.cause);
  const state = sqlState(error);
  return state !== undefined && !OF_THE_SERVER.test(state);
}

/** A word for an error that can be told anywhere: its code, and never its text, which may quote a row. */
export function codeOf(error: unknown): string {
  if (error instanceof Fault) return sqlState(error.cause) ?? error.code;
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "string")
    return error.code;
  return error instanceof Error ? error.name : "unknown";
}

/** The error as the library throws it inside a host's transaction: what can be retried says so. */
export function asFault(error: unknown): unknown {
  if (isRetryable(error) || isLockTimeout(error)) {
    return new Fault("retry", "the database asks to run this transaction again", { cause: error, retryable: true });
  }
  if (sqlState(error) === IN_FAILED_TRANSACTION) {
    return new Fault("no_transaction", "a statement of this transaction failed; roll it back", { cause: error });
  }
  return error;
}

/**
 * The error of a statement of Purser's own: where the database was not set up for it, what to do. Not for errors that may
 * come from the caller's statements.
 */
export function explained(error: unknown): unknown {
  const advice = NOT_SET_UP[sqlState(error) ?? ""];
  return advice === undefined ? asFault(error) : new Fault("not_set_up", advice, { cause: error });
}
