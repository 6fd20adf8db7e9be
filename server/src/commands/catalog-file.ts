// The file in which an application keeps its catalogue: `purser.config.ts` by convention, or any module or JSON file.
import { existsSync, readFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createJiti } from "jiti";
import { CommandFailed, exit } from "./command.ts";

const names = ["purser.config.ts", "purser.config.mts", "purser.config.mjs", "purser.config.js", "purser.config.json"];

/** Where the catalogue is: the file that was named, or the first of the usual ones in this directory. */
export function catalogPath(named: string | undefined): string {
  if (named !== undefined) return resolve(named);
  return resolve(names.find((name) => existsSync(name)) ?? "purser.config.ts");
}

/** What the file says, unchecked. TypeScript is stripped of its types and not checked: the compiler does that. */
export async function readCatalogFile(path: string): Promise<unknown> {
  if (!existsSync(path)) {
    throw new CommandFailed(exit.failed, `There is no ${path}. \`purser pull\` writes one, --config names another.`);
  }
  let catalog: unknown;
  try {
    catalog = await loaded(path);
  } catch (error) {
    throw new CommandFailed(
      exit.failed,
      `${path} cannot be read: ${error instanceof Error ? error.message : "unknown"}`,
    );
  }
  if (typeof catalog !== "object" || catalog === null) {
    throw new CommandFailed(
      exit.failed,
      `${path} has no catalogue as its default export: export default defineCatalog({ … })`,
    );
  }
  return catalog;
}

async function loaded(path: string): Promise<unknown> {
  const extension = extname(path);
  if (extension === ".json") return JSON.parse(readFileSync(path, "utf8"));
  if (extension === ".mjs" || extension === ".js") {
    const module: { default?: unknown } = await import(pathToFileURL(path).href);
    return module.default;
  }
  const jiti = createJiti(pathToFileURL(path).href, {
    fsCache: false,
    interopDefault: false,
    // The file's `defineCatalog` is the one that this command line was built with, wherever the file lies.
    alias: { "@purser/engine": fileURLToPath(import.meta.resolve("@purser/engine")) },
  });
  return (await jiti.import<{ default?: unknown }>(path)).default;
}
