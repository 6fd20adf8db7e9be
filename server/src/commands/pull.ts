import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { extname } from "node:path";
import { briefCatalog, catalogSource, validateCatalog } from "@purser/engine";
import { catalogPath } from "./catalog-file.ts";
import { problemLines } from "./catalog-report.ts";
import { CommandFailed, exit, type Exit, type Surroundings } from "./command.ts";
import { withPurser } from "./with-purser.ts";

export interface PullOptions {
  readonly directory: string;
  readonly config: string | undefined;
  /** Writes over a file that says something else. */
  readonly force: boolean;
}

/** `purser pull`: writes the published catalogue as a file; the same catalogue is always the same text. */
export async function pull(surroundings: Surroundings, options: PullOptions): Promise<Exit> {
  const path = catalogPath(options.config);
  const published = await withPurser(surroundings, options.directory, (purser) => purser.publishedCatalog());
  if (published === undefined) throw new CommandFailed(exit.failed, "No catalogue has been published.");
  const checked = validateCatalog(published.content);
  if ("problems" in checked) {
    const whose = `Revision ${published.revision} was published by another version of Purser`;
    throw new CommandFailed(exit.failed, `${whose}:\n${problemLines(checked.problems)}`);
  }
  const { catalog } = checked;
  const text =
    extname(path) === ".json" ? `${JSON.stringify(briefCatalog(catalog), undefined, 2)}\n` : catalogSource(catalog);
  const there = existsSync(path) ? readFileSync(path, "utf8") : undefined;
  if (there === text) {
    surroundings.print(`${path} is revision ${published.revision} already.`);
    return exit.done;
  }
  if (there !== undefined && !options.force) {
    throw new CommandFailed(
      exit.refused,
      `${path} says something else. \`purser diff\` shows what; --force writes over it.`,
    );
  }
  // Whole or not at all.
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, path);
  surroundings.print(`Wrote revision ${published.revision} to ${path}.`);
  return exit.done;
}
