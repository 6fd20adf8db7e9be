// Plays a story of engine/sql/examples on one connection and writes down what was asked and what came back, laid out
// like psql's echo and aligned tables, with two differences that keep the record the same on every machine and version:
// an exact number is shown without the zeros behind it (95, not 95.000000), and no line ends in spaces.
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Client, FieldDef, QueryArrayResult } from "pg";

/** One statement with the comments before it, or one `\ir` line that plays another file first. */
interface Step {
  text: string;
  /** Whether an empty line stands before it in the file. */
  apart: boolean;
  include?: string;
}

// Where a statement may hold a semicolon that does not end it: comments, strings, quoted names, dollar quotes.
const token =
  /--[^\n]*|\/\*[\s\S]*?\*\/|[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$(?:[A-Za-z_]\w*)?\$)[\s\S]*?\1|(?<=^|\n)\\ir [^\n]*|;/g;

export function stepsOf(story: string): Step[] {
  const steps: Step[] = [];
  let from = 0;
  const cut = (to: number, include?: string) => {
    const text = story.slice(from, to);
    const apart = /^\s*\n\s*\n/.test(text);
    if (text.trim() !== "") steps.push({ text: text.trim(), apart, ...(include === undefined ? {} : { include }) });
    from = to;
  };
  for (const { 0: found, index } of story.matchAll(token)) {
    if (found === ";") cut(index + 1);
    else if (found.startsWith("\\ir ")) cut(index + found.length, found.slice(4).trim());
  }
  cut(story.length);
  return steps;
}

const isComment = (text: string) => text.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, "").trim() === "";
const numeric = 1700;
const rightAligned = new Set([20, 21, 23, 26, 700, 701, numeric]);

function cell(value: string | null, field: FieldDef | undefined): string {
  if (value === null) return "";
  return field?.dataTypeID === numeric && value.includes(".") ? value.replace(/\.?0+$/, "") : value;
}

const centred = (text: string, width: number) =>
  text.padStart(text.length + Math.floor((width - text.length) / 2)).padEnd(width);
const line = (texts: string[]) => ` ${texts.join(" | ")}`.trimEnd();

function table({ fields, rows }: QueryArrayResult<(string | null)[]>): string {
  const cells = rows.map((row) => row.map((value, i) => cell(value, fields[i])));
  const widths = fields.map(({ name }, i) => Math.max(name.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const aligned = (row: string[]) =>
    fields.map(({ dataTypeID }, i) => {
      const text = row[i] ?? "";
      const width = widths[i] ?? 0;
      return rightAligned.has(dataTypeID) ? text.padStart(width) : text.padEnd(width);
    });
  return [
    line(fields.map(({ name }, i) => centred(name, widths[i] ?? 0))),
    widths.map((width) => "-".repeat(width + 2)).join("+"),
    ...cells.map((row) => line(aligned(row))),
    `(${rows.length} ${rows.length === 1 ? "row" : "rows"})`,
  ].join("\n");
}

async function answer(client: Client, text: string): Promise<string> {
  if (isComment(text)) return "";
  try {
    const result = await client.query<(string | null)[]>({ text, rowMode: "array" });
    if (result.fields.length > 0) return table(result);
    if (/^(INSERT|UPDATE|DELETE)$/.test(result.command)) return `${result.command} ${result.rowCount ?? 0}`;
    // Said only where it is news: a COMMIT that answers ROLLBACK.
    return /^(COMMIT|ROLLBACK)$/.test(result.command) && !text.endsWith(`${result.command};`) ? result.command : "";
  } catch (fault) {
    if (fault instanceof Error && "severity" in fault) return `${String(fault.severity)}:  ${fault.message}`;
    throw fault;
  }
}

/** Plays the file and answers its record. What an included file prints is left out: it has a record of its own. */
export async function play(client: Client, file: string): Promise<string> {
  let record = "";
  for (const { text, apart, include } of stepsOf(await readFile(file, "utf8"))) {
    const reply = include === undefined ? await answer(client, text) : "";
    if (include !== undefined) await play(client, resolve(dirname(file), include));
    record += `${apart && record !== "" && !record.endsWith("\n\n") ? "\n" : ""}${text}\n${reply === "" ? "" : `${reply}\n\n`}`;
  }
  return `${record.trimEnd()}\n`;
}

/** Nothing is read into numbers, dates or objects: the record shows what PostgreSQL wrote. */
export const asWritten = { getTypeParser: () => (value: string) => value };
