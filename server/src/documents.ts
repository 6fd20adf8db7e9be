// What the server tells about itself beside the route table: its description, the reference, its metrics.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { sendNotModified } from "./answer.ts";
import { entityTag, namesTag } from "./conditional.ts";
import { renderReference, stylesheetPolicy } from "./docs.ts";
import type { Metrics } from "./metrics.ts";
import { type JsonObject, openApiOf } from "./openapi.ts";
import { routes } from "./routes/index.ts";

const beside = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");

/** The description of this server, as `server/openapi.json` has it. */
export function describeServer(): JsonObject {
  const { version } = JSON.parse(beside("../package.json")) as { version: string };
  return openApiOf(routes, version);
}

interface Document {
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tag: string;
  readonly bytes: Buffer;
  readonly zipped: Buffer;
}

function documentOf(type: string, text: string, headers: Document["headers"] = {}): Document {
  const bytes = Buffer.from(text);
  return { type, headers, tag: entityTag(text), bytes, zipped: gzipSync(bytes, { level: 9 }) };
}

/** Made when the first one asks: most servers are never asked. */
function once<Made>(make: () => Made): () => Made {
  let made: Made | undefined;
  return () => (made ??= make());
}

/** Nothing but the page itself and its own styles: no script, no image, no other host, and in nobody's frame. */
const policyOf = (styles: string) =>
  `default-src 'none'; style-src ${stylesheetPolicy(styles)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The addresses beside the route table. They ask for no key: nothing of a tenant is told there. */
export function mountDocuments(app: FastifyInstance, metrics: Metrics | undefined): readonly string[] {
  const description = once(describeServer);
  const reference = once(() => {
    const styles = beside("../docs/reference.css");
    return documentOf("text/html; charset=utf-8", renderReference(description(), styles), {
      "content-security-policy": policyOf(styles),
      "referrer-policy": "no-referrer",
    });
  });
  const openapi = once(() => documentOf("application/json; charset=utf-8", JSON.stringify(description())));
  app.get("/docs", (request, reply) => sendDocument(request, reply, reference()));
  app.get("/openapi.json", (request, reply) => sendDocument(request, reply, openapi()));
  if (metrics === undefined) return ["/docs", "/openapi.json"];
  app.get("/metrics", async (_, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  return ["/docs", "/openapi.json", "/metrics"];
}

async function sendDocument(request: FastifyRequest, reply: FastifyReply, document: Document): Promise<FastifyReply> {
  const { tag, type, headers, bytes, zipped } = document;
  const encoding = request.headers["accept-encoding"] ?? "";
  const zip = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(encoding);
  reply.headers({
    ...headers,
    etag: tag,
    // Looked at again after every upgrade, and not sent again in between.
    "cache-control": "no-cache",
    vary: "accept-encoding",
    "x-content-type-options": "nosniff",
  });
  if (namesTag(request.headers["if-none-match"], tag)) await sendNotModified(reply);
  else if (zip) await reply.header("content-encoding", "gzip").type(type).send(zipped);
  else await reply.type(type).send(bytes);
  return reply;
}
