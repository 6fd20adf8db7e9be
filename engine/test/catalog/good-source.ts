// A source that is good, and the catalogue that it is imported into.
import { defineCatalog } from "@purser/engine";

export const PROJECTS = "projects.max";
export const CALCULATIONS = "annuity.calculations.monthly";
export const ACCESS = "workspace.access";
export const CREDITS = "messaging.credits";

/** The definitions, and a catalogue that was begun: one plan and one product are typed already. */
export const catalog = defineCatalog({
  tiers: { free: { rank: 0, name: "Free" }, pro: { rank: 1, name: "Pro" } },
  features: {
    [PROJECTS]: { kind: "capacity", name: "Projects" },
    [CALCULATIONS]: { kind: "metered", name: "Calculations" },
    [ACCESS]: { kind: "flag", name: "Access" },
    [CREDITS]: { kind: "credits", name: "Credits" },
    "support.hours": { kind: "value", name: "Support" },
  },
  plans: {
    free: {
      name: "Free",
      tier: "free",
      trialDays: 14,
      inclusions: { [PROJECTS]: 3, [CALCULATIONS]: { amount: 20, every: "month", priority: 50 } },
    },
  },
  products: { pack: { name: "Pack", inclusions: { [CREDITS]: 1000 } } },
});

export const entry = (code: string, valueJson: object, schemaVersion: unknown = "entitlement.quota.v1") => ({
  code,
  schemaVersion,
  valueJson,
});
export const good = () => ({
  plans: [
    { key: "free", entitlements: [entry(PROJECTS, { max: 4 }), entry(CALCULATIONS, { limit: 30, max: 30 })] },
    {
      key: "pro",
      name: "Pro",
      tier: "pro",
      entitlements: [
        entry(PROJECTS, { amount: "25", limit: 25 }),
        entry(CALCULATIONS, { limit: 500, interval: "week", note: "of old" }),
        entry(ACCESS, { enabled: true }, 1),
        entry(CREDITS, { amount: 100 }),
        entry("support.hours", { value: 24 }),
      ],
    },
  ],
  products: [
    { key: "pack" },
    {
      key: "sprint",
      name: "Sprint",
      entitlements: [
        { code: CREDITS, amount: 500, grantKind: "timeboxed_addon", durationDays: 30, metadata: { sku: 7 } },
      ],
    },
    {
      key: "bonus",
      name: "Bonus",
      metadata: { entitlements: [{ code: CREDITS, amount: "2.5", grantKind: "one_off_topup", durationDays: null }] },
    },
    { key: "consulting", name: "Consulting", metadata: { hours: 3 } },
  ],
  tenants: [
    {
      tenant: "acme",
      name: "Acme",
      plan: { plan: "pro", billingAnchor: "2026-01-31T00:00:00Z" },
      purchases: [
        { id: 17, product: "pack", purchasedAt: "2026-01-01T00:00:00Z", quantity: 3 },
        { id: "old", product: "sprint", purchasedAt: "2020-01-01T00:00:00Z" },
        { id: "new", product: "sprint", purchasedAt: "2100-01-01T00:00:00Z" },
      ],
      consumed: [
        { id: "a", code: CREDITS, amount: "40.5" },
        { id: "b", code: CALCULATIONS, amount: 7 },
      ],
    },
    { tenant: "basic", plan: { plan: "free" } },
    { tenant: "nobody" },
  ],
});
export type Source = ReturnType<typeof good>;
