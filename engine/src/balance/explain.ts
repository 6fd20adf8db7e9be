import type { AllowingReason, DenialReason } from "../foundation/outcome.ts";
import { quantityFrom } from "../foundation/quantity.ts";
import { asName } from "../foundation/text.ts";
import type { Session } from "../store/database.ts";
import {
  type ExplanationRow,
  explain as ask,
  type FactLine,
  type GrantLine,
  type HoldLine,
} from "../store/explanations.ts";
import { quantityOf, quantityOrNull } from "./answers.ts";
import { asInstant, checkedInput, type InvalidInput } from "./checked-input.ts";

export interface ExplainInput {
  readonly tenant: string;
  /** A feature's key, or a capability's. */
  readonly feature: string;
  readonly subject?: string | undefined;
  /** The instant asked about; now where none is named. */
  readonly at?: Date | undefined;
  /** Facts before this version of the balance; the newest where none is named. */
  readonly before?: number | undefined;
  /** How many facts at most, 1 to 1000; 50 where it is not said. */
  readonly count?: number | undefined;
}

/** A grant behind a balance, and why it counted then or did not. Quantities in units of the feature. */
export interface ExplainedGrant {
  readonly grantId: string;
  readonly dedupeKey: string;
  readonly source: GrantLine["source"];
  /** Glossary: how a grant stands. */
  readonly status: GrantLine["status"];
  /** Null while unlimited. */
  readonly amount: number | null;
  readonly unlimited: boolean;
  readonly used: number;
  /** What open holds keep of it, also where it has ended. */
  readonly held: number;
  /** Null while unlimited; 0 where it has ended. */
  readonly remaining: number | null;
  readonly priority: number;
  readonly effectiveAt: Date;
  readonly expiresAt: Date | null;
  readonly endedAt: Date | null;
  /** Who voided or masked it. */
  readonly endedBy: string | null;
  readonly reason: string | null;
}

export interface ExplainedHold {
  readonly holdKey: string;
  readonly status: HoldLine["status"];
  readonly amount: number;
  /** What was there to be set aside. */
  readonly funded: number;
  readonly settled: number | null;
  readonly unfunded: number;
  /** Of one that was released: what returned, and what had nothing to return to. */
  readonly restored: number | null;
  readonly lapsed: number | null;
  readonly late: boolean;
  readonly actingSubject: string | null;
  readonly reservedAt: Date;
  readonly expiresAt: Date;
  readonly endedAt: Date | null;
}

export interface ExplainedFact {
  /** The version of the balance that it made. */
  readonly version: number;
  readonly kind: string;
  readonly amount: number;
  readonly overage: number;
  /** Null while unlimited. */
  readonly balanceAfter: number | null;
  readonly key: string | null;
  /** What it is about: a grant's dedupe key, a hold, a claim's resource, the key of a reversed consumption. */
  readonly reference: string | null;
  readonly actingSubject: string | null;
  readonly recordedAt: Date;
  readonly occurredAt: Date | null;
  /** Why it was reversed or voided, where that was said. */
  readonly reason: string | null;
  /** The grants that paid, or that were given back to. */
  readonly lineage: readonly {
    readonly grantId: string;
    readonly dedupeKey: string;
    readonly source: GrantLine["source"];
    readonly amount: number;
    /** Of what was given back: what nobody can have any more. */
    readonly lapsed: number;
    readonly provisional: boolean;
  }[];
}

/** Why a balance is what it is, or was at an instant. Numbers are null where the feature has none or is unlimited. */
export interface Explanation {
  readonly outcome: "explained";
  readonly at: Date;
  readonly feature: string;
  /** Under whom the balance is kept; `''` is the tenant itself. */
  readonly subject: string;
  readonly allowed: boolean;
  readonly reason: AllowingReason | DenialReason;
  readonly source: string | null;
  readonly restrictedBy: string | null;
  readonly plan: string | null;
  readonly planVersion: number | null;
  /** Between which instants access was as it is told here, by what is known today. */
  readonly validFrom: Date | null;
  readonly validUntil: Date | null;
  readonly kind: string | null;
  readonly enforcement: string | null;
  readonly unlimited: boolean;
  readonly granted: number | null;
  readonly used: number | null;
  readonly held: number | null;
  readonly available: number | null;
  readonly overage: number | null;
  /** Slots occupied, of a capacity, and whether that is a count that was reported. */
  readonly claimed: number | null;
  readonly reported: boolean;
  readonly overLimit: number | null;
  readonly windowStartsAt: Date | null;
  readonly windowEndsAt: Date | null;
  /** Of the balance then; 0 where nothing had happened to it. */
  readonly version: number;
  readonly grants: readonly ExplainedGrant[];
  readonly holds: readonly ExplainedHold[];
  /** The newest hundred names, newest first. */
  readonly claims: readonly { readonly resource: string; readonly claimedAt: Date; readonly beyondLimit: boolean }[];
  /** What happened since the window began, newest first. */
  readonly facts: readonly ExplainedFact[];
  /** The `before` of the next page of facts; null where this is the last. */
  readonly nextBefore: number | null;
}

const USUAL = 50;
const MOST = 1000;

const wholeFrom = (value: number | undefined, most: number, otherwise: number): number | undefined =>
  value === undefined ? otherwise : Number.isSafeInteger(value) && value >= 1 && value <= most ? value : undefined;

/**
 * Why the balance is what it is, now or at an instant that has passed, from immutable rows alone; of an instant to come what
 * will be the case where nothing else happens. Changes nothing. A tenant or feature that does not exist is told by `reason`.
 */
export async function explain(session: Session, input: ExplainInput): Promise<Explanation | InvalidInput> {
  const call = checkedInput({
    tenant: asName(input.tenant),
    feature: asName(input.feature),
    subject: asName(input.subject ?? "", true),
    at: asInstant(input.at),
    before: wholeFrom(input.before, Number.MAX_SAFE_INTEGER, 0),
    count: wholeFrom(input.count, MOST, USUAL),
  });
  if ("outcome" in call) return call;
  const row = await ask(session, {
    ...call,
    before: call.before === 0 ? null : call.before,
    count: call.count + 1,
  });
  return fromRow(row, call.count);
}

function fromRow(row: ExplanationRow, count: number): Explanation {
  const facts = row.facts.slice(0, count);
  return {
    outcome: "explained",
    at: row.at,
    feature: row.feature,
    subject: row.subject,
    allowed: row.allowed,
    reason: row.reason as Explanation["reason"],
    source: row.source,
    restrictedBy: row.restricted_by,
    plan: row.plan,
    planVersion: row.plan_version,
    validFrom: row.valid_from,
    validUntil: row.valid_until,
    kind: row.kind,
    enforcement: row.enforcement,
    unlimited: row.unlimited ?? false,
    granted: quantityOrNull(row.granted),
    used: quantityOrNull(row.used),
    held: quantityOrNull(row.held),
    available: quantityOrNull(row.available),
    overage: quantityOrNull(row.overage),
    claimed: row.claimed,
    reported: row.reported ?? false,
    overLimit: quantityOrNull(row.over_limit),
    windowStartsAt: row.window_starts_at,
    windowEndsAt: row.window_ends_at,
    version: Number(row.version),
    grants: row.grants.map(grantFrom),
    holds: row.holds.map(holdFrom),
    claims: row.claims.map(({ resource, claimedAt, beyondLimit }) => ({
      resource,
      claimedAt: new Date(claimedAt),
      beyondLimit,
    })),
    facts: facts.map(factFrom),
    nextBefore: row.facts.length > count ? (facts.at(-1)?.version ?? null) : null,
  };
}

const instantFrom = (text: string | null): Date | null => (text === null ? null : new Date(text));

function grantFrom(line: GrantLine): ExplainedGrant {
  return {
    ...line,
    amount: line.unlimited ? null : quantityFrom(line.amount),
    used: quantityFrom(line.used),
    held: quantityFrom(line.held),
    remaining: quantityOrNull(line.remaining),
    effectiveAt: new Date(line.effectiveAt),
    expiresAt: instantFrom(line.expiresAt),
    endedAt: instantFrom(line.endedAt),
  };
}

function holdFrom(line: HoldLine): ExplainedHold {
  return {
    ...line,
    amount: quantityFrom(line.amount),
    funded: quantityFrom(line.funded),
    settled: quantityOrNull(line.settled),
    unfunded: quantityOf(line.unfunded),
    restored: quantityOrNull(line.restored),
    lapsed: quantityOrNull(line.lapsed),
    reservedAt: new Date(line.reservedAt),
    expiresAt: new Date(line.expiresAt),
    endedAt: instantFrom(line.endedAt),
  };
}

function factFrom(line: FactLine): ExplainedFact {
  return {
    ...line,
    amount: quantityFrom(line.amount),
    overage: quantityFrom(line.overage),
    balanceAfter: quantityOrNull(line.balanceAfter),
    recordedAt: new Date(line.recordedAt),
    occurredAt: instantFrom(line.occurredAt),
    lineage: line.lineage.map((paid) => ({
      ...paid,
      amount: quantityFrom(paid.amount),
      lapsed: quantityFrom(paid.lapsed),
    })),
  };
}
