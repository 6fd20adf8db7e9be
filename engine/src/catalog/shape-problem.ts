// What is said of a place that does not have the shape it should have, in a sentence that goes on from its path. Pure.
import type { z } from "zod";

const kinds: Readonly<Record<string, string>> = {
  object: "an object",
  record: "an object",
  array: "a list",
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

/** For the parser. What a shape says of itself goes before it. */
export const inSentences = {
  error(issue: z.core.$ZodRawIssue): string | undefined {
    // What is not there is missing, whatever it would have to be.
    if (issue.input === undefined) return "is required";
    switch (issue.code) {
      case "invalid_type":
        return `must be ${kinds[issue.expected] ?? issue.expected}`;
      case "invalid_value":
        return issue.values.length === 1
          ? `must be ${String(issue.values[0])}`
          : `must be one of ${issue.values.join(", ")}`;
      case "invalid_key":
        return issue.issues[0]?.message;
      case "unrecognized_keys":
        return `has a field that is not known: ${issue.keys.join(", ")}`;
      case "too_small":
        return issue.origin === "string"
          ? `must have at least ${issue.minimum} characters`
          : `must be at least ${issue.minimum}`;
      case "too_big":
        return issue.origin === "string"
          ? `must have at most ${issue.maximum} characters`
          : `must be at most ${issue.maximum}`;
      case "invalid_format":
        return issue.format === "datetime"
          ? "must be an RFC 3339 time with an offset, such as 2031-05-01T00:00:00Z"
          : undefined;
      case "invalid_element":
      case "invalid_union":
      case "not_multiple_of":
      case "custom":
        // A shape that is one of these says itself what it wants.
        break;
    }
    return undefined;
  },
};
