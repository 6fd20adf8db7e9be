import { z } from "zod";
import { nothing, route } from "./route.ts";
import { amount, name, instant, metadata, ofTenant, quantity, subject, time } from "./wire.ts";

const balance = z.strictObject({
  feature: z.string(),
  subject: z.string(),
  kind: z.enum(["capacity", "metered", "credits"]),
  enforcement: z.enum(["hard", "soft", "observe"]),
  unlimited: z.boolean(),
  granted: quantity,
  used: quantity,
  held: quantity,
  available: quantity.nullable(),
  overage: quantity,
  claimed: z.int(),
  deniedReason: z.string().nullable(),
  restrictedBy: z.string().nullable(),
  version: z.int(),
  asOf: time,
  nextChangeAt: time.nullable(),
});

export const listBalances = route({
  method: "GET",
  path: "/v1/tenants/{tenant}/balances",
  operation: "listBalances",
  summary: "What is left of every feature that counts, by feature and subject.",
  scope: "balances:read",
  params: ofTenant,
  query: z.strictObject({ feature: name.exactOptional() }),
  body: undefined,
  keyed: false,
  answers: { found: z.strictObject({ balances: z.array(balance) }) },
  refusals: ["tenant_unknown"],
  async handle({ purser }, { params, query }) {
    const balances = await purser.balances({ ...params, ...query });
    if (balances.length === 0 && (await purser.findTenant(params)) === undefined) return { outcome: "tenant_unknown" };
    return { outcome: "found", body: { balances } };
  },
});

export const consume = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/consume",
  operation: "consume",
  summary: "Takes an amount, once per key, or refuses and leaves nothing.",
  scope: "consume",
  params: ofTenant,
  query: nothing,
  body: z.strictObject({
    feature: name,
    amount: amount.exactOptional(),
    subject: subject.exactOptional(),
    occurredAt: instant.exactOptional(),
    metadata: metadata.exactOptional(),
  }),
  keyed: true,
  answers: {
    consumed: z.strictObject({
      outcome: z.literal("consumed"),
      replayed: z.boolean(),
      amount: quantity,
      overage: quantity,
      available: quantity.nullable(),
      version: z.int(),
      recordedAt: time,
    }),
  },
  refusals: [
    "idempotency_conflict",
    "tenant_unknown",
    "feature_unknown",
    "wrong_kind",
    "subject_required",
    "tenant_suspended",
    "feature_disabled",
    "restricted",
    "subscription_inactive",
    "trial_expired",
    "payment_past_due",
    "grace_period_expired",
    "tier_insufficient",
    "not_included",
    "limit_reached",
    "insufficient_balance",
    "busy",
  ],
  async handle({ purser, database }, { params, body, idempotencyKey }) {
    const outcome = await purser.tryConsume(database, { ...params, ...body, idempotencyKey });
    return outcome.outcome === "consumed" ? { outcome: "consumed", body: outcome } : outcome;
  },
});

export const issueGrant = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/grants",
  operation: "issueGrant",
  summary: "Adds an amount, or unlimited use, to a balance, once per key.",
  scope: "grants:write",
  params: ofTenant,
  query: nothing,
  body: z
    .strictObject({
      feature: name,
      amount: amount.exactOptional(),
      unlimited: z.literal(true, "must be true, or left out").exactOptional(),
      subject: subject.exactOptional(),
      source: z.enum(["product", "promotion", "top_up", "manual"]).exactOptional(),
      effectiveAt: instant.exactOptional(),
      expiresAt: instant.exactOptional(),
      priority: z.int("must be a whole number from 0 to 1000").min(0).max(1000).exactOptional(),
      metadata: metadata.exactOptional(),
    })
    .refine((grant) => grant.unlimited === undefined || grant.amount === undefined, {
      path: ["amount"],
      error: "must be left out where unlimited is true",
    }),
  keyed: true,
  answers: {
    granted: z.strictObject({
      outcome: z.literal("granted"),
      replayed: z.boolean(),
      grantId: z.string(),
      available: quantity.nullable(),
    }),
  },
  refusals: ["tenant_unknown", "feature_unknown", "wrong_kind", "idempotency_conflict", "subject_required", "busy"],
  async handle({ purser, database }, { params, body, idempotencyKey }) {
    const outcome = await purser.issueGrant(database, { ...params, ...body, dedupeKey: idempotencyKey });
    return outcome.outcome === "granted" ? { outcome: "granted", body: outcome } : outcome;
  },
});
