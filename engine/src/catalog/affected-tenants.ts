import { quantityFrom } from "../foundation/quantity.ts";
import { findPlan, planFeatures } from "../store/catalog.ts";
import type { Session } from "../store/database.ts";
import { holdersAfter, overLimit, versionsHeld } from "../store/plan-holders.ts";
import { publishedTerms, type Terms, type TermsChange, termsChange, wantedTerms } from "./plan-terms.ts";
import type { ValidCatalog } from "./validation.ts";

/** How many ids a list names; its count is of all of them. */
const NAMED = 20;

export interface TenantCount {
  readonly count: number;
  /** The first of them in the order of their ids. */
  readonly tenants: readonly string[];
}

/** One holder who uses more than the changed plan would give, everything else that was granted counted. */
export interface OverLimit {
  readonly tenant: string;
  readonly feature: string;
  /** `''` is the tenant itself. */
  readonly subject: string;
  readonly uses: number;
  readonly limit: number;
}

/**
 * What publishing and then moving its holders to the new terms would mean for those who hold a plan now. Of a plan that goes
 * off sale it is how many hold it, and nothing else: they keep it.
 */
export interface PlanEffect {
  readonly plan: string;
  readonly holders: number;
  readonly gain: TenantCount;
  readonly lose: TenantCount;
  /** Tenants, each counted once however many features it is over with; and the first cases. */
  readonly over: TenantCount & { readonly cases: readonly OverLimit[] };
  /** Feature by feature, what each version that is held would gain, lose and have otherwise. */
  readonly versions: readonly (TermsChange & { readonly version: number })[];
}

/** What changes for the holders of one plan, by the version they hold. */
interface PlanChange {
  readonly plan: string;
  readonly versions: ReadonlyMap<number, TermsChange>;
  /** The new amounts of what can be used up or occupied, by version. */
  readonly amounts: readonly { plan: string; version: number; feature: string; amount: string }[];
}

/**
 * Every plan that would say something else than it says now, with what that means for each of its versions that somebody
 * holds; and every plan that would go off sale, which means nothing for those who hold it.
 */
export async function planChanges(
  session: Session,
  published: ValidCatalog | undefined,
  wanted: ValidCatalog,
): Promise<readonly PlanChange[]> {
  const terms = changedPlans(published, wanted);
  const held = terms.size === 0 ? [] : await versionsHeld(session, [...terms.keys()]);
  const changes: PlanChange[] = [];
  for (const [plan, to] of terms) {
    const versions = new Map<number, TermsChange>();
    const amounts: PlanChange["amounts"][number][] = [];
    for (const { version } of held.filter((one) => one.plan === plan)) {
      const row = await findPlan(session, plan, version);
      if (row === undefined) continue;
      const from = publishedTerms(row, await planFeatures(session, plan, version));
      const change = termsChange(from, to);
      versions.set(version, change);
      for (const feature of [...change.gains, ...change.loses, ...change.changes]) {
        const { allowed, amount, kind } = to.get(feature) ?? {};
        if (allowed !== true || amount === undefined || amount === null || kind === "value") continue;
        if (from.get(feature)?.allowed === true) amounts.push({ plan, version, feature, amount });
      }
    }
    changes.push({ plan, versions, amounts });
  }
  const removed = Object.keys(published?.plans ?? {}).filter((plan) => !Object.hasOwn(wanted.plans, plan));
  return [...changes, ...removed.map((plan) => ({ plan, versions: new Map<number, TermsChange>(), amounts: [] }))];
}

export interface AffectedPage {
  /** Looks at tenants after this id. */
  readonly after: string;
  /** How many holders to look at, at most. */
  readonly count: number;
  readonly mode?: "live" | "test" | undefined;
}

export interface AffectedTenants {
  readonly plans: readonly PlanEffect[];
  /** Where to go on; undefined where all were looked at. */
  readonly next: string | undefined;
}

/** Who would gain, lose or be over a limit if the holders of every changed plan moved to its new terms: a page of them. */
export async function affectedTenants(
  session: Session,
  changes: readonly PlanChange[],
  page: AffectedPage,
): Promise<AffectedTenants> {
  const effects = new Map(changes.map((change) => [change.plan, new Effect(change)]));
  const plans = [...effects.keys()];
  const amounts = changes.flatMap((change) => change.amounts);
  const holders = plans.length === 0 ? [] : await holdersAfter(session, { ...page, plans, mode: page.mode ?? null });
  for (const { tenant_id, plan, version } of holders) effects.get(plan)?.held(tenant_id, version);
  const tenants = [...new Set(holders.map(({ tenant_id }) => tenant_id))];
  for (const row of amounts.length === 0 ? [] : await overLimit(session, tenants, amounts)) {
    effects.get(row.plan)?.isOver({
      tenant: row.tenant_id,
      feature: row.feature,
      subject: row.subject,
      uses: quantityFrom(row.uses),
      limit: quantityFrom(row.quantity_limit),
    });
  }
  const next = tenants.length === page.count ? tenants.at(-1) : undefined;
  return { plans: [...effects.values()].map((effect) => effect.summary()), next };
}

/** The new terms of every plan that would say something else than it says now. */
function changedPlans(published: ValidCatalog | undefined, wanted: ValidCatalog): Map<string, Terms> {
  if (published === undefined) return new Map();
  const both = Object.keys(wanted.plans).filter((plan) => Object.hasOwn(published.plans, plan));
  const terms = both.map((plan) => [plan, wantedTerms(wanted, plan)] as const);
  return new Map(
    terms.filter(([plan, to]) => {
      const { gains, loses, changes } = termsChange(wantedTerms(published, plan), to);
      return gains.length + loses.length + changes.length > 0;
    }),
  );
}

/** Counts as it goes: tenants come in the order of their ids, so the last one seen tells whether this one is new. */
class Effect {
  readonly #change: PlanChange;
  readonly #counts = { held: new Counted(), gain: new Counted(), lose: new Counted(), over: new Counted() };
  readonly #cases: OverLimit[] = [];

  constructor(change: PlanChange) {
    this.#change = change;
  }

  held(tenant: string, version: number): void {
    const change = this.#change.versions.get(version);
    this.#counts.held.add(tenant);
    if (change !== undefined && change.gains.length > 0) this.#counts.gain.add(tenant);
    if (change !== undefined && change.loses.length > 0) this.#counts.lose.add(tenant);
  }

  isOver(found: OverLimit): void {
    this.#counts.over.add(found.tenant);
    if (this.#cases.length < NAMED) this.#cases.push(found);
  }

  summary(): PlanEffect {
    const { held, gain, lose, over } = this.#counts;
    return {
      plan: this.#change.plan,
      holders: held.all,
      gain: gain.summary(),
      lose: lose.summary(),
      over: { ...over.summary(), cases: this.#cases },
      versions: [...this.#change.versions].map(([version, change]) => ({ version, ...change })),
    };
  }
}

class Counted {
  all = 0;
  readonly #named: string[] = [];
  #last = "";

  add(tenant: string): void {
    if (tenant === this.#last) return;
    this.#last = tenant;
    this.all += 1;
    if (this.#named.length < NAMED) this.#named.push(tenant);
  }

  summary(): TenantCount {
    return { count: this.all, tenants: this.#named };
  }
}

/** Two pages as one, the earlier first. */
export function joined(one: readonly PlanEffect[], other: readonly PlanEffect[]): PlanEffect[] {
  const both = (a: TenantCount, b: TenantCount) => ({
    count: a.count + b.count,
    tenants: [...a.tenants, ...b.tenants].slice(0, NAMED),
  });
  return other.map((later) => {
    const earlier = one.find(({ plan }) => plan === later.plan);
    if (earlier === undefined) return later;
    return {
      ...later,
      holders: earlier.holders + later.holders,
      gain: both(earlier.gain, later.gain),
      lose: both(earlier.lose, later.lose),
      over: {
        ...both(earlier.over, later.over),
        cases: [...earlier.over.cases, ...later.over.cases].slice(0, NAMED),
      },
    };
  });
}
