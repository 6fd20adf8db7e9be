// Reading values whose shape nobody vouches for: thrown things and files that other programs wrote.

/** A field of an unknown value, itself unknown; undefined when there is none. */
export function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** The same for a field that must be text; anything else is the empty text. */
export function text(value: unknown, name: string): string {
  const found = field(value, name);
  return typeof found === "string" ? found : "";
}

/** What a failed program wrote to its error output, else the message of the error. */
export function complaint(error: unknown): string {
  return text(error, "stderr").trim() || text(error, "message") || String(error);
}
