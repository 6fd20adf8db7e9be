// The closed lists of what a command can answer. GLOSSARY.md explains each code; tidy.test.ts insists.

/** Why a decision denies, in the order of precedence: the first that applies is the reason. */
export const denialReasons = [
  "TENANT_UNKNOWN",
  "FEATURE_UNKNOWN",
  "TENANT_SUSPENDED",
  "FEATURE_DISABLED",
  "RESTRICTED",
  "SUBSCRIPTION_INACTIVE",
  "TRIAL_EXPIRED",
  "PAYMENT_PAST_DUE",
  "GRACE_PERIOD_EXPIRED",
  "TIER_INSUFFICIENT",
  "NOT_INCLUDED",
  "LIMIT_REACHED",
  "INSUFFICIENT_BALANCE",
  "UNAVAILABLE",
] as const;
export type DenialReason = (typeof denialReasons)[number];

/** Why a decision allows. */
export const allowingReasons = ["INCLUDED", "OVERRIDE", "OVERAGE"] as const;
export type AllowingReason = (typeof allowingReasons)[number];

/** What `consume` can answer, in the order of precedence. */
export const consumeOutcomes = [
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
  "busy",
  "overloaded",
  "consumed",
] as const;
export type ConsumeOutcomeCode = (typeof consumeOutcomes)[number];

/** What `issueGrant` can answer, in the order of precedence. */
export const grantOutcomes = [
  "invalid_input",
  "tenant_unknown",
  "feature_unknown",
  "wrong_kind",
  "idempotency_conflict",
  "subject_required",
  "busy",
  "granted",
] as const;

/** What `voidGrant` can answer, in the order of precedence; so with those that follow. */
export const voidOutcomes = ["invalid_input", "grant_unknown", "busy", "voided"] as const;

export const reversalOutcomes = [
  "invalid_input",
  "idempotency_conflict",
  "consumption_unknown",
  "already_reversed",
  "busy",
  "reversed",
] as const;

/** The decision's reasons that refuse a command, in lower case. */
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

export const reserveOutcomes = [
  "invalid_input",
  "idempotency_conflict",
  "tenant_unknown",
  "feature_unknown",
  "wrong_kind",
  "subject_required",
  ...denials,
  "limit_reached",
  "insufficient_balance",
  "busy",
  "reserved",
] as const;

export const settleOutcomes = [
  "invalid_input",
  "hold_unknown",
  "hold_released",
  "idempotency_conflict",
  "busy",
  "settled_short",
  "settled",
] as const;

export const releaseOutcomes = [
  "invalid_input",
  "hold_unknown",
  "hold_settled",
  "hold_expired",
  "busy",
  "released",
] as const;

export const extendOutcomes = [
  "invalid_input",
  "hold_unknown",
  "hold_settled",
  "hold_released",
  "hold_expired",
  "busy",
  "extended",
] as const;

/** What `withHold` can answer besides: the key's first call is still at work. */
export const withHoldOutcomes = ["in_progress", "hold_released", "hold_expired"] as const;

export const claimOutcomes = [
  "invalid_input",
  "tenant_unknown",
  "feature_unknown",
  "wrong_kind",
  "subject_required",
  ...denials,
  "count_reported",
  "limit_reached",
  "busy",
  "claimed",
] as const;

export const releaseClaimOutcomes = [
  "invalid_input",
  "tenant_unknown",
  "feature_unknown",
  "wrong_kind",
  "claim_unknown",
  "busy",
  "released",
] as const;

export const countOutcomes = [
  "invalid_input",
  "tenant_unknown",
  "feature_unknown",
  "wrong_kind",
  "subject_required",
  "claims_kept",
  ...denials,
  "busy",
  "reported",
] as const;

/** What `withCapacity` can answer. */
export const capacityOutcomes = [
  "invalid_input",
  "tenant_unknown",
  "feature_unknown",
  "wrong_kind",
  "subject_required",
  ...denials,
  "limit_reached",
  "busy",
  "admitted",
] as const;

/** What `refresh` of a balance can answer, in the order of precedence. */
export const refreshOutcomes = [
  "invalid_input",
  "tenant_unknown",
  "feature_unknown",
  "busy",
  "refreshed",
  "unchanged",
] as const;

/** What the commands of the tenant, subscription and catalogue nouns can answer. */
export const administrationOutcomes = [
  "invalid_input",
  "idempotency_conflict",
  "tenant_unknown",
  "plan_unknown",
  "already_subscribed",
  "not_a_test_tenant",
  "catalog_unpublished",
  "revision_conflict",
  "created",
  "subscribed",
  "advanced",
  "published",
  "unchanged",
  "compared",
  "imported",
  "refreshed",
] as const;
export type AdministrationOutcomeCode = (typeof administrationOutcomes)[number];

/** A consumption that happened, now or (`replayed`) the first time this key was used. Quantities in units of the feature. */
export interface Consumed {
  readonly outcome: "consumed";
  readonly replayed: boolean;
  readonly amount: number;
  /** The part beyond what was available, which enforcement `soft` and `observe` let through. */
  readonly overage: number;
  /** What was left right after this consumption; null while the feature is unlimited. */
  readonly available: number | null;
  /** The version of the balance that this consumption made. */
  readonly version: number;
  readonly recordedAt: Date;
}

/** A refusal: nothing happened, and the same key may be tried again. */
export interface ConsumeRefusal {
  readonly outcome: Exclude<ConsumeOutcomeCode, "consumed">;
  /** The field that is invalid, or that differs from the first use of the key. */
  readonly field?: string;
  /** What was available when it was refused, where that was the reason. */
  readonly available?: number;
  /** When the balance changes next by time alone: the window's end, for instance. */
  readonly resetsAt?: Date;
  readonly restrictedBy?: string;
}

export type ConsumeOutcome = Consumed | ConsumeRefusal;
