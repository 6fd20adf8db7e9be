// Does the duties again and again. Any number of workers may run, in one process or in many, on the same database.
import { Fault } from "../foundation/fault.ts";
import { jitter, newId } from "../foundation/id.ts";
import type { Database } from "../store/database.ts";
import { codeOf } from "../store/errors.ts";
import { type DatabaseHandle, opened } from "../store/handles.ts";
import { boundary } from "./boundary.ts";
import type { Duty, Ticked } from "./duty.ts";

const duties: readonly Duty[] = [boundary];
const FIRST_PAUSE_MS = 1000;

export interface WorkerOptions {
  /** A pool, or what stands over one. Its role is a member of `purser_service`; each duty takes one connection at a time. */
  readonly database: DatabaseHandle;
  /** At most so long from the end of one turn of a duty to the next; 60 where it is not said. */
  readonly everySeconds?: number | undefined;
  /** For how long what a killed worker was at stays its own; 30 where it is not said. */
  readonly leaseSeconds?: number | undefined;
  /** Told of every turn. */
  readonly onTick?: ((duty: string, ticked: Ticked) => void) | undefined;
  /** Told of a turn that failed, by the code of its error: its text may quote a row, and is for nobody's log. */
  readonly onTrouble?: ((duty: string, code: string) => void) | undefined;
}

/** What a worker has done since it was started. */
export interface Tally {
  readonly duty: string;
  readonly ticks: number;
  readonly done: number;
  /** Turns that failed as a whole, and single things that could not be done. */
  readonly failures: number;
}

export interface Worker {
  tally(): Tally[];
  /** Finishes what is in flight, gives its leases back and ends. The pool stays the caller's. */
  stop(): Promise<void>;
}

/**
 * Starts a worker: every duty is done at once, then again and again, at once where there was more than one turn could do.
 * A turn that fails is told and tried again, sooner at first than later.
 */
export function startWorker(options: WorkerOptions): Worker {
  const { everySeconds = 60, leaseSeconds = 30, onTick, onTrouble } = options;
  const database = databaseOf(options.database);
  const stopping = new AbortController();
  const holder = newId();
  const tallies = duties.map(({ name }) => ({ duty: name, ticks: 0, done: 0, failures: 0 }));

  async function keepDoing(duty: Duty, tally: (typeof tallies)[number]): Promise<void> {
    for (let failed = 0; !stopping.signal.aborted; ) {
      let pauseMs = everySeconds * 1000;
      try {
        const ticked = await duty.tick(database, { holder, leaseSeconds, stop: stopping.signal });
        failed = 0;
        tally.ticks += 1;
        tally.done += ticked.done;
        tally.failures += ticked.failures.length;
        onTick?.(duty.name, ticked);
        if (ticked.more && ticked.done > 0) continue;
      } catch (error) {
        failed += 1;
        tally.failures += 1;
        pauseMs = Math.min(pauseMs, FIRST_PAUSE_MS * 2 ** failed);
        onTrouble?.(duty.name, codeOf(error));
      }
      // A little less than asked for and never the same, so that workers started together do not stay in step.
      await pause(pauseMs - jitter(Math.ceil(pauseMs / 5)), stopping.signal);
    }
  }

  const running = Promise.all(duties.map((duty, i) => keepDoing(duty, tallies[i] as (typeof tallies)[number])));
  return {
    tally: () => tallies.map((tally) => ({ ...tally })),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/**
 * Does every duty until nothing is left that it can do, and answers what that was. What another worker has leased, or a
 * transaction has locked, is left to them.
 */
export async function workOnce(
  options: Pick<WorkerOptions, "database" | "leaseSeconds">,
): Promise<(Ticked & { readonly duty: string })[]> {
  const database = databaseOf(options.database);
  const call = { holder: newId(), leaseSeconds: options.leaseSeconds ?? 30, stop: new AbortController().signal };
  return Promise.all(duties.map(async (duty) => ({ duty: duty.name, ...(await untilDone(duty, database, call)) })));
}

async function untilDone(duty: Duty, database: Database, call: Parameters<Duty["tick"]>[1]): Promise<Ticked> {
  let all: Ticked = { found: 0, done: 0, failures: [], overdueSeconds: 0, more: true };
  while (all.more) {
    const { found, done, failures, overdueSeconds, more } = await duty.tick(database, call);
    all = {
      found: all.found + found,
      done: all.done + done,
      failures: [...all.failures, ...failures],
      overdueSeconds: Math.max(all.overdueSeconds, overdueSeconds),
      // What fails or is locked is found again by the next tick; without progress there is none.
      more: more && done > 0,
    };
  }
  return all;
}

function databaseOf(handle: DatabaseHandle): Database {
  const found = opened(handle);
  if (!("database" in found)) throw new Fault("unknown_handle", "a worker needs a pool, not one of its connections");
  return found.database;
}

function pause(milliseconds: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    stop.addEventListener("abort", done);
    if (stop.aborted) done();
  });
}
