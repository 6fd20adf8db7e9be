// The rule of what a plan version says about a feature, and of what changes for a holder who moves from one to another. Pure.
import type { PlanFeatureRow, PlanRow } from "../store/catalog.ts";
import { planInclusion } from "./catalog-rows.ts";
import type { ValidCatalog } from "./validation.ts";

/** A flag with a minimum tier comes with the tier; everything else is included by name or not at all. */
export function denialBy(
  tierRank: number,
  feature: Pick<PlanFeatureRow, "kind" | "minimum_rank" | "included">,
): "TIER_INSUFFICIENT" | "NOT_INCLUDED" | null {
  if (feature.minimum_rank !== null && tierRank < feature.minimum_rank) return "TIER_INSUFFICIENT";
  const withTier = feature.kind === "flag" && feature.minimum_rank !== null;
  return feature.included || withTier ? null : "NOT_INCLUDED";
}

/** What one plan version says about one feature. */
export interface Term {
  readonly kind: PlanFeatureRow["kind"];
  readonly allowed: boolean;
  /** Decimal text; null where it has none or is unlimited. */
  readonly amount: string | null;
  readonly unlimited: boolean;
  readonly value: unknown;
  readonly per: "tenant" | "subject";
  /** How long one window of the amount is, in seconds; Infinity where it does not come back. */
  readonly windowSeconds: number;
}
export type Terms = ReadonlyMap<string, Term>;

/** The terms of a version that was published. */
export function publishedTerms(
  plan: Pick<PlanRow, "tier_rank" | "billing_unit" | "billing_count">,
  features: readonly PlanFeatureRow[],
): Terms {
  return new Map(features.map((feature) => [feature.feature, termOf(plan, feature)]));
}

/** The terms that a plan of a catalogue would be published with. */
export function wantedTerms(catalog: ValidCatalog, planKey: string): Terms {
  const plan = catalog.plans[planKey];
  if (plan === undefined) return new Map();
  const of = {
    tier_rank: catalog.tiers[plan.tier]?.rank ?? 0,
    billing_unit: plan.billing.unit,
    billing_count: plan.billing.count,
  };
  const terms = Object.entries(catalog.features).map(([key, feature]) => {
    const inclusion = plan.inclusions[key];
    const row = inclusion === undefined ? undefined : planInclusion(catalog, key, inclusion);
    const minimum_rank = feature.minimumTier === undefined ? null : (catalog.tiers[feature.minimumTier]?.rank ?? null);
    const said = {
      kind: feature.kind,
      minimum_rank,
      included: row !== undefined,
      amount: row?.amount ?? null,
      unlimited: row?.unlimited ?? false,
      value: row?.value ?? null,
      per: row?.per ?? feature.per,
      window_unit: row?.window_unit ?? null,
      window_count: row?.window_count ?? 1,
    };
    return [key, termOf(of, said)] as const;
  });
  return new Map(terms);
}

const SECONDS = { hour: 3600, day: 86_400, week: 604_800, month: 2_629_746, year: 31_556_952, lifetime: Infinity };

function termOf(
  plan: Pick<PlanRow, "tier_rank" | "billing_unit" | "billing_count">,
  feature: Pick<
    PlanFeatureRow,
    "kind" | "minimum_rank" | "included" | "amount" | "unlimited" | "value" | "per" | "window_unit" | "window_count"
  >,
): Term {
  const billing = feature.window_unit === "billing_period";
  const unit = feature.window_unit === "billing_period" ? plan.billing_unit : (feature.window_unit ?? "lifetime");
  return {
    kind: feature.kind,
    allowed: denialBy(plan.tier_rank, feature) === null,
    amount: feature.amount,
    unlimited: feature.unlimited,
    value: feature.value,
    per: feature.per,
    windowSeconds: SECONDS[unit] * feature.window_count * (billing ? plan.billing_count : 1),
  };
}

/** What moving from one set of terms to another means, feature by feature, in alphabetical order. */
export interface TermsChange {
  /** Newly allowed, or more of it. */
  readonly gains: readonly string[];
  /** No longer allowed, or less of it. */
  readonly loses: readonly string[];
  /** Another value, or amounts counted for somebody else: neither more nor less. */
  readonly changes: readonly string[];
}

/** Compares two sets of terms. Amounts that come back at another pace are compared by how much they give over time. */
export function termsChange(from: Terms, to: Terms): TermsChange {
  const found = { gains: [] as string[], loses: [] as string[], changes: [] as string[] };
  for (const feature of [...new Set([...from.keys(), ...to.keys()])].toSorted()) {
    const judged = judge(from.get(feature), to.get(feature));
    if (judged !== undefined) found[judged].push(feature);
  }
  return found;
}

function judge(from: Term | undefined, to: Term | undefined): keyof TermsChange | undefined {
  if (from?.allowed !== true || to?.allowed !== true) {
    if (from?.allowed === true) return "loses";
    return to?.allowed === true ? "gains" : undefined;
  }
  if (JSON.stringify(from.value) !== JSON.stringify(to.value)) return "changes";
  const [before, after] = [givenBy(from), givenBy(to)];
  if (before !== after) return before < after ? "gains" : "loses";
  // As much over time, in larger portions: there is less to take at once, or more.
  const [least, most] = [Number(from.amount ?? 0), Number(to.amount ?? 0)];
  if (!from.unlimited && least !== most) return least < most ? "gains" : "loses";
  return from.per === to.per ? undefined : "changes";
}

/** How much is given over time: what never comes back counts for nothing beside what does. */
function givenBy({ kind, amount, unlimited, windowSeconds }: Term): number {
  if (unlimited) return Infinity;
  if (amount === null || kind === "flag" || kind === "value") return 0;
  return Number(amount) / windowSeconds;
}
