// Drives two or three real sessions through every order in which their steps can come. A step that waits for a lock is seen
// by pg_blocking_pids, and the others go on; as soon as it gets its lock it counts as done. What can come next is found out
// by running, so each order that is possible is run once, and none twice.
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";

/** The statements of one session, in order. The first column of the first row of each is what it says, null for nothing. */
export type Script = readonly string[];

/** How one order went: what each session said, or the SQLSTATE it failed with. */
export interface Ending {
  /** The sessions in the order in which their steps were sent. */
  readonly order: readonly number[];
  readonly said: readonly string[];
}

export interface Stage {
  /** Runs one order: as many sessions as scripts, and a choice of the next among those that are free. */
  play(scripts: readonly Script[], choose: (free: readonly number[]) => number): Promise<Ending>;
  /** Ends what a run that was given up has left open. */
  rollBack(): Promise<void>;
  close(): Promise<void>;
}

interface Actor {
  readonly client: Client;
  readonly pid: number;
}

/** What a session is at: the step that was sent and has not been answered. */
interface Flight {
  answered: boolean;
  readonly done: Promise<void>;
}

const LOOK_MS = 2;
const LOCK_NOT_AVAILABLE = "55P03";
const WAITING = `SELECT pid, pg_blocking_pids(pid) AS blockers FROM unnest($1::int[]) pid
  WHERE cardinality(pg_blocking_pids(pid)) > 0`;

/** Sessions that are used again for every order. */
export async function openStage(url: string, adminUrl: string, sessions: number): Promise<Stage> {
  const eye = new Client({ connectionString: adminUrl });
  await eye.connect();
  const actors: Actor[] = [];
  for (let n = 0; n < sessions; n += 1) {
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    actors.push({ client, pid: rows[0]?.pid ?? 0 });
  }

  /** Returns when every step that was sent has been answered or waits for a session that could go on. */
  async function settled(flights: ReadonlyMap<number, Flight>): Promise<void> {
    for (;;) {
      const open = [...flights].filter(([, { answered }]) => !answered);
      if (open.length === 0) return;
      await Promise.race([...open.map(([, { done }]) => done), pause(LOOK_MS)]);
      const { rows } = await eye.query<{ pid: number; blockers: number[] }>(WAITING, [
        open.map(([n]) => actors[n]?.pid),
      ]);
      // One that was answered meanwhile may have let another go: then it has to be looked at again.
      if (open.some(([, { answered }]) => answered) || rows.length < open.length) continue;
      // Those that wait for each other alone are a deadlock, which the database ends by itself.
      let circle = rows;
      for (let before = -1; before !== circle.length; ) {
        before = circle.length;
        const stuck = new Set(circle.map(({ pid }) => pid));
        circle = circle.filter(({ blockers }) => blockers.every((pid) => stuck.has(pid)));
      }
      if (circle.length === 0 && rows.every(({ blockers }) => blockers.every(isOurs))) return;
    }
  }
  const isOurs = (blocker: number) => actors.some(({ pid }) => pid === blocker);

  async function play(scripts: readonly Script[], choose: (free: readonly number[]) => number): Promise<Ending> {
    const next = scripts.map(() => 0);
    const words: string[][] = scripts.map(() => []);
    const failed: (string | undefined)[] = scripts.map(() => undefined);
    const flights = new Map<number, Flight>();
    const order: number[] = [];
    const hear = async (n: number, step: string) => {
      const actor = actors[n];
      if (actor === undefined) throw new Error(`there are only ${actors.length} sessions`);
      const word = await say(actor, step);
      if ("code" in word) failed[n] ??= word.code;
      else if (word.said !== undefined) words[n]?.push(word.said);
      const flight = flights.get(n);
      if (flight !== undefined) flight.answered = true;
    };
    for (;;) {
      const free = scripts.flatMap((script, n) =>
        (flights.get(n)?.answered ?? true) && (next[n] ?? 0) < script.length ? [n] : [],
      );
      if (free.length === 0) break;
      const chosen = choose(free);
      order.push(chosen);
      const step = scripts[chosen]?.[next[chosen] ?? 0] ?? "";
      next[chosen] = (next[chosen] ?? 0) + 1;
      flights.set(chosen, { answered: false, done: hear(chosen, step) });
      await settled(flights);
    }
    return { order, said: words.map((said, n) => failed[n] ?? said.join(" ")) };
  }

  return {
    play,
    async rollBack() {
      await Promise.all(actors.map(({ client }) => client.query("ROLLBACK")));
    },
    async close() {
      await Promise.all([eye, ...actors.map(({ client }) => client)].map((client) => client.end()));
    },
  };
}

async function say({ client }: Actor, step: string): Promise<{ said: string | undefined } | { code: string }> {
  try {
    const answer = await client.query<unknown[]>({ text: step, rowMode: "array" });
    // Several statements in one text have a result each; the last one counts.
    const { rows } = Array.isArray(answer) ? ((answer as (typeof answer)[]).at(-1) ?? answer) : answer;
    const word = rows[0]?.[0];
    return { said: typeof word === "string" ? word : undefined };
  } catch (error) {
    return { code: error instanceof Error && "code" in error ? String(error.code) : "no code" };
  }
}

/** Tries again what a machine that is too busy made of a run: a lock was not waited for, or a step came late. */
const ATTEMPTS = 5;
class Astray extends Error {}

/**
 * Runs a scenario in every order that there is, each on what `arrange` makes afresh. Of sessions that do the same the first
 * one begins: another order is one of these under other names.
 */
export async function everyOrder(
  stage: Stage,
  alike: boolean,
  arrange: () => Promise<readonly Script[]>,
  after: (ending: Ending) => Promise<void>,
): Promise<Ending[]> {
  const endings: Ending[] = [];
  /** The choices of the next run as far as they are given, with what could be chosen instead. */
  let path: Decision[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const decisions: Decision[] = [];
    const choose = (able: readonly number[]) => {
      const free = alike && decisions.length === 0 ? able.slice(0, 1) : able;
      const given = path[decisions.length];
      if (given !== undefined && given.free.join() !== free.join()) {
        throw new Astray(`after the same steps ${given.free.join()} were free, and now ${free.join()}`);
      }
      const taken = given?.taken ?? 0;
      decisions.push({ free, taken });
      return free[taken] ?? 0;
    };
    const scripts = await arrange();
    let ending: Ending;
    try {
      ending = await stage.play(scripts, choose);
      if (ending.said.includes(LOCK_NOT_AVAILABLE)) throw new Astray("a lock was waited for too long");
    } catch (error) {
      if (!(error instanceof Astray) || attempt === ATTEMPTS) throw error;
      await stage.rollBack();
      continue;
    }
    await after(ending);
    endings.push(ending);
    attempt = 0;
    while (decisions.length > 0) {
      const last = decisions.pop();
      if (last !== undefined && last.taken + 1 < last.free.length) {
        decisions.push({ free: last.free, taken: last.taken + 1 });
        break;
      }
    }
    if (decisions.length === 0) return endings;
    path = decisions;
  }
}

interface Decision {
  readonly free: readonly number[];
  readonly taken: number;
}
