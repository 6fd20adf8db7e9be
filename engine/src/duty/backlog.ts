import type { Session } from "../store/database.ts";
import { backlog as ask } from "../store/duties.ts";

/** What has come due and nobody has turned yet. */
export interface Backlog {
  /** Balances of live tenants, counted up to 10,000. */
  readonly due: number;
  /** For how long the oldest of them has been due, in seconds. */
  readonly overdueSeconds: number;
}

const COUNTED = 10_000;

/** Asks the index of what is due and nothing else: as cheap as there is little to do. */
export async function backlog(session: Session): Promise<Backlog> {
  return ask(session, COUNTED);
}
