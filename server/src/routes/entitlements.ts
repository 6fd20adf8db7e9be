import { z } from "zod";
import { nothing, route } from "./route.ts";
import { amount, name, ofTenant, quantity, subject, time } from "./wire.ts";

const decision = z.strictObject({
  allowed: z.boolean(),
  reason: z.string(),
  feature: z.string(),
  kind: z.enum(["flag", "value", "capacity", "metered", "credits"]).nullable(),
  tier: z.string().nullable(),
  requiredTier: z.string().nullable(),
  value: z.json(),
  limit: quantity.nullable(),
  used: quantity.nullable(),
  remaining: quantity.nullable(),
  unlimited: z.boolean(),
  overLimit: quantity,
  resetsAt: time.nullable(),
  source: z.enum(["plan", "purchase", "override"]).nullable(),
  restrictedBy: z.enum(["disabled", "frozen", "degraded"]).nullable(),
  unlockedBy: z.array(z.string()),
  asOf: time,
  version: z.int(),
  cached: z.boolean(),
  cacheTtlRemaining: z.number(),
});

export const check = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/check",
  operation: "check",
  summary: "May this tenant do this now, how much is left, and if not, why not? A denial is an answer and no error.",
  scope: "entitlements:read",
  params: ofTenant,
  query: nothing,
  body: z.strictObject({ feature: name, amount: amount.exactOptional(), subject: subject.optional() }),
  keyed: false,
  answers: { decided: decision },
  refusals: [],
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
  scope: "entitlements:read",
  params: ofTenant,
  query: nothing,
  body: undefined,
  keyed: false,
  answers: { found: z.strictObject({ entitlements: z.array(decision) }) },
  refusals: ["tenant_unknown"],
  async handle({ purser }, { params }) {
    const entitlements = await purser.checkAll(params);
    if (entitlements.length === 0 && (await purser.findTenant(params)) === undefined)
      return { outcome: "tenant_unknown" };
    return { outcome: "found", body: { entitlements } };
  },
});

export const getEntitlement = route({
  method: "GET",
  path: "/v1/tenants/{tenant}/entitlements/{feature}",
  operation: "getEntitlement",
  summary: "The decision for one feature, or capability, as a resource: unknown ones are not found.",
  scope: "entitlements:read",
  params: ofTenant.extend({ feature: name }),
  query: z.strictObject({ subject: subject.exactOptional() }),
  body: undefined,
  keyed: false,
  answers: { found: decision },
  refusals: ["tenant_unknown", "feature_unknown"],
  async handle({ purser }, { params, query }) {
    const answer = await purser.check({ ...params, ...query });
    if ("outcome" in answer) return answer;
    if (answer.reason === "TENANT_UNKNOWN") return { outcome: "tenant_unknown" };
    if (answer.reason === "FEATURE_UNKNOWN") return { outcome: "feature_unknown" };
    return { outcome: "found", body: answer };
  },
});
