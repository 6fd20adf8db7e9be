// What the codes of decisions, outcomes, statuses and sources mean, in words.
import type { Decision, OpenGrant, Refusal, Tenant } from "@purser/sdk";
import { number } from "../format.ts";
import { Badge, type Tone } from "../parts.tsx";
import type { Shown } from "./shown.ts";

type Subscription = Tenant["subscription"];

/** What comes after a trial, by the plan as it is sold now; nothing where it is not sold any more. */
export function afterTrial({ subscription }: Pick<Tenant, "subscription">, catalog: Shown["catalog"]): string {
  const then = subscription === null ? undefined : catalog?.plans[subscription.plan]?.afterTrial;
  return then === undefined ? "" : `, then ${then}`;
}

const tones: Readonly<Record<NonNullable<Subscription>["status"], Tone>> = {
  active: "good",
  trialing: "accent",
  past_due: "care",
  paused: "care",
  suspended: "bad",
  canceled: "plain",
  expired: "plain",
};

export function StatusBadge({ subscription }: { readonly subscription: Subscription }) {
  if (subscription === null) return <Badge>no subscription</Badge>;
  return <Badge tone={tones[subscription.status]}>{subscription.status.replace("_", " ")}</Badge>;
}

const reasons: Readonly<Record<string, string>> = {
  INCLUDED: "Included",
  OVERRIDE: "Allowed by an override",
  OVERAGE: "Allowed beyond the amount, as overage",
  TENANT_UNKNOWN: "There is no such tenant",
  FEATURE_UNKNOWN: "The catalogue has no such feature",
  TENANT_SUSPENDED: "The tenant is suspended",
  FEATURE_DISABLED: "An override denies it",
  RESTRICTED: "Restricted since a downgrade",
  SUBSCRIPTION_INACTIVE: "No active subscription",
  TRIAL_EXPIRED: "The trial has ended",
  PAYMENT_PAST_DUE: "A payment is past due",
  GRACE_PERIOD_EXPIRED: "The grace period has ended",
  TIER_INSUFFICIENT: "Needs a higher tier",
  NOT_INCLUDED: "The plan does not include it",
  LIMIT_REACHED: "Not enough is left",
  INSUFFICIENT_BALANCE: "Not enough credits are left",
  UNAVAILABLE: "Nobody could decide",
};

const sources: Readonly<Record<string, string>> = {
  plan: "Included in the plan",
  purchase: "Bought",
  override: "Allowed by an override",
};

/** Why a decision is what it is, as a sentence. `tierName` gives a tier's name. */
export function reasonOf(
  {
    reason,
    source,
    requiredTier,
    restrictedBy,
    remaining,
  }: Pick<Decision, "reason" | "requiredTier" | "remaining"> & {
    readonly source: string | null;
    readonly restrictedBy: string | null;
  },
  tierName: (key: string) => string,
): string {
  if (reason === "INCLUDED" && source !== null) return sources[source] ?? source;
  if (reason === "TIER_INSUFFICIENT" && requiredTier !== null) return `Needs the tier ${tierName(requiredTier)}`;
  if (reason === "RESTRICTED" && restrictedBy !== null) return `Restricted since a downgrade: ${restrictedBy}`;
  if ((reason === "LIMIT_REACHED" || reason === "INSUFFICIENT_BALANCE") && remaining === 0) return "Nothing is left";
  return reasons[reason] ?? reason;
}

/** What a refused command says, as a title. Refusals of access are the decision's reason in lower case. */
export function refusalOf({ outcome, available }: Pick<Refusal<string>, "outcome" | "available">, asked?: string) {
  const short = outcome === "limit_reached" || outcome === "insufficient_balance";
  if (short && asked !== undefined && available !== undefined)
    return `Not enough is left: ${number(Number(asked))} asked, ${number(available)} available`;
  const others: Readonly<Record<string, string>> = {
    invalid_input: "Something in the form is not valid",
    idempotency_conflict: "The key was used before, with something else",
    wrong_kind: "This does not fit the feature's kind",
    subject_required: "Each subject has an amount of its own: name one",
    not_a_test_tenant: "Only a test tenant has a clock of its own",
    busy: "The balance is in use; try again",
    hold_settled: "The hold has been settled meanwhile",
    hold_released: "The hold was released before",
    hold_expired: "The hold has expired",
    hold_unknown: "There is no such hold",
    claim_unknown: "Nothing was ever claimed in this name",
    count_reported: "These slots are counted from outside, and not claimed",
    claims_kept: "These slots are claimed by name, and not counted",
    grant_unknown: "There is no such grant",
    consumption_unknown: "Nothing was consumed under this key",
    already_reversed: "All of it was given back before",
  };
  return others[outcome] ?? reasons[outcome.toUpperCase()] ?? outcome;
}

export const sourceWords: Readonly<Record<OpenGrant["source"], string>> = {
  plan: "Plan",
  product: "Purchase",
  promotion: "Promotion",
  top_up: "Top-up",
  override: "Override",
  rollover: "Rolled over",
  manual: "By hand",
};

/** What can be taken or set aside. */
export const isCountedDown = ({ kind }: Decision) => kind === "metered" || kind === "credits";
/** What is occupied, slot by slot. */
export const isCapacity = ({ kind }: Decision) => kind === "capacity";
