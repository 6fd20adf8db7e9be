import { z } from "zod";
import { notConsumed } from "./kinds.ts";
import { explained } from "./refused.ts";
import { route } from "./route.ts";
import { amount, feature, instant, metadata, pathName, preview, quantity, subject, tenantId, time } from "./wire.ts";

const ofHold = z.strictObject({
  tenant: tenantId,
  holdKey: pathName.meta({ description: "The key it was reserved under.", examples: ["reserve-1"] }),
});
const available = quantity.nullable().meta({ description: "What was left right after it; null while unlimited." });
const version = z.int().meta({ description: "The version of the balance that it made." });
const replayed = z.boolean().meta({ description: "True where it had been done before: nothing was changed now." });
const params = { tenant: "acme", holdKey: "reserve-1" };

export const reserve = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/holds",
  operation: "reserve",
  summary: "Sets an amount aside until it is settled, released or expires, once per key.",
  description:
    "For work whose cost is known when it is done. What is held is nobody else's from this instant. The key names the hold, and is the key of the consumption that it becomes.",
  noun: "Holds",
  scope: "consume",
  params: z.strictObject({ tenant: tenantId }),
  query: preview,
  body: z
    .strictObject({
      feature,
      amount: amount.exactOptional(),
      expiresAt: instant
        .exactOptional()
        .meta({ description: "When it ends by itself; in 15 minutes where it is not said." }),
      subject: subject.exactOptional(),
      metadata: metadata.exactOptional(),
    })
    .meta({ id: "ReserveRequest" }),
  keyed: true,
  answers: {
    reserved: z
      .strictObject({
        outcome: z.literal("reserved"),
        replayed,
        holdKey: z.string(),
        amount: quantity,
        available,
        version,
        expiresAt: time,
      })
      .meta({
        id: "Reserved",
        description: "An amount set aside, now or the first time its key was used; `expiresAt` is when it ends by now.",
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
  example: {
    params: { tenant: "acme" },
    body: { feature: "messaging.credits", amount: 40 },
    answer: {
      outcome: "reserved",
      replayed: false,
      holdKey: "reserve-1",
      amount: 40,
      available: 1055,
      version: 4,
      expiresAt: "2031-05-01T00:15:00.000Z",
    },
  },
  async handle({ purser, database }, { params: { tenant }, query, body, idempotencyKey }) {
    const outcome = await purser.reserve(database, { tenant, ...query, ...body, idempotencyKey });
    if (outcome.outcome === "reserved") return { outcome: "reserved", body: outcome };
    return explained(purser, { tenant, ...body }, outcome, notConsumed);
  },
});

export const extend = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/holds/{holdKey}/extend",
  operation: "extend",
  summary: "Moves the end of an open hold, later or sooner.",
  noun: "Holds",
  scope: "consume",
  params: ofHold,
  query: preview,
  body: z.strictObject({ expiresAt: instant }).meta({ id: "ExtendRequest" }),
  keyed: false,
  answers: {
    extended: z
      .strictObject({ outcome: z.literal("extended"), replayed, expiresAt: time, available, version })
      .meta({ id: "Extended" }),
  },
  refusals: ["hold_unknown", "hold_settled", "hold_released", "hold_expired", "busy"],
  example: {
    params,
    body: { expiresAt: "2040-01-01T00:00:00.000Z" },
    answer: {
      outcome: "extended",
      replayed: false,
      expiresAt: "2040-01-01T00:00:00.000Z",
      available: 1055,
      version: 5,
    },
  },
  async handle({ purser, database }, { params: hold, query, body }) {
    const outcome = await purser.extend(database, { ...hold, ...query, ...body });
    return outcome.outcome === "extended" ? { outcome: "extended", body: outcome } : outcome;
  },
});

export const settle = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/holds/{holdKey}/settle",
  operation: "settle",
  summary: "Ends a hold with what the work came to: less returns the rest, more takes the difference.",
  description:
    "The same again is a replay. A hold that has expired may still be settled, once: from what is available now. Where a feature that refuses cannot cover all of it the outcome is `settled_short`: the covered part is booked.",
  noun: "Holds",
  scope: "consume",
  params: ofHold,
  query: preview,
  body: z
    .strictObject({
      amount: amount.meta({ description: "What the work came to, from 0." }),
      occurredAt: instant.exactOptional().meta({ description: "When it happened, for reports." }),
      metadata: metadata.exactOptional(),
    })
    .meta({ id: "SettleRequest" }),
  keyed: false,
  answers: {
    settled: z
      .strictObject({
        outcome: z.enum(["settled", "settled_short"]),
        replayed,
        late: z.boolean().meta({ description: "Whether it had expired." }),
        amount: quantity.meta({ description: "What was booked, overage included." }),
        overage: quantity.meta({ description: "Of it, the part beyond what was available." }),
        unfunded: quantity.meta({ description: "What is covered by nothing and was not booked." }),
        available,
        version,
      })
      .meta({ id: "Settled", description: "A hold that ended with what the work came to." }),
  },
  refusals: ["hold_unknown", "hold_released", "idempotency_conflict", "busy"],
  example: {
    params,
    body: { amount: 12 },
    answer: {
      outcome: "settled",
      replayed: false,
      late: false,
      amount: 12,
      overage: 0,
      unfunded: 0,
      available: 1083,
      version: 6,
    },
  },
  async handle({ purser, database }, { params: hold, query, body }) {
    const outcome = await purser.settle(database, { ...hold, ...query, ...body });
    return "replayed" in outcome ? { outcome: "settled", body: outcome } : outcome;
  },
});

export const release = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/holds/{holdKey}/release",
  operation: "release",
  summary: "Gives back what a hold set aside.",
  description: "What was set aside of a grant that has ended since has nothing to return to and lapses.",
  noun: "Holds",
  scope: "consume",
  params: ofHold,
  query: preview,
  body: undefined,
  keyed: false,
  answers: {
    released: z
      .strictObject({
        outcome: z.literal("released"),
        replayed,
        restored: quantity,
        lapsed: quantity,
        available,
        version,
      })
      .meta({ id: "Released", description: "A hold that gave back what it had set aside." }),
  },
  refusals: ["hold_unknown", "hold_settled", "hold_expired", "busy"],
  example: {
    params: { tenant: "acme", holdKey: "reserve-2" },
    answer: { outcome: "released", replayed: false, restored: 5, lapsed: 0, available: 1083, version: 8 },
  },
  async handle({ purser, database }, { params: hold, query }) {
    const outcome = await purser.release(database, { ...hold, ...query });
    return outcome.outcome === "released" ? { outcome: "released", body: outcome } : outcome;
  },
});
