// Where in a JSON text a place stands that a pointer names, so that a problem can be shown where it is.

const token = /"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** The offset of the place, or of the last of its parents that is there. */
export function offsetOf(text: string, pointer: string): number {
  const wanted = pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  let best = 0;
  let matched = 0;
  // For each open object or list: the key or the index that the next value belongs to.
  const path: { at: string | number; list: boolean; key: boolean }[] = [];
  const here = () => path.map(({ at }) => String(at));
  for (const { 0: word, index } of text.matchAll(token)) {
    const level = path.at(-1);
    if (word === "{" || word === "[") {
      path.push({ at: word === "[" ? 0 : "", list: word === "[", key: word === "{" });
    } else if (word === "}" || word === "]") path.pop();
    else if (level !== undefined && word === ",") {
      if (level.list) level.at = Number(level.at) + 1;
      else level.key = true;
    } else if (level !== undefined && level.key && word.startsWith('"')) {
      level.key = false;
      level.at = textOf(word);
    }
    const parts = here();
    const fits = parts.length > matched && parts.every((part, i) => part === wanted[i]);
    if (fits) {
      matched = parts.length;
      best = index;
      if (matched === wanted.length) return best;
    }
  }
  return best;
}

function textOf(literal: string): string {
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal;
  }
}

/** The number of the line that an offset is in, from 1. */
export const lineAt = (text: string, offset: number) => text.slice(0, offset).split("\n").length;

/** A text as JSON, or what is wrong with it and where. */
export function parsed(
  text: string,
): { readonly value: unknown } | { readonly problem: string; readonly offset: number } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    const said = error instanceof Error ? error.message : "";
    const position = / at position (\d+)/.exec(said)?.[1];
    const offset = position === undefined ? text.length : Number(position);
    return { problem: `This is not JSON: ${said.replace(/ (in JSON )?at position \d+.*$/s, "")}.`, offset };
  }
}
