// Reading a body: bytes → JSON → nothing in it that PostgreSQL cannot store, that JavaScript reads as something else, or
// that two readers could understand differently. Shapes are the routes' matter.
import { isStorable } from "@purser/engine";
import { Problem, type ProblemField } from "./answer.ts";
import { faultIn } from "./json-fault.ts";

/** The body is one level and its metadata five, as deep as metadata may be. */
const USUAL_DEPTH = 6;
const token = /"(?:\\.|[^"\\])*"|-?\d[\d.eE+-]*|[{}[\],]/g;
/** Setting these would change what an object is. */
const refusedKeys = new Set(["__proto__", "constructor", "prototype"]);
const decoder = new TextDecoder("utf-8", { fatal: true });

interface Level {
  /** Of an object, the keys met so far; undefined for a list. */
  readonly keys: Set<string> | undefined;
  /** The key or the index that the next value belongs to. */
  at: string | number;
  expectsKey: boolean;
}

/**
 * Reads a body, or throws the problem with it: `malformed_json` with the place, or `invalid_input` with every place at
 * fault. Undefined where there is nothing in it.
 */
export function readJsonBody(bytes: Buffer, deepest = USUAL_DEPTH): unknown {
  if (bytes.length === 0) return undefined;
  const text = textOf(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem({ outcome: "malformed_json", detail: `The body is not valid JSON: ${faultIn(text)}.` });
  }
  const errors = findings(text, deepest);
  if (errors.length > 0) throw new Problem({ outcome: "invalid_input", errors });
  return value;
}

/** Anything that is not UTF-8 would become U+FFFD if it were read leniently, and two ids one. */
function textOf(bytes: Buffer): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Problem({ outcome: "malformed_json", detail: "The body is not UTF-8." });
  }
}

/**
 * Walks over the tokens of a text that is known to be JSON. JSON.parse keeps the last of two equal keys and rounds a
 * number with more digits than it holds; both show only here.
 */
function findings(text: string, deepest: number): ProblemField[] {
  const errors: ProblemField[] = [];
  const levels: Level[] = [];
  const report = (detail: string) => {
    const path = levels.map(({ at }) => String(at));
    const pointer = `#${path.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("")}`;
    errors.push({ in: "body", field: path[0] ?? "", pointer, detail });
  };
  for (const [word] of text.matchAll(token)) {
    if (errors.length >= 20) break;
    const level = levels.at(-1);
    if (word === "{" || word === "[") {
      if (levels.length === deepest) {
        report(`is nested more than ${deepest} deep`);
        break;
      }
      levels.push(
        word === "{" ? { keys: new Set(), at: "", expectsKey: true } : { keys: undefined, at: 0, expectsKey: false },
      );
    } else if (word === "}" || word === "]") {
      levels.pop();
    } else if (word === ",") {
      if (level === undefined) continue;
      if (level.keys === undefined) level.at = Number(level.at) + 1;
      else level.expectsKey = true;
    } else if (word.startsWith('"')) {
      const said = word.includes("\\") ? String(JSON.parse(word)) : word.slice(1, -1);
      if (level?.expectsKey === true) {
        level.expectsKey = false;
        level.at = printable(said);
        const problem = !isStorable(said)
          ? "is a name with NUL or half a surrogate pair"
          : refusedKeys.has(said)
            ? "is a name that is not taken"
            : level.keys?.has(said) === true
              ? "is there twice"
              : undefined;
        if (problem !== undefined) report(problem);
        level.keys?.add(said);
      } else if (!isStorable(said)) report("contains NUL or half a surrogate pair");
    } else if (/^-?\d/.test(word) && !isExact(word)) {
      report("has more digits than a number carries; at most 15 are kept exactly");
    }
  }
  return errors;
}

/** What a name looks like in the answer, which has to be valid text itself. */
function printable(name: string): string {
  return name.replaceAll(/\0|\p{Surrogate}/gu, "\uFFFD").slice(0, 100);
}

function isExact(number: string): boolean {
  if (Number.isSafeInteger(Number(number)) && /^-?\d+$/.test(number)) return true;
  const [mantissa = ""] = number.split(/[eE]/);
  const digits = mantissa.replace(/[-.]/g, "").replace(/^0+/, "");
  // 1e20 is exact and too much; that is for whoever knows what it is an amount of.
  return (mantissa.includes(".") ? digits.replace(/0+$/, "") : digits).length <= 15 && Number.isFinite(Number(number));
}
