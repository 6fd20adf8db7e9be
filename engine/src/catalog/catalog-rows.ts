// The rule that turns a valid catalogue into the rows of the catalogue tables: which plans and products need a new version,
// and what stands in it. Pure.
import { canonicalHash, type Json } from "../foundation/canonical.ts";
import type { VersionRow } from "../store/catalog.ts";
import type { ValidCatalog } from "./validation.ts";

/** Rows by table, with the tables' own column names; only new versions are among them. */
export type CatalogRows = { readonly [table: string]: readonly { readonly [column: string]: Json }[] };

export function catalogRows(catalog: ValidCatalog, known: readonly VersionRow[], publishedAt: Date): CatalogRows {
  const at = publishedAt.toISOString();
  const versionOf = (of: VersionRow["of"], key: string, content: Json) => {
    const contentHash = canonicalHash(content).toString("hex");
    const newest = known.find((version) => version.of === of && version.key === key);
    return newest?.content_hash === contentHash ? undefined : { contentHash, version: (newest?.version ?? 0) + 1 };
  };
  const plans = Object.entries(catalog.plans).map(([key, plan]) => {
    const { name: _name, description: _description, addon: _addon, ...terms } = plan;
    return { key, plan, next: versionOf("plan", key, terms) };
  });
  const products = Object.entries(catalog.products).map(([key, product]) => {
    const { name: _name, description: _description, ...terms } = product;
    return { key, product, next: versionOf("product", key, terms) };
  });

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
            version: next.version,
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
            plan_version: next.version,
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
      next === undefined
        ? []
        : { product: key, version: next.version, content_hash: next.contentHash, published_at: at },
    ),
    product_inclusions: products.flatMap(({ key, product, next }) =>
      next === undefined
        ? []
        : Object.entries(product.inclusions).map(([feature, inclusion]) => ({
            product: key,
            product_version: next.version,
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

function planInclusion(
  catalog: ValidCatalog,
  feature: string,
  inclusion: ValidCatalog["plans"][string]["inclusions"][string],
): { readonly [column: string]: Json } {
  // The amount of a value is its number: both spellings mean the same.
  const isValue = catalog.features[feature]?.kind === "value";
  const amount = inclusion.amount === undefined ? null : String(inclusion.amount);
  return {
    amount: isValue ? null : amount,
    unlimited: inclusion.unlimited,
    value: isValue ? (inclusion.value ?? Number(amount)) : null,
    window_unit: inclusion.every?.unit ?? null,
    window_count: inclusion.every?.count ?? 1,
    per: inclusion.per ?? catalog.features[feature]?.per ?? "tenant",
    on_change: inclusion.onChange,
    priority: inclusion.priority,
    rollover_cap: inclusion.rollover === undefined ? null : String(inclusion.rollover.cap),
    rollover_windows: inclusion.rollover?.windows ?? 1,
  };
}
