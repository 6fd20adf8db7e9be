import { readFileSync } from "node:fs";
import type { ImportOutcome } from "@purser/engine";
import { problemLines } from "./catalog-report.ts";
import { CommandFailed, exit, type Exit, type Surroundings } from "./command.ts";
import { withPurser } from "./with-purser.ts";

export interface ImportOptions {
  readonly directory: string;
  readonly file: string | undefined;
  /** Does it all and rolls it back. */
  readonly dryRun: boolean;
}

/** `purser import`: takes over another system's JSON entitlements, with the tenants that hold them; all or nothing. */
export async function importFile(surroundings: Surroundings, options: ImportOptions): Promise<Exit> {
  const { file, dryRun } = options;
  if (file === undefined) throw new CommandFailed(exit.usage, "import needs the file to read.");
  const source = parsed(file);
  return withPurser(surroundings, options.directory, async (purser) => {
    const outcome = await purser.importEntitlements({ source, actor: "purser import", dryRun });
    if (outcome.outcome === "catalog_unpublished") {
      throw new CommandFailed(
        exit.refused,
        "No catalogue has been published: its features are the definitions. `purser push` one first.",
      );
    }
    if (outcome.outcome === "revision_conflict") {
      throw new CommandFailed(exit.failed, "Somebody published a catalogue meanwhile. Import again.");
    }
    if (outcome.outcome === "invalid_input") {
      throw new CommandFailed(exit.refused, `Nothing was imported from ${file}:\n${problemLines(outcome.problems)}`);
    }
    for (const line of done(outcome)) surroundings.print(line);
    if (dryRun) surroundings.print("Dry run: nothing was imported.");
    return exit.done;
  });
}

function done(outcome: Extract<ImportOutcome, { outcome: "imported" | "unchanged" }>): string[] {
  const { plans, products, notGranting, ignored, revision } = outcome;
  const left = [
    ...notGranting.map((key) => `left out    product ${key}: it grants nothing`),
    ...ignored.map((path) => `no meaning  ${path}`),
  ];
  if (outcome.outcome === "unchanged")
    return [...left, `Nothing to do: all of it is in force, in revision ${revision}.`];
  return [
    ...left,
    `catalogue   revision ${revision}, with ${counted(plans, "plan")} and ${counted(products, "product")} of the file`,
    `tenants     ${outcome.tenants} made, ${outcome.subscriptions} put on their plan`,
    `grants      ${outcome.grants} issued, ${outcome.expired} expired before`,
    `used        ${counted(outcome.consumptions, "consumption")} taken`,
  ];
}

const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? "" : "s"}`;

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new CommandFailed(
      exit.failed,
      `${file} cannot be read: ${error instanceof Error ? error.message : "unknown"}`,
    );
  }
}
