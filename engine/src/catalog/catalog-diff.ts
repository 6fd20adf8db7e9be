// The rule of what differs between two catalogues. Pure, and one walk over both: its cost grows with their size alone.
import { canonicalJson, type Json } from "../foundation/canonical.ts";
import type { VersionRow } from "../store/catalog.ts";
import { nextVersions } from "./catalog-rows.ts";
import type { ValidCatalog } from "./validation.ts";

const sections = ["tiers", "features", "capabilities", "plans", "products"] as const;
export type CatalogSection = (typeof sections)[number];

/** One place at which two catalogues differ; an absent side says that there was nothing, or is nothing any more. */
export interface CatalogChange {
  /** As in `plans.pro.inclusions.projects.max.amount`. */
  readonly path: string;
  readonly from?: Json;
  readonly to?: Json;
}

/** What happened to the entries of one section, by their keys in alphabetical order. */
export interface SectionDiff {
  readonly added: readonly string[];
  /** Off sale from now on; who holds it keeps it. */
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

export interface CatalogDiff {
  /** Whether publishing would change nothing. */
  readonly equal: boolean;
  /** Whether nothing would be on sale any more, though something is: to publish that has to be confirmed. */
  readonly emptying: boolean;
  readonly sections: { readonly [section in CatalogSection]: SectionDiff };
  /** Every change inside the changed entries, by path. */
  readonly changes: readonly CatalogChange[];
  /** Which plans and products get a new version; `from` is 0 for a first one. */
  readonly versions: readonly {
    readonly of: "plan" | "product";
    readonly key: string;
    readonly from: number;
    readonly to: number;
  }[];
}

/** Compares a valid catalogue with the newest published one, if there is any; `known` are its newest versions. */
export function diffCatalog(
  published: ValidCatalog | undefined,
  wanted: ValidCatalog,
  known: readonly VersionRow[],
): CatalogDiff {
  const changes: CatalogChange[] = [];
  const diffs = sections.map((section) => {
    const diff = sectionDiff(section, published?.[section] ?? {}, wanted[section], changes);
    return [section, diff] as const;
  });
  const untouched = diffs.every(
    ([, { added, removed, changed }]) => added.length + removed.length + changed.length === 0,
  );
  return {
    equal: published !== undefined && untouched,
    emptying: isEmptying(published, wanted),
    sections: Object.fromEntries(diffs) as unknown as CatalogDiff["sections"],
    changes,
    versions: nextVersions(wanted, known).map(({ of, key, from, to }) => ({ of, key, from, to })),
  };
}

/** Whether a catalogue takes the last plan and the last product off sale. */
export function isEmptying(published: ValidCatalog | undefined, wanted: ValidCatalog): boolean {
  return published !== undefined && !sellsNothing(published) && sellsNothing(wanted);
}

/** Whether a catalogue has neither a plan nor a product. */
export function sellsNothing({ plans, products }: ValidCatalog): boolean {
  return Object.keys(plans).length + Object.keys(products).length === 0;
}

type Entries = { readonly [key: string]: Json };

function sectionDiff(section: string, from: Entries, to: Entries, changes: CatalogChange[]): SectionDiff {
  const [added, removed, changed]: string[][] = [[], [], []];
  for (const key of keysOf(from, to)) {
    if (!Object.hasOwn(from, key)) added?.push(key);
    else if (!Object.hasOwn(to, key)) removed?.push(key);
    else {
      const before = changes.length;
      compare(`${section}.${key}`, from[key], to[key], changes);
      if (changes.length > before) changed?.push(key);
    }
  }
  return { added: added ?? [], removed: removed ?? [], changed: changed ?? [] };
}

function compare(path: string, from: Json | undefined, to: Json | undefined, changes: CatalogChange[]): void {
  if (isObject(from) && isObject(to)) {
    for (const key of keysOf(from, to)) compare(`${path}.${key}`, from[key], to[key], changes);
  } else if (canonicalJson(from) !== canonicalJson(to) || (from === undefined) !== (to === undefined)) {
    changes.push({ path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) });
  }
}

/** The keys that stand in either, in alphabetical order; one whose value is undefined does not stand there. */
function keysOf(one: { readonly [key: string]: Json | undefined }, other: typeof one): string[] {
  const there = (object: typeof one) => Object.keys(object).filter((key) => object[key] !== undefined);
  return [...new Set([...there(one), ...there(other)])].toSorted();
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
