// What is logged: of a request its id, method, route, status and duration; of an error its kind and where it was thrown.
// Never an address as it was called, a header, a body or a row: they hold secrets and other people's data, and messages
// of the database quote values.
import { type FastifyReply, type FastifyRequest, type FastifyServerOptions, LogController } from "fastify";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
export interface LogStream {
  write(line: string): void;
}

/** Options for Fastify. */
export function logging(options: {
  readonly logLevel?: LogLevel;
  readonly log?: LogStream;
}): Pick<FastifyServerOptions, "logger" | "logController"> {
  return {
    // The framework's own lines would name the address as it was called.
    logController: new LogController({ disableRequestLogging: true }),
    logger: {
      level: options.logLevel ?? "info",
      ...(options.log === undefined ? {} : { stream: options.log }),
      // Nothing of this is ever handed to the log; should somebody do so one day, it does not come through.
      redact: ["headers", "req", "body", "key", "password", "*.headers", "*.body", "*.authorization", "*.password"],
      serializers: { err: describeError },
    },
  };
}

/** An error without its message, which may quote a value; the database's code says what kind it is. */
function describeError(error: unknown): { type: string; message: string; stack: string; code?: string } {
  if (!(error instanceof Error)) return { type: typeof error, message: "", stack: "" };
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const cause = error.cause instanceof Error ? [`caused by ${error.cause.name}`, describeError(error.cause).stack] : [];
  return { type: error.name, message: "", ...code, stack: [...frames, ...cause].join("\n") };
}

/** Logs a request that was answered. */
export function traced(request: FastifyRequest, reply: FastifyReply): void {
  const route = request.routeOptions.url ?? "none";
  const ms = Math.round(reply.elapsedTime * 10) / 10;
  request.log.info({ method: request.method, route, status: reply.statusCode, ms }, "request");
}
