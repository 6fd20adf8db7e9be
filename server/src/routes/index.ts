// The route table: all that the server answers, in one list.
import { consume, issueGrant, listBalances, refreshBalance } from "./balances.ts";
import { claim, releaseClaim, reportCount } from "./claims.ts";
import { consumeMany } from "./consume-many.ts";
import { diffCatalog, getCatalog, publishCatalog, validateCatalog } from "./catalog.ts";
import { getCatalogRevision, listCatalogRevisions } from "./catalog-revisions.ts";
import { check, getEntitlement, listEntitlements } from "./entitlements.ts";
import { reverseConsumption, voidGrant } from "./corrections.ts";
import { explainBalance } from "./explanations.ts";
import { listGrants } from "./grants.ts";
import { healthz, readyz } from "./health.ts";
import { extend, release, reserve, settle } from "./holds.ts";
import type { Route } from "./route.ts";
import { subscribe } from "./subscriptions.ts";
import { advanceClock, createTenant, getTenant, listTenants } from "./tenants.ts";
import { verifyTenant, verifyTenants } from "./verification.ts";

export const routes: readonly Route[] = [
  healthz,
  readyz,
  getCatalog,
  publishCatalog,
  validateCatalog,
  diffCatalog,
  listCatalogRevisions,
  getCatalogRevision,
  createTenant,
  listTenants,
  getTenant,
  subscribe,
  advanceClock,
  check,
  listEntitlements,
  getEntitlement,
  listBalances,
  consume,
  consumeMany,
  issueGrant,
  listGrants,
  refreshBalance,
  reserve,
  extend,
  settle,
  release,
  reverseConsumption,
  voidGrant,
  claim,
  releaseClaim,
  reportCount,
  explainBalance,
  verifyTenant,
  verifyTenants,
];
