// Puts the doors on every command, once: which transaction it runs in, what is tried again, and what a refusal becomes.
import type { ClientBase, Pool } from "pg";
import { type Balance, listBalances } from "./balance/balances.ts";
import { type ConsumeInput, consume } from "./balance/consume.ts";
import { listGrants, type OpenGrant } from "./balance/grants.ts";
import { type GrantInput, type GrantOutcome, issueGrant } from "./balance/issue-grant.ts";
import { type WithConsumption, withConsumption } from "./balance/with-consumption.ts";
import { type CatalogRevision, catalogRevisions } from "./catalog/catalog-revisions.ts";
import type { CapabilityKey, CatalogInput, FeatureKey, PlanKey } from "./catalog/catalog.ts";
import { type CompareInput, type CompareOutcome, compareCatalog } from "./catalog/compare-catalog.ts";
import { findCapability } from "./catalog/find-capability.ts";
import { type PublishInput, type PublishOutcome, publishCatalog } from "./catalog/publish-catalog.ts";
import { type PublishedCatalog, publishedCatalog } from "./catalog/published-catalog.ts";
import { inTransaction, type KeyConflict, once, retried } from "./command.ts";
import { type CheckInput, check, type InvalidQuestion, listEntitlements } from "./entitlement/check.ts";
import type { Decision } from "./entitlement/decision.ts";
import { entitlementValue, hasEntitlement } from "./entitlement/entitled.ts";
import { Fault, Refused } from "./foundation/fault.ts";
import type { ConsumeOutcome, Consumed } from "./foundation/outcome.ts";
import { type Page, type PageInput, wholeOf } from "./foundation/page.ts";
import { asName } from "./foundation/text.ts";
import { type ApiKeyRow, type CreateApiKeyCall, createApiKey, findApiKey, revokeApiKey } from "./store/api-keys.ts";
import {
  closeConsoleSession,
  type ConsoleSessionRow,
  findConsoleSession,
  type OpenConsoleSessionCall,
  openConsoleSession,
} from "./store/console-sessions.ts";
import type { Session } from "./store/database.ts";
import { asFault, explained, isLockTimeout } from "./store/errors.ts";
import { pgDatabase } from "./store/pg.ts";
import { type OpenTenantInput, type OpenTenantOutcome, openTenant } from "./subscription/open-tenant.ts";
import { type ImportOutcome, ImportRefused, importEntitlements } from "./subscription/import-entitlements.ts";
import { type RefreshOutcome, refreshPlanState } from "./subscription/refresh-plan-state.ts";
import { type Standing, standings } from "./subscription/standings.ts";
import { type SubscribeInput, type SubscribeOutcome, subscribe } from "./subscription/subscribe.ts";
import { type AdvanceClockOutcome, advanceClock } from "./tenant/advance-clock.ts";
import type { Tenant } from "./tenant/tenant.ts";
import { findTenant, listTenants } from "./tenant/tenants.ts";

/** Where a command runs: the pool (a transaction of its own) or a client with a transaction of the caller's open. */
export type PgHandle = Pool | ClientBase;

/** What may be consumed: a feature that counts down, or a capability mapped to one. */
export type Consumable<C extends CatalogInput> =
  | FeatureKey<C, "metered" | "credits">
  | CapabilityKey<C, "metered" | "credits">;
/** What may be asked about. */
export type Checkable<C extends CatalogInput> = FeatureKey<C> | CapabilityKey<C>;

export interface KeyedCommand {
  /** Names this call, once per tenant: the same again is a replay. */
  readonly idempotencyKey: string;
  /** Does everything and rolls it back: the answer tells what would happen. */
  readonly dryRun?: boolean;
}

interface OfTenant {
  readonly tenant: string;
}
interface OfFeature extends OfTenant {
  /** All features where none is named. */
  readonly feature?: string | undefined;
}

export interface Purser<C extends CatalogInput> {
  /**
   * Consumes and runs the caller's write in one transaction: both are committed, or neither. Given the pool it owns the
   * transaction; given a client it works in a savepoint of the caller's. `write` gets the client to write with and is not
   * run on a replay. A refusal is the outcome and leaves nothing; an error thrown by `write` undoes the consumption and is
   * thrown on.
   */
  withConsumption<Result>(
    db: PgHandle,
    input: ConsumeInput<Consumable<C>>,
    write: (tx: ClientBase) => Promise<Result>,
  ): Promise<WithConsumption<Result>>;
  /**
   * Consumes, in the caller's transaction or (given the pool) in one of its own. A refusal is thrown as `Refused`, so that
   * not looking at it cannot sell for free.
   */
  consume(db: PgHandle, input: ConsumeInput<Consumable<C>>): Promise<Consumed>;
  /** The same, with a refusal as a value. In the caller's transaction nothing is undone but by the caller. */
  tryConsume(db: PgHandle, input: ConsumeInput<Consumable<C>>): Promise<ConsumeOutcome>;
  /** Adds an amount to a balance, once per dedupe key. */
  issueGrant(db: PgHandle, input: GrantInput<FeatureKey<C, "capacity" | "metered" | "credits">>): Promise<GrantOutcome>;

  /** May this tenant do this now, how much is left, and if not, why not and what would unlock it? */
  check(input: CheckInput & { readonly feature: Checkable<C> }): Promise<Decision | InvalidQuestion>;
  /** The same for every feature on sale, however many, in the order of their keys. */
  checkAll(input: OfTenant): Promise<Decision[]>;
  listEntitlements(input: OfTenant & PageInput): Promise<Page<Decision>>;
  hasEntitlement(tenant: string, feature: FeatureKey<C>): Promise<boolean>;
  entitlementValue(tenant: string, feature: FeatureKey<C>): Promise<number | null>;
  /** What is left of every feature that counts, by subject and feature, the tenant's own first: all of it, however much. */
  balances(input: OfFeature): Promise<Balance[]>;
  listBalances(input: OfFeature & PageInput): Promise<Page<Balance>>;
  /** The grants that count now or will count later, in burn order, each with what it has paid for so far: all of them. */
  grants(input: OfFeature): Promise<OpenGrant[]>;
  listGrants(input: OfFeature & PageInput): Promise<Page<OpenGrant>>;

  /** Makes a tenant, on a plan where one is named; its id is its idempotency key. */
  createTenant(input: OpenTenantInput & { readonly plan?: PlanKey<C> | undefined }): Promise<OpenTenantOutcome>;
  findTenant(input: { readonly tenant: string }): Promise<Tenant | undefined>;
  /** Tenants in the order of their ids; of one mode where it is named. */
  listTenants(
    input: PageInput & {
      readonly mode?: "live" | "test" | undefined;
      /** With what the ids begin. */
      readonly prefix?: string | undefined;
    },
  ): Promise<Page<Tenant>>;
  /** Where each of these tenants stands: its time, its plan, the status of its subscription. */
  standings(input: { readonly tenants: readonly string[] }): Promise<Map<string, Standing>>;
  advanceClock(input: { readonly tenant: string; readonly to: Date }): Promise<AdvanceClockOutcome>;
  subscribe(
    input: SubscribeInput & KeyedCommand & { readonly plan: PlanKey<C> },
  ): Promise<(SubscribeOutcome & { readonly replayed: boolean }) | KeyConflict | InvalidQuestion>;
  refreshPlanState(input: { readonly tenant: string; readonly actor: string }): Promise<RefreshOutcome>;
  /** Publishes the catalogue this was created with, or another one. */
  publishCatalog(
    input: Omit<PublishInput, "catalog"> & { readonly catalog?: unknown; readonly dryRun?: boolean },
  ): Promise<PublishOutcome>;
  /** What publishing the catalogue this was created with, or another one, would change, and whom it would touch. */
  diffCatalog(input?: Omit<CompareInput, "catalog"> & { readonly catalog?: unknown }): Promise<CompareOutcome>;
  /** That and when the catalogue was published, and by whom, newest first; every time where no count is named. */
  catalogRevisions(input?: { readonly before?: number; readonly count?: number }): Promise<CatalogRevision[]>;
  /** Takes over another system's JSON entitlements, with the tenants that hold them: all of it or nothing. */
  importEntitlements(input: {
    readonly source: unknown;
    readonly actor: string;
    readonly dryRun?: boolean;
  }): Promise<ImportOutcome>;

  /** The newest published revision, whoever published it, or the one that is named; undefined where there is none. */
  publishedCatalog(input?: { readonly revision?: number }): Promise<PublishedCatalog | undefined>;

  readonly catalog: C;
  /** The keys of the server's own door. */
  readonly apiKeys: {
    find(keyId: string): Promise<ApiKeyRow | undefined>;
    create(call: CreateApiKeyCall): Promise<void>;
    revoke(keyId: string): Promise<boolean>;
  };
  /** Who is signed in to the server's console, each bound to a key. */
  readonly consoleSessions: {
    find(sessionId: string): Promise<ConsoleSessionRow | undefined>;
    open(call: OpenConsoleSessionCall): Promise<void>;
    close(sessionId: string): Promise<boolean>;
  };
}

/**
 * The engine over a catalogue and a `pg` pool. The pool's role is a member of `purser_service`; the database has been
 * migrated and the catalogue published. A word that this catalogue does not have is looked up in the published one.
 */
export function createPurser<const C extends CatalogInput>(options: {
  readonly catalog: C;
  readonly database: Pool;
}): Purser<C> {
  const { catalog, database: pool } = options;
  const database = pgDatabase(pool);
  const isPool = (db: PgHandle): db is Pool => db === pool;

  // A key that was published as a feature is one for ever, so this never has to be forgotten.
  const publishedFeatures = new Set<string>();

  /** A capability stands for its feature and amount. */
  async function resolved<Input extends ConsumeInput>(tx: Session, input: Input): Promise<Input> {
    const { feature } = input;
    if (Object.hasOwn(catalog.features, feature) || publishedFeatures.has(feature)) return input;
    const capabilities = catalog.capabilities ?? {};
    const found = Object.hasOwn(capabilities, feature) ? capabilities[feature] : await findCapability(tx, feature);
    if (found === "is a feature") publishedFeatures.add(feature);
    return found === undefined || found === "is a feature"
      ? input
      : { ...input, feature: found.feature, amount: input.amount ?? found.amount };
  }

  /**
   * Runs one call on a balance where the caller wants it: in the caller's transaction, or by itself, committed when it
   * answers. A row that stays locked for too long is `busy` only where no transaction of the caller's is lost by it.
   */
  async function onBalance<Answer>(db: PgHandle, work: (tx: Session) => Promise<Answer>): Promise<Answer | Busy> {
    try {
      return isPool(db) ? await retried(() => work(database)) : await work(database.within(db));
    } catch (error) {
      if (isPool(db) && error instanceof Fault && isLockTimeout(error.cause)) return { outcome: "busy" };
      throw explained(error);
    }
  }

  async function tryConsume(db: PgHandle, input: ConsumeInput): Promise<ConsumeOutcome> {
    return onBalance(db, async (tx) => consume(tx, await resolved(tx, input)));
  }

  return {
    catalog,
    async withConsumption<Result>(db: PgHandle, input: ConsumeInput, write: (tx: ClientBase) => Promise<Result>) {
      const work = async (tx: Session, client: ClientBase) =>
        withConsumption(tx, await resolved(tx, input), () => write(client));
      try {
        if (!isPool(db)) return await database.savepoint(db, (tx) => work(tx, db));
        // Not tried again: the caller's write may have effects outside the database.
        return await database.transaction(work);
      } catch (error) {
        if (error instanceof Refused) return error.outcome;
        if (isLockTimeout(error)) return { outcome: "busy" };
        throw asFault(error);
      }
    },
    async consume(db, input) {
      const outcome = await tryConsume(db, input);
      if (outcome.outcome !== "consumed") throw new Refused(outcome);
      return outcome;
    },
    tryConsume,
    issueGrant: (db, input) => onBalance(db, (tx) => issueGrant(tx, input)),

    check: (input) => check(database, input),
    checkAll: (input) => wholeOf((page) => listEntitlements(database, { ...input, ...page })),
    listEntitlements: (input) => listEntitlements(database, input),
    hasEntitlement: (tenant, feature) => hasEntitlement(database, tenant, feature),
    entitlementValue: (tenant, feature) => entitlementValue(database, tenant, feature),
    balances: (input) => wholeOf((page) => listBalances(database, { ...input, ...page })),
    listBalances: (input) => listBalances(database, input),
    grants: (input) => wholeOf((page) => listGrants(database, { ...input, ...page })),
    listGrants: (input) => listGrants(database, input),

    createTenant: (input) => inTransaction(database, (tx) => openTenant(tx, input)),
    findTenant: (input) => findTenant(database, input),
    listTenants: (input) => listTenants(database, input),
    standings: (input) => standings(database, input),
    advanceClock: (input) => inTransaction(database, (tx) => advanceClock(tx, input)),
    async subscribe({ idempotencyKey, dryRun, ...input }) {
      const tenant = asName(input.tenant);
      if (tenant === undefined) return { outcome: "invalid_input", field: "tenant" };
      const asked = {
        command: "subscribe",
        tenant,
        idempotencyKey,
        input: {
          plan: input.plan,
          version: input.version ?? null,
          billingAnchor: input.billingAnchor?.toISOString() ?? null,
          ...(input.withoutTrial === true ? { withoutTrial: true } : {}),
        },
      };
      return inTransaction(
        database,
        (tx) =>
          once(
            tx,
            asked,
            ({ outcome }) => outcome === "subscribed",
            () => subscribe(tx, { ...input, tenant }),
          ),
        dryRun,
      );
    },
    refreshPlanState: (input) => inTransaction(database, (tx) => refreshPlanState(tx, input)),
    publishCatalog: ({ catalog: other, dryRun, ...input }) =>
      inTransaction(
        database,
        (tx) => publishCatalog(tx, { ...input, catalog: other === undefined ? catalog : other }),
        dryRun,
      ),
    publishedCatalog: (input) => publishedCatalog(database, input),
    diffCatalog: ({ catalog: other, ...input } = {}) =>
      compareCatalog(database, { ...input, catalog: other === undefined ? catalog : other }),
    catalogRevisions: (input = {}) => catalogRevisions(database, input),
    async importEntitlements({ dryRun, ...input }) {
      try {
        return await inTransaction(database, (tx) => importEntitlements(tx, input), dryRun);
      } catch (error) {
        if (error instanceof ImportRefused) return error.outcome;
        throw error;
      }
    },

    apiKeys: {
      find: (keyId) => findApiKey(database, keyId),
      create: (call) => createApiKey(database, call),
      revoke: (keyId) => revokeApiKey(database, keyId),
    },
    consoleSessions: {
      find: (sessionId) => findConsoleSession(database, sessionId),
      open: (call) => openConsoleSession(database, call),
      close: (sessionId) => closeConsoleSession(database, sessionId),
    },
  };
}

interface Busy {
  readonly outcome: "busy";
}
