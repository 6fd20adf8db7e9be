// What travels between a server and this client. Made from server/openapi.json by `npm run generate`; not for editing.

/** A time on its way in: a `Date`, or an RFC 3339 text with an offset. On its way out it is a text in UTC. */
export type Instant = Date | string;

export interface AdvanceClockRequest {
  /** Not before where it stands. */
  readonly to: Instant;
}

/** What is left of a feature, and where the number comes from. */
export interface Balance {
  readonly feature: string;
  /** `''` is the tenant itself. */
  readonly subject: string;
  readonly kind: "capacity" | "metered" | "credits";
  readonly enforcement: "hard" | "soft" | "observe";
  readonly unlimited: boolean;
  /** The amounts of the grants that count now. */
  readonly granted: number;
  /** What of those grants has been used. */
  readonly used: number;
  /** What open holds have set aside. */
  readonly held: number;
  /** granted − used − held; of a capacity what is free of granted − claimed; null while unlimited. */
  readonly available: number | null;
  /** What was allowed beyond the grants since the window began. */
  readonly overage: number;
  /** Named slots occupied, of a capacity. */
  readonly claimed: number;
  /** Why nothing can be consumed now, if so. */
  readonly deniedReason: string | null;
  readonly restrictedBy: string | null;
  /** Counts the changes of this balance. */
  readonly version: number;
  readonly asOf: string;
  /** The next instant at which this changes by time alone. */
  readonly nextChangeAt: string | null;
}

export interface BalancePage {
  readonly balances: readonly Balance[];
  /** For the next page; null where this is the last. The header `Link` says the same. */
  readonly nextCursor: string | null;
}

/** One thing that should hold of a balance and does not. */
export interface BrokenInvariant {
  readonly invariant: string;
  readonly tenant: string;
  readonly subject: string;
  readonly feature: string;
  /** Of the balance; null where it is about none. */
  readonly version: number | null;
  /** What is wrong, in words. */
  readonly detail: string;
}

/** A side that is absent says nothing. */
export interface CatalogChange {
  readonly path: string;
  readonly from?: unknown;
  readonly to?: unknown;
}

export interface CatalogComparison {
  /** That it was compared with; 0 where none was published. */
  readonly revision: number;
  readonly equal: boolean;
  /** Nothing would be on sale any more; to publish that is confirmed. */
  readonly emptying: boolean;
  readonly sections: CatalogSections;
  /** Every change inside the changed entries. */
  readonly changes: readonly CatalogChange[];
  readonly versions: readonly CatalogNewVersion[];
  readonly plans: readonly PlanEffect[] | null;
  /** For the next page; null where this is the last. The header `Link` says the same. */
  readonly nextCursor: string | null;
}

export interface CatalogNewVersion {
  readonly of: "plan" | "product";
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

export interface CatalogProblem {
  /** For people, as in `plans.pro.inclusions.projects.max.amount`. */
  readonly path: string;
  /** The same place in the catalogue as a JSON pointer. */
  readonly pointer: string;
  readonly problem: string;
}

export interface CatalogPublished {
  /** `unchanged`: the newest revision says this already. */
  readonly outcome: "published" | "unchanged";
  readonly revision: number;
}

export interface CatalogRequest {
  /**
   * As `defineCatalog` takes it. A plan or product without `inclusions` keeps those it was published with; an empty
   * object or list clears them.
   */
  readonly catalog: unknown;
}

/** That the catalogue was published: who and when. Never changed. */
export interface CatalogRevision {
  readonly revision: number;
  readonly publishedBy: string;
  readonly publishedAt: string;
  /** SHA-256 over the canonical content, in hexadecimal. */
  readonly contentHash: string;
}

export interface CatalogRevisionPage {
  readonly revisions: readonly CatalogRevision[];
  /** For the next page; null where this is the last. The header `Link` says the same. */
  readonly nextCursor: string | null;
}

export interface CatalogSectionDiff {
  readonly added: readonly string[];
  /** No longer named: what can be held goes off sale, and who holds it keeps it. */
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

export interface CatalogSections {
  readonly tiers: CatalogSectionDiff;
  readonly features: CatalogSectionDiff;
  readonly capabilities: CatalogSectionDiff;
  readonly plans: CatalogSectionDiff;
  readonly products: CatalogSectionDiff;
}

export interface CatalogValidity {
  readonly valid: boolean;
  /** The first 100 of them. */
  readonly problems: readonly CatalogProblem[];
}

export interface CheckRequest {
  /** A feature's key, or a capability's. */
  readonly feature: string;
  /**
   * In units of the feature: more than 0, at most 6 fractional and 15 significant digits. As text where you keep
   * decimals as text.
   */
  readonly amount?: number | string;
  /** Who inside the tenant: a user, a seat, a project. Empty, like absent, is the tenant itself. */
  readonly subject?: string;
}

/** A slot that is free. */
export interface ClaimReleased {
  readonly outcome: "released";
  /** True where it was so before: nothing was changed now. */
  readonly replayed: boolean;
  /** How many slots are still occupied. */
  readonly claimed: number;
  /** What is left of the limit; null while unlimited. */
  readonly available: number | null;
  /** By how much it is over its limit, as after a downgrade. */
  readonly overLimit: number;
  /** The version of the balance that it made. */
  readonly version: number;
}

export interface ClaimRequest {
  /** A feature's key, or a capability's. */
  readonly feature: string;
  /** The name of the thing, as your application calls it. */
  readonly resource: string;
  /** Who inside the tenant: a user, a seat, a project. Empty, like absent, is the tenant itself. */
  readonly subject?: string;
}

/** A slot that is occupied. */
export interface Claimed {
  readonly outcome: "claimed";
  /** True where it was so before: nothing was changed now. */
  readonly replayed: boolean;
  /** How many slots are occupied, this one included. */
  readonly claimed: number;
  /** What is left of the limit; null while unlimited. */
  readonly available: number | null;
  /** By how much it is over its limit, as after a downgrade. */
  readonly overLimit: number;
  /** The version of the balance that it made. */
  readonly version: number;
}

export interface ClockAdvanced {
  readonly outcome: "advanced";
  readonly now: string;
}

export interface ConsumeItem {
  /** A feature's key, or a capability's. */
  readonly feature: string;
  /**
   * In units of the feature: more than 0, at most 6 fractional and 15 significant digits. As text where you keep
   * decimals as text.
   */
  readonly amount?: number | string;
  /** Names this item, unless the request has a key for all. */
  readonly idempotencyKey?: string;
  /** Who inside the tenant: a user, a seat, a project. Empty, like absent, is the tenant itself. */
  readonly subject?: string;
  readonly occurredAt?: Instant;
  /** Kept with the fact and never read here. At most 16 kB, at most five deep. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface ConsumeManyAnswer {
  readonly outcome: "answered";
  readonly items: readonly (ConsumedItem | RefusedItem)[];
}

export interface ConsumeManyRequest {
  readonly items: readonly ConsumeItem[];
  /** For all of the request: its items have the keys `key#1`, `key#2`, … */
  readonly idempotencyKey?: string;
  /** All of the items or none. */
  readonly atomic?: boolean;
}

export interface ConsumeRequest {
  /** A feature's key, or a capability's. */
  readonly feature: string;
  /**
   * In units of the feature: more than 0, at most 6 fractional and 15 significant digits. As text where you keep
   * decimals as text.
   */
  readonly amount?: number | string;
  /** Who inside the tenant: a user, a seat, a project. Empty, like absent, is the tenant itself. */
  readonly subject?: string;
  /** When it happened, for reports; the decision is about now. */
  readonly occurredAt?: Instant;
  /** Kept with the fact and never read here. At most 16 kB, at most five deep. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A consumption that happened, now or the first time its key was used. */
export interface Consumed {
  readonly outcome: "consumed";
  /** True where this key had consumed before: nothing was taken now, and these are the first time's numbers. */
  readonly replayed: boolean;
  readonly amount: number;
  /** The part beyond what was available, where enforcement lets it through. */
  readonly overage: number;
  /** What was left right after this consumption; null while unlimited. */
  readonly available: number | null;
  /** The version of the balance that this consumption made. */
  readonly version: number;
  readonly recordedAt: string;
}

/** An item that was consumed, now or the first time its key was used. */
export interface ConsumedItem {
  readonly idempotencyKey?: string;
  readonly outcome: "consumed";
  readonly replayed: boolean;
  readonly amount: number;
  readonly overage: number;
  readonly available: number | null;
  readonly version: number;
  readonly recordedAt: string;
}

/** A count that is in force until the next. */
export interface CountReported {
  readonly outcome: "reported";
  readonly counted: number;
  readonly reportedAt: string;
  /** What is left of the limit; null while unlimited. */
  readonly available: number | null;
  /** By how much it is over its limit, as after a downgrade. */
  readonly overLimit: number;
  /** The version of the balance that it made. */
  readonly version: number;
}

export interface CountRequest {
  readonly count: number;
  /** Who inside the tenant: a user, a seat, a project. Empty, like absent, is the tenant itself. */
  readonly subject?: string;
}

export interface CreateTenantRequest {
  /** The tenant's id, as your application chose it. */
  readonly tenant: string;
  readonly name?: string;
  /** The key's own mode, where it is not said; no other is taken. */
  readonly mode?: "live" | "test";
  /** IANA name; UTC where it is not said. */
  readonly timeZone?: string;
  /** ISO 4217; USD where it is not said. */
  readonly currency?: string;
  /** Kept with the fact and never read here. At most 16 kB, at most five deep. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Where the clock of a test tenant stands; only a test tenant has one. */
  readonly clockAt?: Instant;
  /** The plan that it begins on. */
  readonly plan?: string;
}

/** The answer to a check: data, never an error. Numbers are null where the feature has none or is unlimited. */
export interface Decision {
  readonly allowed: boolean;
  readonly reason: Reason;
  /** The feature that decided; of a capability, the one it is mapped to. */
  readonly feature: string;
  readonly kind: "flag" | "value" | "capacity" | "metered" | "credits" | null;
  /** The tenant's own. */
  readonly tier: string | null;
  /** The least tier that may use it. */
  readonly requiredTier: string | null;
  /** What a feature of kind `value` stands at. */
  readonly value: unknown;
  readonly limit: number | null;
  readonly used: number | null;
  readonly remaining: number | null;
  readonly unlimited: boolean;
  /** By how much more is in use than is granted. */
  readonly overLimit: number;
  /**
   * The next instant at which time alone may give more: the window turns, a grant or an allowance begins. Of what is
   * not counted, and where access is denied, when access changes next.
   */
  readonly resetsAt: string | null;
  readonly source: "plan" | "purchase" | "override" | null;
  readonly restrictedBy: "disabled" | "frozen" | "degraded" | null;
  /** The plans and products that would allow what was denied. */
  readonly unlockedBy: readonly string[];
  /** When it was decided, by the tenant's clock. */
  readonly asOf: string;
  /** Of the balance that was read; 0 where none was. */
  readonly version: number;
  /**
   * Whether it was told from memory. Always false so far: there is no cache yet, and every answer is read from the
   * database.
   */
  readonly cached: boolean;
  /** For how many seconds it may still be told from memory. Always 0 so far, since nothing is kept. */
  readonly cacheTtlRemaining: number;
}

export interface EntitlementPage {
  readonly tier: string | null;
  readonly entitlements: readonly Decision[];
  /** For the next page; null where this is the last. The header `Link` says the same. */
  readonly nextCursor: string | null;
}

export interface ExplainedClaim {
  readonly resource: string;
  readonly claimedAt: string;
  readonly beyondLimit: boolean;
}

/** A grant behind a balance, and why it counted then or did not. */
export interface ExplainedGrant {
  readonly grantId: string;
  readonly dedupeKey: string;
  readonly source: "plan" | "product" | "promotion" | "top_up" | "override" | "rollover" | "manual";
  /**
   * `resting` while an unlimited grant pays; `masked` by an override or a restriction; `replaced` when its plan was
   * changed.
   */
  readonly status: "counts" | "resting" | "not_yet" | "expired" | "voided" | "masked" | "replaced";
  /** Null while unlimited. */
  readonly amount: number | null;
  readonly unlimited: boolean;
  readonly used: number;
  /** What open holds keep of it, also where it has ended. */
  readonly held: number;
  /** Null while unlimited; 0 where it has ended. */
  readonly remaining: number | null;
  readonly priority: number;
  readonly effectiveAt: string;
  readonly expiresAt: string | null;
  readonly endedAt: string | null;
  /** Who voided or masked it. */
  readonly endedBy: string | null;
  readonly reason: string | null;
}

export interface ExplainedHold {
  readonly holdKey: string;
  readonly status: "open" | "settled" | "released" | "expired";
  readonly amount: number;
  /** What was there to be set aside. */
  readonly funded: number;
  readonly settled: number | null;
  readonly unfunded: number;
  /** Of one that was released: what returned. */
  readonly restored: number | null;
  /** What had nothing to return to. */
  readonly lapsed: number | null;
  /** Settled after it had expired. */
  readonly late: boolean;
  readonly actingSubject: string | null;
  readonly reservedAt: string;
  readonly expiresAt: string;
  readonly endedAt: string | null;
}

/** Why a balance is what it is. Numbers are null where the feature has none or is unlimited. */
export interface Explanation {
  readonly at: string;
  readonly feature: string;
  /** Under whom the balance is kept; `''` is the tenant itself. */
  readonly subject: string;
  readonly allowed: boolean;
  readonly reason: Reason;
  readonly source: string | null;
  readonly restrictedBy: string | null;
  readonly plan: string | null;
  readonly planVersion: number | null;
  /** Since when access was as it is told here. */
  readonly validFrom: string | null;
  /** Until when, by what is known today. */
  readonly validUntil: string | null;
  readonly kind: string | null;
  readonly enforcement: string | null;
  readonly unlimited: boolean;
  readonly granted: number | null;
  readonly used: number | null;
  readonly held: number | null;
  readonly available: number | null;
  readonly overage: number | null;
  /** Slots occupied, of a capacity. */
  readonly claimed: number | null;
  /** Whether they are a count that was reported, and no claims. */
  readonly reported: boolean;
  readonly overLimit: number | null;
  readonly windowStartsAt: string | null;
  readonly windowEndsAt: string | null;
  /** Of the balance then; 0 where nothing had happened to it. */
  readonly version: number;
  /** Those that count or will, then the last that ended. */
  readonly grants: readonly ExplainedGrant[];
  readonly holds: readonly ExplainedHold[];
  /** The newest hundred. */
  readonly claims: readonly ExplainedClaim[];
  /** What happened since the window began, newest first, a page at a time. */
  readonly facts: readonly Fact[];
  /** For the next page; null where this is the last. The header `Link` says the same. */
  readonly nextCursor: string | null;
}

export interface ExtendRequest {
  readonly expiresAt: Instant;
}

export interface Extended {
  readonly outcome: "extended";
  /** True where it had been done before: nothing was changed now. */
  readonly replayed: boolean;
  readonly expiresAt: string;
  /** What was left right after it; null while unlimited. */
  readonly available: number | null;
  /** The version of the balance that it made. */
  readonly version: number;
}

/** One change of a balance. */
export interface Fact {
  /** The version of the balance that it made. */
  readonly version: number;
  readonly kind: string;
  readonly amount: number;
  readonly overage: number;
  /** Null while unlimited. */
  readonly balanceAfter: number | null;
  readonly key: string | null;
  /** What it is about: a grant's dedupe key, a hold, a claim's resource, a reversed consumption's key. */
  readonly reference: string | null;
  readonly actingSubject: string | null;
  readonly recordedAt: string;
  readonly occurredAt: string | null;
  /** Why it was reversed or voided, where that was said. */
  readonly reason: string | null;
  readonly lineage: readonly Paid[];
}

export interface GrantPage {
  readonly grants: readonly OpenGrant[];
  /** For the next page; null where this is the last. The header `Link` says the same. */
  readonly nextCursor: string | null;
}

export interface GrantRequest {
  /** A feature's key, or a capability's. */
  readonly feature: string;
  /**
   * In units of the feature: more than 0, at most 6 fractional and 15 significant digits. As text where you keep
   * decimals as text.
   */
  readonly amount?: number | string;
  /** In place of an amount. */
  readonly unlimited?: true;
  /** Who inside the tenant: a user, a seat, a project. Empty, like absent, is the tenant itself. */
  readonly subject?: string;
  readonly source?: "product" | "promotion" | "top_up" | "manual";
  readonly effectiveAt?: Instant;
  readonly expiresAt?: Instant;
  /** Lower is drawn first; 100 where it is not said. */
  readonly priority?: number;
  /** Kept with the fact and never read here. At most 16 kB, at most five deep. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A grant that was made, now or the first time its key was used. */
export interface Granted {
  readonly outcome: "granted";
  readonly replayed: boolean;
  readonly grantId: string;
  /** Of the balance, after it; null while unlimited. */
  readonly available: number | null;
}

export interface Health {
  readonly status: "ok";
}

/** A grant that counts now or will count later, and how far it has been drawn. */
export interface OpenGrant {
  readonly grantId: string;
  readonly feature: string;
  /** `''` is the tenant itself. */
  readonly subject: string;
  readonly source: "plan" | "product" | "promotion" | "top_up" | "override" | "rollover" | "manual";
  /** Null while unlimited. */
  readonly amount: number | null;
  readonly unlimited: boolean;
  /** What it has paid for so far. */
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

export interface OverLimit {
  readonly tenant: string;
  readonly feature: string;
  readonly subject: string;
  readonly uses: number;
  /** That it would have, everything else that was granted counted. */
  readonly limit: number;
}

/** What one grant paid for, or was given back. */
export interface Paid {
  readonly grantId: string;
  readonly dedupeKey: string;
  readonly source: "plan" | "product" | "promotion" | "top_up" | "override" | "rollover" | "manual";
  readonly amount: number;
  /** Of what was given back: what nobody can have any more. */
  readonly lapsed: number;
  /** Fixed once its interval has closed. */
  readonly provisional: boolean;
}

/** What moving a changed plan's holders to its new terms would mean; of a plan that goes off sale, how many keep it. */
export interface PlanEffect {
  readonly plan: string;
  readonly holders: number;
  readonly gain: TenantCount;
  readonly lose: TenantCount;
  readonly over: TenantsOver;
  readonly versions: readonly VersionEffect[];
}

export interface PublishCatalogRequest {
  /**
   * As `defineCatalog` takes it. A plan or product without `inclusions` keeps those it was published with; an empty
   * object or list clears them.
   */
  readonly catalog: unknown;
  /** Confirms that nothing is on sale afterwards: a catalogue without plans and products. */
  readonly emptying?: boolean;
}

/** A revision of the catalogue: what is on sale, or was. */
export interface PublishedCatalog {
  readonly revision: number;
  /** Who published it: a key by its id, or a name that was given. */
  readonly publishedBy: string;
  readonly publishedAt: string;
  /** With every default written out. */
  readonly catalog: unknown;
}

export interface Readiness {
  readonly status: "ready";
  /** Null where no catalogue has been published. */
  readonly catalogRevision: number | null;
}

/**
 * Why: the first that applies, in this order. `TENANT_UNKNOWN` there is no such tenant; `FEATURE_UNKNOWN` the catalogue
 * has no such feature; `TENANT_SUSPENDED` an operator suspended the tenant; `FEATURE_DISABLED` an override denies it to
 * this tenant; `RESTRICTED` a downgrade restricts it until its grace ends; `SUBSCRIPTION_INACTIVE` no subscription is
 * in force; `TRIAL_EXPIRED` the trial has ended; `PAYMENT_PAST_DUE` a payment is past due and the plan has no grace for
 * it; `GRACE_PERIOD_EXPIRED` the grace for a payment has ended; `TIER_INSUFFICIENT` it takes a higher tier;
 * `NOT_INCLUDED` the plan does not include it; `LIMIT_REACHED` what is there of it is used up; `INSUFFICIENT_BALANCE`
 * the credits do not cover the amount; `UNAVAILABLE` it could not be found out; `INCLUDED` allowed by what the tenant
 * has; `OVERRIDE` allowed by an override; `OVERAGE` allowed beyond what the tenant has, and counted.
 */
export type Reason =
  | "TENANT_UNKNOWN"
  | "FEATURE_UNKNOWN"
  | "TENANT_SUSPENDED"
  | "FEATURE_DISABLED"
  | "RESTRICTED"
  | "SUBSCRIPTION_INACTIVE"
  | "TRIAL_EXPIRED"
  | "PAYMENT_PAST_DUE"
  | "GRACE_PERIOD_EXPIRED"
  | "TIER_INSUFFICIENT"
  | "NOT_INCLUDED"
  | "LIMIT_REACHED"
  | "INSUFFICIENT_BALANCE"
  | "UNAVAILABLE"
  | "INCLUDED"
  | "OVERRIDE"
  | "OVERAGE";

export interface RefreshRequest {
  /** A feature's key, or a capability's. */
  readonly feature: string;
  /** Who inside the tenant: a user, a seat, a project. Empty, like absent, is the tenant itself. */
  readonly subject?: string;
}

/** A balance that says what time has made of it. */
export interface Refreshed {
  /** `unchanged`: nothing was due, or nobody has used it yet. */
  readonly outcome: "refreshed" | "unchanged";
  /** Of the balance; null where nobody has used it yet. */
  readonly version: number | null;
}

/** An item of which nothing was taken. */
export interface RefusedItem {
  readonly idempotencyKey?: string;
  /** `batch_refused`: it passed, and another item of an atomic request did not. */
  readonly outcome:
    | "invalid_input"
    | "idempotency_conflict"
    | "tenant_unknown"
    | "feature_unknown"
    | "wrong_kind"
    | "subject_required"
    | "tenant_suspended"
    | "feature_disabled"
    | "restricted"
    | "subscription_inactive"
    | "trial_expired"
    | "payment_past_due"
    | "grace_period_expired"
    | "tier_insufficient"
    | "not_included"
    | "limit_reached"
    | "insufficient_balance"
    | "batch_refused";
  /** What is invalid, or differs from the first use of the key. */
  readonly field?: string;
  readonly available?: number;
  readonly resetsAt?: string;
  readonly restrictedBy?: string;
}

export interface ReleaseClaimRequest {
  /** A feature's key, or a capability's. */
  readonly feature: string;
  /** The name of the thing, as your application calls it. */
  readonly resource: string;
  /** Who inside the tenant: a user, a seat, a project. Empty, like absent, is the tenant itself. */
  readonly subject?: string;
}

/** A hold that gave back what it had set aside. */
export interface Released {
  readonly outcome: "released";
  /** True where it had been done before: nothing was changed now. */
  readonly replayed: boolean;
  readonly restored: number;
  readonly lapsed: number;
  /** What was left right after it; null while unlimited. */
  readonly available: number | null;
  /** The version of the balance that it made. */
  readonly version: number;
}

export interface ReserveRequest {
  /** A feature's key, or a capability's. */
  readonly feature: string;
  /**
   * In units of the feature: more than 0, at most 6 fractional and 15 significant digits. As text where you keep
   * decimals as text.
   */
  readonly amount?: number | string;
  /** When it ends by itself; in 15 minutes where it is not said. */
  readonly expiresAt?: Instant;
  /** Who inside the tenant: a user, a seat, a project. Empty, like absent, is the tenant itself. */
  readonly subject?: string;
  /** Kept with the fact and never read here. At most 16 kB, at most five deep. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** An amount set aside, now or the first time its key was used; `expiresAt` is when it ends by now. */
export interface Reserved {
  readonly outcome: "reserved";
  /** True where it had been done before: nothing was changed now. */
  readonly replayed: boolean;
  readonly holdKey: string;
  readonly amount: number;
  /** What was left right after it; null while unlimited. */
  readonly available: number | null;
  /** The version of the balance that it made. */
  readonly version: number;
  readonly expiresAt: string;
}

export interface ReversalRequest {
  /** How much of it; all that is left where it is not said. */
  readonly amount?: number | string;
  /** Whether what would lapse comes back as a grant. */
  readonly reissue?: boolean;
  readonly reason?: string;
}

/** A consumption undone by a fact of its own. */
export interface Reversed {
  readonly outcome: "reversed";
  /** True where it had been done before: nothing was changed now. */
  readonly replayed: boolean;
  readonly amount: number;
  /** What returned to grants that are in force. */
  readonly restored: number;
  /** What its grants no longer take. */
  readonly lapsed: number;
  /** What had been overage. */
  readonly overage: number;
  /** What was left right after it; null while unlimited. */
  readonly available: number | null;
  /** The version of the balance that it made. */
  readonly version: number;
}

export interface SettleRequest {
  /** What the work came to, from 0. */
  readonly amount: number | string;
  /** When it happened, for reports. */
  readonly occurredAt?: Instant;
  /** Kept with the fact and never read here. At most 16 kB, at most five deep. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A hold that ended with what the work came to. */
export interface Settled {
  readonly outcome: "settled" | "settled_short";
  /** True where it had been done before: nothing was changed now. */
  readonly replayed: boolean;
  /** Whether it had expired. */
  readonly late: boolean;
  /** What was booked, overage included. */
  readonly amount: number;
  /** Of it, the part beyond what was available. */
  readonly overage: number;
  /** What is covered by nothing and was not booked. */
  readonly unfunded: number;
  /** What was left right after it; null while unlimited. */
  readonly available: number | null;
  /** The version of the balance that it made. */
  readonly version: number;
}

/** The base subscription that is in force. */
export interface Standing {
  readonly plan: string;
  readonly planVersion: number;
  readonly status: "trialing" | "active" | "past_due" | "paused" | "suspended" | "canceled" | "expired";
  readonly since: string;
  readonly until: string | null;
}

export interface SubscribeRequest {
  readonly plan: string;
  /** Of the plan; the newest where it is not said. */
  readonly version?: number;
  /** What billing periods are counted from; now, where it is not said. */
  readonly billingAnchor?: Instant;
}

export interface Subscribed {
  readonly outcome: "subscribed";
  readonly replayed: boolean;
  readonly subscriptionId: string;
  readonly plan: string;
  readonly planVersion: number;
}

/** A customer of the application that uses Purser. */
export interface Tenant {
  /** Its id, in Unicode NFC. */
  readonly tenant: string;
  readonly name: string;
  readonly mode: "live" | "test";
  /** IANA name; calendar windows begin at its midnight. */
  readonly timeZone: string;
  /** ISO 4217. */
  readonly currency: string;
  /** Counts the changes of what the tenant may use. */
  readonly version: number;
  readonly createdAt: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** What time it is for the tenant: of a test tenant, its own clock. */
  readonly asOf: string;
  /** Null where it has none at this time. */
  readonly subscription: Standing | null;
}

export interface TenantCount {
  readonly count: number;
  /** The first of them. */
  readonly tenants: readonly string[];
}

export interface TenantCreated {
  readonly outcome: "created";
  readonly replayed: boolean;
  readonly tenant: string;
}

export interface TenantPage {
  readonly tenants: readonly Tenant[];
  /** For the next page; null where this is the last. The header `Link` says the same. */
  readonly nextCursor: string | null;
}

export interface TenantsOver {
  readonly count: number;
  /** The first of them. */
  readonly tenants: readonly string[];
  readonly cases: readonly OverLimit[];
}

export interface Verification {
  /** How many were verified. */
  readonly tenants: number;
  readonly broken: readonly BrokenInvariant[];
  /** Not broken: balances due for more than a day that nobody turned, so no worker runs. */
  readonly overdue: readonly BrokenInvariant[];
}

export interface VerificationPage {
  /** How many were verified. */
  readonly tenants: number;
  readonly broken: readonly BrokenInvariant[];
  /** Not broken: balances due for more than a day that nobody turned, so no worker runs. */
  readonly overdue: readonly BrokenInvariant[];
  /** For the next page; null where this is the last. The header `Link` says the same. */
  readonly nextCursor: string | null;
}

/** Feature by feature, for those who hold this version. */
export interface VersionEffect {
  readonly version: number;
  readonly gains: readonly string[];
  readonly loses: readonly string[];
  readonly changes: readonly string[];
}

export interface VoidRequest {
  /** Why, for the audit log. */
  readonly reason: string;
  /** Whether it is a refund: then what was spent of it is told as the shortfall. */
  readonly refund?: boolean;
}

/** A grant that ended early. */
export interface Voided {
  readonly outcome: "voided";
  /** True where it had been done before: nothing was changed now. */
  readonly replayed: boolean;
  /** What was left of it and is gone. */
  readonly lapsed: number;
  /** Of a refund: what had been spent of it, which is not taken back. */
  readonly shortfall: number;
  /** What was left right after it; null while unlimited. */
  readonly available: number | null;
  /** The version of the balance that it made. */
  readonly version: number;
}

/** Every operation: its address, and the refusals that are outcomes of it, in the order of precedence. */
export const operations = {
  getHealth: {
    method: "GET",
    path: "/healthz",
    refusals: [],
  },
  getReadiness: {
    method: "GET",
    path: "/readyz",
    refusals: ["unavailable"],
  },
  getCatalog: {
    method: "GET",
    path: "/v1/catalog",
    refusals: ["catalog_unpublished"],
  },
  publishCatalog: {
    method: "PUT",
    path: "/v1/catalog",
    refusals: ["invalid_input", "revision_conflict"],
  },
  validateCatalog: {
    method: "POST",
    path: "/v1/catalog/validate",
    refusals: ["invalid_input"],
  },
  diffCatalog: {
    method: "POST",
    path: "/v1/catalog/diff",
    refusals: ["invalid_input"],
  },
  listCatalogRevisions: {
    method: "GET",
    path: "/v1/catalog/revisions",
    refusals: [],
  },
  getCatalogRevision: {
    method: "GET",
    path: "/v1/catalog/revisions/{revision}",
    refusals: ["revision_unknown"],
  },
  createTenant: {
    method: "POST",
    path: "/v1/tenants",
    refusals: ["invalid_input", "plan_unknown", "idempotency_conflict"],
  },
  listTenants: {
    method: "GET",
    path: "/v1/tenants",
    refusals: [],
  },
  getTenant: {
    method: "GET",
    path: "/v1/tenants/{tenant}",
    refusals: ["tenant_unknown"],
  },
  subscribe: {
    method: "POST",
    path: "/v1/tenants/{tenant}/subscription",
    refusals: ["invalid_input", "tenant_unknown", "plan_unknown", "already_subscribed", "idempotency_conflict"],
  },
  advanceClock: {
    method: "POST",
    path: "/v1/tenants/{tenant}/clock",
    refusals: ["invalid_input", "tenant_unknown", "not_a_test_tenant"],
  },
  check: {
    method: "POST",
    path: "/v1/tenants/{tenant}/check",
    refusals: ["invalid_input"],
  },
  listEntitlements: {
    method: "GET",
    path: "/v1/tenants/{tenant}/entitlements",
    refusals: ["tenant_unknown"],
  },
  getEntitlement: {
    method: "GET",
    path: "/v1/tenants/{tenant}/entitlements/{feature}",
    refusals: ["tenant_unknown", "feature_unknown"],
  },
  listBalances: {
    method: "GET",
    path: "/v1/tenants/{tenant}/balances",
    refusals: ["tenant_unknown"],
  },
  consume: {
    method: "POST",
    path: "/v1/tenants/{tenant}/consume",
    refusals: [
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
    ],
  },
  consumeMany: {
    method: "POST",
    path: "/v1/tenants/{tenant}/consume-many",
    refusals: ["invalid_input", "busy"],
  },
  issueGrant: {
    method: "POST",
    path: "/v1/tenants/{tenant}/grants",
    refusals: [
      "invalid_input",
      "tenant_unknown",
      "feature_unknown",
      "wrong_kind",
      "idempotency_conflict",
      "subject_required",
      "busy",
    ],
  },
  listGrants: {
    method: "GET",
    path: "/v1/tenants/{tenant}/grants",
    refusals: ["tenant_unknown"],
  },
  refreshBalance: {
    method: "POST",
    path: "/v1/tenants/{tenant}/refresh",
    refusals: ["invalid_input", "tenant_unknown", "feature_unknown", "busy"],
  },
  reserve: {
    method: "POST",
    path: "/v1/tenants/{tenant}/holds",
    refusals: [
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
    ],
  },
  extend: {
    method: "POST",
    path: "/v1/tenants/{tenant}/holds/{holdKey}/extend",
    refusals: ["invalid_input", "hold_unknown", "hold_settled", "hold_released", "hold_expired", "busy"],
  },
  settle: {
    method: "POST",
    path: "/v1/tenants/{tenant}/holds/{holdKey}/settle",
    refusals: ["invalid_input", "hold_unknown", "hold_released", "idempotency_conflict", "busy"],
  },
  release: {
    method: "POST",
    path: "/v1/tenants/{tenant}/holds/{holdKey}/release",
    refusals: ["hold_unknown", "hold_settled", "hold_expired", "busy"],
  },
  reverseConsumption: {
    method: "POST",
    path: "/v1/tenants/{tenant}/consumptions/{consumptionKey}/reverse",
    refusals: ["invalid_input", "idempotency_conflict", "consumption_unknown", "already_reversed", "busy"],
  },
  voidGrant: {
    method: "POST",
    path: "/v1/tenants/{tenant}/grants/{dedupeKey}/void",
    refusals: ["invalid_input", "grant_unknown", "busy"],
  },
  claim: {
    method: "POST",
    path: "/v1/tenants/{tenant}/claims",
    refusals: [
      "invalid_input",
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
      "count_reported",
      "limit_reached",
      "busy",
    ],
  },
  releaseClaim: {
    method: "POST",
    path: "/v1/tenants/{tenant}/claims/release",
    refusals: ["invalid_input", "tenant_unknown", "feature_unknown", "wrong_kind", "claim_unknown", "busy"],
  },
  reportCount: {
    method: "PUT",
    path: "/v1/tenants/{tenant}/counts/{feature}",
    refusals: [
      "invalid_input",
      "tenant_unknown",
      "feature_unknown",
      "wrong_kind",
      "subject_required",
      "claims_kept",
      "tenant_suspended",
      "feature_disabled",
      "restricted",
      "subscription_inactive",
      "trial_expired",
      "payment_past_due",
      "grace_period_expired",
      "tier_insufficient",
      "not_included",
      "busy",
    ],
  },
  explainBalance: {
    method: "GET",
    path: "/v1/tenants/{tenant}/balances/{feature}/explanation",
    refusals: ["tenant_unknown", "feature_unknown"],
  },
  verifyTenant: {
    method: "GET",
    path: "/v1/tenants/{tenant}/verification",
    refusals: ["tenant_unknown"],
  },
  verifyTenants: {
    method: "GET",
    path: "/v1/verification",
    refusals: [],
  },
} as const;

/** What each operation takes as its body. */
export interface Requests {
  readonly publishCatalog: PublishCatalogRequest;
  readonly validateCatalog: CatalogRequest;
  readonly diffCatalog: CatalogRequest;
  readonly createTenant: CreateTenantRequest;
  readonly subscribe: SubscribeRequest;
  readonly advanceClock: AdvanceClockRequest;
  readonly check: CheckRequest;
  readonly consume: ConsumeRequest;
  readonly consumeMany: ConsumeManyRequest;
  readonly issueGrant: GrantRequest;
  readonly refreshBalance: RefreshRequest;
  readonly reserve: ReserveRequest;
  readonly extend: ExtendRequest;
  readonly settle: SettleRequest;
  readonly reverseConsumption: ReversalRequest;
  readonly voidGrant: VoidRequest;
  readonly claim: ClaimRequest;
  readonly releaseClaim: ReleaseClaimRequest;
  readonly reportCount: CountRequest;
}

/** What each operation answers when it is done. */
export interface Answers {
  readonly getHealth: Health;
  readonly getReadiness: Readiness;
  readonly getCatalog: PublishedCatalog;
  readonly publishCatalog: CatalogPublished;
  readonly validateCatalog: CatalogValidity;
  readonly diffCatalog: CatalogComparison;
  readonly listCatalogRevisions: CatalogRevisionPage;
  readonly getCatalogRevision: PublishedCatalog;
  readonly createTenant: TenantCreated;
  readonly listTenants: TenantPage;
  readonly getTenant: Tenant;
  readonly subscribe: Subscribed;
  readonly advanceClock: ClockAdvanced;
  readonly check: Decision;
  readonly listEntitlements: EntitlementPage;
  readonly getEntitlement: Decision;
  readonly listBalances: BalancePage;
  readonly consume: Consumed;
  readonly consumeMany: ConsumeManyAnswer;
  readonly issueGrant: Granted;
  readonly listGrants: GrantPage;
  readonly refreshBalance: Refreshed;
  readonly reserve: Reserved;
  readonly extend: Extended;
  readonly settle: Settled;
  readonly release: Released;
  readonly reverseConsumption: Reversed;
  readonly voidGrant: Voided;
  readonly claim: Claimed;
  readonly releaseClaim: ClaimReleased;
  readonly reportCount: CountReported;
  readonly explainBalance: Explanation;
  readonly verifyTenant: Verification;
  readonly verifyTenants: VerificationPage;
}
