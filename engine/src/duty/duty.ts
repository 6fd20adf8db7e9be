// The words of the duties.
import type { Database } from "../store/database.ts";

/** How one turn of a duty went. */
export interface Ticked {
  /** What it found due, and what of that it did; the rest was done by others, is locked, or failed. */
  readonly found: number;
  readonly done: number;
  /** What could not be done, by the code of its error, once for each. */
  readonly failures: readonly string[];
  /** For how long the oldest that it found had been due. */
  readonly overdueSeconds: number;
  /** Whether it stopped because it had done enough for once, or was told to stop: there may be more. */
  readonly more: boolean;
}

export interface DutyCall {
  /** Who asks: leases are this holder's. */
  readonly holder: string;
  readonly leaseSeconds: number;
  /** Told when it is to finish what is in flight and begin nothing new. */
  readonly stop: AbortSignal;
}

/** Something that time makes due: done in bounded turns, each of which may be repeated or run by many at once. */
export interface Duty {
  readonly name: string;
  tick(database: Database, call: DutyCall): Promise<Ticked>;
}
