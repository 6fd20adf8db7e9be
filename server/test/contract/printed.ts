// JSON as the formatter of this repository writes it, so that a generated file is left alone by it and reads in a diff.
const WIDTH = 120;

export function printed(value: unknown): string {
  return `${lines(value, "", 0)}\n`;
}

/** `before` is what stands on the line already and `after` what will follow. */
function lines(value: unknown, indent: string, taken: number): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (!Array.isArray(value)) {
    const entries = Object.entries(value).filter(([, member]) => member !== undefined);
    if (entries.length === 0) return "{}";
    const members = entries.map(([name, member]) => {
      const key = `${JSON.stringify(name)}: `;
      return `${inner}${key}${lines(member, inner, inner.length + key.length)}`;
    });
    return `{\n${members.join(",\n")}\n${indent}}`;
  }
  if (value.length === 0) return "[]";
  if (value.every((member) => typeof member !== "object" || member === null)) {
    const flat = `[${value.map((member) => JSON.stringify(member)).join(", ")}]`;
    // A comma may follow.
    if (taken + flat.length + 1 <= WIDTH) return flat;
  }
  return `[\n${value.map((member) => `${inner}${lines(member, inner, inner.length)}`).join(",\n")}\n${indent}]`;
}
