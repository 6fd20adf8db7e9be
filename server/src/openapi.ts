// The description of the HTTP door, made from the route table: OpenAPI 3.1. It is committed as server/openapi.json, where a
// test holds it against the table; the reference at /docs and the types of the SDK are made from it.
import { STATUS_CODES } from "node:http";
import { z } from "zod";
import { describeOutcome, type OutcomeCode, type RefusalCode, refusals } from "./answer.ts";
import { adviceOn } from "./problem-advice.ts";
import { isOfTenants, type Route } from "./routes/route.ts";
import { problem } from "./routes/wire.ts";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };
type Schemas = Record<string, JsonObject>;

const GUIDE = [
  "Entitlements, metering and balances on your own PostgreSQL.",
  "Every request under `/v1` carries a secret key with the scope that its operation names. What changes something takes an `Idempotency-Key`, or can be said twice with the same effect: a request whose answer was lost is sent again as it was.",
  "Every command on a balance takes `?dryRun=true`: it runs, is undone, and is answered as it would have been.",
  "A denied check is an answer and no error. Everything that is not done is a problem (RFC 9457) with a stable `code`; unknown fields and unknown query parameters are refused and never ignored. Quantities are JSON numbers of at most 15 significant digits, times are RFC 3339.",
  "The console's pages ask the same operations with a session in the place of a key. They sign in at `/console/session`, which is no part of this contract and changes with them: it exchanges a key for a cookie (`HttpOnly`, `SameSite=Strict`) that changes something only where one of these pages asks. Whatever else calls sends a key.",
  "Every answer has an `X-Request-Id` and a `traceparent` (W3C Trace Context): send your own and its trace id stands on the problem and on every log line of the request. Readings have an `ETag`; asked again with `If-None-Match`, what still holds is 304. Lists come in pages, each with the `nextCursor` of the next.",
];

/** Refusals of whoever asks, which are no outcome of what was asked. */
const ofTheGate: readonly OutcomeCode[] = [
  "unauthenticated",
  "scope_missing",
  "cross_origin",
  "other_tenant",
  "other_mode",
];

/** The whole document. The same table makes the same document, to the byte. */
export function openApiOf(routes: readonly Route[], version: string): JsonObject {
  const schemas: Schemas = {};
  schemaOf(problem, "output", schemas);
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = (paths[route.path] ??= {});
    path[route.method.toLowerCase()] = operationOf(route, schemas);
  }
  // Only what some operation refers to.
  const responses = refusals
    .filter((code) => JSON.stringify(paths).includes(`"#/components/responses/${code}"`))
    .map((code): [string, Json] => [code, problemOf([code])]);
  return {
    openapi: "3.1.0",
    info: {
      title: "Purser",
      version,
      description: GUIDE.join("\n\n"),
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
    servers: [{ url: "/", description: "The server that this document came from." }],
    tags: [...new Set(routes.map(nounOf))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        key: {
          type: "http",
          scheme: "bearer",
          description:
            "A secret key, `purser_<live|test>_…`. It reaches the tenants of its mode, or the one that it was made for; an operation lists the scope that it takes.",
        },
      },
      parameters,
      headers,
      responses: Object.fromEntries(responses),
      schemas: Object.fromEntries(Object.entries(schemas).toSorted(([one], [other]) => (one < other ? -1 : 1))),
    },
    "x-problems": refusals.map((code) => {
      const { status, title } = describeOutcome(code);
      return { code, status, title, advice: adviceOn(code) ?? title };
    }),
  };
}

const parameters: JsonObject = {
  IdempotencyKey: {
    name: "Idempotency-Key",
    in: "header",
    required: true,
    description:
      "Names this request, once per tenant: the same again changes nothing and is answered as the first time. 1 to 200 visible ASCII characters.",
    schema: { type: "string", minLength: 1, maxLength: 200, pattern: "^[\\x21-\\x7e]([\\x20-\\x7e]*[\\x21-\\x7e])?$" },
  },
  IfNoneMatch: {
    name: "If-None-Match",
    in: "header",
    description: "The `ETag` of an answer that you have: where it still holds, 304 without a body.",
    schema: { type: "string" },
  },
  IfMatch: {
    name: "If-Match",
    in: "header",
    description: "The `ETag` of what this builds on: where something else was written since, 412 and nothing happens.",
    schema: { type: "string" },
  },
  Traceparent: {
    name: "traceparent",
    in: "header",
    description: "W3C Trace Context. Its trace id stands on the problem and on every log line of this request.",
    schema: { type: "string" },
  },
};

const text = (description: string): JsonObject => ({ description, schema: { type: "string" } });
const headers: JsonObject = {
  ETag: text(
    "Answers with the same tag say the same, but for the `asOf` of a live tenant: what time alone changes has another tag. Weak, but for the catalogue's.",
  ),
  Link: text('Where there is another page, its address as `rel="next"` (RFC 8288).'),
  RetryAfter: { description: "Seconds to wait before the same request is sent again.", schema: { type: "integer" } },
  Traceparent: text("The trace of this request; the last part but one is the request's own id."),
  WwwAuthenticate: text("Which key is missing, or which scope it lacks (RFC 6750)."),
  XRequestId: text("The id of this request."),
};

/** Whether an operation's answers have a tag to ask about again. */
export const isTagged = (route: Route): boolean => route.method === "GET" && route.scope !== undefined;

const nounOf = (route: Route): string => {
  const [, first = ""] = /^(?:\/v1)?\/(\w+)/.exec(route.path) ?? [];
  return route.noun ?? first.charAt(0).toUpperCase() + first.slice(1);
};

function operationOf(route: Route, schemas: Schemas): Json {
  const codes = refusalsOf(route);
  const own = codes.filter((code) => route.refusals.includes(code) && !ofTheGate.includes(code));
  // In the order of precedence, as the route has them.
  own.sort((one, other) => route.refusals.indexOf(one) - route.refusals.indexOf(other));
  return {
    operationId: route.operation,
    tags: [nounOf(route)],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.scope === undefined ? { security: [] } : { security: [{ key: [route.scope] }] }),
    parameters: parametersOf(route, schemas),
    ...(route.body === undefined ? {} : { requestBody: bodyOf(route, route.body, schemas) }),
    responses: { ...successes(route, schemas), ...problems(codes) },
    "x-refusals": [...(route.body === undefined ? [] : ["invalid_input"]), ...own],
  };
}

const codesIf = (so: boolean, ...codes: readonly OutcomeCode[]) => (so ? codes : []);

/** Every refusal that an operation can answer. */
function refusalsOf(route: Route): RefusalCode[] {
  const can = new Set<OutcomeCode>([
    "bad_request",
    "request_timeout",
    "headers_too_large",
    "invalid_input",
    "internal",
    ...codesIf(route.path.includes("{"), "malformed_url"),
    ...codesIf(route.scope !== undefined, "unauthenticated", "scope_missing", "unavailable"),
    // Of the console's sessions: the browser sends the cookie whoever made it ask.
    ...codesIf(route.scope !== undefined && route.method !== "GET", "cross_origin"),
    ...codesIf(isOfTenants(route), "other_tenant"),
    ...codesIf(route.path.includes("{tenant}"), "other_mode"),
    ...codesIf(route.body !== undefined, "malformed_json", "body_too_large", "media_type_unsupported"),
    ...codesIf(route.keyed, "idempotency_key_missing"),
    ...route.refusals,
  ]);
  return refusals.filter((code) => can.has(code));
}

function parametersOf(route: Route, schemas: Schemas): Json[] {
  const listed = (shape: z.ZodType, place: "path" | "query") => {
    const { properties = {}, required = [] } = schemaOf(shape, "input", schemas) as {
      properties?: Record<string, JsonObject>;
      required?: readonly string[];
    };
    return Object.entries(properties).map(([name, { description, examples, ...schema }]): Json => {
      const example = (place === "path" ? route.example.params : route.example.query)?.[name];
      const shown = example ?? (Array.isArray(examples) ? (examples[0] as Json) : undefined);
      return {
        name,
        in: place,
        ...(required.includes(name) ? { required: true } : {}),
        ...(description === undefined ? {} : { description }),
        schema,
        ...(shown === undefined ? {} : { example: schema["type"] === "integer" ? Number(shown) : shown }),
      };
    });
  };
  const named = (name: string) => ({ $ref: `#/components/parameters/${name}` });
  return [
    ...listed(route.params, "path"),
    ...listed(route.query, "query"),
    ...(route.keyed ? [named("IdempotencyKey")] : []),
    ...(isTagged(route) ? [named("IfNoneMatch")] : []),
    ...(route.conditional === true ? [named("IfMatch")] : []),
    named("Traceparent"),
  ];
}

function bodyOf(route: Route, shape: z.ZodType, schemas: Schemas): Json {
  const schema = schemaOf(shape, "input", schemas);
  return { required: true, content: { "application/json": { schema, example: route.example.body as Json } } };
}

const header = (name: string) => ({ $ref: `#/components/headers/${name}` });
const everyAnswers = { "X-Request-Id": header("XRequestId"), traceparent: header("Traceparent") };

function successes(route: Route, schemas: Schemas): Record<string, Json> {
  const said: Record<string, Json> = {};
  for (const [outcome, shape] of Object.entries(route.answers)) {
    const { status, title } = describeOutcome(outcome as OutcomeCode);
    const schema = schemaOf(shape, "output", schemas);
    said[status] = {
      description: `${title}.`,
      headers: {
        ...everyAnswers,
        ...(isTagged(route) ? { ETag: header("ETag") } : {}),
        ...(isPaged(schema, schemas) ? { Link: header("Link") } : {}),
      },
      content: { "application/json": { schema, example: route.example.answer as Json } },
    };
  }
  if (isTagged(route)) {
    const { status, title } = describeOutcome("not_modified");
    said[status] = { description: `${title}.`, headers: { ...everyAnswers, ETag: header("ETag") } };
  }
  return said;
}

function isPaged(schema: JsonObject, schemas: Schemas): boolean {
  const { properties } = (typeof schema["$ref"] === "string" ? schemas[nameOf(schema["$ref"])] : schema) ?? {};
  return typeof properties === "object" && properties !== null && "nextCursor" in properties;
}

/** By status. Where one code alone has it, the answer is the same everywhere. */
function problems(codes: readonly RefusalCode[]): Record<string, Json> {
  const statuses = new Set(codes.map((code) => describeOutcome(code).status));
  return Object.fromEntries(
    [...statuses].map((status) => {
      const ofIt = codes.filter((code) => describeOutcome(code).status === status);
      const [only, second] = ofIt;
      return [status, second === undefined ? { $ref: `#/components/responses/${only}` } : problemOf(ofIt)];
    }),
  );
}

/** The answer of one status with these codes. */
function problemOf(codes: readonly RefusalCode[]): Json {
  const status = codes[0] === undefined ? 0 : describeOutcome(codes[0]).status;
  const sent = new Set(codes.flatMap((code) => Object.keys(describeOutcome(code).headers ?? {})));
  // The gate adds it to what the table has for 401.
  if (codes.includes("scope_missing")) sent.add("www-authenticate");
  const particular = { type: "object", properties: { status: { const: status }, code: { enum: [...codes] } } };
  return {
    description: `${STATUS_CODES[status]}: ${codes.map((code) => `\`${code}\``).join(", ")}.`,
    headers: {
      ...everyAnswers,
      ...(sent.has("retry-after") ? { "Retry-After": header("RetryAfter") } : {}),
      ...(sent.has("www-authenticate") ? { "WWW-Authenticate": header("WwwAuthenticate") } : {}),
    },
    content: {
      "application/problem+json": { schema: { allOf: [{ $ref: "#/components/schemas/Problem" }, particular] } },
    },
  };
}

const nameOf = (reference: string) => reference.slice(reference.lastIndexOf("/") + 1);

/** A shape as JSON Schema. Shapes that have names become components, and references to them. */
function schemaOf(shape: z.ZodType, io: "input" | "output", schemas: Schemas): JsonObject {
  const made = z.toJSONSchema(shape, {
    io,
    override: ({ jsonSchema }) => {
      // The expression for a date says in 200 characters what the format says in one word.
      if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      const { wire } = jsonSchema as { wire?: object };
      // As it is meant, where a query's text is read as something else.
      if (wire !== undefined) {
        const { description } = jsonSchema;
        for (const name of Object.keys(jsonSchema)) delete jsonSchema[name];
        Object.assign(jsonSchema, description === undefined ? {} : { description }, wire);
      }
    },
  });
  const { $schema: _, $defs, ...schema } = referring(made as unknown as Json) as JsonObject;
  for (const [name, definition] of Object.entries(($defs ?? {}) as Schemas)) {
    if (!name.startsWith("__")) schemas[name] = definition;
    else schemas["Json"] = { description: "Any JSON value." };
  }
  return schema;
}

/** Definitions without a name come from `z.json()` alone: whatever can be written. */
function referring(value: Json): Json {
  if (Array.isArray(value)) return value.map(referring);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(
    ([name, inner]) => !(name === "propertyNames" && JSON.stringify(inner) === '{"type":"string"}'),
  );
  return Object.fromEntries(
    entries.map(([name, inner]) => {
      if (name !== "$ref" || typeof inner !== "string") return [name, referring(inner)];
      const of = nameOf(inner);
      return [name, `#/components/schemas/${of.startsWith("__") ? "Json" : of}`];
    }),
  );
}
