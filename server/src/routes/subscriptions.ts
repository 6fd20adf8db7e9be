import { z } from "zod";
import { nothing, route } from "./route.ts";
import { instant, name, ofTenant } from "./wire.ts";

export const subscribe = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/subscription",
  operation: "subscribe",
  summary: "Gives a tenant its base subscription, from now on.",
  scope: "subscriptions:write",
  params: ofTenant,
  query: nothing,
  body: z.strictObject({
    plan: name,
    version: z.int("must be a whole number").min(1).max(2_147_483_647).exactOptional(),
    billingAnchor: instant.exactOptional(),
  }),
  keyed: true,
  answers: {
    subscribed: z.strictObject({
      outcome: z.literal("subscribed"),
      replayed: z.boolean(),
      subscriptionId: z.string(),
      plan: z.string(),
      planVersion: z.int(),
    }),
  },
  refusals: ["tenant_unknown", "plan_unknown", "already_subscribed", "idempotency_conflict"],
  async handle({ purser }, { params, body, idempotencyKey, caller }) {
    const outcome = await purser.subscribe({ ...params, ...body, idempotencyKey, actor: caller.actor });
    return outcome.outcome === "subscribed" ? { outcome: "subscribed", body: outcome } : outcome;
  },
});
