import { migrate as migrateDatabase, printMigration } from "@purser/engine";
import { CommandFailed, exit, type Exit, type Surroundings } from "./command.ts";

export interface MigrateOptions {
  /** Does it all and rolls it back. */
  readonly dryRun: boolean;
  /** Prints the script for psql and touches no database. */
  readonly print: boolean;
}

/** `purser migrate`: brings the database to this version's schema, as the role that may. */
export async function migrate({ settings, print, warn }: Surroundings, options: MigrateOptions): Promise<Exit> {
  if (options.print) {
    print(printMigration().trimEnd());
    return exit.done;
  }
  const url = settings.adminUrl;
  if (url === undefined) {
    throw new CommandFailed(
      exit.usage,
      "migrate needs DATABASE_URL or PURSER_ADMIN_URL; `purser dev` migrates its own.",
    );
  }
  const report = await migrateDatabase({ url, dryRun: options.dryRun, onStep: (line) => warn(line) });
  const { applied, reapplied, dropped, version, grantHint } = report;
  const would = options.dryRun ? "would be " : "";
  for (const path of applied) print(`${would}applied     ${path}`);
  for (const path of reapplied) print(`${would}made anew   ${path}`);
  for (const what of dropped) print(`${would}dropped     ${what}`);
  const changes = applied.length + reapplied.length + dropped.length;
  if (options.dryRun && changes > 0) {
    print(`Dry run: nothing was changed. The schema would be at version ${version}.`);
  } else {
    const now = changes === 0 ? `Up to date: schema version ${version}.` : `Migrated to schema version ${version}.`;
    print(`${now} Let the application's role use it, once:\n  ${grantHint}`);
  }
  return exit.done;
}
