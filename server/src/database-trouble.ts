// Which thrown errors mean that the database is away or overloaded, and not that something here is wrong.
import { Fault } from "@purser/engine";

/** Classes of SQLSTATE: connection lost, resources exhausted, operator's intervention (which a timeout is), I/O. */
const classes = ["08", "53", "57", "58"];
const ofTheSystem = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
]);
/** The server is there and lets nobody in: this database, or this role with this password. */
const closed = new Set(["55000", "3D000", "28000", "28P01"]);
/** Messages of `pg`, which gives these errors no code. */
const lost =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/** Whether doing the same again, later and with the same key, can succeed. */
export function isDatabaseTrouble(error: unknown): boolean {
  if (error instanceof Fault) return error.retryable || isDatabaseTrouble(error.cause);
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isDatabaseTrouble);
  if (!(error instanceof Error)) return false;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (ofTheSystem.has(code) || closed.has(code)) return true;
  return (code.length === 5 && classes.includes(code.slice(0, 2))) || lost.test(error.message);
}
