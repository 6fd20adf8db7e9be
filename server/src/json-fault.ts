// Where a text stops being JSON (RFC 8259). What JSON.parse says of that differs between the versions of Node and often
// leaves the place out, and a client that made the text by hand looks for nothing else.

const blank = /[ \t\n\r]*/y;
const scalar = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y;
/** All but a quotation mark, a backslash and what stands before the space. */
const startOfString = /"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[ !#-[\]-\uffff]*)*/y;

type Wanted = "a value" | "a name" | "a name or }" | "a value or ]" | "a colon" | "a comma" | "nothing";

/** The offset of the first character that cannot stand there; the length of the text where it breaks off too early. */
function offsetOfFault(text: string): number {
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const length = pattern.exec(text)?.[0].length ?? 0;
    at += length;
    return length > 0;
  };
  // No recursion: how deep a text is nested is its writer's choice.
  const open: ("}" | "]")[] = [];
  let wanted: Wanted = "a value";
  for (;;) {
    take(blank);
    const sign = text[at];
    if (sign === undefined || wanted === "nothing") return at;
    const named: boolean = wanted === "a name" || wanted === "a name or }";
    if (wanted === "a comma" && sign === ",") {
      at += 1;
      wanted = open.at(-1) === "}" ? "a name" : "a value";
    } else if (sign === open.at(-1) && (wanted === "a comma" || wanted.endsWith(sign))) {
      at += 1;
      open.pop();
      wanted = open.length === 0 ? "nothing" : "a comma";
    } else if (wanted === "a colon" && sign === ":") {
      at += 1;
      wanted = "a value";
    } else if (wanted === "a comma" || wanted === "a colon") return at;
    else if (sign === '"') {
      take(startOfString);
      if (text[at] !== '"') return at;
      at += 1;
      wanted = named ? "a colon" : open.length === 0 ? "nothing" : "a comma";
    } else if (named) return at;
    else if (sign === "{" || sign === "[") {
      at += 1;
      open.push(sign === "{" ? "}" : "]");
      wanted = sign === "{" ? "a name or }" : "a value or ]";
    } else if (take(scalar)) wanted = open.length === 0 ? "nothing" : "a comma";
    else return at;
  }
}

/** In words for people where a text that JSON.parse refused is at fault, as in `line 1, column 12`. */
export function faultIn(text: string): string {
  const at = offsetOfFault(text);
  const before = text.slice(0, at).split("\n");
  const place = `line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
  if (at >= text.length) return `it breaks off at ${place}`;
  return `${JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0))} cannot stand at ${place}`;
}
