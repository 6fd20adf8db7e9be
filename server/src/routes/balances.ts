import { z } from "zod";
import { notConsumed, notGranted, wrongKind } from "./kinds.ts";
import { cursorOf, nextCursor, page } from "./paging.ts";
import { explained } from "./refused.ts";
import { route } from "./route.ts";
import { amount, feature, instant, metadata, ofTenant, preview, quantity, subject, time } from "./wire.ts";

const balance = z
  .strictObject({
    feature: z.string(),
    subject: z.string().meta({ description: "`''` is the tenant itself." }),
    kind: z.enum(["capacity", "metered", "credits"]),
    enforcement: z.enum(["hard", "soft", "observe"]),
    unlimited: z.boolean(),
    granted: quantity.meta({ description: "The amounts of the grants that count now." }),
    used: quantity.meta({ description: "What of those grants has been used." }),
    held: quantity.meta({ description: "What open holds have set aside." }),
    available: quantity.nullable().meta({
      description: "granted − used − held; of a capacity what is free of granted − claimed; null while unlimited.",
    }),
    overage: quantity.meta({ description: "What was allowed beyond the grants since the window began." }),
    claimed: z.int().meta({ description: "Named slots occupied, of a capacity." }),
    deniedReason: z.string().nullable().meta({ description: "Why nothing can be consumed now, if so." }),
    restrictedBy: z.string().nullable(),
    version: z.int().meta({ description: "Counts the changes of this balance." }),
    asOf: time,
    nextChangeAt: time.nullable().meta({ description: "The next instant at which this changes by time alone." }),
  })
  .meta({ id: "Balance", description: "What is left of a feature, and where the number comes from." });
type Balance = z.output<typeof balance>;

/** A balance without the time at which it was looked at. */
function lastingOf(given: Balance): object {
  const { asOf: _, ...lasting } = given;
  return lasting;
}

const messages: Balance = {
  feature: "messaging.credits",
  subject: "",
  kind: "credits",
  enforcement: "hard",
  unlimited: false,
  granted: 1100,
  used: 5,
  held: 0,
  available: 1095,
  overage: 0,
  claimed: 0,
  deniedReason: null,
  restrictedBy: null,
  version: 3,
  asOf: "2031-05-01T00:00:00.000Z",
  nextChangeAt: "2031-05-15T00:00:00.000Z",
};

export const listBalances = route({
  method: "GET",
  path: "/v1/tenants/{tenant}/balances",
  operation: "listBalances",
  summary: "What is left of every feature that counts, by subject and feature.",
  description: "The tenant's own first, then by subject and, within one, by feature; a page at a time.",
  noun: "Balances",
  scope: "balances:read",
  params: ofTenant,
  query: z.strictObject({ feature: feature.exactOptional(), ...page(2, 1000) }),
  body: undefined,
  keyed: false,
  answers: {
    found: z.strictObject({ balances: z.array(balance), nextCursor }).meta({ id: "BalancePage" }),
  },
  refusals: ["tenant_unknown"],
  lasting: (answer) => {
    const { balances, ...rest } = answer as { balances: readonly Balance[] };
    return { ...rest, balances: balances.map(lastingOf) };
  },
  example: {
    params: { tenant: "acme" },
    query: { feature: "messaging.credits" },
    answer: { balances: [messages], nextCursor: null },
  },
  async handle({ purser }, { params, query: { limit = 1000, cursor, ...asked } }) {
    const found = await purser.listBalances({ ...params, ...asked, after: cursor, count: limit });
    const { lines } = found;
    if (lines.length === 0 && (await purser.findTenant(params)) === undefined) return { outcome: "tenant_unknown" };
    return { outcome: "found", body: { balances: lines, nextCursor: cursorOf(found) } };
  },
});

export const consume = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/consume",
  operation: "consume",
  summary: "Takes an amount, once per key, or refuses and leaves nothing.",
  description:
    "The same key with the same input is a replay: nothing is taken, and the answer has the first time's numbers. What an upgrade or a top-up would cure is 402, what somebody decided against 403.",
  noun: "Balances",
  scope: "consume",
  params: ofTenant,
  query: preview,
  body: z
    .strictObject({
      feature,
      amount: amount.exactOptional(),
      subject: subject.exactOptional(),
      occurredAt: instant
        .exactOptional()
        .meta({ description: "When it happened, for reports; the decision is about now." }),
      metadata: metadata.exactOptional(),
    })
    .meta({ id: "ConsumeRequest" }),
  keyed: true,
  answers: {
    consumed: z
      .strictObject({
        outcome: z.literal("consumed"),
        replayed: z.boolean().meta({
          description:
            "True where this key had consumed before: nothing was taken now, and these are the first time's numbers.",
        }),
        amount: quantity,
        overage: quantity.meta({
          description: "The part beyond what was available, where enforcement lets it through.",
        }),
        available: quantity
          .nullable()
          .meta({ description: "What was left right after this consumption; null while unlimited." }),
        version: z.int().meta({ description: "The version of the balance that this consumption made." }),
        recordedAt: time,
      })
      .meta({ id: "Consumed", description: "A consumption that happened, now or the first time its key was used." }),
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
    "overloaded",
  ],
  example: {
    params: { tenant: "acme" },
    body: { feature: "messaging.credits", amount: 5, subject: "ann" },
    answer: {
      outcome: "consumed",
      replayed: false,
      amount: 5,
      overage: 0,
      available: 95,
      version: 2,
      recordedAt: "2031-05-01T00:00:00.000Z",
    },
  },
  async handle({ purser, database }, { params, query, body, idempotencyKey }) {
    const outcome = await purser.tryConsume(database, { ...params, ...query, ...body, idempotencyKey });
    if (outcome.outcome === "consumed") return { outcome: "consumed", body: outcome };
    return explained(purser, { ...params, ...body }, outcome, notConsumed);
  },
});

export const issueGrant = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/grants",
  operation: "issueGrant",
  summary: "Adds an amount, or unlimited use, to a balance, once per key.",
  description: "The key is the grant's own, for ever: the same purchase can never grant twice.",
  noun: "Balances",
  scope: "grants:write",
  params: ofTenant,
  query: preview,
  body: z
    .strictObject({
      feature,
      amount: amount.exactOptional(),
      unlimited: z
        .literal(true, "must be true, or left out")
        .meta({ description: "In place of an amount." })
        .exactOptional(),
      subject: subject.exactOptional(),
      source: z.enum(["product", "promotion", "top_up", "manual"]).exactOptional(),
      effectiveAt: instant.exactOptional(),
      expiresAt: instant.exactOptional(),
      priority: z
        .int("must be a whole number from 0 to 1000")
        .min(0)
        .max(1000)
        .meta({ description: "Lower is drawn first; 100 where it is not said." })
        .exactOptional(),
      metadata: metadata.exactOptional(),
    })
    .refine((grant) => grant.unlimited === undefined || grant.amount === undefined, {
      path: ["amount"],
      error: "must be left out where unlimited is true",
    })
    .refine((grant) => grant.unlimited !== undefined || grant.amount !== undefined, {
      path: ["amount"],
      error: "is required, unless unlimited is true",
    })
    .meta({ id: "GrantRequest" }),
  keyed: true,
  answers: {
    granted: z
      .strictObject({
        outcome: z.literal("granted"),
        replayed: z.boolean(),
        grantId: z.string(),
        available: quantity.nullable().meta({ description: "Of the balance, after it; null while unlimited." }),
      })
      .meta({ id: "Granted", description: "A grant that was made, now or the first time its key was used." }),
  },
  refusals: ["tenant_unknown", "feature_unknown", "wrong_kind", "idempotency_conflict", "subject_required", "busy"],
  example: {
    params: { tenant: "acme" },
    body: { feature: "messaging.credits", amount: 1000, source: "product" },
    answer: {
      outcome: "granted",
      replayed: false,
      grantId: "01977c2e-8a00-4c5e-9d0b-2f6f3c1d5a77",
      available: 1095,
    },
  },
  async handle({ purser, database }, { params, query, body, idempotencyKey }) {
    const outcome = await purser.issueGrant(database, { ...params, ...query, ...body, dedupeKey: idempotencyKey });
    if (outcome.outcome === "granted") return { outcome: "granted", body: outcome };
    return outcome.outcome === "wrong_kind"
      ? wrongKind(purser, { ...params, feature: body.feature }, notGranted)
      : outcome;
  },
});

export const refreshBalance = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/refresh",
  operation: "refreshBalance",
  summary: "Turns a balance now if time has made it due, instead of with the next consumption or when a worker comes.",
  description:
    "No answer depends on it, since whoever asks or consumes counts what is due. It writes the boundary and tells of it at once. Again it changes nothing, so it needs no key.",
  noun: "Balances",
  scope: "consume",
  params: ofTenant,
  query: preview,
  body: z.strictObject({ feature, subject: subject.exactOptional() }).meta({ id: "RefreshRequest" }),
  keyed: false,
  answers: {
    refreshed: z
      .strictObject({
        outcome: z
          .enum(["refreshed", "unchanged"])
          .meta({ description: "`unchanged`: nothing was due, or nobody has used it yet." }),
        version: z.int().nullable().meta({ description: "Of the balance; null where nobody has used it yet." }),
      })
      .meta({ id: "Refreshed", description: "A balance that says what time has made of it." }),
  },
  refusals: ["tenant_unknown", "feature_unknown", "busy"],
  example: {
    params: { tenant: "acme" },
    body: { feature: "messaging.credits" },
    answer: { outcome: "unchanged", version: 3 },
  },
  async handle({ purser, database }, { params, query, body }) {
    const outcome = await purser.refresh(database, { ...params, ...query, ...body });
    return "version" in outcome ? { outcome: "refreshed", body: outcome } : outcome;
  },
});
