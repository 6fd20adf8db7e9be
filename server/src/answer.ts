// The one place that turns outcomes into HTTP: which status an outcome has, and what a refusal looks like (RFC 9457,
// application/problem+json). A refusal has one status wherever it comes from.
import type { Socket } from "node:net";
import type { FastifyReply } from "fastify";
import { traceOf } from "./trace.ts";

interface Row {
  readonly status: number;
  readonly title: string;
  /** The field that is at fault where the outcome itself names none. */
  readonly field?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const soon = { "retry-after": "1" };

/**
 * Every outcome there is, with its status.
 *
 * 402 is for what an upgrade, a payment or a top-up would cure, 403 for what somebody decided against (an operator, or
 * the owner of the key) and no purchase changes. 429 would be wrong for both: clients repeat it by themselves, and a
 * monthly limit does not come back within the minute. 409 is for what contradicts something that already happened, 422
 * for what can be read and is not valid, 400 for what cannot be read. 503 means nothing is known to have happened: ask
 * again with the same key.
 */
const table = {
  found: { status: 200, title: "Found" },
  decided: { status: 200, title: "Decided" },
  consumed: { status: 200, title: "Consumed" },
  answered: { status: 200, title: "Answered, item by item" },
  advanced: { status: 200, title: "Advanced" },
  compared: { status: 200, title: "Compared" },
  published: { status: 200, title: "Published" },
  settled: { status: 200, title: "Settled" },
  released: { status: 200, title: "Released" },
  extended: { status: 200, title: "Extended" },
  voided: { status: 200, title: "Voided" },
  reversed: { status: 200, title: "Reversed" },
  reported: { status: 200, title: "Reported" },
  refreshed: { status: 200, title: "Refreshed" },
  created: { status: 201, title: "Created" },
  subscribed: { status: 201, title: "Subscribed" },
  granted: { status: 201, title: "Granted" },
  reserved: { status: 201, title: "Reserved" },
  claimed: { status: 201, title: "Claimed" },
  not_modified: { status: 304, title: "Not modified" },

  malformed_url: { status: 400, title: "The address is not valid" },
  malformed_json: { status: 400, title: "The body is not valid JSON" },
  idempotency_key_missing: {
    status: 400,
    title: "This request needs an Idempotency-Key header",
    field: "idempotencyKey",
  },
  bad_request: { status: 400, title: "The request cannot be read" },
  unauthenticated: {
    status: 401,
    title: "A valid key is needed",
    headers: { "www-authenticate": 'Bearer realm="purser"' },
  },
  limit_reached: { status: 402, title: "Not enough is left of the limit" },
  insufficient_balance: { status: 402, title: "The balance is not enough" },
  tier_insufficient: { status: 402, title: "The tenant's tier does not have this feature" },
  not_included: { status: 402, title: "The tenant's plan does not include this feature" },
  subscription_inactive: { status: 402, title: "The tenant has no active subscription" },
  trial_expired: { status: 402, title: "The trial has ended" },
  payment_past_due: { status: 402, title: "A payment is past due" },
  grace_period_expired: { status: 402, title: "The grace period has ended" },
  scope_missing: { status: 403, title: "The key does not have the scope for this" },
  other_tenant: { status: 403, title: "The key is for another tenant" },
  other_mode: { status: 403, title: "The key is for the other mode", field: "tenant" },
  cross_origin: { status: 403, title: "A request with a session must come from the console itself" },
  tenant_suspended: { status: 403, title: "The tenant is suspended" },
  feature_disabled: { status: 403, title: "The feature is disabled for this tenant" },
  restricted: { status: 403, title: "The feature is restricted for this tenant" },
  route_unknown: { status: 404, title: "There is nothing at this address" },
  tenant_unknown: { status: 404, title: "There is no such tenant", field: "tenant" },
  feature_unknown: { status: 404, title: "There is no such feature", field: "feature" },
  plan_unknown: { status: 404, title: "There is no such plan", field: "plan" },
  grant_unknown: { status: 404, title: "There is no such grant", field: "dedupeKey" },
  consumption_unknown: { status: 404, title: "Nothing was consumed under this key", field: "consumptionKey" },
  hold_unknown: { status: 404, title: "There is no such hold", field: "holdKey" },
  claim_unknown: { status: 404, title: "No slot was ever claimed in this name", field: "resource" },
  catalog_unpublished: { status: 404, title: "No catalogue has been published" },
  revision_unknown: { status: 404, title: "There is no such revision of the catalogue", field: "revision" },
  method_not_allowed: { status: 405, title: "This address does not take this method" },
  request_timeout: { status: 408, title: "The request took too long to arrive" },
  idempotency_conflict: { status: 409, title: "The key was used before with something else" },
  already_subscribed: { status: 409, title: "The tenant has a subscription already" },
  hold_settled: { status: 409, title: "The hold has been settled", field: "holdKey" },
  hold_released: { status: 409, title: "The hold has been released", field: "holdKey" },
  hold_expired: { status: 409, title: "The hold has expired", field: "holdKey" },
  already_reversed: { status: 409, title: "All of it has been undone before", field: "consumptionKey" },
  count_reported: { status: 409, title: "The slots of this capacity are counted, not claimed", field: "feature" },
  claims_kept: { status: 409, title: "The slots of this capacity are claimed, not counted", field: "feature" },
  not_a_test_tenant: { status: 409, title: "Only a test tenant has a clock of its own", field: "tenant" },
  revision_conflict: { status: 412, title: "The catalogue was published by somebody else since" },
  body_too_large: { status: 413, title: "The body is larger than this operation takes" },
  media_type_unsupported: { status: 415, title: "The body must be application/json" },
  invalid_input: { status: 422, title: "The request is not valid" },
  wrong_kind: { status: 422, title: "The feature is of a kind that does not fit this", field: "feature" },
  subject_required: {
    status: 422,
    title: "The feature is counted per subject, so one must be named",
    field: "subject",
  },
  too_many_attempts: {
    status: 429,
    title: "Too many failed attempts to sign in; try again in a minute",
    headers: { "retry-after": "60" },
  },
  headers_too_large: { status: 431, title: "The headers are too large" },
  internal: { status: 500, title: "Something went wrong here" },
  busy: { status: 503, title: "The balance is in use; try again", headers: soon },
  overloaded: { status: 503, title: "Too many are waiting already; try again", headers: soon },
  unavailable: { status: 503, title: "The database cannot be reached; try again", headers: soon },
} as const satisfies Record<string, Row>;

export type OutcomeCode = keyof typeof table;

/** Codes of what went well; the rest are refusals. */
type SuccessCode = {
  [Code in OutcomeCode]: (typeof table)[Code]["status"] extends 200 | 201 ? Code : never;
}[OutcomeCode];
export type RefusalCode = Exclude<OutcomeCode, SuccessCode | "not_modified">;

/** What the description of the server says of an outcome. */
export function describeOutcome(code: OutcomeCode): Omit<Row, "field"> {
  return table[code];
}

/** Every refusal there is, in the order of its status. */
export const refusals = (Object.keys(table) as OutcomeCode[]).filter(
  (code): code is RefusalCode => table[code].status >= 400,
);

/** One thing that is wrong with a request, and where. */
export interface ProblemField {
  readonly in: "path" | "query" | "header" | "body";
  readonly field: string;
  /** JSON pointer into the body. */
  readonly pointer?: string;
  readonly detail: string;
}

export interface RefusedAnswer {
  readonly outcome: RefusalCode;
  /** As the engine names it. */
  readonly field?: string | undefined;
  readonly detail?: string;
  readonly errors?: readonly ProblemField[];
  readonly available?: number | undefined;
  readonly resetsAt?: Date | undefined;
  readonly restrictedBy?: string | undefined;
  readonly unlockedBy?: readonly string[] | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a route answers: a success and its body, or a refusal. */
export type Answer = { readonly outcome: SuccessCode; readonly body: object } | RefusedAnswer;

/** A refusal on its way to the error handler, from where no answer can be returned. */
export class Problem extends Error {
  readonly refusal: RefusedAnswer;

  constructor(refusal: RefusedAnswer) {
    super(refusal.outcome);
    this.name = "Problem";
    this.refusal = refusal;
  }
}

/** What each field may be, for the answer to one that was something else. */
const demands: Readonly<Record<string, string>> = {
  tenant: "1 to 200 characters, without NUL or half a surrogate pair",
  feature: "1 to 200 characters, without NUL or half a surrogate pair",
  subject: "at most 200 characters, without NUL or half a surrogate pair",
  amount: "more than 0, with at most 6 fractional and 15 significant digits",
  idempotencyKey: "1 to 200 characters",
  dedupeKey: '1 to 200 characters, not beginning with "allowance:"',
  metadata: "an object of at most 16 kB",
  priority: "a whole number from 0 to 1000",
  expiresAt: "an instant that is still to come, and after its beginning",
  to: "an instant that is not before the tenant's clock",
  timeZone: "an IANA name such as Europe/Rome",
  currency: "an ISO 4217 code such as EUR",
  mode: "live or test",
  clockAt: "an instant; only a test tenant has a clock",
  unlimited: "true without an amount",
  holdKey: "1 to 200 characters",
  consumptionKey: "1 to 200 characters",
  resource: "1 to 300 characters, without NUL or half a surrogate pair",
  reason: "1 to 1,000 characters, without NUL or half a surrogate pair",
  count: "a whole number from 0 to 2147483647",
};

/** The engine's names of what travels in a header here. */
const inHeader = new Set(["idempotencyKey", "dedupeKey"]);

/** Sends an answer. `places` says in which part of the request a field stands; what it does not know is in the body. */
export async function send(
  reply: FastifyReply,
  answer: Answer,
  places: (field: string) => ProblemField["in"] = () => "body",
): Promise<void> {
  const row: Row = table[answer.outcome];
  reply.status(row.status).headers({ ...row.headers, ...("headers" in answer ? answer.headers : {}) });
  if ("body" in answer) {
    await reply.send(answer.body);
    return;
  }
  const field = answer.field ?? row.field;
  const errors = answer.errors ?? (field === undefined ? undefined : [fieldAtFault(answer, field, places)]);
  const problem = {
    type: typeOf(answer.outcome),
    title: row.title,
    status: row.status,
    code: answer.outcome,
    detail: answer.detail ?? sentence(row.title, errors, answer.available),
    traceId: traceOf(reply.request.raw).traceId,
    ...(errors === undefined ? {} : { errors }),
    ...(answer.available === undefined ? {} : { available: answer.available }),
    ...(answer.resetsAt === undefined ? {} : { resetsAt: answer.resetsAt.toISOString() }),
    ...(answer.restrictedBy === undefined ? {} : { restrictedBy: answer.restrictedBy }),
    ...(answer.unlockedBy === undefined ? {} : { unlockedBy: answer.unlockedBy }),
  };
  // As bytes, since a text would get a charset, which this media type does not have.
  await reply.type("application/problem+json").send(Buffer.from(JSON.stringify(problem)));
}

/** Where a problem is explained, on this server, so that it can be looked up without a network beyond it. */
const typeOf = (code: RefusalCode) => `/docs#problem-${code}`;

/** Says that what the client has is what it would get. The headers that go with it are set already. */
export async function sendNotModified(reply: FastifyReply): Promise<void> {
  await reply.status(table.not_modified.status).send();
}

function fieldAtFault(
  { outcome }: RefusedAnswer,
  field: string,
  places: (field: string) => ProblemField["in"],
): ProblemField {
  const detail = detailOf(outcome, field);
  const place = places(field);
  if (inHeader.has(field) && place !== "path") return { in: "header", field: "Idempotency-Key", detail };
  return place === "body" ? { in: place, field, pointer: `#/${field}`, detail } : { in: place, field, detail };
}

function detailOf(outcome: RefusalCode, field: string): string {
  if (outcome === "invalid_input") return `must be ${demands[field] ?? "something else"}`;
  if (outcome === "idempotency_conflict") return "differs from the first use of the key";
  return table[outcome].title;
}

function sentence(title: string, errors: readonly ProblemField[] | undefined, available: number | undefined): string {
  if (available !== undefined) return `${title}: ${available} available.`;
  const [first] = errors ?? [];
  if (first === undefined || first.detail === title) return `${title}.`;
  return `${title}: ${first.field} ${first.detail}.`;
}

/** Fastify's own refusals, by its code. Others of its 4xx are `bad_request`. */
const refusalsOfFastify: Readonly<Record<string, RefusalCode>> = {
  FST_ERR_BAD_URL: "malformed_url",
  FST_ERR_CTP_BODY_TOO_LARGE: "body_too_large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "media_type_unsupported",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "bad_request",
};

/** What to answer to something thrown by the framework, or undefined where it is no refusal of its. */
export function refusalOfFramework(error: unknown): RefusedAnswer | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const known = "code" in error && typeof error.code === "string" ? refusalsOfFastify[error.code] : undefined;
  if (known !== undefined) return { outcome: known };
  const status = "statusCode" in error ? error.statusCode : undefined;
  return typeof status === "number" && status >= 400 && status < 500 ? { outcome: "bad_request" } : undefined;
}

/** By the code of Node's HTTP parser. */
const refusalsOfParser: Readonly<Record<string, RefusalCode>> = {
  HPE_HEADER_OVERFLOW: "headers_too_large",
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout",
};

/** Answers what is not even HTTP, where there is no request to reply to, and hangs up. */
export function refuseConnection(error: Error & { code?: string }, socket: Socket, traceId: string): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = refusalsOfParser[error.code ?? ""] ?? "bad_request";
  const { status, title } = table[code];
  const body = JSON.stringify({ type: typeOf(code), title, status, code, detail: `${title}.`, traceId });
  const head = `HTTP/1.1 ${status} \r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}`;
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`);
}
