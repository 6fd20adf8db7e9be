// The engine: every command behind its door, once.
import { listBalances } from "./balance/balances.ts";
import { explain } from "./balance/explain.ts";
import { listGrants } from "./balance/grants.ts";
import { balanceCommands } from "./balance-door.ts";
import { capacityCommands } from "./capacity-door.ts";
import { catalogRevisions } from "./catalog/catalog-revisions.ts";
import type { CatalogInput } from "./catalog/catalog.ts";
import { compareCatalog } from "./catalog/compare-catalog.ts";
import { publishCatalog } from "./catalog/publish-catalog.ts";
import { publishedCatalog } from "./catalog/published-catalog.ts";
import { inTransaction, once } from "./command.ts";
import { createDoor } from "./door.ts";
import { backlog } from "./duty/backlog.ts";
import { check, listEntitlements } from "./entitlement/check.ts";
import { entitlementValue, hasEntitlement } from "./entitlement/entitled.ts";
import { Fault } from "./foundation/fault.ts";
import { wholeOf } from "./foundation/page.ts";
import { asName } from "./foundation/text.ts";
import { holdCommands } from "./hold-door.ts";
import type { Purser } from "./purser.ts";
import { createApiKey, findApiKey, revokeApiKey } from "./store/api-keys.ts";
import { closeConsoleSession, findConsoleSession, openConsoleSession } from "./store/console-sessions.ts";
import { createGuard } from "./store/guard.ts";
import { opened, type OwnDatabase } from "./store/handles.ts";
import { ImportRefused, importEntitlements } from "./subscription/import-entitlements.ts";
import { openTenant } from "./subscription/open-tenant.ts";
import { refreshPlanState } from "./subscription/refresh-plan-state.ts";
import { standings } from "./subscription/standings.ts";
import { subscribe } from "./subscription/subscribe.ts";
import { advanceClock } from "./tenant/advance-clock.ts";
import { findTenant, listTenants } from "./tenant/tenants.ts";
import { verify } from "./tenant/verify.ts";

/**
 * The engine over a catalogue and a database: a `pg` pool, or Drizzle's `db` over one. Its role is a member of `purser_service`; the database has been
 * migrated and the catalogue published. A word that this catalogue does not have is looked up in the published one.
 */
export function createPurser<const C extends CatalogInput>(options: {
  readonly catalog: C;
  readonly database: OwnDatabase;
}): Purser<C> {
  const { catalog } = options;
  const guard = createGuard();
  const found = opened(options.database);
  if (!("database" in found)) throw new Fault("unknown_handle", "the engine needs a pool, not one of its connections");
  const database = guard.guarded(found.database);
  const door = createDoor(catalog, guard);
  return {
    catalog,
    ...balanceCommands<C>(door),
    ...holdCommands<C>(door),
    ...capacityCommands<C>(door),

    check: (input) => check(database, input),
    checkAll: (input) => wholeOf((page) => listEntitlements(database, { ...input, ...page })),
    listEntitlements: (input) => listEntitlements(database, input),
    hasEntitlement: (tenant, feature) => hasEntitlement(database, tenant, feature),
    entitlementValue: (tenant, feature) => entitlementValue(database, tenant, feature),
    balances: (input) => wholeOf((page) => listBalances(database, { ...input, ...page })),
    listBalances: (input) => listBalances(database, input),
    grants: (input) => wholeOf((page) => listGrants(database, { ...input, ...page })),
    listGrants: (input) => listGrants(database, input),
    explain: (input) => explain(database, input),
    verify: (input) => verify(database, input),

    createTenant: (input) => inTransaction(database, (tx) => openTenant(tx, input)),
    findTenant: (input) => findTenant(database, input),
    listTenants: (input) => listTenants(database, input),
    standings: (input) => standings(database, input),
    advanceClock: (input) => inTransaction(database, (tx) => advanceClock(tx, input)),
    async subscribe({ idempotencyKey: givenKey, dryRun, ...input }) {
      const tenant = asName(input.tenant);
      if (tenant === undefined) return { outcome: "invalid_input", field: "tenant" };
      const idempotencyKey = asName(givenKey);
      if (idempotencyKey === undefined) return { outcome: "invalid_input", field: "idempotencyKey" };
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
    backlog: () => backlog(database),
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
