// What `sdk/src/contract.ts` says, made from the description of the server. The same description makes the same text, as the
// formatter of this repository would write it.

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
  readonly description?: string;
}
interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
  readonly "x-refusals": readonly string[];
}
export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const WIDTH = 120;
/** Written by hand beside the client, which reads them from whatever answers. */
const elsewhere = new Set(["Json", "Problem", "ProblemField"]);
const nameOf = (reference: string) => reference.slice(reference.lastIndexOf("/") + 1);

export function contractText({ paths, components: { schemas } }: Description): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const sent = new Set(operations.flatMap(({ operation }) => reached(operation.requestBody, schemas)));
  const shapes = Object.entries(schemas)
    .filter(([name]) => !elsewhere.has(name))
    .map(([name, schema]) => shapeOf(name, schema, sent.has(name)));
  return [
    "// What travels between a server and this client. Made from server/openapi.json by `npm run generate`; not for editing.",
    "",
    "/** A time on its way in: a `Date`, or an RFC 3339 text with an offset. On its way out it is a text in UTC. */",
    "export type Instant = Date | string;",
    "",
    ...shapes.flatMap((shape) => [shape, ""]),
    "/** Every operation: its address, and the refusals that are outcomes of it, in the order of precedence. */",
    "export const operations = {",
    ...operations.map(({ path, method, operation }) => {
      const refusals = listOf("    refusals: ", operation["x-refusals"], "    ");
      return `  ${operation.operationId}: {\n    method: "${method}",\n    path: "${path}",\n${refusals},\n  },`;
    }),
    "} as const;",
    "",
    "/** What each operation takes as its body. */",
    "export interface Requests {",
    ...operations.flatMap(({ operation }) => {
      const [body] = Object.values(operation.requestBody?.content ?? {});
      return body === undefined ? [] : `  readonly ${operation.operationId}: ${typeOf(body.schema, true).join(" | ")};`;
    }),
    "}",
    "",
    "/** What each operation answers when it is done. */",
    "export interface Answers {",
    ...operations.map(({ operation }) => {
      const [schema] = Object.values(operation.responses).flatMap(({ content }) => content?.["application/json"] ?? []);
      return `  readonly ${operation.operationId}: ${typeOf(schema?.schema ?? {}, false).join(" | ")};`;
    }),
    "}",
    "",
  ].join("\n");
}

/** The names of all shapes that a part of the description leads to. */
function reached(part: unknown, schemas: Readonly<Record<string, Schema>>, met = new Set<string>()): string[] {
  for (const [, name = ""] of JSON.stringify(part ?? {}).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    if (met.has(name)) continue;
    met.add(name);
    reached(schemas[name], schemas, met);
  }
  return [...met];
}

function shapeOf(name: string, schema: Schema, isSent: boolean): string {
  const comment = commentOf(schema.description, "");
  const { properties, required = [] } = schema;
  if (properties === undefined) return `${comment}${lineOf(`export type ${name} =`, typeOf(schema, isSent), "")}`;
  const members = Object.entries(properties).map(([member, shape]) => {
    const before = `  readonly ${/^\w+$/.test(member) ? member : JSON.stringify(member)}${required.includes(member) ? "" : "?"}:`;
    return commentOf(shape.description, "  ") + lineOf(before, typeOf(shape, isSent), "  ");
  });
  return `${comment}export interface ${name} {\n${members.join("\n")}\n}`;
}

/** What a value may be, one alternative a part. */
function typeOf(schema: Schema, isSent: boolean): string[] {
  const { $ref, anyOf, items, additionalProperties, properties, required = [], type } = schema;
  if ($ref !== undefined) return [nameOf($ref) === "Json" ? "unknown" : nameOf($ref)];
  if (schema.const !== undefined) return [JSON.stringify(schema.const)];
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one));
  if (anyOf !== undefined) return [...new Set(anyOf.flatMap((one) => typeOf(one, isSent)))];
  if (Array.isArray(type)) return type.flatMap((one: string) => typeOf({ ...schema, type: one }, isSent));
  if (items !== undefined) {
    const of = typeOf(items, isSent);
    return [`readonly ${of.length === 1 ? of.join("") : `(${of.join(" | ")})`}[]`];
  }
  if (properties !== undefined) {
    const members = Object.entries(properties).map(([name, member]) => {
      const mark = required.includes(name) ? "" : "?";
      return `readonly ${name}${mark}: ${typeOf(member, isSent).join(" | ")}`;
    });
    return [`{ ${members.join("; ")} }`];
  }
  if (type === "object") {
    const of = additionalProperties ? typeOf(additionalProperties, isSent).join(" | ") : "unknown";
    return [`Readonly<Record<string, ${of}>>`];
  }
  if (schema.format === "date-time" && isSent) return ["Instant"];
  return [type === "integer" ? "number" : String(type ?? "unknown")];
}

/** On one line where it fits, else one alternative a line. */
function lineOf(before: string, alternatives: readonly string[], indent: string): string {
  const flat = `${before} ${alternatives.join(" | ")};`;
  if (flat.length <= WIDTH || alternatives.length === 1) return flat;
  return `${before}\n${alternatives.map((one) => `${indent}  | ${one}`).join("\n")};`;
}

function listOf(before: string, words: readonly string[], indent: string): string {
  const flat = `${before}[${words.map((word) => JSON.stringify(word)).join(", ")}]`;
  // A comma follows.
  if (flat.length < WIDTH) return flat;
  return `${before}[\n${words.map((word) => `${indent}  ${JSON.stringify(word)},`).join("\n")}\n${indent}]`;
}

function commentOf(text: string | undefined, indent: string): string {
  if (text === undefined) return "";
  const said = text.replaceAll("*/", "*\\/");
  const flat = `${indent}/** ${said} */`;
  if (flat.length <= WIDTH) return `${flat}\n`;
  const lines = [""];
  for (const word of said.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (indent.length + 3 + last.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`).join("\n")}\n${indent} */\n`;
}
