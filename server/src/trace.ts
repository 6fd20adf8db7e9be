// W3C Trace Context: a request belongs to its caller's trace, or begins one of its own. The trace id stands on every log
// line and every problem of the request, so that one number finds all there is.
import type { IncomingMessage } from "node:http";
import { randomWord } from "./keys.ts";

export interface Trace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** Whether the caller records this trace; nothing is recorded here, it is only passed on. */
  readonly sampled: boolean;
}

const FORM = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?$/;
const known = new WeakMap<IncomingMessage, Trace>();

/** The trace that a request belongs to: the same at every asking. */
export function traceOf(request: IncomingMessage): Trace {
  const trace = known.get(request) ?? readTraceparent(request.headers["traceparent"]) ?? beginTrace();
  known.set(request, trace);
  return trace;
}

export function beginTrace(): Trace {
  return { traceId: randomWord(16), sampled: false };
}

/** What a `traceparent` says, or undefined where there is none or it is to be ignored as the standard has it. */
export function readTraceparent(header: string | string[] | undefined): Trace | undefined {
  if (typeof header !== "string") return undefined;
  const [, version, traceId, flags = "", more] = FORM.exec(header) ?? [];
  // A later version may say more behind the flags; this one may not.
  if (traceId === undefined || (version === "00" && more !== undefined)) return undefined;
  return { traceId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The header that says where a request was in its trace. `spanId` is the request's own, of 16 hexadecimal digits. */
export function traceparent({ traceId, sampled }: Trace, spanId: string): string {
  return `00-${traceId}-${spanId}-0${sampled ? 1 : 0}`;
}
