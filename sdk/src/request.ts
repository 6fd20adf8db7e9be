// One request and its repetitions. Everything the server offers can be repeated: what changes something has a key, or says
// the same twice with the same effect, so a lost answer is asked for again.
import { asProblem, type Problem, type ProblemField, PurserError } from "./error.ts";

export interface ClientOptions {
  /** Where the server is, such as `http://127.0.0.1:4242`. */
  readonly url: string;
  /** A secret key. In a browser it would be everybody's: use one only on a server of yours. */
  readonly key: string;
  /** In place of the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** How often a request is sent at most, the first time included; 4 where it is not said. */
  readonly attempts?: number;
  /** How long one attempt may take, in milliseconds; 10,000 where it is not said. */
  readonly timeoutMs?: number;
}

export interface Request {
  readonly method: "GET" | "POST" | "PUT";
  /** The parts between the slashes; encoded here. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: object;
  readonly idempotencyKey?: string;
  /** The tag of what is to be replaced. */
  readonly ifMatch?: string;
}

export type Reply = { readonly body: unknown } | { readonly problem: Problem };

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
/** From whatever stands before the server; its own is 503. */
const again = new Set([502, 503, 504]);

/**
 * Sends a request until it has an answer: again, with the same key, where none came or the server says 503, at most
 * `attempts` times. A problem is answered; no answer, or one that is not the server's, is thrown.
 */
export async function send(options: ClientOptions, request: Request): Promise<Reply> {
  const { attempts = 4, timeoutMs = 10_000 } = options;
  const doFetch = options.fetch ?? fetch;
  const problem = unsendable(request);
  if (problem !== undefined) return { problem };
  const address = addressOf(options.url, request);
  const init = initOf(options.key, request);
  for (let attempt = 1; ; attempt += 1) {
    const last = attempt >= attempts;
    let pause = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
    try {
      const response = await doFetch(address, { ...init, signal: AbortSignal.timeout(timeoutMs) });
      // Inside the attempt: an answer that breaks off half-way is no answer.
      const text = await response.text();
      if (last || !again.has(response.status)) return replyOf(response, text);
      const asked = Number(response.headers.get("retry-after")) * 1000;
      if (asked > pause) pause = Math.min(asked, LONGEST_PAUSE_MS);
    } catch (error) {
      // Thrown by replyOf, about an answer that came.
      if (error instanceof PurserError) throw error;
      if (last) {
        const detail = `no answer from ${options.url} in ${attempts} attempts`;
        throw new PurserError({ code: "network_failed", status: 0, detail }, error);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

function replyOf(response: Response, text: string): Reply {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  if (response.ok && body !== undefined) return { body };
  const problem = asProblem(body);
  if (problem !== undefined) return { problem };
  const detail = `an answer of status ${response.status} that is not from Purser`;
  throw new PurserError({ code: "no_problem", status: response.status, detail });
}

function addressOf(url: string, { path, query = {} }: Request): string {
  const given = Object.entries(query).filter((pair): pair is [string, string | number] => pair[1] !== undefined);
  const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
  const place = path.map(encodeURIComponent).join("/");
  return `${url.replace(/\/+$/, "")}/${place}${search === "" ? "" : `?${search}`}`;
}

function initOf(key: string, { method, body, idempotencyKey, ifMatch }: Request): RequestInit {
  return {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
      ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}

/** What would not arrive as it is: the same problem as the server's, without asking it. */
function unsendable({ path, idempotencyKey }: Request): Problem | undefined {
  // Every client takes "." and ".." out of an address, which would then ask about something else.
  if (path.some((part) => part === "" || part === "." || part === ".." || /\p{Surrogate}/u.test(part))) {
    return invalid({
      in: "path",
      field: "tenant",
      detail: 'must not be empty, ".", ".." or have half a surrogate pair',
    });
  }
  // `fetch` would refuse it with the error of a broken connection.
  if (idempotencyKey !== undefined && !/^[\x20-\x7e]+$/.test(idempotencyKey)) {
    return invalid({ in: "header", field: "Idempotency-Key", detail: "must be 1 to 200 visible ASCII characters" });
  }
  return undefined;
}

function invalid(error: ProblemField): Problem {
  const title = "The request is not valid";
  const detail = `${title}: ${error.field} ${error.detail}.`;
  return { code: "invalid_input", status: 0, title, detail, errors: [error] };
}
