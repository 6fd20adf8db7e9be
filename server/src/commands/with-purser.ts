import { openDevelopmentDatabase } from "../development.ts";
import { openPurser, type OpenPurser } from "../open-purser.ts";
import type { Surroundings } from "./command.ts";
import { openPool } from "./running.ts";

/** Works on DATABASE_URL, or on the embedded database of the directory, adopted where `purser dev` runs it. */
export async function withPurser<Answer>(
  { settings, warn }: Surroundings,
  directory: string,
  work: (purser: OpenPurser) => Promise<Answer>,
): Promise<Answer> {
  const opened =
    settings.databaseUrl === undefined
      ? await openDevelopmentDatabase({ directory, environment: settings.environment, onLog: warn })
      : undefined;
  const pool = openPool(settings.databaseUrl ?? opened?.serviceUrl ?? "", settings);
  try {
    return await work((await openPurser(pool)).purser);
  } finally {
    await pool.end();
    await opened?.stop();
  }
}
