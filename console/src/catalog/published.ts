// The published catalogue as the console shows it. What it does not know it leaves out: a newer server may say more.
import { type Client, PurserError } from "@purser/sdk";

export interface ShownFeature {
  readonly kind: string;
  readonly name: string;
  readonly unit: string | undefined;
  readonly minimumTier: string | undefined;
}
export interface ShownPlan {
  readonly name: string;
  readonly tier: string;
  readonly inclusions: Readonly<Record<string, unknown>>;
  /** The status after its trial; undefined where it has none. */
  readonly afterTrial: string | undefined;
}
export interface Published {
  readonly revision: number;
  readonly publishedBy: string;
  readonly publishedAt: string;
  /** As it was published. */
  readonly content: unknown;
  readonly tiers: Readonly<Record<string, { readonly name: string; readonly rank: number; readonly category: string }>>;
  readonly features: Readonly<Record<string, ShownFeature>>;
  readonly plans: Readonly<Record<string, ShownPlan>>;
  readonly capabilities: Readonly<Record<string, { readonly feature: string; readonly amount: number }>>;
  readonly products: Readonly<
    Record<string, { readonly name: string; readonly inclusions: Readonly<Record<string, unknown>> }>
  >;
}

/** Undefined where none has been published, or the session may not read it. */
export async function publishedCatalog(client: Client): Promise<Published | undefined> {
  try {
    const published = await client.catalog.published();
    if (published === undefined) return undefined;
    const { catalog: content, ...revision } = published;
    return { ...revision, content, ...shownCatalog(inReadingOrder(content)) };
  } catch (error) {
    if (error instanceof PurserError && error.code === "scope_missing") return undefined;
    throw error;
  }
}

function shownCatalog(content: unknown): Pick<Published, "tiers" | "features" | "capabilities" | "plans" | "products"> {
  const of = objectOf(content);
  return {
    tiers: entriesOf(of["tiers"], (key, { name, rank, category }) => ({
      name: textOf(name) ?? key,
      rank: Number(rank),
      category: textOf(category) ?? "",
    })),
    features: entriesOf(of["features"], (key, { name, kind, unit, minimumTier }) => ({
      name: textOf(name) ?? key,
      kind: textOf(kind) ?? "",
      unit: textOf(unit),
      minimumTier: textOf(minimumTier),
    })),
    capabilities: entriesOf(of["capabilities"], (_, { feature, amount }) => ({
      feature: textOf(feature) ?? "",
      amount: Number(amount ?? 1),
    })),
    plans: entriesOf(of["plans"], (key, { name, tier, inclusions, trialDays, afterTrial }) => ({
      name: textOf(name) ?? key,
      tier: textOf(tier) ?? "",
      inclusions: objectOf(inclusions),
      afterTrial: Number(trialDays) > 0 ? textOf(afterTrial) : undefined,
    })),
    products: entriesOf(of["products"], (key, { name, inclusions }) => ({
      name: textOf(name) ?? key,
      inclusions: objectOf(inclusions),
    })),
  };
}

export function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

const INDENT = 2;

/** A catalogue as people read it. */
export const printed = (content: unknown) => JSON.stringify(inReadingOrder(content), undefined, INDENT);

/**
 * From what the others refer to, to what refers to them; tiers by their rank, everything else by its key. The database keeps
 * no order of its own.
 */
function inReadingOrder(content: unknown): Record<string, unknown> {
  const { tiers, features, capabilities, plans, products, ...rest } = objectOf(content);
  return {
    tiers: sorted(tiers, rankOf),
    features: sorted(features),
    capabilities: sorted(capabilities),
    plans: withInclusions(plans),
    products: withInclusions(products),
    ...rest,
  };
}

const rankOf = (tier: unknown) => Number(objectOf(tier)["rank"]);

function sorted(section: unknown, rank: (entry: unknown) => number = () => 0): Record<string, unknown> {
  const byKey = Object.entries(objectOf(section)).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(byKey.toSorted(([, one], [, other]) => rank(one) - rank(other)));
}

function withInclusions(section: unknown): Record<string, unknown> {
  const entries = Object.entries(sorted(section)).map(([key, entry]) => {
    const { inclusions, ...rest } = objectOf(entry);
    // Left out is kept, and empty is cleared: what is not said must not become what is.
    return [key, inclusions === undefined ? rest : { ...rest, inclusions: sorted(inclusions) }] as const;
  });
  return Object.fromEntries(entries);
}

const textOf = (value: unknown) => (typeof value === "string" ? value : undefined);

/** Without a prototype: a key such as `constructor` names an entry or nothing. */
function entriesOf<Entry>(
  value: unknown,
  read: (key: string, entry: Record<string, unknown>) => Entry,
): Record<string, Entry> {
  const entries = Object.entries(objectOf(value)).map(([key, entry]) => [key, read(key, objectOf(entry))] as const);
  return Object.assign(Object.create(null) as Record<string, Entry>, Object.fromEntries(entries));
}
