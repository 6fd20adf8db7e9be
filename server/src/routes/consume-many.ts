import { z } from "zod";
import { route } from "./route.ts";
import { amount, feature, instant, metadata, name, ofTenant, preview, quantity, subject, time } from "./wire.ts";

const MOST_ITEMS = 1000;
const ITEMS = "must be a list of at most 1,000 items";
const KEY = "must be 1 to 195 characters, without NUL or half a surrogate pair";

const consumed = z
  .strictObject({
    idempotencyKey: z.string().exactOptional(),
    outcome: z.literal("consumed"),
    replayed: z.boolean(),
    amount: quantity,
    overage: quantity,
    available: quantity.nullable(),
    version: z.int(),
    recordedAt: time,
  })
  .meta({ id: "ConsumedItem", description: "An item that was consumed, now or the first time its key was used." });

const refused = z
  .strictObject({
    idempotencyKey: z.string().exactOptional(),
    outcome: z
      .enum([
        "invalid_input",
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
        "batch_refused",
      ])
      .meta({ description: "`batch_refused`: it passed, and another item of an atomic request did not." }),
    field: z
      .string()
      .exactOptional()
      .meta({ description: "What is invalid, or differs from the first use of the key." }),
    available: quantity.exactOptional(),
    resetsAt: time.exactOptional(),
    restrictedBy: z.string().exactOptional(),
  })
  .meta({ id: "RefusedItem", description: "An item of which nothing was taken." });

export const consumeMany = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/consume-many",
  operation: "consumeMany",
  summary: "Takes several amounts, each judged by itself, or all or none.",
  description:
    "Answers one item for each, in their order; that some are refused is an answer, too. A retry with the same keys changes nothing. The keys stand in the body: one for each item, or one for all of a request that needs several features.",
  noun: "Balances",
  scope: "consume",
  params: ofTenant,
  query: preview,
  body: z
    .strictObject({
      items: z
        .array(
          z
            .strictObject({
              feature,
              amount: amount.exactOptional(),
              idempotencyKey: name
                .exactOptional()
                .meta({ description: "Names this item, unless the request has a key for all." }),
              subject: subject.exactOptional(),
              occurredAt: instant.exactOptional(),
              metadata: metadata.exactOptional(),
            })
            .meta({ id: "ConsumeItem" }),
          ITEMS,
        )
        .max(MOST_ITEMS, ITEMS),
      idempotencyKey: name
        .max(195, KEY)
        .exactOptional()
        .meta({ description: "For all of the request: its items have the keys `key#1`, `key#2`, …" }),
      atomic: z.boolean("must be true or false").exactOptional().meta({ description: "All of the items or none." }),
    })
    .meta({ id: "ConsumeManyRequest" }),
  keyed: false,
  largest: { bytes: 2_097_152, depth: 8 },
  answers: {
    answered: z
      .strictObject({ outcome: z.literal("answered"), items: z.array(z.union([consumed, refused])) })
      .meta({ id: "ConsumeManyAnswer" }),
  },
  refusals: ["busy"],
  example: {
    params: { tenant: "acme" },
    body: {
      items: [
        { feature: "annuity.calculations.monthly", idempotencyKey: "order-17" },
        { feature: "annuity.calculations.monthly", amount: 5000, idempotencyKey: "order-18" },
      ],
    },
    answer: {
      outcome: "answered",
      items: [
        {
          outcome: "consumed",
          replayed: false,
          amount: 1,
          overage: 0,
          available: 499,
          version: 2,
          recordedAt: "2031-05-01T00:00:00.000Z",
          idempotencyKey: "order-17",
        },
        {
          outcome: "limit_reached",
          available: 499,
          resetsAt: "2031-05-15T00:00:00.000Z",
          idempotencyKey: "order-18",
        },
      ],
    },
  },
  async handle({ purser, database }, { params, query, body }) {
    const outcome = await purser.consumeMany(database, { ...params, ...query, ...body });
    return outcome.outcome === "answered" ? { outcome: "answered", body: outcome } : outcome;
  },
});
