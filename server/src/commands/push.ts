import { createInterface } from "node:readline/promises";
import { catalogPath, readCatalogFile } from "./catalog-file.ts";
import { diffLines, problemLines } from "./catalog-report.ts";
import { CommandFailed, exit, type Exit, type Surroundings } from "./command.ts";
import { withPurser } from "./with-purser.ts";

export interface PushOptions {
  readonly directory: string;
  readonly config: string | undefined;
  /** Does not ask. */
  readonly yes: boolean;
  /** Does it all and rolls it back. */
  readonly dryRun: boolean;
  /** Confirms that nothing is on sale afterwards, where nobody is asked. */
  readonly emptying: boolean;
}

/** `purser push`: shows what would change and publishes it, on top of exactly the revision it was compared with. */
export async function push(surroundings: Surroundings, options: PushOptions): Promise<Exit> {
  const { print, warn, stop } = surroundings;
  const path = catalogPath(options.config);
  const catalog = await readCatalogFile(path);
  return withPurser(surroundings, options.directory, async (purser) => {
    const compared = await purser.diffCatalog({ catalog });
    if (compared.outcome === "invalid_input") {
      throw new CommandFailed(exit.failed, `${path} is not a valid catalogue:\n${problemLines(compared.problems)}`);
    }
    print(diffLines(compared).join("\n"));
    if (compared.diff.equal) return exit.done;
    const { emptying } = compared.diff;
    const asks = !options.yes && !options.dryRun;
    if (emptying && !asks && !options.dryRun && !options.emptying) {
      throw new CommandFailed(
        exit.refused,
        "This would take every plan and product off sale. Where that is meant, say --emptying.",
      );
    }
    if (asks && !(await agreed(compared.revision + 1, emptying, stop))) {
      warn("Nothing was published.");
      return exit.refused;
    }
    const published = await purser.publishCatalog({
      catalog,
      actor: "purser push",
      expectedRevision: compared.revision,
      emptying,
      dryRun: options.dryRun,
    });
    if (published.outcome === "revision_conflict") {
      throw new CommandFailed(
        exit.failed,
        `Somebody published revision ${published.revision} meanwhile. Look at the difference again.`,
      );
    }
    if (published.outcome === "invalid_input") {
      throw new CommandFailed(exit.failed, `${path} is not a valid catalogue:\n${problemLines(published.problems)}`);
    }
    if (options.dryRun) print(`Dry run: nothing was published. It would be revision ${published.revision}.`);
    else print(`Published revision ${published.revision}.`);
    return exit.done;
  });
}

async function agreed(revision: number, emptying: boolean, stop: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new CommandFailed(exit.refused, "There is nobody to ask: say --yes to publish, or --dry-run to try.");
  }
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  // A terminal that is being read raises no signal, and one that goes away answers nothing: both mean no.
  const over = new AbortController();
  for (const event of ["SIGINT", "close"]) asking.on(event, () => over.abort());
  try {
    const what = emptying ? "Take everything off sale" : "Publish this";
    const answer = await asking.question(`${what} as revision ${revision}? [y/N] `, {
      signal: AbortSignal.any([stop, over.signal]),
    });
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    return false;
  } finally {
    asking.close();
  }
}
