import {
  type AdvanceClockRequest,
  type Answers,
  type Balance,
  type CatalogComparison,
  type CatalogRequest,
  type CatalogRevision,
  type CatalogRevisionPage,
  type CatalogValidity,
  type CheckRequest,
  type ClaimRequest,
  type ConsumeManyRequest,
  type ConsumeRequest,
  type CountRequest,
  type CreateTenantRequest,
  type Decision,
  type Explanation,
  type ExtendRequest,
  type GrantRequest,
  type Instant,
  type OpenGrant,
  operations,
  type PublishCatalogRequest,
  type PublishedCatalog,
  type RefreshRequest,
  type Requests,
  type ReserveRequest,
  type ReversalRequest,
  type SettleRequest,
  type SubscribeRequest,
  type Tenant,
  type TenantPage,
  type Verification,
  type VerificationPage,
  type VoidRequest,
} from "./contract.ts";
import { type Problem, PurserError } from "./error.ts";
import type {
  AdvanceClockOutcome,
  ClaimOutcome,
  ConsumeManyOutcome,
  ConsumeOutcome,
  CountOutcome,
  CreateTenantOutcome,
  ExtendOutcome,
  GrantOutcome,
  OperationName,
  OutcomeOf,
  PublishOutcome,
  RefreshOutcome,
  Refusal,
  ReleaseClaimOutcome,
  ReleaseOutcome,
  ReserveOutcome,
  ReversalOutcome,
  SettleOutcome,
  SubscribeOutcome,
  VoidOutcome,
} from "./outcome.ts";
import { type ClientOptions, type Reply, type Request, send } from "./request.ts";

interface OfTenant {
  readonly tenant: string;
}

/** Of a command on a balance. */
interface Preview {
  /** Does everything and undoes it: the outcome tells what would happen, and the key stays unused. */
  readonly dryRun?: boolean;
}

interface OfFeature extends OfTenant {
  /** All features where none is named. */
  readonly feature?: string;
}

export interface CheckInput extends CheckRequest, OfTenant {}

export interface ConsumeInput extends ConsumeRequest, OfTenant, Preview {
  /** Names this consumption: a retry with the same key changes nothing. Visible ASCII, at most 200 characters. */
  readonly idempotencyKey: string;
}

export interface ConsumeManyInput extends ConsumeManyRequest, OfTenant, Preview {}

export interface GrantInput extends GrantRequest, OfTenant, Preview {
  /** Names this grant: the same purchase can never grant twice. Visible ASCII, at most 200 characters. */
  readonly dedupeKey: string;
}

export interface RefreshInput extends RefreshRequest, OfTenant, Preview {}

export interface ReserveInput extends ReserveRequest, OfTenant, Preview {
  /** Names the hold: a retry with the same key changes nothing. Visible ASCII, at most 200 characters. */
  readonly idempotencyKey: string;
}

interface OfHold extends OfTenant, Preview {
  /** The key it was reserved under. */
  readonly holdKey: string;
}

export interface ExtendInput extends ExtendRequest, OfHold {}

export interface SettleInput extends SettleRequest, OfHold {}

export interface ReversalInput extends ReversalRequest, OfTenant, Preview {
  /** The key it was consumed under; of a hold that was settled, the hold's. */
  readonly consumptionKey: string;
  /** Names this reversal. Visible ASCII, at most 200 characters. */
  readonly idempotencyKey: string;
}

export interface VoidInput extends VoidRequest, OfTenant, Preview {
  /** The grant's own key. */
  readonly dedupeKey: string;
}

export interface ClaimInput extends ClaimRequest, OfTenant, Preview {}

export interface CountInput extends CountRequest, OfTenant, Preview {
  readonly feature: string;
}

export interface ExplainInput extends OfTenant {
  readonly feature: string;
  readonly subject?: string;
  /** Now where it is not said. */
  readonly at?: Instant;
  /** How many facts at most. */
  readonly limit?: number;
  readonly cursor?: string;
}

export interface CreateTenantInput extends CreateTenantRequest {}

export interface SubscribeInput extends SubscribeRequest, OfTenant {
  readonly idempotencyKey: string;
}

export interface AdvanceClockInput extends AdvanceClockRequest, OfTenant {}

export interface PublishInput extends PublishCatalogRequest {
  /** Publishes on top of this revision and no other; 0 is the one before the first. Any, where it is not said. */
  readonly expectedRevision?: number;
}

export interface Client {
  /** May this tenant do this now, how much is left, and if not, why not? A denial is an answer. */
  check(input: CheckInput): Promise<Decision>;
  /** The same for every feature on sale, however many. Throws `tenant_unknown`. */
  checkAll(input: OfTenant): Promise<readonly Decision[]>;
  /** One by one, read page after page as they are taken; so with `eachBalance` and `eachGrant`. */
  eachDecision(input: OfTenant): AsyncIterable<Decision>;
  /** Takes an amount, once per key, or refuses and leaves nothing; a refusal is a value. */
  consume(input: ConsumeInput): Promise<ConsumeOutcome>;
  /** Takes several amounts of one tenant, each judged by itself, or all or none: one answer an item, in their order. */
  consumeMany(input: ConsumeManyInput): Promise<ConsumeManyOutcome>;
  /** Adds an amount, or unlimited use, to a balance, once per key. */
  issueGrant(input: GrantInput): Promise<GrantOutcome>;
  /** Sets an amount aside until it is settled, released or expires, once per key. */
  reserve(input: ReserveInput): Promise<ReserveOutcome>;
  /** Moves the end of an open hold. */
  extend(input: ExtendInput): Promise<ExtendOutcome>;
  /** Ends a hold with what the work came to. */
  settle(input: SettleInput): Promise<SettleOutcome>;
  /** Gives back what a hold set aside. */
  release(input: OfHold): Promise<ReleaseOutcome>;
  /** Undoes a consumption, whole or in part, once per key. */
  reverseConsumption(input: ReversalInput): Promise<ReversalOutcome>;
  /** Ends a grant early. */
  voidGrant(input: VoidInput): Promise<VoidOutcome>;
  /** Occupies a slot of a capacity under the name of the thing it stands for, or refuses. */
  claim(input: ClaimInput): Promise<ClaimOutcome>;
  /** Lets a slot go. */
  releaseClaim(input: ClaimInput): Promise<ReleaseClaimOutcome>;
  /** Says how many slots of a capacity are occupied. */
  reportCount(input: CountInput): Promise<CountOutcome>;
  /** What is left, by subject and feature, the tenant's own first: all of it. Throws `tenant_unknown`. */
  balances(input: OfFeature): Promise<readonly Balance[]>;
  eachBalance(input: OfFeature): AsyncIterable<Balance>;
  /** The open grants in burn order, each with what it has paid for so far: all of them. Throws `tenant_unknown`. */
  grants(input: OfFeature): Promise<readonly OpenGrant[]>;
  eachGrant(input: OfFeature): AsyncIterable<OpenGrant>;
  /** Why a balance is what it is, now or at an instant that has passed; a page of its facts. Throws `tenant_unknown`. */
  explain(input: ExplainInput): Promise<Explanation>;
  /** Turns a balance now if time has made it due. No answer depends on it. */
  refresh(input: RefreshInput): Promise<RefreshOutcome>;
  readonly tenants: {
    create(input: CreateTenantInput): Promise<CreateTenantOutcome>;
    /** Undefined where there is none of this id. */
    get(input: OfTenant): Promise<Tenant | undefined>;
    /** A page in the order of the ids; `nextCursor` of the last page is null. */
    list(input?: {
      readonly limit?: number;
      readonly cursor?: string;
      /** With what the ids begin. */
      readonly prefix?: string;
    }): Promise<TenantPage>;
    /** Every tenant, read page after page as they are taken. */
    each(input?: { readonly prefix?: string }): AsyncIterable<Tenant>;
    subscribe(input: SubscribeInput): Promise<SubscribeOutcome>;
    advanceClock(input: AdvanceClockInput): Promise<AdvanceClockOutcome>;
    /** What does not hold of a tenant's balances: nothing. Throws `tenant_unknown`. */
    verify(input: OfTenant): Promise<Verification>;
    /** The same for a few tenants; `nextCursor` of the last page is null. */
    verifyAll(input?: { readonly limit?: number; readonly cursor?: string }): Promise<VerificationPage>;
  };
  readonly catalog: {
    /** The newest revision, as it was published; undefined where there is none. */
    published(): Promise<PublishedCatalog | undefined>;
    /** A page of the publications, newest first; `nextCursor` of the last page is null. */
    revisions(input?: { readonly limit?: number; readonly cursor?: string }): Promise<CatalogRevisionPage>;
    /** Every one, newest first, read page after page as they are taken. */
    eachRevision(): AsyncIterable<CatalogRevision>;
    /** One revision, as it was published; undefined where there is none of this number. */
    revision(input: { readonly revision: number }): Promise<PublishedCatalog | undefined>;
    /** Every place at which a catalogue is wrong. Changes nothing. */
    validate(input: CatalogRequest): Promise<CatalogValidity>;
    /** What publishing it would change, and the first thousand tenants that it would touch. Changes nothing. */
    compare(input: CatalogRequest): Promise<CatalogComparison>;
    /** All of it or nothing. The same again changes nothing. */
    publish(input: PublishInput): Promise<PublishOutcome>;
  };
}

type Query = NonNullable<Request["query"]>;
/** The operations that answer a page. */
type List = "listEntitlements" | "listBalances" | "listGrants" | "listTenants" | "listCatalogRevisions";
/** How many lines a page has at most. */
const MOST = 1000;

interface Sent<Name extends OperationName> {
  readonly tenant?: string;
  readonly revision?: number;
  /** What else stands in its address, by name. */
  readonly of?: Readonly<Record<string, string>>;
  readonly query?: Query;
  readonly body?: Name extends keyof Requests ? Requests[Name] : never;
  readonly idempotencyKey?: string;
  readonly ifMatch?: string;
  readonly dryRun?: boolean | undefined;
}

/**
 * A client of one server with one key. Expected refusals are values; everything else that is no success is thrown as
 * `PurserError`. A request whose answer was lost is sent again with the same key.
 */
export function createClient(options: ClientOptions): Client {
  const ask = <Name extends OperationName>(
    name: Name,
    { tenant = "", revision = 0, of = {}, dryRun = false, ...sent }: Sent<Name>,
  ) => {
    const { method, path } = operations[name];
    const named: Readonly<Record<string, string>> = { tenant, revision: String(revision), ...of };
    const parts = path.split("/").slice(1);
    const filled = parts.map((part) => (part.startsWith("{") ? (named[part.slice(1, -1)] ?? "") : part));
    return send(options, { method, path: filled, ...(dryRun ? { query: { dryRun: "true" } } : {}), ...sent });
  };
  /** For what has no refusals that are answers. */
  const answer = async <Name extends OperationName>(name: Name, sent: Sent<Name>) =>
    bodyOf(await ask(name, sent)) as Answers[Name];
  const outcome = async <Name extends OperationName>(name: Name, sent: Sent<Name>, key?: string) =>
    outcomeOf(name, await ask(name, sent), key) as OutcomeOf<Name>;
  /** Every line of a list. The next page is not asked for before it is wanted. */
  const each = async function* <Name extends List, Line>(
    name: Name,
    { tenant = "", query = {} }: { readonly tenant?: string; readonly query?: Query },
    linesOf: (page: Answers[Name]) => readonly Line[],
  ): AsyncGenerator<Line, void> {
    for (let cursor: string | undefined; ; ) {
      const page = await answer(name, { tenant, query: { ...query, limit: MOST, cursor } });
      yield* linesOf(page);
      if (typeof page.nextCursor !== "string") return;
      cursor = page.nextCursor;
    }
  };
  const eachDecision = ({ tenant }: OfTenant) => each("listEntitlements", { tenant }, (page) => page.entitlements);
  const eachBalance = ({ tenant, ...query }: OfFeature) =>
    each("listBalances", { tenant, query }, (page) => page.balances);
  const eachGrant = ({ tenant, ...query }: OfFeature) => each("listGrants", { tenant, query }, (page) => page.grants);

  return {
    check: ({ tenant, ...body }) => answer("check", { tenant, body }),
    checkAll: (input) => whole(eachDecision(input)),
    eachDecision,
    consume: ({ tenant, idempotencyKey, dryRun, ...body }) =>
      outcome("consume", { tenant, body, idempotencyKey, dryRun }),
    consumeMany: ({ tenant, dryRun, ...body }) => outcome("consumeMany", { tenant, body, dryRun }),
    issueGrant: ({ tenant, dedupeKey, dryRun, ...body }) =>
      outcome("issueGrant", { tenant, body, idempotencyKey: dedupeKey, dryRun }, "dedupeKey"),
    reserve: ({ tenant, idempotencyKey, dryRun, ...body }) =>
      outcome("reserve", { tenant, body, idempotencyKey, dryRun }),
    extend: ({ tenant, holdKey, dryRun, ...body }) => outcome("extend", { tenant, of: { holdKey }, body, dryRun }),
    settle: ({ tenant, holdKey, dryRun, ...body }) => outcome("settle", { tenant, of: { holdKey }, body, dryRun }),
    release: ({ tenant, holdKey, dryRun }) => outcome("release", { tenant, of: { holdKey }, dryRun }),
    reverseConsumption: ({ tenant, consumptionKey, idempotencyKey, dryRun, ...body }) =>
      outcome("reverseConsumption", { tenant, of: { consumptionKey }, body, idempotencyKey, dryRun }),
    voidGrant: ({ tenant, dedupeKey, dryRun, ...body }) =>
      outcome("voidGrant", { tenant, of: { dedupeKey }, body, dryRun }),
    claim: ({ tenant, dryRun, ...body }) => outcome("claim", { tenant, body, dryRun }),
    releaseClaim: ({ tenant, dryRun, ...body }) => outcome("releaseClaim", { tenant, body, dryRun }),
    reportCount: ({ tenant, feature, dryRun, ...body }) =>
      outcome("reportCount", { tenant, of: { feature }, body, dryRun }),
    balances: (input) => whole(eachBalance(input)),
    eachBalance,
    grants: (input) => whole(eachGrant(input)),
    eachGrant,
    explain: ({ tenant, feature, at, ...query }) =>
      answer("explainBalance", {
        tenant,
        of: { feature },
        query: { ...query, at: at instanceof Date ? at.toISOString() : at },
      }),
    refresh: ({ tenant, dryRun, ...body }) => outcome("refreshBalance", { tenant, body, dryRun }),
    tenants: {
      create: (body) => outcome("createTenant", { body }),
      async get({ tenant }) {
        const found = await outcome("getTenant", { tenant });
        return "outcome" in found ? undefined : found;
      },
      list: (query = {}) => answer("listTenants", { query: { ...query } }),
      each: (query = {}) => each("listTenants", { query: { ...query } }, (page) => page.tenants),
      subscribe: ({ tenant, idempotencyKey, ...body }) => outcome("subscribe", { tenant, body, idempotencyKey }),
      advanceClock: ({ tenant, ...body }) => outcome("advanceClock", { tenant, body }),
      verify: ({ tenant }) => answer("verifyTenant", { tenant }),
      verifyAll: (query = {}) => answer("verifyTenants", { query: { ...query } }),
    },
    catalog: {
      async published() {
        const found = await outcome("getCatalog", {});
        return "outcome" in found ? undefined : found;
      },
      revisions: (query = {}) => answer("listCatalogRevisions", { query: { ...query } }),
      eachRevision: () => each("listCatalogRevisions", {}, (page) => page.revisions),
      async revision({ revision }) {
        const found = await outcome("getCatalogRevision", { revision });
        return "outcome" in found ? undefined : found;
      },
      validate: (body) => answer("validateCatalog", { body }),
      compare: (body) => answer("diffCatalog", { body }),
      publish: ({ expectedRevision, ...body }) =>
        outcome("publishCatalog", {
          body,
          ...(expectedRevision === undefined ? {} : { ifMatch: `"${expectedRevision}"` }),
        }),
    },
  };
}

async function whole<Line>(lines: AsyncIterable<Line>): Promise<readonly Line[]> {
  const all: Line[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

function bodyOf(reply: Reply): unknown {
  if ("problem" in reply) throw new PurserError(reply.problem);
  return reply.body;
}

/** A success, or one of the refusals that the operation is known to have. */
function outcomeOf(name: OperationName, reply: Reply, key = "idempotencyKey"): unknown {
  if ("body" in reply) return reply.body;
  const { problem } = reply;
  const refusals: readonly string[] = operations[name].refusals;
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
    ...(problem.resetsAt === undefined ? {} : { resetsAt: problem.resetsAt }),
    ...(problem.restrictedBy === undefined ? {} : { restrictedBy: problem.restrictedBy }),
    ...(problem.unlockedBy === undefined ? {} : { unlockedBy: problem.unlockedBy }),
  };
}
