// What the model remembers: plain data, so that a copy of it is a transaction that can be rolled back.
import type { Instant, Window, WindowRule } from "./instant.ts";
import type { Amount } from "./quantity.ts";

export type Kind = "flag" | "value" | "capacity" | "metered" | "credits";
export type Enforcement = "hard" | "soft" | "observe";
export type Holder = "tenant" | "subject";

export interface Feature {
  readonly key: string;
  readonly kind: Kind;
  readonly enforcement: Enforcement;
  readonly per: Holder;
  readonly minimumTier: string | null;
  readonly alwaysOn: boolean;
}

/** Half open: in force at `from`, no longer at `until`. */
export interface Dated {
  from: Instant;
  until: Instant;
}

export interface Period extends Dated {
  status: string;
  deniedReason: string | null;
  plan: string;
  planVersion: number;
  tier: string;
  rank: number;
}

export interface Entitlement extends Dated {
  readonly feature: string;
  readonly kind: Kind;
  readonly enforcement: Enforcement;
  readonly per: Holder;
  readonly deniedReason: string | null;
  readonly tier: string;
  readonly requiredTier: string | null;
  readonly value: unknown;
  readonly unlimited: boolean;
  readonly alwaysOn: boolean;
  readonly plan: string;
  readonly planVersion: number;
}

export interface Allowance extends Dated {
  readonly id: string;
  readonly subscription: string;
  readonly feature: string;
  readonly per: Holder;
  readonly source: string;
  readonly plan: string | null;
  readonly planVersion: number | null;
  /** Undefined where it is unlimited. */
  readonly amount: Amount | undefined;
  readonly rule: WindowRule;
  readonly priority: number;
  readonly rolloverCap: Amount | undefined;
  readonly rolloverWindows: number;
  readonly onChange: "keep" | "reset" | "prorate";
}

/** An allowance that stands in the place of a feature's own for a while; one of a higher rank masks one of a lower. */
export interface Mask extends Allowance {
  readonly rank: number;
}

export interface Subscription {
  readonly id: string;
  readonly addon: boolean;
  quantity: number;
  readonly billingAnchor: Instant;
  periods: Period[];
  entitlements: Entitlement[];
  allowances: Allowance[];
}

export interface Override extends Dated {
  readonly id: string;
  readonly feature: string;
  readonly effect: "allow" | "deny";
  readonly value: unknown;
}

export interface Restriction extends Dated {
  readonly id: string;
  readonly feature: string;
  readonly mode: "disabled" | "frozen" | "degraded";
  readonly degradedValue: unknown;
}

/** What ties the grants of one window together, through changes of plan and while something else stands in for them. */
export interface Line {
  /** The allowance, or what stands in the place of allowances. */
  readonly origin: string;
  /** The subscription, and the rule that its windows follow. */
  readonly family: string;
  readonly window: Window;
  readonly isMask: boolean;
  /** By how much the window had been used beyond what the allowance comes to. */
  readonly excess: Amount;
  /** What the window had been used for before this grant. */
  readonly carried: Amount;
  /** Since when that is counted: the beginning of the window, or when an allowance began afresh. */
  readonly since: Instant;
  /** What it was used for itself, and held of, when it ended. */
  spent?: Amount;
  /** Of a mask: whether its use went to the allowances that came back. */
  handedOver?: boolean;
}

export interface Grant {
  /** Counts the grants of a balance in the order in which they were issued. */
  readonly number: number;
  readonly key: string;
  readonly source: string;
  readonly amount: Amount;
  readonly unlimited: boolean;
  readonly priority: number;
  readonly effectiveAt: Instant;
  readonly expiresAt: Instant;
  readonly issuedAt: Instant;
  /** When it ends: at its expiry, or earlier where something ended it. */
  endsAt: Instant;
  readonly line?: Line;
  void?: { lapsed: Amount; shortfall: Amount; reason: string; actor: string; at: Instant };
  /** Whether it left a trace: somebody saw it in force, or used it. */
  traced: boolean;
}

/** One stretch of units that one grant paid for. */
export interface Payment {
  readonly grant: number;
  readonly amount: Amount;
  /** Set aside by a hold and pinned to this grant before it was settled. */
  readonly pinned: boolean;
  /** Given back to the grant, which was in force. */
  restored: Amount;
  /** Reversed when the grant had ended. */
  lapsed: Amount;
}

export interface Consumption {
  readonly key: string;
  readonly kind: "consume" | "settle";
  readonly actingSubject: string;
  /** With overage, without what stayed unfunded. */
  amount: Amount;
  overage: Amount;
  readonly recordedAt: Instant;
  readonly occurredAt: Instant | null;
  readonly version: number;
  readonly interval: number;
  payments: Payment[];
  overageReversed: Amount;
}

export interface Hold {
  readonly key: string;
  readonly amount: Amount;
  /** What was set aside: less than the amount where a soft feature had less. */
  readonly funded: Amount;
  readonly interval: number;
  readonly reservedAt: Instant;
  readonly version: number;
  expiresAt: Instant;
  /** The ends it had before; at such an instant somebody may look in vain. */
  readonly formerEnds: Instant[];
  status: "open" | "settled" | "released" | "expired";
  /** Which grants it will burn; undefined as long as its interval is open. */
  pins?: { readonly grant: number; readonly amount: Amount }[];
  settled?: Amount;
  unfunded?: Amount;
}

export interface Fact {
  readonly version: number;
  readonly kind: string;
  readonly amount: Amount;
  readonly balanceAfter: Amount | undefined;
  readonly recordedAt: Instant;
}

export interface Balance {
  readonly subject: string;
  readonly feature: string;
  /** Until when time has passed for it. */
  at: Instant;
  interval: number;
  /** How many grants were ever issued. */
  issued: number;
  grants: Grant[];
  holds: Hold[];
  consumptions: Consumption[];
  claims: { resource: string; version: number }[];
  released: { resource: string; version: number }[];
  reports: { counted: number; at: Instant; version: number }[];
  facts: Fact[];
  /** The newest fact when a window last turned: overage before it is history. */
  turnedAfter: number;
  /** The newest boundary that time passed and nobody has written down yet. */
  passed: Instant | undefined;
}

/** What a key was used for, and what was answered. */
export interface KeyUse {
  readonly command: string;
  /** In the order in which a difference is looked for. */
  readonly asked: readonly (readonly [field: string, value: string])[];
  readonly answer: Answer;
}

/** A row as PostgreSQL would answer it, all values written as text. */
export type Answer = Record<string, string | null>;

export interface Tenant {
  readonly id: string;
  readonly zone: string;
  clock: Instant;
  subscriptions: Map<string, Subscription>;
  masks: Mask[];
  overrides: Override[];
  restrictions: Restriction[];
  balances: Map<string, Balance>;
  /** Idempotency keys of everything that consumes. */
  keys: Map<string, KeyUse>;
  /** Dedupe keys of grants. */
  grantKeys: Map<string, KeyUse & { readonly balance: string; readonly number: number }>;
}

export interface Model {
  /** Of the catalogue. */
  revision: number;
  features: Map<string, Feature>;
  tenants: Map<string, Tenant>;
}

export const inForce = (dated: Dated, at: Instant): boolean => dated.from <= at && at < dated.until;
