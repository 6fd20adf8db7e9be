// One good request for every operation that asks for a key, on a tenant of the caller's choice.
import { routes } from "../../src/routes/index.ts";

interface Sample {
  readonly call: (tenant: string) => string;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
}

const at = (rest: string) => (tenant: string) => `GET /v1/tenants/${tenant}${rest}`;
const to = (rest: string) => (tenant: string) => `POST /v1/tenants/${tenant}${rest}`;

const samples: Readonly<Record<string, Sample>> = {
  getCatalog: { call: () => "GET /v1/catalog" },
  publishCatalog: {
    call: () => "PUT /v1/catalog",
    body: { catalog: { tiers: {}, features: {}, plans: {} }, emptying: true },
  },
  validateCatalog: { call: () => "POST /v1/catalog/validate", body: { catalog: {} } },
  diffCatalog: { call: () => "POST /v1/catalog/diff", body: { catalog: { tiers: {}, features: {}, plans: {} } } },
  listCatalogRevisions: { call: () => "GET /v1/catalog/revisions" },
  getCatalogRevision: { call: () => "GET /v1/catalog/revisions/1" },
  createTenant: { call: () => "POST /v1/tenants", body: { tenant: "newcomer" } },
  listTenants: { call: () => "GET /v1/tenants" },
  getTenant: { call: at("") },
  subscribe: { call: to("/subscription"), body: { plan: "pro" }, idempotencyKey: "sample-subscribe" },
  advanceClock: { call: to("/clock"), body: { to: "2031-06-01T00:00:00Z" } },
  check: { call: to("/check"), body: { feature: "projects.max" } },
  listEntitlements: { call: at("/entitlements") },
  getEntitlement: { call: at("/entitlements/projects.max") },
  listBalances: { call: at("/balances") },
  listGrants: { call: at("/grants") },
  explainBalance: { call: at("/balances/messaging.credits/explanation") },
  verifyTenant: { call: at("/verification") },
  verifyTenants: { call: () => "GET /v1/verification" },
  consume: { call: to("/consume"), body: { feature: "messaging.credits" }, idempotencyKey: "sample-consume" },
  consumeMany: {
    call: to("/consume-many"),
    body: { items: [{ feature: "messaging.credits", idempotencyKey: "sample-item" }] },
  },
  refreshBalance: { call: to("/refresh"), body: { feature: "messaging.credits" } },
  reserve: { call: to("/holds"), body: { feature: "messaging.credits" }, idempotencyKey: "sample-hold" },
  extend: { call: to("/holds/sample-hold/extend"), body: { expiresAt: "2040-01-01T00:00:00Z" } },
  settle: { call: to("/holds/sample-hold/settle"), body: { amount: 1 } },
  release: { call: to("/holds/sample-hold/release") },
  reverseConsumption: {
    call: to("/consumptions/sample-consume/reverse"),
    body: {},
    idempotencyKey: "sample-reverse",
  },
  voidGrant: { call: to("/grants/sample-grant/void"), body: { reason: "a sample" } },
  claim: { call: to("/claims"), body: { feature: "projects.max", resource: "sample" } },
  releaseClaim: { call: to("/claims/release"), body: { feature: "projects.max", resource: "sample" } },
  reportCount: { call: (tenant) => `PUT /v1/tenants/${tenant}/counts/projects.max`, body: { count: 1 } },
  issueGrant: {
    call: to("/grants"),
    body: { feature: "messaging.credits", amount: 1 },
    idempotencyKey: "sample-grant",
  },
};

/** The guarded routes, each with its sample; one without a sample fails where this is read. */
export const guarded = routes.flatMap((route) => {
  if (route.scope === undefined) return [];
  const sample = samples[route.operation];
  if (sample === undefined) throw new Error(`no sample for ${route.operation}`);
  const { call, ...rest } = sample;
  return [{ operation: route.operation, scope: route.scope, path: route.path, call, rest }];
});
