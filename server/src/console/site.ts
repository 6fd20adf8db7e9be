// The built console, served at `/`: its files under names that change with their content, and one page for every address
// that the console itself understands. Without a build there is no console, and everything else works.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { FastifyInstance } from "fastify";

/** Beside this workspace in the tree, as beside this package where both are installed. */
const built = fileURLToPath(new URL("../../../console/dist/site/", import.meta.url));

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** What tenants supply is only ever text on these pages; should some of it become markup one day, it can load nothing. */
const policy = [
  "default-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const headers = {
  "content-security-policy": policy,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  vary: "accept-encoding",
};

/** The addresses that the console understands; it leads from `/catalog` to `/catalogue` by itself. */
const pages = ["/", "/sign-in", "/tenants", "/tenants/*", "/catalogue", "/catalog"];

/** Whether there is a console to serve. */
export function hasSite(): boolean {
  return existsSync(`${built}index.html`);
}

export function mountSite(app: FastifyInstance): void {
  if (!hasSite()) return;
  const serve = (urls: readonly string[], file: string, caching: string) => {
    const bytes = readFileSync(`${built}${file}`);
    const type = types[extname(file)] ?? "application/octet-stream";
    let packed: Buffer | undefined;
    for (const url of urls) {
      app.get(url, (request, reply) => {
        const packs = /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
        if (packs) packed ??= gzipSync(bytes, { level: 9 });
        reply.headers({ ...headers, "content-type": type, "cache-control": caching });
        if (packs) reply.header("content-encoding", "gzip");
        return reply.send(packs ? packed : bytes);
      });
    }
  };
  for (const name of readdirSync(`${built}assets`)) {
    serve([`/assets/${name}`], `assets/${name}`, "public, max-age=31536000, immutable");
  }
  serve(pages, "index.html", "no-cache");
}
