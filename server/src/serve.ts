// The HTTP server: the route table on Fastify. Parse, authorise, call one engine function, answer.
import type { Tally } from "@purser/engine";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { Problem, type ProblemField, refusalOfFramework, refuseConnection, send, sendNotModified } from "./answer.ts";
import { type Caller, createGate } from "./auth.ts";
import { entityTag, namesTag, strongTags } from "./conditional.ts";
import { type ConsoleOptions, mountConsole } from "./console/index.ts";
import { isDatabaseTrouble } from "./database-trouble.ts";
import { mountDocuments } from "./documents.ts";
import { readJsonBody } from "./json-body.ts";
import { randomWord } from "./keys.ts";
import { type LogLevel, type LogStream, logging, traced } from "./logging.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { isTagged } from "./openapi.ts";
import { keyOf, noBody, parsed, placesOf } from "./request.ts";
import { routes } from "./routes/index.ts";
import { type Engine, isOfTenants, type Route } from "./routes/route.ts";
import { beginTrace, traceOf, traceparent } from "./trace.ts";

export interface ServerOptions extends Engine, ConsoleOptions {
  readonly logLevel?: LogLevel;
  /** Where log lines go; standard output where it is not said. */
  readonly log?: LogStream;
  /** Whether /metrics is there, for whoever can reach this server. */
  readonly metrics?: boolean;
  /** What the worker of this process has done, where one runs. */
  readonly tallies?: (() => readonly Tally[]) | undefined;
}

const BODY_LIMIT = 65_536;
const REQUEST_LIMIT_MS = 30_000;
/** A tenant id is at most 200 characters, each of which may take nine bytes of percent-encoding. */
const PARAM_LIMIT = 2048;
const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/** The server, ready to listen; nothing is opened yet. The engine's pool stays the caller's to end. */
export function createServer(options: ServerOptions): FastifyInstance {
  const { purser, database } = options;
  const gate = createGate(purser);
  const metrics = options.metrics === true ? createMetrics(database, purser, options.tallies ?? (() => [])) : undefined;
  const app: FastifyInstance = Fastify({
    ...logging(options),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_LIMIT_MS,
    routerOptions: { maxParamLength: PARAM_LIMIT },
    // Idle connections are closed at once when the server stops, busy ones after their answer.
    forceCloseConnections: "idle",
    // What arrives on an open connection while the server stops is still answered, and the connection closed after it.
    return503OnClosing: false,
    // Of addresses that cannot be decoded, before there is a route.
    frameworkErrors: (error, request, reply) => {
      reply.headers(headersOfEvery(request));
      void send(reply, refusalOf(error, request.log));
    },
    clientErrorHandler: (error, socket) => {
      const { traceId } = beginTrace();
      refuseConnection(error, socket, traceId);
      app.log.info({ traceId, code: error.code }, "not a request");
    },
    // Of eight bytes, since it is what a trace calls a span.
    genReqId: () => randomWord(8),
    childLoggerFactory: (logger, bindings, given, request) =>
      logger.child({ ...bindings, traceId: traceOf(request).traceId }, given),
  });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, bytes, done) => {
    try {
      done(null, readJsonBody(bytes, request.routeOptions.config.operation?.largest?.depth));
    } catch (error) {
      done(error instanceof Error ? error : new Error("not an error"));
    }
  });
  let stopping = false;
  app.addHook("preClose", async () => {
    stopping = true;
  });
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(headersOfEvery(request));
  });
  app.addHook("onSend", async (_, reply) => {
    // Kept alive, the connection of a request that was in flight would hold the stop up for as long as it idles.
    if (stopping) reply.header("connection", "close");
  });
  app.addHook("onResponse", async (request, reply) => {
    traced(request, reply);
    const { operation } = request.routeOptions.config;
    metrics?.answered(operation?.operation ?? "none", reply.statusCode, reply.elapsedTime / 1000);
  });
  app.setNotFoundHandler((_, reply) => send(reply, { outcome: "route_unknown" }));
  app.setErrorHandler((error, request, reply) => send(reply, refusalOf(error, request.log), placesOf(request)));

  mountConsole(app, purser, options);
  for (const route of routes) mount(app, route, gate, { purser, database }, metrics);
  const documents = mountDocuments(app, metrics);
  for (const path of new Set([...routes.map((route) => route.path), ...documents])) {
    const taken = documents.includes(path)
      ? ["GET"]
      : routes.filter((route) => route.path === path).map(({ method }) => method);
    const allow = taken.join(", ");
    app.route({
      method: methods.filter((method) => !taken.includes(method)),
      url: pathOf(path),
      onRequest: (_, reply) => send(reply, { outcome: "method_not_allowed", headers: { allow } }),
      handler: (_, reply) => send(reply, { outcome: "method_not_allowed", headers: { allow } }),
    });
  }
  return app;
}

const headersOfEvery = ({ id, raw }: Pick<FastifyRequest, "id" | "raw">) => ({
  "x-request-id": id,
  traceparent: traceparent(traceOf(raw), id),
  "cache-control": "no-store",
});

declare module "fastify" {
  interface FastifyRequest {
    caller?: Caller;
  }
  interface FastifyContextConfig {
    operation?: Route;
  }
}

function mount(
  app: FastifyInstance,
  route: Route,
  gate: ReturnType<typeof createGate>,
  engine: Engine,
  metrics: Metrics | undefined,
): void {
  app.route({
    method: route.method,
    url: pathOf(route.path),
    config: { operation: route },
    ...(route.largest === undefined ? {} : { bodyLimit: route.largest.bytes }),
    // Before the body is read: who may not ask does not make us parse.
    onRequest: async (request) => {
      if (route.scope === undefined) return;
      const { tenant } = request.params as { tenant?: string };
      const ofTenants = isOfTenants(route);
      request.caller = await gate(request, { scope: route.scope, tenant, ofTenants });
    },
    handler: async (request, reply) => {
      const errors: ProblemField[] = [];
      const params = parsed(route.params, request.params, "path", errors);
      const query = parsed(route.query, request.query, "query", errors);
      const idempotencyKey = route.keyed ? keyOf(request, errors) : "";
      if (route.body !== undefined && request.body === undefined) throw new Problem(noBody(route.body));
      const body = route.body === undefined ? undefined : parsed(route.body, request.body, "body", errors);
      if (errors.length > 0) throw new Problem({ outcome: "invalid_input", errors });
      const caller = request.caller ?? anyone;
      const ifMatch = route.conditional === true ? strongTags(request.headers["if-match"]) : undefined;
      const answer = await route.handle(engine, { params, query, body, idempotencyKey, ifMatch, caller });
      // What was only tried is no consumption.
      if (!isDry(query)) metrics?.settled(route.operation, answer);
      if ("body" in answer && holdsAlready(request, reply, route, answer.body)) await sendNotModified(reply);
      else await send(reply, answer, placesOf(request));
      return reply;
    },
  });
}

const isDry = (query: unknown) =>
  typeof query === "object" && query !== null && "dryRun" in query && query.dryRun === true;

/** Sets the headers that belong to a reading, and tells whether the client has this answer already. */
function holdsAlready(request: FastifyRequest, reply: FastifyReply, route: Route, body: object): boolean {
  if (!isTagged(route)) return false;
  if ("nextCursor" in body && typeof body.nextCursor === "string") {
    const next = new URL(request.url, "http://purser");
    next.searchParams.set("cursor", body.nextCursor);
    reply.header("link", `<${next.pathname}${next.search}>; rel="next"`);
  }
  // A live tenant's time goes on by itself; a test tenant's stands where it was put, and is part of what is said.
  const moves = request.caller?.mode !== "test";
  const tag = route.strongTag?.(body) ?? entityTag(moves && route.lasting !== undefined ? route.lasting(body) : body);
  // It may be kept by whoever asked, and is asked about again every time, with a key that is read afresh.
  reply.headers({ etag: tag, "cache-control": "private, no-cache", vary: "authorization, cookie, purser-mode" });
  return namesTag(request.headers["if-none-match"], tag);
}

/** On the routes that ask for no key. */
const anyone: Caller = { keyId: "", mode: "live", tenant: null, scopes: [], actor: "" };

const pathOf = (path: string) => path.replaceAll(/\{(\w+)\}/g, ":$1");

function refusalOf(error: unknown, log: FastifyBaseLogger) {
  if (error instanceof Problem) return error.refusal;
  const refused = refusalOfFramework(error);
  if (refused !== undefined) return refused;
  const unavailable = isDatabaseTrouble(error);
  log.error({ err: error }, unavailable ? "the database failed" : "a fault");
  return { outcome: unavailable ? "unavailable" : "internal" } as const;
}
