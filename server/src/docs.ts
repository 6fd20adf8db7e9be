// The reference at /docs: one page made from the description, that reads without a network, without scripts and on paper.
import { createHash } from "node:crypto";
import {
  definitions,
  escaped,
  example,
  meaningOf,
  membersOf,
  nameOf,
  phraseOf,
  type Schema,
  sentence,
} from "./docs-schema.ts";
import type { JsonObject } from "./openapi.ts";

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
  readonly example?: unknown;
}
type Content = Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;
interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: Content;
}
interface Reference {
  readonly $ref: string;
}
interface Operation {
  readonly operationId: string;
  readonly tags: readonly [string];
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly { readonly key?: readonly string[] }[];
  readonly parameters: readonly (Parameter | Reference)[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, Response | Reference>>;
}
interface Description {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly responses: Readonly<Record<string, Response>>;
  };
  readonly "x-problems": readonly {
    readonly code: string;
    readonly status: number;
    readonly title: string;
    readonly advice: string;
  }[];
}

interface Listed {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
  /** The problems it can answer, by status. */
  readonly codes: Readonly<Record<string, readonly string[]>>;
}

/** What allows these styles and no others (Content Security Policy). */
export function stylesheetPolicy(styles: string): string {
  return `'sha256-${createHash("sha256").update(styles).digest("base64")}'`;
}

/** The page. `styles` stand in it, so that it is one file. */
export function renderReference(document: JsonObject, styles: string): string {
  const description = document as unknown as Description;
  const { info, tags, components } = description;
  const listed = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]): Listed => ({
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        operation,
        codes: codesOf(operation, components.responses),
      }),
    ),
  );
  const groups = tags.map(({ name }) => ({ name, of: listed.filter(({ operation }) => operation.tags[0] === name) }));
  const menu = menuOf(groups);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(info.title)} HTTP reference</title>
<style>${styles}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the operations</a>
<header>
<p class="brand"><a href="#top">${escaped(info.title)}</a> <span>HTTP reference ${escaped(info.version)}</span></p>
<p><a href="/openapi.json">openapi.json</a></p>
</header>
<details class="menu"><summary>Contents</summary><nav aria-label="Contents">${menu}</nav></details>
<aside><nav aria-label="Operations">${menu}</nav></aside>
<main id="content">
<section id="top" class="guide">
<h1>${escaped(info.title)} HTTP reference</h1>
${info.description
  .split("\n\n")
  .map((paragraph) => `<p>${sentence(paragraph)}</p>`)
  .join("\n")}
<p>The examples run as they stand once these two are set; <code>npm start</code> prints both.</p>
<pre tabindex="0"><code>export PURSER_URL=http://127.0.0.1:4242
export PURSER_KEY=purser_live_…</code></pre>
</section>
${groups
  .map(
    ({ name, of }) =>
      `<h2 id="${anchor(name)}">${escaped(name)}</h2>\n${of.map((one) => operationOf(one, components)).join("\n")}`,
  )
  .join("\n")}
<h2 id="schemas">Schemas</h2>
${Object.entries(components.schemas)
  .filter(([name]) => name !== "Json")
  .map(([name, schema]) => schemaOf(name, schema))
  .join("\n")}
<h2 id="problems">Problems</h2>
<p>Whatever is not done is answered with one of these codes, as <code>application/problem+json</code>. The code is stable; title and detail are for people.</p>
${description["x-problems"].map((problem) => problemOf(problem, listed)).join("\n")}
</main>
</body>
</html>
`;
}

const anchor = (name: string) => `group-${escaped(name.toLowerCase())}`;
const badge = (method: string) => `<span class="method ${method.toLowerCase()}">${escaped(method)}</span>`;

function menuOf(groups: readonly { readonly name: string; readonly of: readonly Listed[] }[]): string {
  const operations = groups.map(
    ({ name, of }) =>
      `<li><a class="group" href="#${anchor(name)}">${escaped(name)}</a><ul>${of
        .map(({ id, method }) => `<li><a href="#op-${escaped(id)}">${escaped(id)} ${badge(method)}</a></li>`)
        .join("")}</ul></li>`,
  );
  return `<ul>${operations.join("\n")}
<li><a class="group" href="#schemas">Schemas</a></li>
<li><a class="group" href="#problems">Problems</a></li></ul>`;
}

function codesOf({ responses }: Operation, known: Description["components"]["responses"]): Listed["codes"] {
  const codes = Object.entries(responses).map(([status, response]): [string, string[]] => {
    const { content } = ("$ref" in response ? known[nameOf(response.$ref)] : response) ?? {};
    const { schema } = content?.["application/problem+json"] ?? {};
    const parts = (schema as { allOf?: readonly Schema[] } | undefined)?.allOf ?? [];
    return [status, parts.flatMap(({ properties }) => (properties?.["code"]?.enum ?? []).map(String))];
  });
  return Object.fromEntries(codes.filter(([, ofIt]) => ofIt.length > 0));
}

function operationOf(
  { id, method, path, operation, codes }: Listed,
  { parameters, schemas }: Description["components"],
): string {
  const { summary, description, security, requestBody, responses } = operation;
  const scope = security[0]?.key?.[0];
  // What every operation takes is told once, above.
  const given = operation.parameters
    .flatMap((one) => ("$ref" in one ? (parameters[nameOf(one.$ref)] ?? []) : one))
    .filter(({ name }) => name !== "traceparent");
  const body = requestBody?.content["application/json"];
  const parts = [
    `<p>${sentence(summary)}</p>`,
    description === undefined ? "" : `<p>${sentence(description)}</p>`,
    `<p class="scope">${scope === undefined ? "Asks for no key." : `Takes a key with the scope <code>${escaped(scope)}</code>.`}</p>`,
    given.length === 0 ? "" : `<h4>Parameters</h4>${definitions(given.map(lineOf))}`,
    body === undefined ? "" : `<h4>Body</h4>${membersOf(schemas[nameOf(body.schema.$ref ?? "")] ?? body.schema)}`,
    `<h4>Answers</h4>${Object.entries(responses)
      .flatMap(([status, response]) => ("$ref" in response ? [] : answerOf(status, response)))
      .join("\n")}`,
    `<h4>Problems</h4>${Object.entries(codes).map(codesOfStatus).join("\n")}`,
  ];
  const answered = Object.values(responses)
    .flatMap((response) => ("$ref" in response ? [] : [response.content?.["application/json"]?.example]))
    .find((shown) => shown !== undefined);
  return `<section id="op-${escaped(id)}" class="operation" aria-labelledby="name-${escaped(id)}">
<h3 id="name-${escaped(id)}"><a href="#op-${escaped(id)}">${escaped(id)}</a></h3>
<p class="address">${badge(method)} <code>${escaped(path).replaceAll(/\{(\w+)\}/g, "<em>{$1}</em>")}</code></p>
<div class="columns"><div>${parts.join("\n")}</div>
<div class="shown"><h4>Request</h4>${curlOf(method, path, given, scope, body, id)}
${answered === undefined ? "" : `<h4>Answer</h4>${example(answered)}`}</div></div>
</section>`;
}

function codesOfStatus([status, codes]: [string, readonly string[]]): string {
  const links = codes.map((code) => `<a href="#problem-${code}"><code>${code}</code></a>`).join(" ");
  return `<p class="codes"><b>${status}</b> <span>${links}</span></p>`;
}

function lineOf({ name, in: place, required, description, schema }: Parameter) {
  return {
    name,
    mark: required === true ? place : `${place}, optional`,
    phrase: phraseOf(schema),
    meaning: `${description ?? ""} ${meaningOf(schema)}`.trim(),
  };
}

function answerOf(status: string, { description, headers = {}, content }: Response): string {
  const schema = content?.["application/json"]?.schema;
  // A problem is told of below, by its codes.
  if (content !== undefined && schema === undefined) return "";
  const told = Object.keys(headers).filter((name) => !["X-Request-Id", "traceparent"].includes(name));
  const carried = told.length === 0 ? "" : ` With ${told.map((name) => `<code>${escaped(name)}</code>`).join(", ")}.`;
  return `<p><b>${escaped(status)}</b> ${schema === undefined ? sentence(description) : phraseOf(schema)}${carried}</p>`;
}

/** A line for a shell. What stands in single quotes there is taken as it is. */
function curlOf(
  method: string,
  path: string,
  parameters: readonly Parameter[],
  scope: string | undefined,
  body: { readonly example?: unknown } | undefined,
  id: string,
): string {
  const given = (place: string) => parameters.filter((one) => one.in === place && one.example !== undefined);
  const filled = given("path").reduce(
    (address, one) => address.replace(`{${one.name}}`, encodeURIComponent(String(one.example))),
    path,
  );
  const query = given("query").map(({ name, example: value }) => `${name}=${encodeURIComponent(String(value))}`);
  const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const lines = [
    `curl ${method === "GET" ? "" : `-X ${method} `}"$PURSER_URL${filled}${query.length === 0 ? "" : `?${query.join("&")}`}"`,
    ...(scope === undefined ? [] : [`-H "Authorization: Bearer $PURSER_KEY"`]),
    ...(parameters.some(({ name }) => name === "Idempotency-Key") ? [`-H 'Idempotency-Key: ${id}-1'`] : []),
    ...(body === undefined
      ? []
      : [
          `-H 'Content-Type: application/json'`,
          `-d ${body.example === undefined ? "@body.json" : quoted(JSON.stringify(body.example))}`,
        ]),
  ];
  return `<pre tabindex="0"><code>${escaped(lines.join(" \\\n  "))}</code></pre>`;
}

function schemaOf(name: string, schema: Schema): string {
  return `<section id="schema-${escaped(name)}" class="schema">
<h3><a href="#schema-${escaped(name)}">${escaped(name)}</a></h3>
${schema.description === undefined ? "" : `<p>${sentence(schema.description)}</p>`}
${membersOf(schema)}
</section>`;
}

function problemOf(
  { code, status, title, advice }: Description["x-problems"][number],
  listed: readonly Listed[],
): string {
  const by = listed.filter(({ codes }) => codes[status]?.includes(code));
  const everywhere = by.length === listed.length ? "every operation" : undefined;
  const links = by.map(({ id }) => `<a href="#op-${escaped(id)}">${escaped(id)}</a>`).join(", ");
  return `<section id="problem-${code}" class="problem">
<h3><a href="#problem-${code}"><code>${code}</code></a> <small>${status}</small></h3>
<p><b>${sentence(title)}.</b> ${sentence(advice)}</p>
${by.length === 0 ? "" : `<p class="by">Of ${everywhere ?? links}.</p>`}
</section>`;
}
