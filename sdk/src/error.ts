/** One thing that is wrong with a request, and where. */
export interface ProblemField {
  readonly in: "path" | "query" | "header" | "body";
  readonly field: string;
  /** JSON pointer into the body. */
  readonly pointer?: string;
  readonly detail: string;
}

/** What a server says about a request that it did not do (RFC 9457). */
export interface Problem {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly ProblemField[];
  readonly available?: number;
  readonly resetsAt?: string;
  readonly restrictedBy?: string;
  readonly unlockedBy?: readonly string[];
  /** Stands on every line that the server logged about the request. */
  readonly traceId?: string;
}

/**
 * A request that did not succeed and whose failure is no expected outcome. `code` is stable and the one to decide by; it
 * is `network_failed` where no answer came, and `no_problem` where what answered was not Purser.
 */
export class PurserError extends Error {
  readonly code: string;
  /** The HTTP status; 0 where no answer came. */
  readonly status: number;
  readonly errors: readonly ProblemField[];
  /** Stands on every line that the server logged about the request; absent where the server did not answer. */
  readonly traceId?: string;

  constructor(problem: Pick<Problem, "code" | "status" | "detail"> & Partial<Problem>, cause?: unknown) {
    super(`${problem.code}: ${problem.detail}`, cause === undefined ? undefined : { cause });
    this.name = "PurserError";
    this.code = problem.code;
    this.status = problem.status;
    this.errors = problem.errors ?? [];
    if (problem.traceId !== undefined) this.traceId = problem.traceId;
  }
}

/** A body as a problem, or undefined where it is none. */
export function asProblem(body: unknown): Problem | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { code, status, title, detail, errors, available, resetsAt, restrictedBy, unlockedBy, traceId } =
    body as Record<string, unknown>;
  if (typeof code !== "string" || typeof status !== "number" || typeof detail !== "string") return undefined;
  return {
    code,
    status,
    detail,
    title: typeof title === "string" ? title : code,
    errors: Array.isArray(errors) ? (errors as ProblemField[]) : [],
    ...(typeof available === "number" ? { available } : {}),
    ...(typeof resetsAt === "string" ? { resetsAt } : {}),
    ...(typeof restrictedBy === "string" ? { restrictedBy } : {}),
    ...(Array.isArray(unlockedBy) ? { unlockedBy: unlockedBy as string[] } : {}),
    ...(typeof traceId === "string" ? { traceId } : {}),
  };
}
