// The answer to a check, as it travels.
import type { AllowingReason, DenialReason } from "@purser/engine";
import { z } from "zod";
import { quantity, time } from "./wire.ts";

/** Every reason that the engine knows: one more there, or one less, does not compile here. */
const reasons = {
  TENANT_UNKNOWN: "there is no such tenant",
  FEATURE_UNKNOWN: "the catalogue has no such feature",
  TENANT_SUSPENDED: "an operator suspended the tenant",
  FEATURE_DISABLED: "an override denies it to this tenant",
  RESTRICTED: "a downgrade restricts it until its grace ends",
  SUBSCRIPTION_INACTIVE: "no subscription is in force",
  TRIAL_EXPIRED: "the trial has ended",
  PAYMENT_PAST_DUE: "a payment is past due and the plan has no grace for it",
  GRACE_PERIOD_EXPIRED: "the grace for a payment has ended",
  TIER_INSUFFICIENT: "it takes a higher tier",
  NOT_INCLUDED: "the plan does not include it",
  LIMIT_REACHED: "what is there of it is used up",
  INSUFFICIENT_BALANCE: "the credits do not cover the amount",
  UNAVAILABLE: "it could not be found out",
  INCLUDED: "allowed by what the tenant has",
  OVERRIDE: "allowed by an override",
  OVERAGE: "allowed beyond what the tenant has, and counted",
} satisfies Record<DenialReason | AllowingReason, string>;

const sentences = Object.entries(reasons).map(([reason, meaning]) => `\`${reason}\` ${meaning}`);

export const reasonShape = z.enum(Object.keys(reasons) as (keyof typeof reasons)[]).meta({
  id: "Reason",
  description: `Why: the first that applies, in this order. ${sentences.join("; ")}.`,
});

export const decision = z
  .strictObject({
    allowed: z.boolean(),
    reason: reasonShape,
    feature: z.string().meta({ description: "The feature that decided; of a capability, the one it is mapped to." }),
    kind: z.enum(["flag", "value", "capacity", "metered", "credits"]).nullable(),
    tier: z.string().nullable().meta({ description: "The tenant's own." }),
    requiredTier: z.string().nullable().meta({ description: "The least tier that may use it." }),
    value: z.json().meta({ description: "What a feature of kind `value` stands at." }),
    limit: quantity.nullable(),
    used: quantity.nullable(),
    remaining: quantity.nullable(),
    unlimited: z.boolean(),
    overLimit: quantity.meta({ description: "By how much more is in use than is granted." }),
    resetsAt: time.nullable().meta({
      description:
        "The next instant at which time alone may give more: the window turns, a grant or an allowance begins. Of what is not counted, and where access is denied, when access changes next.",
    }),
    source: z.enum(["plan", "purchase", "override"]).nullable(),
    restrictedBy: z.enum(["disabled", "frozen", "degraded"]).nullable(),
    unlockedBy: z.array(z.string()).meta({ description: "The plans and products that would allow what was denied." }),
    asOf: time.meta({ description: "When it was decided, by the tenant's clock." }),
    version: z.int().meta({ description: "Of the balance that was read; 0 where none was." }),
    cached: z.boolean().meta({
      description:
        "Whether it was told from memory. Always false so far: there is no cache yet, and every answer is read from the database.",
    }),
    cacheTtlRemaining: z.number().meta({
      description: "For how many seconds it may still be told from memory. Always 0 so far, since nothing is kept.",
    }),
  })
  .meta({
    id: "Decision",
    description:
      "The answer to a check: data, never an error. Numbers are null where the feature has none or is unlimited.",
  });

export type DecisionOnTheWire = z.output<typeof decision>;

/** A decision without what differs at every asking. */
export function lastingOf(answer: object): object {
  const { asOf: _, cached: _cached, cacheTtlRemaining: _remaining, ...lasting } = answer as DecisionOnTheWire;
  return lasting;
}
