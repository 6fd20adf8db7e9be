import { z } from "zod";
import { nothing, route } from "./route.ts";
import { instant, name, ofTenant } from "./wire.ts";

export const subscribe = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/subscription",
  operation: "subscribe",
  summary: "Gives a tenant its base subscription, from now on.",
  noun: "Subscriptions",
  scope: "subscriptions:write",
  params: ofTenant,
  query: nothing,
  body: z
    .strictObject({
      plan: name.meta({ examples: ["pro"] }),
      version: z
        .int("must be a whole number")
        .min(1)
        .max(2_147_483_647)
        .exactOptional()
        .meta({ description: "Of the plan; the newest where it is not said." }),
      billingAnchor: instant
        .exactOptional()
        .meta({ description: "What billing periods are counted from; now, where it is not said." }),
    })
    .meta({ id: "SubscribeRequest" }),
  keyed: true,
  answers: {
    subscribed: z
      .strictObject({
        outcome: z.literal("subscribed"),
        replayed: z.boolean(),
        subscriptionId: z.string(),
        plan: z.string(),
        planVersion: z.int(),
      })
      .meta({ id: "Subscribed" }),
  },
  refusals: ["tenant_unknown", "plan_unknown", "already_subscribed", "idempotency_conflict"],
  example: {
    params: { tenant: "acme" },
    body: { plan: "pro" },
    answer: {
      outcome: "subscribed",
      replayed: false,
      subscriptionId: "01977c2e-8a00-4c5e-9d0b-2f6f3c1d5a77",
      plan: "pro",
      planVersion: 1,
    },
  },
  async handle({ purser }, { params, body, idempotencyKey, caller }) {
    const outcome = await purser.subscribe({ ...params, ...body, idempotencyKey, actor: caller.actor });
    return outcome.outcome === "subscribed" ? { outcome: "subscribed", body: outcome } : outcome;
  },
});
