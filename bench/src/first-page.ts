import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const built = fileURLToPath(new URL("../../console/dist/site/", import.meta.url));

/** Bytes, gzipped, of every script and style that the console's first page loads; undefined where it is not built. */
export function firstPageBytes(): { readonly scripts: number; readonly styles: number } | undefined {
  if (!existsSync(`${built}index.html`)) return undefined;
  const page = readFileSync(`${built}index.html`, "utf8");
  const bytes = (pattern: RegExp) =>
    [...page.matchAll(pattern)].reduce((sum, [, path]) => sum + gzipSync(readFileSync(`${built}${path}`)).length, 0);
  return { scripts: bytes(/(?:src|href)="\/([^"]+\.js)"/g), styles: bytes(/href="\/([^"]+\.css)"/g) };
}
