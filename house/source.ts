// Reads the tree for the rules: which files there are, what in them is code and what is words, what they import.
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { posix } from "node:path";

export interface File {
  path: string;
  text: string;
}
interface Source {
  /** The source without comments and patterns, each literal replaced by `"§n"`, its number in `literals`. */
  code: string;
  comments: string;
  literals: { text: string; holes: string[] }[];
}

const lexeme =
  /\/\/.*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|(?<=(?:^|[=(,:[!&|?{;>\n]|\breturn)\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*|[`{}]/g;

/** Tells code, comments and literals apart. The compiler offers no parser to scripts, and this much is enough. */
function scan(text: string): Source {
  const source: Source = { code: "", comments: "", literals: [] };
  let at = 0;
  const literal = (value: string) => {
    const made = { text: value, holes: [] as string[] };
    source.code += `"§${source.literals.push(made) - 1}"`;
    return made;
  };
  const readTemplate = () => {
    const made = literal("");
    for (;;) {
      const chunk = /((?:\\[\s\S]|\$(?!\{)|[^`\\$])*)(`|\$\{|$)/y;
      chunk.lastIndex = at;
      const [whole = "", words = "", end = ""] = chunk.exec(text) ?? [];
      at += whole.length;
      made.text += words;
      if (end !== "${") return;
      const from = at;
      source.code += " (";
      readCode(true);
      source.code += ") ";
      made.text += "${}";
      made.holes.push(text.slice(from, at - 1).trim());
    }
  };
  const readCode = (inTemplate: boolean) => {
    for (let depth = 0; at < text.length; ) {
      lexeme.lastIndex = at;
      const found = lexeme.exec(text);
      source.code += text.slice(at, found?.index);
      at = found ? lexeme.lastIndex : text.length;
      const [word = ""] = found ?? [];
      if (/^\/[/*]/.test(word)) source.comments += `${word}\n`;
      else if (/^["']/.test(word)) literal(word.slice(1, -1));
      else if (word === "`") readTemplate();
      else if (word === "{" || word === "}") {
        depth += word === "{" ? 1 : -1;
        if (inTemplate && depth < 0) return;
        source.code += word;
      }
    }
  };
  readCode(false);
  return source;
}

const scanned = new WeakMap<File, Source>();
export function sourceOf(file: File): Source {
  const source = scanned.get(file) ?? scan(file.text);
  scanned.set(file, source);
  return source;
}

export const isCode = ({ path }: File) => /\.(tsx?|mjs)$/.test(path);

/** What a file imports: the name as written and, for a relative one, the path it leads to. */
export function importsOf(file: File): { name: string; target: string | undefined }[] {
  const { code, literals } = sourceOf(file);
  const statement = /\b(?:import|export)\b[^;"()]*?\bfrom\s*"§(\d+)"|\bimport\s*\(?\s*"§(\d+)"/g;
  return [...code.matchAll(statement)].map(([, from, direct]) => {
    const name = literals[Number(from ?? direct)]?.text ?? "";
    return { name, target: name.startsWith(".") ? posix.join(posix.dirname(file.path), name) : undefined };
  });
}

/** Every file of the tree that git would carry; a build directory lying about does not count. */
export function filesOfTree(root: string): File[] {
  // The clone may belong to another user than the one who tests it; listing files is harmless either way.
  const list = ["-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"];
  const paths = execFileSync("git", list, { cwd: root, encoding: "utf8" }).split("\0");
  return [...new Set(paths)]
    .filter((path) => statSync(posix.join(root, path), { throwIfNoEntry: false })?.isFile())
    .map((path) => ({ path, text: readFileSync(posix.join(root, path), "utf8") }))
    .filter(({ text }) => !text.includes("\0"));
}
