import { z } from "zod";
import { notClaimed, wrongKind } from "./kinds.ts";
import { explained } from "./refused.ts";
import { route } from "./route.ts";
import { feature, pathName, preview, quantity, resource, subject, tenantId, time } from "./wire.ts";

const occupied = {
  available: quantity.nullable().meta({ description: "What is left of the limit; null while unlimited." }),
  overLimit: quantity.meta({ description: "By how much it is over its limit, as after a downgrade." }),
  version: z.int().meta({ description: "The version of the balance that it made." }),
};
const replayed = z.boolean().meta({ description: "True where it was so before: nothing was changed now." });
const ofTenant = z.strictObject({ tenant: tenantId });
const slot = z.strictObject({ feature, resource, subject: subject.exactOptional() });
const params = { tenant: "acme" };
const denials = [
  "tenant_suspended",
  "feature_disabled",
  "restricted",
  "subscription_inactive",
  "trial_expired",
  "payment_past_due",
  "grace_period_expired",
  "tier_insufficient",
  "not_included",
] as const;

export const claim = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/claims",
  operation: "claim",
  summary: "Occupies a slot of a capacity under the name of the thing it stands for, or refuses.",
  description: "A name that is held already is a replay, also while the feature is restricted or over its limit.",
  noun: "Capacities",
  scope: "claims:write",
  params: ofTenant,
  query: preview,
  body: slot.meta({ id: "ClaimRequest" }),
  keyed: false,
  answers: {
    claimed: z
      .strictObject({
        outcome: z.literal("claimed"),
        replayed,
        claimed: z.int().meta({ description: "How many slots are occupied, this one included." }),
        ...occupied,
      })
      .meta({ id: "Claimed", description: "A slot that is occupied." }),
  },
  refusals: [
    "tenant_unknown",
    "feature_unknown",
    "wrong_kind",
    "subject_required",
    ...denials,
    "count_reported",
    "limit_reached",
    "busy",
  ],
  example: {
    params,
    body: { feature: "projects.max", resource: "project-7" },
    answer: { outcome: "claimed", replayed: false, claimed: 1, available: 24, overLimit: 0, version: 2 },
  },
  async handle({ purser, database }, { params: { tenant }, query, body }) {
    const outcome = await purser.claim(database, { tenant, ...query, ...body });
    if (outcome.outcome === "claimed") return { outcome: "claimed", body: outcome };
    return explained(purser, { tenant, ...body, amount: 1 }, outcome, notClaimed);
  },
});

export const releaseClaim = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/claims/release",
  operation: "releaseClaim",
  summary: "Lets a slot of a capacity go.",
  noun: "Capacities",
  scope: "claims:write",
  params: ofTenant,
  query: preview,
  body: slot.meta({ id: "ReleaseClaimRequest" }),
  keyed: false,
  answers: {
    released: z
      .strictObject({
        outcome: z.literal("released"),
        replayed,
        claimed: z.int().meta({ description: "How many slots are still occupied." }),
        ...occupied,
      })
      .meta({ id: "ClaimReleased", description: "A slot that is free." }),
  },
  refusals: ["tenant_unknown", "feature_unknown", "wrong_kind", "claim_unknown", "busy"],
  example: {
    params,
    body: { feature: "projects.max", resource: "project-7" },
    answer: { outcome: "released", replayed: false, claimed: 0, available: 25, overLimit: 0, version: 3 },
  },
  async handle({ purser, database }, { params: { tenant }, query, body }) {
    const outcome = await purser.releaseClaim(database, { tenant, ...query, ...body });
    if (outcome.outcome === "released") return { outcome: "released", body: outcome };
    return outcome.outcome === "wrong_kind"
      ? wrongKind(purser, { tenant, feature: body.feature }, notClaimed)
      : outcome;
  },
});

export const reportCount = route({
  method: "PUT",
  path: "/v1/tenants/{tenant}/counts/{feature}",
  operation: "reportCount",
  summary: "Says how many slots of a capacity are occupied, where the things themselves live elsewhere.",
  description:
    "The count decides until the next one; nothing that is over the limit is taken away. The slots of a capacity are either claimed by name or counted.",
  noun: "Capacities",
  scope: "claims:write",
  params: z.strictObject({
    tenant: tenantId,
    feature: pathName.meta({ description: "A feature's key, or a capability's.", examples: ["projects.max"] }),
  }),
  query: preview,
  body: z
    .strictObject({
      count: z
        .int("must be a whole number from 0 to 2147483647")
        .min(0, "must be a whole number from 0 to 2147483647")
        .max(2_147_483_647, "must be a whole number from 0 to 2147483647"),
      subject: subject.exactOptional(),
    })
    .meta({ id: "CountRequest" }),
  keyed: false,
  answers: {
    reported: z
      .strictObject({ outcome: z.literal("reported"), counted: z.int(), reportedAt: time, ...occupied })
      .meta({ id: "CountReported", description: "A count that is in force until the next." }),
  },
  refusals: ["tenant_unknown", "feature_unknown", "wrong_kind", "subject_required", "claims_kept", ...denials, "busy"],
  example: {
    params: { tenant: "acme", feature: "projects.max" },
    body: { count: 4 },
    answer: {
      outcome: "reported",
      counted: 4,
      reportedAt: "2031-05-01T00:00:00.000Z",
      available: 21,
      overLimit: 0,
      version: 4,
    },
  },
  async handle({ purser, database }, { params: asked, query, body }) {
    const outcome = await purser.reportCount(database, { ...asked, ...query, ...body });
    if (outcome.outcome === "reported") return { outcome: "reported", body: outcome };
    return outcome.outcome === "wrong_kind" ? wrongKind(purser, asked, notClaimed, "path") : outcome;
  },
});
