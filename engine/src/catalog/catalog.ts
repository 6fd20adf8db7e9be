// The words of the catalogue as an application writes them in its one file, with its keys kept in the types.

export type FeatureKind = "flag" | "value" | "capacity" | "metered" | "credits";
export type Enforcement = "hard" | "soft" | "observe";
export type WindowUnit = "hour" | "day" | "week" | "month" | "year" | "billing_period" | "lifetime";

export interface TierInput {
  /** Its place in the order, from 0. */
  readonly rank: number;
  readonly name: string;
  readonly description?: string;
  readonly category?: "free" | "paid" | "enterprise";
}

export interface FeatureInput {
  readonly kind: FeatureKind;
  readonly name: string;
  readonly description?: string;
  readonly unit?: string;
  /** The least tier that may use it; a flag with one is included in every plan of that tier or above. */
  readonly minimumTier?: string;
  /** What happens at zero: `hard` refuses (the default), `soft` allows and counts overage, `observe` only counts. */
  readonly enforcement?: Enforcement;
  /** What a downgrade does to it before its grace ends. */
  readonly onDowngrade?: "disabled" | "frozen" | "degraded";
  readonly degradedValue?: number | string | boolean;
  /** Whose amounts are: the tenant's, shared (the default), or each subject's own. An inclusion may say otherwise. */
  readonly per?: "tenant" | "subject";
  /** Stays usable while the tenant is suspended. */
  readonly alwaysOn?: boolean;
}

export interface CapabilityInput {
  readonly feature: string;
  /** How much of the feature one use takes; 1 where it is not said. */
  readonly amount?: number;
  readonly description?: string;
}

/** What a plan gives of one feature: `true` for a flag, the amount alone for a number of them, or all particulars. */
export type InclusionInput = true | number | "unlimited" | InclusionDetail;

export interface InclusionDetail {
  readonly amount?: number | string;
  readonly unlimited?: boolean;
  /** For a feature of kind `value`. */
  readonly value?: number | string | boolean | readonly unknown[] | { readonly [key: string]: unknown };
  /** How often the amount comes back. `metered` needs it; `capacity` and `credits` last as long as the subscription. */
  readonly every?: WindowUnit | { readonly unit: WindowUnit; readonly count: number };
  /** Whether the tenant shares one amount or every subject has its own. */
  readonly per?: "tenant" | "subject";
  readonly onChange?: "keep" | "reset" | "prorate";
  /** Lower is drawn first; 100 where it is not said. */
  readonly priority?: number;
  readonly rollover?: { readonly cap: number | string; readonly windows?: number };
}

export interface PlanInput {
  readonly name: string;
  readonly description?: string;
  readonly tier: string;
  readonly addon?: boolean;
  readonly billing?: { readonly unit: "day" | "week" | "month" | "year"; readonly count?: number };
  readonly trialDays?: number;
  readonly afterTrial?: "active" | "expired";
  readonly paymentGraceDays?: number;
  readonly downgradeGraceDays?: number;
  readonly inclusions: { readonly [feature: string]: InclusionInput };
}

export interface ProductInput {
  readonly name: string;
  readonly description?: string;
  readonly inclusions: {
    readonly [feature: string]: number | "unlimited" | ProductInclusionDetail;
  };
}

export interface ProductInclusionDetail {
  readonly amount?: number | string;
  readonly unlimited?: boolean;
  /** How long what was bought can be used; for ever where it is not said. */
  readonly durationDays?: number;
  readonly priority?: number;
}

export interface CatalogInput {
  readonly tiers: { readonly [key: string]: TierInput };
  readonly features: { readonly [key: string]: FeatureInput };
  readonly capabilities?: { readonly [key: string]: CapabilityInput };
  readonly plans: { readonly [key: string]: PlanInput };
  readonly products?: { readonly [key: string]: ProductInput };
}

type Key<T> = keyof T & string;

/** The keys of a catalogue's features, or those of certain kinds. */
export type FeatureKey<C extends CatalogInput, Kind extends FeatureKind = FeatureKind> = {
  [K in Key<C["features"]>]: C["features"][K]["kind"] extends Kind ? K : never;
}[Key<C["features"]>];

/** The keys of a catalogue's capabilities, or those whose feature is of certain kinds. */
export type CapabilityKey<C extends CatalogInput, Kind extends FeatureKind = FeatureKind> = {
  [K in Key<NonNullable<C["capabilities"]>>]: NonNullable<C["capabilities"]>[K]["feature"] extends FeatureKey<C, Kind>
    ? K
    : never;
}[Key<NonNullable<C["capabilities"]>>];

export type PlanKey<C extends CatalogInput> = Key<C["plans"]>;

/**
 * What is asked of a reference that names nothing: it says so in words. `never` would make `never` of all that it stands in, and
 * the compiler would complain of everything but the reference.
 */
type NoSuch<What extends string> = { readonly [Problem in `there is no ${What} of this key`]: What };
type Reference<Given, What extends string, Keys> = Given extends Keys ? unknown : NoSuch<What>;

/** The catalogue with its references checked by the compiler: a tier, feature or capability that is not there is an error. */
type Checked<C extends CatalogInput> = {
  readonly features: {
    [K in keyof C["features"]]: C["features"][K] extends { readonly minimumTier: infer Tier }
      ? { readonly minimumTier: Reference<Tier, "tier", Key<C["tiers"]>> }
      : unknown;
  };
  readonly capabilities?: {
    [K in keyof C["capabilities"]]: C["capabilities"][K] extends { readonly feature: infer Feature }
      ? { readonly feature: Reference<Feature, "feature", Key<C["features"]>> }
      : unknown;
  };
  readonly plans: {
    [K in keyof C["plans"]]: {
      readonly tier: Reference<C["plans"][K]["tier"], "tier", Key<C["tiers"]>>;
      readonly inclusions: InclusionsOf<C, C["plans"][K]["inclusions"]>;
    };
  };
  readonly products?: {
    [K in keyof C["products"]]: C["products"][K] extends { readonly inclusions: infer Inclusions }
      ? { readonly inclusions: InclusionsOf<C, Inclusions> }
      : unknown;
  };
};
type InclusionsOf<C extends CatalogInput, Inclusions> = {
  [F in keyof Inclusions]: Reference<F, "feature", Key<C["features"]>>;
};

/**
 * Names a catalogue, so that its keys are known to the compiler wherever it is used. Nothing is checked or sent here;
 * `validateCatalog` checks it and `publishCatalog` publishes it.
 */
export function defineCatalog<const C extends CatalogInput>(catalog: C & Checked<C>): C {
  return catalog;
}
