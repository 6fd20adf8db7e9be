// What the engine offers: every command and every question, typed by the keys of a catalogue.
import type { Balance } from "./balance/balances.ts";
import type { InvalidInput } from "./balance/checked-input.ts";
import type { ExplainInput, Explanation } from "./balance/explain.ts";
import type { OpenGrant } from "./balance/grants.ts";
import type { BalanceCommands } from "./balance-door.ts";
import type { CapacityCommands } from "./capacity-door.ts";
import type { CatalogRevision } from "./catalog/catalog-revisions.ts";
import type { CapabilityKey, CatalogInput, FeatureKey, PlanKey } from "./catalog/catalog.ts";
import type { CompareInput, CompareOutcome } from "./catalog/compare-catalog.ts";
import type { PublishInput, PublishOutcome } from "./catalog/publish-catalog.ts";
import type { PublishedCatalog } from "./catalog/published-catalog.ts";
import type { KeyConflict } from "./command.ts";
import type { Backlog } from "./duty/backlog.ts";
import type { CheckInput, InvalidQuestion } from "./entitlement/check.ts";
import type { Decision } from "./entitlement/decision.ts";
import type { Page, PageInput } from "./foundation/page.ts";
import type { HoldCommands } from "./hold-door.ts";
import type { ApiKeyRow, CreateApiKeyCall } from "./store/api-keys.ts";
import type { ConsoleSessionRow, OpenConsoleSessionCall } from "./store/console-sessions.ts";
import type { ImportOutcome } from "./subscription/import-entitlements.ts";
import type { OpenTenantInput, OpenTenantOutcome } from "./subscription/open-tenant.ts";
import type { RefreshOutcome } from "./subscription/refresh-plan-state.ts";
import type { Standing } from "./subscription/standings.ts";
import type { SubscribeInput, SubscribeOutcome } from "./subscription/subscribe.ts";
import type { AdvanceClockOutcome } from "./tenant/advance-clock.ts";
import type { Tenant } from "./tenant/tenant.ts";
import type { Verification } from "./tenant/verify.ts";

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

export interface Purser<C extends CatalogInput> extends BalanceCommands<C>, HoldCommands<C>, CapacityCommands<C> {
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
  /** Why a balance is what it is, now or at an instant that has passed, from immutable rows alone. */
  explain(input: ExplainInput & { readonly feature: Checkable<C> }): Promise<Explanation | InvalidInput>;
  /** What does not hold of the balances of a tenant, or of a page of tenants; undefined where there is no such tenant. */
  verify(
    input: PageInput & { readonly tenant?: string | undefined; readonly mode?: "live" | "test" | undefined },
  ): Promise<Verification | undefined>;

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
  ): Promise<
    | (SubscribeOutcome & { readonly replayed: boolean })
    | KeyConflict
    | { readonly outcome: "invalid_input"; readonly field: "tenant" | "idempotencyKey" }
  >;
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

  /** How many balances are due and nobody has turned them, and for how long: what a worker is behind. */
  backlog(): Promise<Backlog>;

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
