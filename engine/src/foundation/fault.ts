import type { ConsumeRefusal } from "./outcome.ts";

/** What can go wrong that is nobody's decision: a bug, a misuse of the library, a broken connection. */
export type FaultCode =
  | "closed"
  | "commit_not_confirmed"
  | "count_invalid"
  | "inside_write"
  | "no_transaction"
  | "not_set_up"
  | "not_settled"
  | "refused"
  | "retry"
  | "unknown_handle"
  | "catalog_mismatch";

/** A bug or broken infrastructure. Expected refusals are outcomes and never this. */
export class Fault extends Error {
  readonly code: FaultCode;
  /** Whether doing the same again, with the same key, can succeed. */
  readonly retryable: boolean;

  constructor(code: FaultCode, message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Fault";
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/**
 * Thrown by `consume(tx, …)` inside a transaction of the caller's own: a refusal that could be ignored there would give
 * the goods away. `tryConsume` returns the same outcome as a value.
 */
export class Refused extends Error {
  readonly outcome: ConsumeRefusal;

  constructor(outcome: ConsumeRefusal) {
    super(outcome.field === undefined ? outcome.outcome : `${outcome.outcome}: ${outcome.field}`);
    this.name = "Refused";
    this.outcome = outcome;
  }
}
