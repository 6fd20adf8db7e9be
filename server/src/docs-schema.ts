// Shapes as a reader wants them: one line a member, what it may be and what it means.
export interface Schema {
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
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

const unsafe: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as it may stand in a page, in an element or an attribute. */
export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => unsafe[sign] ?? sign);
}

/** A sentence, in which what stands between backticks is code. */
export function sentence(text: string): string {
  return escaped(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}

/** What a reference leads to: the word at its end. */
export const nameOf = (reference: string): string => reference.slice(reference.lastIndexOf("/") + 1);

/** What a value may be, as one phrase. */
export function phraseOf(schema: Schema): string {
  const { $ref, anyOf, items, additionalProperties, type, format } = schema;
  if ($ref !== undefined) {
    const name = escaped(nameOf($ref));
    return name === "Json" ? "any JSON" : `<a href="#schema-${name}">${name}</a>`;
  }
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(" ");
  if (anyOf !== undefined) return anyOf.map(phraseOf).join(" or ");
  if (Array.isArray(type)) return type.map((one: string) => phraseOf({ ...schema, type: one })).join(" or ");
  if (items !== undefined) return `array of ${phraseOf(items)}`;
  if (type === "object" && additionalProperties) return `object of ${phraseOf(additionalProperties)}`;
  if (format === "date-time") return "time";
  return escaped(`${String(type ?? "any JSON")}${bounds(schema, String(type))}`);
}

const code = (value: unknown) => `<code>${escaped(JSON.stringify(value))}</code>`;

function bounds({ minimum, maximum, minLength, maxLength }: Schema, type: string): string {
  const [least, most, unit] = type === "string" ? [minLength, maxLength, " characters"] : [minimum, maximum, ""];
  if (type === "null" || (least === undefined && most === undefined)) return "";
  if (least === undefined) return ` of at most ${most}${unit}`;
  if (most === undefined) return ` from ${least}${unit}`;
  return type === "string" ? ` of ${least} to ${most}${unit}` : ` from ${least} to ${most}`;
}

/** The members of an object, one a line. Of something else, what it may be. */
export function membersOf(schema: Schema): string {
  const { properties, required = [] } = schema;
  if (properties === undefined) return `<p>${phraseOf(schema)}</p>`;
  return definitions(
    Object.entries(properties).map(([name, member]) => ({
      name,
      mark: required.includes(name) ? "" : "optional",
      phrase: phraseOf(member),
      meaning: meaningOf(member),
    })),
  );
}

/** What is said about a value, its default included. */
export function meaningOf(schema: Schema): string {
  const usual = schema.default === undefined ? "" : ` ${JSON.stringify(schema.default)} where it is not said.`;
  return `${schema.description ?? ""}${usual}`.trim();
}

interface Line {
  readonly name: string;
  /** A word that sets it apart from its like. */
  readonly mark: string;
  /** HTML. */
  readonly phrase: string;
  readonly meaning: string;
}

/** A list of names and what they are. */
export function definitions(lines: readonly Line[]): string {
  const rows = lines.map(
    ({ name, mark, phrase, meaning }) =>
      `<div><dt><code>${escaped(name)}</code>${mark === "" ? "" : ` <small>${escaped(mark)}</small>`}</dt><dd><span class="type">${phrase}</span>${
        meaning === "" ? "" : ` ${sentence(meaning)}`
      }</dd></div>`,
  );
  return `<dl>${rows.join("\n")}</dl>`;
}

/** JSON for reading. */
export function example(value: unknown): string {
  return `<pre tabindex="0"><code>${escaped(JSON.stringify(value, null, 2))}</code></pre>`;
}
