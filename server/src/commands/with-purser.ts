import { existsSync } from "node:fs";
import { openDevelopmentDatabase, recall } from "../development.ts";
import { openPurser, type OpenPurser } from "../open-purser.ts";
import { CommandFailed, exit, type Surroundings } from "./command.ts";
import { openPool } from "./running.ts";

/** Works on DATABASE_URL, or on the embedded database of the directory, adopted where `purser dev` runs it. */
export async function withPurser<Answer>(
  { settings, warn }: Surroundings,
  directory: string,
  work: (purser: OpenPurser) => Promise<Answer>,
): Promise<Answer> {
  // `dev` makes databases; the others work on one that is there. A forgotten DATABASE_URL must not make a new one that
  // nobody serves.
  if (settings.databaseUrl === undefined && (!existsSync(directory) || recall(directory, "pg") === undefined)) {
    throw new CommandFailed(
      exit.usage,
      `There is no database: DATABASE_URL is not set, and \`purser dev\` has not run in ${directory}.`,
    );
  }
  const opened =
    settings.databaseUrl === undefined
      ? await openDevelopmentDatabase({ directory, environment: settings.environment, onLog: warn })
      : undefined;
  const pool = openPool(settings.databaseUrl ?? opened?.serviceUrl ?? "", settings);
  try {
    return await work(openPurser(pool));
  } finally {
    await pool.end();
    await opened?.stop();
  }
}
