import { startWorker, type Ticked, workOnce } from "@purser/engine";
import { CommandFailed, exit, type Exit, type Surroundings } from "./command.ts";
import { askedToStop, checkedFacts, openPool } from "./running.ts";

export interface WorkOptions {
  /** Ends when nothing is left that it can do. */
  readonly once: boolean;
  /** Prints a line of JSON for every turn. */
  readonly json: boolean;
}

/** `purser work`: a worker without a server. Any number of them may run, and each may be killed at any time. */
export async function work(surroundings: Surroundings, { once, json }: WorkOptions): Promise<Exit> {
  const { settings, print, warn, stop } = surroundings;
  if (settings.databaseUrl === undefined) {
    throw new CommandFailed(exit.usage, "work needs DATABASE_URL; `purser dev` has a worker of its own.");
  }
  const told = (duty: string, ticked: Ticked) => {
    const { found, done, overdueSeconds } = ticked;
    const report = { found, done, failures: [...new Set(ticked.failures)], overdueSeconds };
    if (json) print(JSON.stringify({ duty, ...report }));
    else if (ticked.found > 0 || once) print(sentence(duty, report));
  };
  const database = openPool(settings.databaseUrl, settings);
  try {
    const facts = await checkedFacts(database, surroundings);
    if (facts === undefined) return exit.refused;
    if (once) {
      const all = await workOnce({ database });
      for (const { duty, ...ticked } of all) told(duty, ticked);
      return all.some(({ failures }) => failures.length > 0) ? exit.failed : exit.done;
    }
    const worker = startWorker({
      database,
      everySeconds: settings.tickSeconds,
      onTick: told,
      onTrouble: (duty, code) => (json ? print(JSON.stringify({ duty, failures: [code] })) : warn(`${duty}: ${code}`)),
    });
    warn(`Purser works (PostgreSQL ${facts.serverVersionText}, as ${facts.role}), every ${settings.tickSeconds} s`);
    await askedToStop(stop);
    await worker.stop();
    return exit.done;
  } finally {
    await database.end();
  }
}

function sentence(duty: string, { found, done, failures, overdueSeconds }: Omit<Ticked, "more">): string {
  const late = found > 0 ? `, the oldest ${overdueSeconds.toFixed(1)} s after it was due` : "";
  const failed = failures.length > 0 ? `, failed with ${failures.join(" ")}` : "";
  return `${duty}: ${done} of ${found} done${late}${failed}`;
}
