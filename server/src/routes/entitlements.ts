import { z } from "zod";
import { decision, type DecisionOnTheWire, lastingOf } from "./decision.ts";
import { cursorOf, nextCursor, page } from "./paging.ts";
import { nothing, route } from "./route.ts";
import { amount, feature, ofTenant, subject } from "./wire.ts";

const messages: DecisionOnTheWire = {
  allowed: true,
  reason: "INCLUDED",
  feature: "messaging.credits",
  kind: "credits",
  tier: "pro",
  requiredTier: null,
  value: null,
  limit: 1100,
  used: 5,
  remaining: 1095,
  unlimited: false,
  overLimit: 0,
  resetsAt: "2031-05-15T00:00:00.000Z",
  source: "plan",
  restrictedBy: null,
  unlockedBy: [],
  asOf: "2031-05-01T00:00:00.000Z",
  version: 3,
  cached: false,
  cacheTtlRemaining: 0,
};

export const check = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/check",
  operation: "check",
  summary: "May this tenant do this now, how much is left, and if not, why not? A denial is an answer and no error.",
  description: "Changes nothing. Between a check and a consume others may take what is left; only the consume decides.",
  noun: "Entitlements",
  scope: "entitlements:read",
  params: ofTenant,
  query: nothing,
  body: z
    .strictObject({ feature, amount: amount.exactOptional(), subject: subject.optional() })
    .meta({ id: "CheckRequest" }),
  keyed: false,
  answers: { decided: decision },
  refusals: [],
  example: {
    params: { tenant: "acme" },
    body: { feature: "messaging.credits", amount: 5 },
    answer: messages,
  },
  async handle({ purser }, { params, body }) {
    const answer = await purser.check({ ...params, ...body });
    return "outcome" in answer ? answer : { outcome: "decided", body: answer };
  },
});

export const listEntitlements = route({
  method: "GET",
  path: "/v1/tenants/{tenant}/entitlements",
  operation: "listEntitlements",
  summary: "The same decision for every feature on sale, in the order of their keys.",
  description: "A page at a time; `tier` is the tenant's own.",
  noun: "Entitlements",
  scope: "entitlements:read",
  params: ofTenant,
  query: z.strictObject(page(1, 1000)),
  body: undefined,
  keyed: false,
  answers: {
    found: z
      .strictObject({ tier: z.string().nullable(), entitlements: z.array(decision), nextCursor })
      .meta({ id: "EntitlementPage" }),
  },
  refusals: ["tenant_unknown"],
  lasting: (answer) => {
    const { entitlements, ...rest } = answer as { entitlements: readonly object[] };
    return { ...rest, entitlements: entitlements.map(lastingOf) };
  },
  example: {
    params: { tenant: "acme" },
    query: { limit: "1" },
    answer: {
      tier: "pro",
      entitlements: [
        {
          ...messages,
          feature: "annuity.calculations.monthly",
          kind: "metered",
          limit: 500,
          used: 0,
          remaining: 500,
          version: 1,
        },
      ],
      nextCursor: "WyJhbm51aXR5LmNhbGN1bGF0aW9ucy5tb250aGx5Il0",
    },
  },
  async handle({ purser }, { params, query: { limit = 1000, cursor } }) {
    const found = await purser.listEntitlements({ ...params, after: cursor, count: limit });
    const { lines } = found;
    if (lines.length === 0 && (await purser.findTenant(params)) === undefined) return { outcome: "tenant_unknown" };
    const tier = lines.find((line) => line.tier !== null)?.tier ?? null;
    return { outcome: "found", body: { tier, entitlements: lines, nextCursor: cursorOf(found) } };
  },
});

export const getEntitlement = route({
  method: "GET",
  path: "/v1/tenants/{tenant}/entitlements/{feature}",
  operation: "getEntitlement",
  summary: "The decision for one feature, or capability, as a resource: unknown ones are not found.",
  noun: "Entitlements",
  scope: "entitlements:read",
  params: ofTenant.extend({ feature }),
  query: z.strictObject({ subject: subject.exactOptional() }),
  body: undefined,
  keyed: false,
  answers: { found: decision },
  refusals: ["tenant_unknown", "feature_unknown"],
  lasting: lastingOf,
  example: { params: { tenant: "acme", feature: "messaging.credits" }, answer: messages },
  async handle({ purser }, { params, query }) {
    const answer = await purser.check({ ...params, ...query });
    if ("outcome" in answer) return answer;
    if (answer.reason === "TENANT_UNKNOWN") return { outcome: "tenant_unknown" };
    if (answer.reason === "FEATURE_UNKNOWN") return { outcome: "feature_unknown" };
    return { outcome: "found", body: answer };
  },
});
