import { openPurser } from "../open-purser.ts";
import { CommandFailed, exit, type Exit, type Surroundings } from "./command.ts";
import { askedToStop, checkedFacts, openPool, serveOn } from "./running.ts";

/** `purser serve`: the server on a database that was migrated, for production. Refuses what the self-check refuses. */
export async function serve(surroundings: Surroundings, options: { readonly worker: boolean }): Promise<Exit> {
  const { settings, warn, stop } = surroundings;
  if (settings.databaseUrl === undefined) {
    throw new CommandFailed(exit.usage, "serve needs DATABASE_URL; for an embedded PostgreSQL use `purser dev`.");
  }
  const pool = openPool(settings.databaseUrl, settings);
  let served = false;
  try {
    const facts = await checkedFacts(pool, surroundings);
    if (facts === undefined) return exit.refused;
    const listening = await serveOn(pool, openPurser(pool), surroundings, {
      port: settings.port ?? 4242,
      orNext: false,
      logLevel: "info",
      metrics: "off",
      ...options,
    });
    served = true;
    // Standard output is the log's: one line of JSON after another.
    warn(`Purser serves at ${listening.url} (PostgreSQL ${facts.serverVersionText}, as ${facts.role})`);
    await askedToStop(stop);
    await listening.close();
    return exit.done;
  } finally {
    if (!served) await pool.end();
  }
}
