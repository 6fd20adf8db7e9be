// The rule that writes a valid catalogue as the typed file an application keeps: what says no more than the default is left
// out, short forms are used, and the same catalogue is always the same text. Pure.
import type { Json } from "../foundation/canonical.ts";
import { asQuantity } from "../foundation/quantity.ts";
import type { ValidCatalog } from "./validation.ts";

type Fields = { readonly [key: string]: Json | undefined };

const WIDTH = 120;
const INDENT = "  ";

/** The catalogue as JSON without what goes without saying; valid, and the same catalogue when it is validated. */
export function briefCatalog(catalog: ValidCatalog): { readonly [section: string]: Json } {
  const { tiers, features, capabilities, plans, products } = catalog;
  const byRank = Object.entries(tiers).toSorted(([, one], [, other]) => one.rank - other.rank);
  return {
    tiers: Object.fromEntries(
      byRank.map(([key, { rank, name, description, category }]) => [
        key,
        said({ rank, name, description, category }, { description: "", category: "paid" }),
      ]),
    ),
    features: each(features, ({ kind, name, ...rest }) =>
      said({ kind, name, ...rest }, { description: "", enforcement: "hard", per: "tenant", alwaysOn: false }),
    ),
    capabilities: each(capabilities, (capability) => said(capability, { amount: 1, description: "" })),
    plans: each(plans, ({ name, description, tier, addon, inclusions, ...terms }) => ({
      ...said({ name, description, tier, addon }, { description: "", addon: false }),
      ...said(terms, {
        billing: { unit: "month", count: 1 },
        trialDays: 0,
        afterTrial: "expired",
        paymentGraceDays: 0,
        downgradeGraceDays: 7,
      }),
      inclusions: each(inclusions, (inclusion, feature) => briefInclusion(catalog, feature, inclusion)),
    })),
    products: each(products, ({ name, description, inclusions }) => ({
      ...said({ name, description }, { description: "" }),
      inclusions: each(inclusions, (inclusion) => short(said(inclusion, { unlimited: false, priority: 100 }))),
    })),
  };
}

/** The catalogue as a TypeScript file with `defineCatalog`. */
export function catalogSource(catalog: ValidCatalog): string {
  const text = written(briefCatalog(catalog), "", "export default defineCatalog(".length + 2);
  return `import { defineCatalog } from "@purser/engine";\n\nexport default defineCatalog(${text});\n`;
}

function briefInclusion(
  { features }: ValidCatalog,
  feature: string,
  inclusion: ValidCatalog["plans"][string]["inclusions"][string],
): Json {
  const { amount, value, every, rollover, ...rest } = inclusion;
  const brief = said({ amount, ...rest }, { unlimited: false, onChange: "keep", priority: 100 });
  const kind = features[feature]?.kind;
  if (kind === "value" && typeof value === "number" && asQuantity(value) !== undefined) {
    return Object.keys(brief).length === 0 ? value : { amount: value, ...brief };
  }
  return short({
    ...(value === undefined ? {} : { value }),
    ...brief,
    ...(every === undefined ? {} : { every: every.count === 1 ? every.unit : every }),
    ...(rollover === undefined ? {} : { rollover: said(rollover, { windows: 1 }) }),
  });
}

/** `true`, a number or `"unlimited"` where the particulars say no more. */
function short(particulars: Fields): Json {
  const keys = Object.keys(particulars);
  if (keys.length === 0) return true;
  if (keys.length > 1) return particulars;
  if (typeof particulars["amount"] === "number") return particulars["amount"];
  return particulars["unlimited"] === true ? "unlimited" : particulars;
}

function each<Entry>(entries: { readonly [key: string]: Entry }, brief: (entry: Entry, key: string) => Json): Fields {
  const inOrder = Object.entries(entries).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(inOrder.map(([key, entry]) => [key, brief(entry, key)]));
}

/** The fields that say something: those that are there and differ from the default. */
function said(fields: Fields, defaults: Fields): Fields {
  const differs = ([key, value]: [string, Json | undefined]) =>
    value !== undefined && JSON.stringify(value) !== JSON.stringify(defaults[key]);
  return Object.fromEntries(Object.entries(fields).filter(differs));
}

/** A value as TypeScript: on one line where it fits after `before` characters, else a line for each of its parts. */
function written(value: Json | undefined, indent: string, before: number): string {
  const line = onOneLine(value);
  if (indent.length + before + line.length <= WIDTH && indent !== "") return line;
  if (typeof value !== "object" || value === null) return line;
  const deeper = indent + INDENT;
  const parts = Array.isArray(value)
    ? value.map((item: Json) => `${deeper}${written(item, deeper, 1)},\n`)
    : Object.entries(value as Fields).map(([key, item]) => {
        const name = `${named(key)}: `;
        return `${deeper}${name}${written(item, deeper, name.length + 1)},\n`;
      });
  if (parts.length === 0) return line;
  return Array.isArray(value) ? `[\n${parts.join("")}${indent}]` : `{\n${parts.join("")}${indent}}`;
}

function onOneLine(value: Json | undefined): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map((item: Json) => onOneLine(item)).join(", ")}]`;
  const fields = Object.entries(value as Fields).map(([key, item]) => `${named(key)}: ${onOneLine(item)}`);
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

/** A key of `__proto__` set by name would be lost, so such a one is computed. */
function named(key: string): string {
  if (key === "__proto__") return '["__proto__"]';
  return /^[a-z_$][\w$]*$/i.test(key) ? key : JSON.stringify(key);
}
