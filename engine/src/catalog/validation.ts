// The rule of what a catalogue may say. Pure: the same for a typed file, for JSON from anywhere and for the console.
import { z } from "zod";
import { asQuantity } from "../foundation/quantity.ts";
import { isKey, isStorable } from "../foundation/text.ts";
import { inSentences } from "./shape-problem.ts";

/** Where a catalogue is wrong and why. */
export interface CatalogProblem {
  /** For people, as in `plans.pro.inclusions.projects.max.amount`. */
  readonly path: string;
  /** The same place as a JSON pointer: keys may hold dots. */
  readonly pointer: string;
  readonly problem: string;
}

/** A problem at a place that is named step by step. */
export function problemAt(steps: readonly PropertyKey[], problem: string): CatalogProblem {
  const names = steps.map(String);
  const pointer = names.map((name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  return { path: names.join("."), pointer, problem };
}

const key = z.string().refine(isKey, "a key is 1 to 63 of a-z 0-9 _ . : - and begins with a letter");
const text = z.string().max(2000).refine(isStorable, "not storable text");
const AN_AMOUNT = "must be an amount: a number of 0 or more, with at most 6 fractional and 15 significant digits";
const quantity = z
  .union([z.number(), z.string()], { error: AN_AMOUNT })
  .refine((value) => asQuantity(value) !== undefined, AN_AMOUNT)
  // Fifteen digits fit a number exactly, and 5, "5" and "5.0" are one amount.
  .transform(Number);
const positive = quantity.refine((value) => value > 0, "must be more than zero");
const days = z.int().min(0).max(3660);
const windowUnits = ["hour", "day", "week", "month", "year", "billing_period", "lifetime"] as const;
const A_WINDOW = `must be one of ${windowUnits.join(", ")}, or { unit, count }`;
const windowUnit = z.enum(windowUnits);
const count = z.int().min(1).max(1200);
const priority = z.int().min(0).max(1000);
const jsonValue = z.json();

const tier = z.strictObject({
  rank: z.int().min(0).max(1000),
  name: text.min(1),
  description: text.default(""),
  category: z.enum(["free", "paid", "enterprise"]).default("paid"),
});

const feature = z.strictObject({
  kind: z.enum(["flag", "value", "capacity", "metered", "credits"]),
  name: text.min(1),
  description: text.default(""),
  unit: text.optional(),
  minimumTier: key.optional(),
  enforcement: z.enum(["hard", "soft", "observe"]).default("hard"),
  onDowngrade: z.enum(["disabled", "frozen", "degraded"]).optional(),
  degradedValue: z.union([z.number(), text, z.boolean()]).optional(),
  per: z.enum(["tenant", "subject"]).default("tenant"),
  alwaysOn: z.boolean().default(false),
});

const capability = z.strictObject({ feature: key, amount: positive.default(1), description: text.default("") });

const inclusionDetail = z.strictObject({
  amount: quantity.optional(),
  unlimited: z.boolean().default(false),
  value: jsonValue.optional(),
  every: z
    .union([windowUnit.transform((unit) => ({ unit, count: 1 })), z.strictObject({ unit: windowUnit, count })], {
      error: A_WINDOW,
    })
    .optional(),
  per: z.enum(["tenant", "subject"]).optional(),
  onChange: z.enum(["keep", "reset", "prorate"]).default("keep"),
  priority: priority.default(100),
  rollover: z.strictObject({ cap: positive, windows: count.default(1) }).optional(),
});

/** The short forms of an inclusion, written out: `true`, a number, `"unlimited"`. */
function writtenOut(given: unknown): unknown {
  if (given === true) return {};
  if (given === "unlimited") return { unlimited: true };
  return typeof given === "number" ? { amount: given } : given;
}

const inclusion = z.preprocess(writtenOut, inclusionDetail);

/** Who has no inclusions may say so with an empty list as well, as JSON from elsewhere does. */
function withoutEmptyList(given: unknown): unknown {
  return Array.isArray(given) && given.length === 0 ? {} : given;
}

const plan = z.strictObject({
  name: text.min(1),
  description: text.default(""),
  tier: key,
  addon: z.boolean().default(false),
  billing: z
    .strictObject({ unit: z.enum(["day", "week", "month", "year"]), count: count.default(1) })
    .default({ unit: "month", count: 1 }),
  trialDays: days.default(0),
  afterTrial: z.enum(["active", "expired"]).default("expired"),
  paymentGraceDays: days.default(0),
  downgradeGraceDays: days.default(7),
  inclusions: z.preprocess(withoutEmptyList, z.record(key, inclusion)),
});

const productDetail = z.strictObject({
  amount: positive.optional(),
  unlimited: z.boolean().default(false),
  durationDays: z.int().min(1).max(36600).optional(),
  priority: priority.default(100),
});

const product = z.strictObject({
  name: text.min(1),
  description: text.default(""),
  inclusions: z.preprocess(withoutEmptyList, z.record(key, z.preprocess(writtenOut, productDetail))),
});

const catalogShape = z.strictObject({
  tiers: z.record(key, tier),
  features: z.record(key, feature),
  capabilities: z.record(key, capability).default({}),
  plans: z.record(key, plan),
  products: z.record(key, product).default({}),
});

/** A catalogue with every default written out. */
export type ValidCatalog = z.infer<typeof catalogShape>;
type ValidInclusion = ValidCatalog["plans"][string]["inclusions"][string];

/** Checks a catalogue, whole: answers it with every default written out, or all its problems, each with its path. */
export function validateCatalog(
  input: unknown,
): { readonly catalog: ValidCatalog } | { readonly problems: readonly CatalogProblem[] } {
  const parsed = catalogShape.safeParse(input, inSentences);
  if (!parsed.success) return { problems: parsed.error.issues.map(({ path, message }) => problemAt(path, message)) };
  const problems = [...referenceProblems(parsed.data), ...inclusionProblems(parsed.data)];
  return problems.length > 0 ? { problems } : { catalog: withValues(parsed.data) };
}

/** The amount of a `value` is its number: both spellings mean the same and leave as one. */
function withValues(catalog: ValidCatalog): ValidCatalog {
  const isValue = (featureKey: string) => catalog.features[featureKey]?.kind === "value";
  const plans = Object.entries(catalog.plans).map(([name, given]) => {
    const inclusions = Object.entries(given.inclusions).map(([featureKey, { amount, ...rest }]) => [
      featureKey,
      amount === undefined ? rest : isValue(featureKey) ? { ...rest, value: amount } : { ...rest, amount },
    ]);
    return [name, { ...given, inclusions: Object.fromEntries(inclusions) }];
  });
  return { ...catalog, plans: Object.fromEntries(plans) };
}

function referenceProblems({ tiers, features, capabilities, plans }: ValidCatalog): CatalogProblem[] {
  const problems: CatalogProblem[] = [];
  const report = (steps: readonly string[], problem: string) => problems.push(problemAt(steps, problem));
  const ranks = new Map<number, string>();
  for (const [name, { rank }] of Object.entries(tiers)) {
    const other = ranks.get(rank);
    if (other !== undefined) report(["tiers", name, "rank"], `the same rank as ${other}`);
    ranks.set(rank, name);
  }
  for (const [name, { minimumTier, onDowngrade, degradedValue }] of Object.entries(features)) {
    if (minimumTier !== undefined && !Object.hasOwn(tiers, minimumTier)) {
      report(["features", name, "minimumTier"], `there is no tier ${minimumTier}`);
    }
    if ((onDowngrade === "degraded") !== (degradedValue !== undefined)) {
      report(["features", name, "degradedValue"], "goes with onDowngrade: degraded, and only with it");
    }
  }
  for (const [name, { feature: of }] of Object.entries(capabilities)) {
    if (!Object.hasOwn(features, of)) report(["capabilities", name, "feature"], `there is no feature ${of}`);
    if (Object.hasOwn(features, name)) report(["capabilities", name], "a feature has this key already");
  }
  for (const [name, { tier: of }] of Object.entries(plans)) {
    if (!Object.hasOwn(tiers, of)) report(["plans", name, "tier"], `there is no tier ${of}`);
  }
  return problems;
}

function inclusionProblems({ tiers, features, plans, products }: ValidCatalog): CatalogProblem[] {
  const problems: CatalogProblem[] = [];
  for (const [planKey, { inclusions, tier: tierKey }] of Object.entries(plans)) {
    for (const [featureKey, given] of Object.entries(inclusions)) {
      const report = (problem: string) =>
        problems.push(problemAt(["plans", planKey, "inclusions", featureKey], problem));
      const of = Object.hasOwn(features, featureKey) ? features[featureKey] : undefined;
      if (of === undefined) {
        report(`there is no feature ${featureKey}`);
        continue;
      }
      const least = of.minimumTier === undefined ? 0 : (tiers[of.minimumTier]?.rank ?? 0);
      if ((tiers[tierKey]?.rank ?? 0) < least) {
        report(`needs tier ${of.minimumTier}, and the plan is of tier ${tierKey}`);
      }
      for (const problem of misfits(of.kind, given)) report(problem);
    }
  }
  for (const [productKey, { inclusions }] of Object.entries(products)) {
    for (const [featureKey, given] of Object.entries(inclusions)) {
      const report = (problem: string) =>
        problems.push(problemAt(["products", productKey, "inclusions", featureKey], problem));
      const of = Object.hasOwn(features, featureKey) ? features[featureKey] : undefined;
      if (of === undefined) report(`there is no feature ${featureKey}`);
      else if (of.kind === "flag" || of.kind === "value") report(`a ${of.kind} has no amount to buy`);
      else if (given.unlimited === (given.amount !== undefined)) {
        report("needs an amount or unlimited, and not both");
      }
    }
  }
  return problems;
}

/** Which particulars of an inclusion do not fit the feature's kind. */
function misfits(kind: ValidCatalog["features"][string]["kind"], given: ValidInclusion): string[] {
  const problems: string[] = [];
  const amounts = given.amount !== undefined || given.unlimited;
  if (kind === "flag" || kind === "value") {
    if (amounts && !(kind === "value" && given.amount !== undefined && given.value === undefined)) {
      problems.push(`a ${kind} has no amount`);
    }
    if (given.every !== undefined) problems.push(`a ${kind} has no window`);
    if (given.per === "subject") problems.push(`a ${kind} is the tenant's`);
    if (kind === "flag" && given.value !== undefined) problems.push("a flag has no value");
    if (kind === "value" && given.value === undefined && !amounts) problems.push("needs a value");
    return problems;
  }
  if (given.value !== undefined) problems.push(`a ${kind} feature has an amount and no value`);
  if (given.unlimited === (given.amount !== undefined)) problems.push("needs an amount or unlimited, and not both");
  if (kind === "metered" && given.every === undefined) problems.push("needs a window: every");
  if (kind === "capacity" && given.every !== undefined) problems.push("a capacity has no window");
  if (given.rollover !== undefined && (given.every === undefined || given.unlimited)) {
    problems.push("only an amount that comes back can roll over");
  }
  return problems;
}
