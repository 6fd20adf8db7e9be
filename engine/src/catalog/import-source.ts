// What another system's entitlements look like when they are handed over: plans and products with their entries in JSON, and
// the tenants that hold them. Only the shape is judged here, and nothing is read from it once it has been imported.
import { z } from "zod";
import { isKey, isStorable } from "../foundation/text.ts";

const text = z.string().max(2000).refine(isStorable, "not storable text");
const name = z.string().min(1).max(200).refine(isStorable, "not storable text");
/** Part of the key that lets the row be imported only once, beside a feature's key. */
const rowId = z
  .union([z.string().min(1).max(120).refine(isStorable, "not storable text"), z.int().min(0)])
  .transform(String);
const key = z.string().refine(isKey, "a key is 1 to 63 of a-z 0-9 _ . : - and begins with a letter");
const instant = z.iso.datetime({ offset: true }).transform((written) => new Date(written));
const anything = z.unknown();
const bag = z.record(z.string(), anything);

const planEntry = z.strictObject({
  code: anything.optional(),
  schemaVersion: anything.optional(),
  valueJson: anything.optional(),
});
const productEntry = z.strictObject({
  code: anything.optional(),
  amount: anything.optional(),
  grantKind: anything.optional(),
  durationDays: anything.optional(),
  metadata: anything.optional(),
});

/** Whatever a plan of the catalogue may say, besides; judged with the catalogue. */
const plan = z.looseObject({ key, entitlements: z.array(planEntry).nullish() });
const product = z.strictObject({
  key,
  name: text.optional(),
  description: text.optional(),
  entitlements: z.array(productEntry).nullish(),
  metadata: z.looseObject({ entitlements: z.array(productEntry).nullish() }).nullish(),
});

const tenant = z.strictObject({
  tenant: name,
  name: text.optional(),
  mode: z.enum(["live", "test"]).optional(),
  timeZone: z.string().optional(),
  currency: z.string().optional(),
  metadata: bag.optional(),
  plan: z
    .strictObject({
      plan: key,
      version: z.int().min(1).max(2_147_483_647).optional(),
      billingAnchor: instant.optional(),
    })
    .nullish(),
  purchases: z
    .array(
      z.strictObject({
        id: rowId,
        product: key,
        purchasedAt: instant,
        quantity: z.int().min(1).max(1_000_000).default(1),
        subject: name.optional(),
      }),
    )
    .default([]),
  /** What is already used of the current window or of what was bought. */
  consumed: z
    .array(
      z.strictObject({ id: rowId, code: key, amount: z.union([z.number(), z.string()]), subject: name.optional() }),
    )
    .default([]),
});

export const importShape = z.strictObject({
  plans: z.array(plan).default([]),
  products: z.array(product).default([]),
  tenants: z.array(tenant).default([]),
});

export type ImportSource = z.output<typeof importShape>;
export type ImportedPlan = ImportSource["plans"][number];
export type ImportedProduct = ImportSource["products"][number];
export type ImportedTenant = ImportSource["tenants"][number];
export type PlanEntry = z.output<typeof planEntry>;
export type ProductEntry = z.output<typeof productEntry>;
