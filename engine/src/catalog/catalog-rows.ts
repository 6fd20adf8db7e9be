// The rule that turns a valid catalogue into the rows of the catalogue tables: which plans and products need a new version,
// and what stands in it. Pure.
import { canonicalHash, type Json } from "../foundation/canonical.ts";
import type { VersionRow } from "../store/catalog.ts";
import type { ValidCatalog } from "./validation.ts";

/** Rows by table, with the tables' own column names; only new versions are among them. */
export type CatalogRows = { readonly [table: string]: readonly { readonly [column: string]: Json }[] };

/** A plan or product whose terms differ from its newest version, or that has none. */
export interface NextVersion {
  readonly of: VersionRow["of"];
  readonly key: string;
  /** The newest published version; 0 where there is none. */
  readonly from: number;
  readonly to: number;
  readonly contentHash: string;
}

/** Which plans and products get a new version: names and descriptions are no terms, everything else is. */
export function nextVersions(catalog: ValidCatalog, known: readonly VersionRow[]): readonly NextVersion[] {
  const newest = new Map(known.map((version) => [`${version.of} ${version.key}`, version]));
  const next = (of: VersionRow["of"], key: string, terms: Json): NextVersion[] => {
    const contentHash = canonicalHash(terms).toString("hex");
    const { version: from = 0, content_hash } = newest.get(`${of} ${key}`) ?? {};
    return content_hash === contentHash ? [] : [{ of, key, from, to: from + 1, contentHash }];
  };
  return [
    ...Object.entries(catalog.plans).flatMap(([key, plan]) => {
      const { name: _name, description: _description, addon: _addon, ...terms } = plan;
      return next("plan", key, terms);
    }),
    ...Object.entries(catalog.products).flatMap(([key, product]) => {
      const { name: _name, description: _description, ...terms } = product;
      return next("product", key, terms);
    }),
  ];
}

export function catalogRows(catalog: ValidCatalog, known: readonly VersionRow[], publishedAt: Date): CatalogRows {
  const at = publishedAt.toISOString();
  const versions = new Map(nextVersions(catalog, known).map((version) => [`${version.of} ${version.key}`, version]));
  const plans = Object.entries(catalog.plans).map(([key, plan]) => ({ key, plan, next: versions.get(`plan ${key}`) }));
  const products = Object.entries(catalog.products).map(([key, product]) => ({
    key,
    product,
    next: versions.get(`product ${key}`),
  }));

  return {
    tiers: Object.entries(catalog.tiers).map(([key, { rank, name, description, category }]) => ({
      key,
      rank,
      name,
      description,
      category,
      active: true,
      metadata: {},
    })),
    features: Object.entries(catalog.features).map(([key, feature]) => ({
      key,
      kind: feature.kind,
      name: feature.name,
      description: feature.description,
      unit: feature.unit ?? null,
      minimum_tier: feature.minimumTier ?? null,
      enforcement: feature.enforcement,
      on_downgrade: feature.onDowngrade ?? null,
      degraded_value: feature.degradedValue ?? null,
      always_on: feature.alwaysOn,
      per: feature.per,
      on_error: "deny",
      active: true,
      metadata: {},
    })),
    capabilities: Object.entries(catalog.capabilities).map(([key, { feature, amount, description }]) => ({
      key,
      feature,
      amount: String(amount),
      description,
    })),
    plans: plans.map(({ key, plan: { name, description, addon } }) => ({
      key,
      name,
      description,
      addon,
      active: true,
      metadata: {},
    })),
    plan_versions: plans.flatMap(({ key, plan, next }) =>
      next === undefined
        ? []
        : {
            plan: key,
            version: next.to,
            tier: plan.tier,
            content_hash: next.contentHash,
            billing_unit: plan.billing.unit,
            billing_count: plan.billing.count,
            trial_days: plan.trialDays,
            after_trial: plan.afterTrial,
            payment_grace_days: plan.paymentGraceDays,
            downgrade_grace_days: plan.downgradeGraceDays,
            published_at: at,
          },
    ),
    plan_inclusions: plans.flatMap(({ key, plan, next }) =>
      next === undefined
        ? []
        : Object.entries(plan.inclusions).map(([feature, inclusion]) => ({
            plan: key,
            plan_version: next.to,
            feature,
            ...planInclusion(catalog, feature, inclusion),
          })),
    ),
    products: products.map(({ key, product: { name, description } }) => ({
      key,
      name,
      description,
      active: true,
      metadata: {},
    })),
    product_versions: products.flatMap(({ key, next }) =>
      next === undefined ? [] : { product: key, version: next.to, content_hash: next.contentHash, published_at: at },
    ),
    product_inclusions: products.flatMap(({ key, product, next }) =>
      next === undefined
        ? []
        : Object.entries(product.inclusions).map(([feature, inclusion]) => ({
            product: key,
            product_version: next.to,
            feature,
            amount: inclusion.amount === undefined ? null : String(inclusion.amount),
            unlimited: inclusion.unlimited,
            duration_days: inclusion.durationDays ?? null,
            priority: inclusion.priority,
            metadata: {},
          })),
    ),
  };
}

/** One line of a plan version as its table has it. */
export function planInclusion(
  catalog: ValidCatalog,
  feature: string,
  inclusion: ValidCatalog["plans"][string]["inclusions"][string],
) {
  return {
    amount: inclusion.amount === undefined ? null : String(inclusion.amount),
    unlimited: inclusion.unlimited,
    value: inclusion.value ?? null,
    window_unit: inclusion.every?.unit ?? null,
    window_count: inclusion.every?.count ?? 1,
    per: inclusion.per ?? catalog.features[feature]?.per ?? "tenant",
    on_change: inclusion.onChange,
    priority: inclusion.priority,
    rollover_cap: inclusion.rollover === undefined ? null : String(inclusion.rollover.cap),
    rollover_windows: inclusion.rollover?.windows ?? 1,
  };
}
