import { z } from "zod";
import { route } from "./route.ts";
import { amount, pathName, preview, quantity, reason, tenantId } from "./wire.ts";

const available = quantity.nullable().meta({ description: "What was left right after it; null while unlimited." });
const version = z.int().meta({ description: "The version of the balance that it made." });
const replayed = z.boolean().meta({ description: "True where it had been done before: nothing was changed now." });

export const voidGrant = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/grants/{dedupeKey}/void",
  operation: "voidGrant",
  summary: "Ends a grant early: what is left of it lapses, what was spent of it stays spent.",
  noun: "Balances",
  scope: "grants:write",
  params: z.strictObject({
    tenant: tenantId,
    dedupeKey: pathName.meta({ description: "The grant's own key.", examples: ["issueGrant-1"] }),
  }),
  query: preview,
  body: z
    .strictObject({
      reason: reason.meta({ description: "Why, for the audit log." }),
      refund: z
        .boolean("must be true or false")
        .exactOptional()
        .meta({ description: "Whether it is a refund: then what was spent of it is told as the shortfall." }),
    })
    .meta({ id: "VoidRequest" }),
  keyed: false,
  answers: {
    voided: z
      .strictObject({
        outcome: z.literal("voided"),
        replayed,
        lapsed: quantity.meta({ description: "What was left of it and is gone." }),
        shortfall: quantity.meta({ description: "Of a refund: what had been spent of it, which is not taken back." }),
        available,
        version,
      })
      .meta({ id: "Voided", description: "A grant that ended early." }),
  },
  refusals: ["grant_unknown", "busy"],
  example: {
    params: { tenant: "acme", dedupeKey: "issueGrant-1" },
    body: { reason: "The order was cancelled." },
    answer: { outcome: "voided", replayed: false, lapsed: 1000, shortfall: 0, available: 88, version: 10 },
  },
  async handle({ purser, database }, { params, query, body, caller }) {
    const outcome = await purser.voidGrant(database, { ...params, ...query, ...body, actor: caller.actor });
    return outcome.outcome === "voided" ? { outcome: "voided", body: outcome } : outcome;
  },
});

export const reverseConsumption = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/consumptions/{consumptionKey}/reverse",
  operation: "reverseConsumption",
  summary: "Undoes a consumption, whole or in part, once per key.",
  description:
    "Its units return to the grants they came from; those of a grant that has ended lapse, unless they are to come back as a grant of their own. The key it was consumed under stays used.",
  noun: "Balances",
  scope: "grants:write",
  params: z.strictObject({
    tenant: tenantId,
    consumptionKey: pathName.meta({
      description: "The key it was consumed under; of a hold that was settled, the hold's.",
      examples: ["consume-1"],
    }),
  }),
  query: preview,
  body: z
    .strictObject({
      amount: amount.exactOptional().meta({ description: "How much of it; all that is left where it is not said." }),
      reissue: z
        .boolean("must be true or false")
        .exactOptional()
        .meta({ description: "Whether what would lapse comes back as a grant." }),
      reason: reason.exactOptional(),
    })
    .meta({ id: "ReversalRequest" }),
  keyed: true,
  answers: {
    reversed: z
      .strictObject({
        outcome: z.literal("reversed"),
        replayed,
        amount: quantity,
        restored: quantity.meta({ description: "What returned to grants that are in force." }),
        lapsed: quantity.meta({ description: "What its grants no longer take." }),
        overage: quantity.meta({ description: "What had been overage." }),
        available,
        version,
      })
      .meta({ id: "Reversed", description: "A consumption undone by a fact of its own." }),
  },
  refusals: ["idempotency_conflict", "consumption_unknown", "already_reversed", "busy"],
  example: {
    params: { tenant: "acme", consumptionKey: "consume-1" },
    body: { reason: "The message was not delivered." },
    answer: {
      outcome: "reversed",
      replayed: false,
      amount: 5,
      restored: 5,
      lapsed: 0,
      overage: 0,
      available: 1088,
      version: 9,
    },
  },
  async handle({ purser, database }, { params, query, body, idempotencyKey }) {
    const outcome = await purser.reverseConsumption(database, { ...params, ...query, ...body, idempotencyKey });
    return outcome.outcome === "reversed" ? { outcome: "reversed", body: outcome } : outcome;
  },
});
