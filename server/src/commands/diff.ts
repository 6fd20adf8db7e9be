import { catalogPath, readCatalogFile } from "./catalog-file.ts";
import { diffLines, problemLines } from "./catalog-report.ts";
import { CommandFailed, exit, type Exit, type Surroundings } from "./command.ts";
import { withPurser } from "./with-purser.ts";

export interface DiffOptions {
  readonly directory: string;
  readonly config: string | undefined;
  /** For machines: the whole comparison, alone on standard output. */
  readonly json: boolean;
}

/** `purser diff`: what `push` would change. Ends with 0 where that is nothing, and 2 where it is something. */
export async function diff(surroundings: Surroundings, options: DiffOptions): Promise<Exit> {
  const path = catalogPath(options.config);
  const catalog = await readCatalogFile(path);
  return withPurser(surroundings, options.directory, async (purser) => {
    const compared = await purser.diffCatalog({ catalog });
    if (options.json) surroundings.print(JSON.stringify(compared, undefined, 2));
    if (compared.outcome === "invalid_input") {
      throw new CommandFailed(exit.failed, `${path} is not a valid catalogue:\n${problemLines(compared.problems)}`);
    }
    if (!options.json) surroundings.print(diffLines(compared).join("\n"));
    return compared.diff.equal ? exit.done : exit.differs;
  });
}
