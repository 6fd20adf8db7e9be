// A request held against the shapes of its route: what of it is read, and everything that is wrong with it, by its place.
import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import { Problem, type ProblemField, type RefusedAnswer } from "./answer.ts";

/** In which part of the request a field of an operation stands. */
export function placesOf(request: FastifyRequest): (field: string) => ProblemField["in"] {
  const { url = "" } = request.routeOptions;
  return (field) => (url.split("/").includes(`:${field}`) ? "path" : "body");
}

/** A part of a request as its shape reads it; what does not fit is added to `errors`. */
export function parsed(shape: z.ZodType, value: unknown, place: ProblemField["in"], errors: ProblemField[]): unknown {
  const result = shape.safeParse(value ?? {});
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const unknown = issue.code === "unrecognized_keys" ? issue.keys : [undefined];
    for (const key of unknown) {
      const path = [...issue.path, ...(key === undefined ? [] : [key])].map(String);
      const pointer = place === "body" ? { pointer: `#${path.map((part) => `/${escaped(part)}`).join("")}` } : {};
      const detail = key !== undefined ? "is not known here" : isMissing(issue, value) ? "is required" : issue.message;
      const error = { in: place, field: path[0] ?? "", ...pointer, detail };
      // A text that is too long by two bounds is wrong once.
      if (!errors.some((other) => JSON.stringify(other) === JSON.stringify(error))) errors.push(error);
    }
  }
  return undefined;
}

const escaped = (part: string) => part.replaceAll("~", "~0").replaceAll("/", "~1");

/** Whether nothing stands where something has to; `null` is something. A rule between fields says by itself what it misses. */
function isMissing({ code, path }: z.core.$ZodIssue, value: unknown): boolean {
  if (code === "custom" || path.length === 0) return false;
  let at: unknown = value ?? {};
  for (const part of path) {
    if (typeof at !== "object" || at === null) return false;
    at = (at as Record<PropertyKey, unknown>)[part];
  }
  return at === undefined;
}

/** What is wrong with a request that should have a body and has none: all that an empty object would miss. */
export function noBody(shape: z.ZodType): RefusedAnswer {
  const errors: ProblemField[] = [];
  parsed(shape, {}, "body", errors);
  const missing = errors.map(({ field, detail }) => `${field} ${detail}`).join(", ");
  const wanted = missing === "" ? "{} will do" : missing;
  return { outcome: "malformed_json", detail: `There is no body, and a JSON object is expected: ${wanted}.`, errors };
}

/** Visible ASCII, as in the header's definition: anything else would arrive as other text than in SQL or TypeScript. */
export function keyOf(request: FastifyRequest, errors: ProblemField[]): string {
  const key = request.headers["idempotency-key"];
  if (key === undefined || key === "") throw new Problem({ outcome: "idempotency_key_missing" });
  if (typeof key === "string" && /^[\x21-\x7e]([\x20-\x7e]{0,198}[\x21-\x7e])?$/.test(key)) return key;
  errors.push({ in: "header", field: "Idempotency-Key", detail: "must be 1 to 200 visible ASCII characters" });
  return "";
}
