// The rule that turns another system's JSON entitlements into typed inclusions: the same source on the same catalogue always
// gives the same one. What cannot be turned without guessing is a problem that names its path and its row. Pure.
import { asQuantity } from "../foundation/quantity.ts";
import {
  importShape,
  type ImportedPlan,
  type ImportedProduct,
  type ImportSource,
  type PlanEntry,
  type ProductEntry,
} from "./import-source.ts";
import { inSentences } from "./shape-problem.ts";
import { type CatalogProblem, problemAt, type ValidCatalog, validateCatalog } from "./validation.ts";

/** A problem of a source, with the row as its people know it. */
export interface ImportProblem extends CatalogProblem {
  /** As in `plan pro, entitlement projects.max`. */
  readonly row: string;
}

export interface ImportedCatalog {
  /** What is published, with the plans and products of the source. */
  readonly catalog: ValidCatalog;
  readonly source: ImportSource;
  /** Products that grant nothing by their own account, and are left out. */
  readonly notGranting: readonly string[];
  /** Places that have no meaning here and were left behind. */
  readonly ignored: readonly string[];
}

/** A step of a path; numbers are places in a list. */
type Step = string | number;
type Inclusions = Record<string, unknown>;

/** Reads a source against the published catalogue, whose features are the definitions that codes may name. */
export function importedCatalog(
  published: ValidCatalog,
  input: unknown,
): ImportedCatalog | { readonly problems: readonly ImportProblem[] } {
  const parsed = importShape.safeParse(input, inSentences);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => ({
      ...problemAt(path, message),
      row: rowAt(input, path),
    }));
    return { problems };
  }
  const source = parsed.data;
  if (isObject(input) && Object.keys(input).length === 0) {
    return { problems: [{ ...problemAt([], "has none of plans, products and tenants: name one"), row: "the whole" }] };
  }
  const reading = new Reading(published);
  const plans = source.plans.map((plan, i) => [plan.key, reading.plan(plan, i)] as const);
  const granting = source.products.filter((product) => isGranting(product, published));
  const products = granting.map((product) => {
    return [product.key, reading.product(product, source.products.indexOf(product))] as const;
  });
  reading.uniqueness("plans", "plan", source.plans);
  reading.uniqueness("products", "product", source.products);
  if (reading.problems.length > 0) return { problems: reading.problems };

  const whole = {
    ...published,
    plans: { ...published.plans, ...Object.fromEntries(plans) },
    products: { ...published.products, ...Object.fromEntries(products) },
  };
  const checked = validateCatalog(whole);
  if ("problems" in checked) {
    return { problems: checked.problems.map((problem) => ({ ...problem, row: "the catalogue with it" })) };
  }
  const notGranting = source.products.filter((product) => !granting.includes(product)).map((product) => product.key);
  return { catalog: checked.catalog, source, notGranting, ignored: reading.ignored };
}

/**
 * Whether a product grants anything: it has inclusions already, or its payload's list of entitlements is there, or that of
 * its migration metadata is.
 */
export function isGranting(product: ImportedProduct, published: ValidCatalog): boolean {
  const before = Object.hasOwn(published.products, product.key) ? published.products[product.key]?.inclusions : {};
  return Object.keys(before ?? {}).length > 0 || entriesOf(product) !== undefined;
}

/** The payload's list; without one that of the migration metadata. */
function entriesOf(product: ImportedProduct): { readonly at: Step[]; readonly entries: ProductEntry[] } | undefined {
  if (Array.isArray(product.entitlements)) return { at: ["entitlements"], entries: product.entitlements };
  const fromMetadata = product.metadata?.entitlements;
  if (Array.isArray(fromMetadata)) return { at: ["metadata", "entitlements"], entries: fromMetadata };
  return undefined;
}

const windows = ["hour", "day", "week", "month", "year", "billing_period", "lifetime"];
const amountNames = ["amount", "limit", "max"] as const;
const valueNames = [...amountNames, "unlimited", "enabled", "value", "interval"];
/** How a product's grant ends: by itself after so many days, or not at all. */
const grantKinds: Readonly<Record<string, "timed" | "lasting">> = {
  timeboxed: "timed",
  timeboxed_addon: "timed",
  time_boxed: "timed",
  one_off: "lasting",
  one_off_topup: "lasting",
  top_up: "lasting",
  topup: "lasting",
};

class Reading {
  readonly problems: ImportProblem[] = [];
  readonly ignored: string[] = [];
  readonly #published: ValidCatalog;

  constructor(published: ValidCatalog) {
    this.#published = published;
  }

  uniqueness(section: string, word: string, rows: readonly { readonly key: string }[]): void {
    for (const [i, { key }] of rows.entries()) {
      if (rows.findIndex((row) => row.key === key) < i)
        this.#report([section, i, "key"], `${word} ${key}`, "named twice");
    }
  }

  /** The plan as published, with what the source says put over it. No list of entitlements leaves them as they are. */
  plan({ key, entitlements, ...given }: ImportedPlan, at: number): unknown {
    const before = Object.hasOwn(this.#published.plans, key) ? this.#published.plans[key] : undefined;
    const { inclusions: _typed, ...fields } = given;
    if (_typed !== undefined) {
      this.#report(["plans", at, "inclusions"], `plan ${key}`, "is typed already; an import brings entitlements");
    }
    if (!Array.isArray(entitlements)) return { ...before, ...fields };
    const read = (entry: PlanEntry, feature: string, path: Step[], row: string) =>
      this.#planInclusion(entry, feature, before?.inclusions[feature], path, row);
    return {
      ...before,
      ...fields,
      inclusions: this.#entries(["plans", at, "entitlements"], `plan ${key}`, entitlements, read),
    };
  }

  product(product: ImportedProduct, at: number): unknown {
    const { key, name, description } = product;
    const before = Object.hasOwn(this.#published.products, key) ? this.#published.products[key] : undefined;
    const fields = { name: name ?? before?.name ?? key, description: description ?? before?.description ?? "" };
    const found = entriesOf(product);
    if (found === undefined) return { ...fields, inclusions: before?.inclusions };
    for (const other of Object.keys(product.metadata ?? {})) {
      if (other !== "entitlements") this.ignored.push(problemAt(["products", at, "metadata", other], "").path);
    }
    const path = ["products", at, ...found.at];
    if (found.entries.length === 0) this.#report(path, `product ${key}`, "a granting product with no inclusion");
    const read = (entry: ProductEntry, _feature: string, of: Step[], row: string) =>
      this.#productInclusion(entry, of, row);
    return { ...fields, inclusions: this.#entries(path, `product ${key}`, found.entries, read) };
  }

  #report(path: readonly Step[], row: string, problem: string): undefined {
    this.problems.push({ ...problemAt(path, problem), row });
  }

  #entries<Entry extends { code?: unknown }>(
    path: Step[],
    of: string,
    entries: readonly Entry[],
    read: (entry: Entry, feature: string, path: Step[], row: string) => unknown,
  ): Inclusions {
    const inclusions: Inclusions = {};
    for (const [i, entry] of entries.entries()) {
      const code = typeof entry.code === "string" ? entry.code : "";
      const [place, row] = [[...path, i], `${of}, entitlement ${code === "" ? i : code}`];
      if (!Object.hasOwn(this.#published.features, code)) {
        this.#report([...place, "code"], row, "is no definition: there is no feature of this key");
      } else if (Object.hasOwn(inclusions, code)) {
        this.#report([...place, "code"], row, "named twice");
      } else {
        const inclusion = read(entry, code, place, row);
        if (inclusion !== undefined) inclusions[code] = inclusion;
      }
    }
    return inclusions;
  }

  #planInclusion(
    { schemaVersion, valueJson }: PlanEntry,
    feature: string,
    before: ValidCatalog["plans"][string]["inclusions"][string] | undefined,
    path: Step[],
    row: string,
  ): unknown {
    if (!isFirstVersion(schemaVersion)) {
      return this.#report([...path, "schemaVersion"], row, "is not version 1, the only one that is known");
    }
    const at = [...path, "valueJson"];
    if (!isObject(valueJson)) return this.#report(at, row, "is no object");
    for (const key of Object.keys(valueJson)) {
      if (!valueNames.includes(key)) this.ignored.push(problemAt([...at, key], "").path);
    }
    const kind = this.#published.features[feature]?.kind;
    const { unlimited, enabled, interval } = valueJson;
    if (unlimited !== undefined && unlimited !== null && typeof unlimited !== "boolean") {
      return this.#report([...at, "unlimited"], row, "is neither true nor false");
    }
    const found = this.#amount(valueJson, at, row);
    if (found === "refused") return undefined;
    const amount = found.quantity;
    if (unlimited === true && amount !== undefined) {
      return this.#report(at, row, "is ambiguous: unlimited, and an amount");
    }
    const hasInterval = interval !== undefined && interval !== null;
    if (hasInterval && !(typeof interval === "string" && windows.includes(interval))) {
      return this.#report([...at, "interval"], row, `is no window: one of ${windows.join(", ")}`);
    }
    if (hasInterval && kind !== "metered" && kind !== "credits") {
      return this.#report([...at, "interval"], row, `a ${kind} has no window`);
    }
    if (kind === "flag") {
      if (enabled !== undefined && enabled !== null && typeof enabled !== "boolean") {
        return this.#report([...at, "enabled"], row, "is neither true nor false");
      }
      if (enabled === false)
        return amount === undefined || Number(amount) === 0
          ? undefined
          : this.#report(at, row, "is ambiguous: not enabled, and an amount");
      return amount !== undefined && Number(amount) === 0 ? undefined : true;
    }
    if (kind === "value") {
      const { value } = valueJson;
      if (value !== undefined && value !== null && amount !== undefined) {
        return this.#report(at, row, "is ambiguous: a value, and an amount");
      }
      if (amount !== undefined) return { amount };
      return value === undefined || value === null ? this.#report(at, row, "has no value") : { value };
    }
    if (amount === undefined && unlimited !== true) {
      return this.#report(at, row, `has no amount: none of ${amountNames.join(", ")}`);
    }
    const every = hasInterval ? interval : this.#window(feature, kind, before?.every, at, row);
    if (every === "refused") return undefined;
    const comesBack = every === undefined ? {} : { every };
    // What the entry has no words for stays as the plan has it.
    const { per, onChange = "keep", priority = 100, rollover } = before ?? {};
    const kept = { ...(per === undefined ? {} : { per }), onChange, priority };
    if (unlimited === true) return { ...kept, ...comesBack, unlimited: true };
    const rolls = rollover === undefined || every === undefined ? {} : { rollover };
    return { ...kept, ...comesBack, ...rolls, amount };
  }

  /** The window of an amount that names none: that of the plan until now, else the one that all plans agree on. */
  #window(
    feature: string,
    kind: string | undefined,
    before: { readonly unit: string; readonly count: number } | undefined,
    at: Step[],
    row: string,
  ): unknown {
    if (before !== undefined || kind !== "metered") return before;
    const said = Object.values(this.#published.plans).flatMap(({ inclusions }) => inclusions[feature]?.every ?? []);
    const different = new Map(said.map((every) => [JSON.stringify([every.unit, every.count]), every]));
    if (different.size > 1) {
      this.#report([...at, "interval"], row, "is missing, and the plans have different windows for this feature");
      return "refused";
    }
    return [...different.values()][0] ?? "billing_period";
  }

  /** The one amount of an entry: what the names that are there agree on, exactly. */
  #amount(
    value: { readonly [key: string]: unknown },
    at: Step[],
    row: string,
  ): { readonly quantity: string | undefined } | "refused" {
    const there = amountNames.filter((name) => value[name] !== undefined && value[name] !== null);
    const [first] = there;
    if (first === undefined) return { quantity: undefined };
    for (const name of there) {
      if (asQuantity(value[name]) === undefined) {
        this.#report([...at, name], row, "is no amount: at most 6 fractional and 15 significant digits, not negative");
        return "refused";
      }
    }
    const other = there.find((name) => Number(value[name]) !== Number(value[first]));
    if (other === undefined) return { quantity: asQuantity(value[first]) };
    this.#report(
      [...at, other],
      row,
      `is ambiguous: ${first} says ${String(value[first])}, ${other} ${String(value[other])}`,
    );
    return "refused";
  }

  #productInclusion(entry: ProductEntry, path: Step[], row: string): unknown {
    const { amount, grantKind, durationDays, metadata } = entry;
    if (asQuantity(amount) === undefined || Number(amount) === 0) {
      return this.#report(
        [...path, "amount"],
        row,
        "is no amount: more than zero, at most 6 fractional and 15 significant digits",
      );
    }
    const timed = durationDays !== undefined && durationDays !== null;
    if (
      timed &&
      !(
        typeof durationDays === "number" &&
        Number.isInteger(durationDays) &&
        durationDays >= 1 &&
        durationDays <= 36_600
      )
    ) {
      return this.#report([...path, "durationDays"], row, "is no duration: a whole number of days from 1 to 36600");
    }
    if (grantKind !== undefined && grantKind !== null) {
      const word = typeof grantKind === "string" ? grantKind : "";
      const wanted = Object.hasOwn(grantKinds, word) ? grantKinds[word] : undefined;
      if (wanted === undefined) {
        return this.#report([...path, "grantKind"], row, `is not known: one of ${Object.keys(grantKinds).join(", ")}`);
      }
      if (timed !== (wanted === "timed")) {
        const why = timed ? `does not go with grantKind ${word}` : `is missing, and grantKind is ${word}`;
        return this.#report([...path, "durationDays"], row, why);
      }
    }
    if (metadata !== undefined && metadata !== null) {
      if (!isObject(metadata)) return this.#report([...path, "metadata"], row, "is no object");
      if (Object.keys(metadata).length > 0) this.ignored.push(problemAt([...path, "metadata"], "").path);
    }
    return { amount, ...(timed ? { durationDays } : {}) };
  }
}

/** Version 1, however it is written: 1, "1", "v1", "entitlement.quota.v1". Not said is version 1. */
function isFirstVersion(version: unknown): boolean {
  if (version === undefined || version === null || version === 1 || version === "1") return true;
  return typeof version === "string" && /^(.*\.)?v1$/.test(version);
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The row that a path lies in, by the id it has in the source if it has one. */
function rowAt(input: unknown, path: readonly PropertyKey[]): string {
  const [section, index] = path;
  if (typeof section !== "string" || typeof index !== "number" || !isObject(input)) return "the whole";
  const rows = input[section];
  const row: unknown = Array.isArray(rows) ? rows[index] : undefined;
  const id = isObject(row) ? (row["key"] ?? row["tenant"]) : undefined;
  return `${section.replace(/s$/, "")} ${typeof id === "string" ? id : `${index + 1}`}`;
}
