// What travels between a server and this client, as types. Times are RFC 3339 texts in UTC, quantities numbers.

type Kind = "flag" | "value" | "capacity" | "metered" | "credits";

/** The answer to a check. Numbers are null where the feature has none or is unlimited. */
export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
  /** The feature that decided; of a capability, the one it is mapped to. */
  readonly feature: string;
  readonly kind: Kind | null;
  readonly tier: string | null;
  readonly requiredTier: string | null;
  /** What a feature of kind `value` stands at. */
  readonly value: unknown;
  readonly limit: number | null;
  readonly used: number | null;
  readonly remaining: number | null;
  readonly unlimited: boolean;
  readonly overLimit: number;
  /** The next instant at which this answer changes by time alone. */
  readonly resetsAt: string | null;
  readonly source: "plan" | "purchase" | "override" | null;
  readonly restrictedBy: "disabled" | "frozen" | "degraded" | null;
  /** The plans and products that would allow what was denied. */
  readonly unlockedBy: readonly string[];
  readonly asOf: string;
  readonly version: number;
  readonly cached: boolean;
  readonly cacheTtlRemaining: number;
}

/** What is left of a feature, and where the number comes from. */
export interface Balance {
  readonly feature: string;
  /** `''` is the tenant itself. */
  readonly subject: string;
  readonly kind: "capacity" | "metered" | "credits";
  readonly enforcement: "hard" | "soft" | "observe";
  readonly unlimited: boolean;
  readonly granted: number;
  readonly used: number;
  readonly held: number;
  /** granted − used − held; null while unlimited. */
  readonly available: number | null;
  readonly overage: number;
  readonly claimed: number;
  readonly deniedReason: string | null;
  readonly restrictedBy: string | null;
  readonly version: number;
  readonly asOf: string;
  readonly nextChangeAt: string | null;
}

/** A grant that counts now or will count later, and how far it has been drawn. */
export interface OpenGrant {
  readonly grantId: string;
  readonly feature: string;
  readonly subject: string;
  readonly source: "plan" | "product" | "promotion" | "top_up" | "override" | "rollover" | "manual";
  /** Null while unlimited. */
  readonly amount: number | null;
  readonly unlimited: boolean;
  readonly used: number;
  readonly remaining: number | null;
  /** 1 is drawn next; null where it does not count yet. */
  readonly burnOrder: number | null;
  readonly priority: number;
  readonly effectiveAt: string;
  /** Null where it never ends. */
  readonly expiresAt: string | null;
  /** Null where its window has begun and nobody has drawn from it yet. */
  readonly issuedAt: string | null;
  readonly dedupeKey: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface Tenant {
  readonly tenant: string;
  readonly name: string;
  readonly mode: "live" | "test";
  readonly timeZone: string;
  readonly currency: string;
  readonly version: number;
  readonly createdAt: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** What time it is for the tenant: of a test tenant, its own clock. */
  readonly asOf: string;
  /** Null where it has none at this time. */
  readonly subscription: {
    readonly plan: string;
    readonly planVersion: number;
    readonly status: "trialing" | "active" | "past_due" | "paused" | "suspended" | "canceled" | "expired";
    readonly since: string;
    readonly until: string | null;
  } | null;
}

/** The refusals of a consumption: expected, so they are values. The other problems are thrown as `PurserError`. */
export const consumeRefusals = [
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
] as const;
export const grantRefusals = [
  "invalid_input",
  "tenant_unknown",
  "feature_unknown",
  "wrong_kind",
  "idempotency_conflict",
  "subject_required",
  "busy",
] as const;
export const createTenantRefusals = ["invalid_input", "plan_unknown", "idempotency_conflict"] as const;
export const subscribeRefusals = [
  "invalid_input",
  "idempotency_conflict",
  "tenant_unknown",
  "plan_unknown",
  "already_subscribed",
] as const;
export const clockRefusals = ["invalid_input", "tenant_unknown", "not_a_test_tenant"] as const;

/** Nothing happened; the same key may be tried again. */
export interface Refusal<Code extends string> {
  readonly outcome: Code;
  /** The field that is invalid, or that differs from the first use of the key. */
  readonly field?: string;
  readonly detail: string;
  /** What was available when it was refused, where that was the reason. */
  readonly available?: number;
  readonly restrictedBy?: string;
}

export interface Consumed {
  readonly outcome: "consumed";
  /** True where this key had consumed before: nothing was taken now, and these are the first time's numbers. */
  readonly replayed: boolean;
  readonly amount: number;
  readonly overage: number;
  /** What was left right after this consumption; null while unlimited. */
  readonly available: number | null;
  readonly version: number;
  readonly recordedAt: string;
}
export type ConsumeOutcome = Consumed | Refusal<(typeof consumeRefusals)[number]>;

export interface Granted {
  readonly outcome: "granted";
  readonly replayed: boolean;
  readonly grantId: string;
  readonly available: number | null;
}
export type GrantOutcome = Granted | Refusal<(typeof grantRefusals)[number]>;

export type CreateTenantOutcome =
  | { readonly outcome: "created"; readonly replayed: boolean; readonly tenant: string }
  | Refusal<(typeof createTenantRefusals)[number]>;

export type SubscribeOutcome =
  | {
      readonly outcome: "subscribed";
      readonly replayed: boolean;
      readonly subscriptionId: string;
      readonly plan: string;
      readonly planVersion: number;
    }
  | Refusal<(typeof subscribeRefusals)[number]>;

export type AdvanceClockOutcome =
  | { readonly outcome: "advanced"; readonly now: string }
  | Refusal<(typeof clockRefusals)[number]>;
