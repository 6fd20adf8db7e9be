import {
  type AdvanceClockOutcome,
  type Balance,
  clockRefusals,
  type ConsumeOutcome,
  consumeRefusals,
  type CreateTenantOutcome,
  createTenantRefusals,
  type Decision,
  type GrantOutcome,
  grantRefusals,
  type OpenGrant,
  type Refusal,
  type SubscribeOutcome,
  subscribeRefusals,
  type Tenant,
} from "./contract.ts";
import { type Problem, PurserError } from "./error.ts";
import { type ClientOptions, type Reply, type Request, send } from "./request.ts";

/** A time on its way in: a `Date`, or an RFC 3339 text with an offset. */
type Instant = Date | string;

export interface ConsumeInput {
  readonly tenant: string;
  /** A feature's key, or a capability's. */
  readonly feature: string;
  /** In units of the feature, more than 0; as text where you keep decimals as text. 1 where it is not said. */
  readonly amount?: number | string;
  /** Names this consumption: a retry with the same key changes nothing. Visible ASCII, at most 200 characters. */
  readonly idempotencyKey: string;
  readonly subject?: string;
  readonly occurredAt?: Instant;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface GrantInput {
  readonly tenant: string;
  readonly feature: string;
  /** In units of the feature; left out where `unlimited` is true. */
  readonly amount?: number | string;
  readonly unlimited?: true;
  /** Names this grant: the same purchase can never grant twice. Visible ASCII, at most 200 characters. */
  readonly dedupeKey: string;
  readonly subject?: string;
  readonly source?: "product" | "promotion" | "top_up" | "manual";
  readonly effectiveAt?: Instant;
  readonly expiresAt?: Instant;
  readonly priority?: number;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface CreateTenantInput {
  readonly tenant: string;
  readonly name?: string;
  readonly mode?: "live" | "test";
  readonly timeZone?: string;
  readonly currency?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly clockAt?: Instant;
  /** The plan it begins on. */
  readonly plan?: string;
}

export interface Client {
  /** May this tenant do this now, how much is left, and if not, why not? A denial is an answer. */
  check(input: {
    readonly tenant: string;
    readonly feature: string;
    readonly amount?: number | string;
    readonly subject?: string;
  }): Promise<Decision>;
  /** The same for every feature on sale. Throws `tenant_unknown`. */
  checkAll(input: { readonly tenant: string }): Promise<readonly Decision[]>;
  /** Takes an amount, once per key, or refuses and leaves nothing; a refusal is a value. */
  consume(input: ConsumeInput): Promise<ConsumeOutcome>;
  /** Adds an amount, or unlimited use, to a balance, once per key. */
  issueGrant(input: GrantInput): Promise<GrantOutcome>;
  /** What is left, by feature and subject. Throws `tenant_unknown`. */
  balances(input: { readonly tenant: string; readonly feature?: string }): Promise<readonly Balance[]>;
  /** The open grants in burn order, each with what it has paid for so far. Throws `tenant_unknown`. */
  grants(input: { readonly tenant: string; readonly feature?: string }): Promise<readonly OpenGrant[]>;
  readonly tenants: {
    create(input: CreateTenantInput): Promise<CreateTenantOutcome>;
    /** Undefined where there is none of this id. */
    get(input: { readonly tenant: string }): Promise<Tenant | undefined>;
    /** A page in the order of the ids; `nextCursor` of the last page is null. */
    list(input?: {
      readonly limit?: number;
      readonly cursor?: string;
      /** With what the ids begin. */
      readonly prefix?: string;
    }): Promise<{ readonly tenants: readonly Tenant[]; readonly nextCursor: string | null }>;
    subscribe(input: {
      readonly tenant: string;
      readonly plan: string;
      readonly version?: number;
      readonly billingAnchor?: Instant;
      readonly idempotencyKey: string;
    }): Promise<SubscribeOutcome>;
    advanceClock(input: { readonly tenant: string; readonly to: Instant }): Promise<AdvanceClockOutcome>;
  };
}

/**
 * A client of one server with one key. Expected refusals are values; everything else that is no success is thrown as
 * `PurserError`. A request whose answer was lost is sent again with the same key.
 */
export function createClient(options: ClientOptions): Client {
  const ask = (request: Request) => send(options, request);
  const get = async (path: readonly string[], query: NonNullable<Request["query"]> = {}) =>
    bodyOf(await ask({ method: "GET", path, query }));
  const post = (path: readonly string[], body: Readonly<Record<string, unknown>>, idempotencyKey?: string) =>
    ask({ method: "POST", path, body, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) });

  return {
    check: async ({ tenant, ...question }) => bodyOf(await post(of(tenant, "check"), question)) as Decision,
    async checkAll({ tenant }) {
      return ((await get(of(tenant, "entitlements"))) as { entitlements: Decision[] }).entitlements;
    },
    async consume({ tenant, idempotencyKey, ...body }) {
      const reply = await post(of(tenant, "consume"), body, idempotencyKey);
      return outcomeOf(reply, consumeRefusals) as ConsumeOutcome;
    },
    async issueGrant({ tenant, dedupeKey, ...body }) {
      const reply = await post(of(tenant, "grants"), body, dedupeKey);
      return outcomeOf(reply, grantRefusals, "dedupeKey") as GrantOutcome;
    },
    async balances({ tenant, feature }) {
      return ((await get(of(tenant, "balances"), { feature })) as { balances: Balance[] }).balances;
    },
    async grants({ tenant, feature }) {
      return ((await get(of(tenant, "grants"), { feature })) as { grants: OpenGrant[] }).grants;
    },
    tenants: {
      async create(input) {
        return outcomeOf(await post(["v1", "tenants"], { ...input }), createTenantRefusals) as CreateTenantOutcome;
      },
      async get({ tenant }) {
        const reply = await ask({ method: "GET", path: of(tenant) });
        if ("problem" in reply && reply.problem.code === "tenant_unknown") return undefined;
        return bodyOf(reply) as Tenant;
      },
      async list({ limit, cursor, prefix } = {}) {
        return (await get(["v1", "tenants"], { limit, cursor, prefix })) as {
          tenants: Tenant[];
          nextCursor: string | null;
        };
      },
      async subscribe({ tenant, idempotencyKey, ...body }) {
        const reply = await post(of(tenant, "subscription"), body, idempotencyKey);
        return outcomeOf(reply, subscribeRefusals) as SubscribeOutcome;
      },
      async advanceClock({ tenant, to }) {
        return outcomeOf(await post(of(tenant, "clock"), { to }), clockRefusals) as AdvanceClockOutcome;
      },
    },
  };
}

const of = (tenant: string, ...rest: string[]) => ["v1", "tenants", tenant, ...rest];

function bodyOf(reply: Reply): unknown {
  if ("problem" in reply) throw new PurserError(reply.problem);
  return reply.body;
}

/** A success, or one of the refusals that the operation is known to have. */
function outcomeOf(reply: Reply, refusals: readonly string[], key = "idempotencyKey"): unknown {
  if ("body" in reply) return reply.body;
  const { problem } = reply;
  if (!refusals.includes(problem.code)) throw new PurserError(problem);
  return refusalOf(problem, key);
}

function refusalOf(problem: Problem, key: string): Refusal<string> {
  const [first] = problem.errors;
  const field = first?.in === "header" ? key : first?.field;
  return {
    outcome: problem.code,
    detail: problem.detail,
    ...(field === undefined ? {} : { field }),
    ...(problem.available === undefined ? {} : { available: problem.available }),
    ...(problem.restrictedBy === undefined ? {} : { restrictedBy: problem.restrictedBy }),
  };
}
