// The catalogue that the examples of its routes tell of: published as it stands here, read as it was completed.

const tiers = { free: { rank: 0, name: "Free" }, pro: { rank: 1, name: "Pro" } };
const features = { reports: { kind: "metered", name: "Reports" } };
const free = { name: "Free", tier: "free" };

export const small = {
  tiers,
  features,
  plans: { free: { ...free, inclusions: { reports: { amount: 10, every: "month" } } } },
};

/** Something else for those who hold the plan. */
export const changed = {
  ...small,
  plans: { free: { ...free, inclusions: { reports: { amount: 20, every: "month" } } } },
};

/** A plan on a tier that is not there. */
export const wrong = { ...small, plans: { free: { ...small.plans.free, tier: "gold" } } };

/** With every default written out, which is how it is kept. */
const kept = {
  tiers: {
    free: { ...tiers.free, description: "", category: "paid" },
    pro: { ...tiers.pro, description: "", category: "paid" },
  },
  features: {
    reports: { ...features.reports, description: "", enforcement: "hard", per: "tenant", alwaysOn: false },
  },
  capabilities: {},
  plans: {
    free: {
      ...free,
      description: "",
      addon: false,
      billing: { unit: "month", count: 1 },
      trialDays: 0,
      afterTrial: "expired",
      paymentGraceDays: 0,
      downgradeGraceDays: 7,
      inclusions: {
        reports: {
          amount: 10,
          unlimited: false,
          every: { unit: "month", count: 1 },
          onChange: "keep",
          priority: 100,
        },
      },
    },
  },
  products: {},
};

const revision = { revision: 2, publishedBy: "key:5f0c9a41be37d286", publishedAt: "2031-05-01T00:00:00.000Z" };

export const published = { ...revision, catalog: kept };

export const revisions = {
  revisions: [{ ...revision, contentHash: "2a327b4e9950aa95724cd5a9de27002b4b4834bf97a3dd714b3e4db4f9b6322d" }],
  nextCursor: "WyIyIl0",
};

const untouched = { added: [], removed: [], changed: [] };

export const comparison = {
  revision: 2,
  equal: false,
  emptying: false,
  sections: {
    tiers: untouched,
    features: untouched,
    capabilities: untouched,
    plans: { added: [], removed: [], changed: ["free"] },
    products: untouched,
  },
  changes: [{ path: "plans.free.inclusions.reports.amount", from: 10, to: 20 }],
  versions: [{ of: "plan", key: "free", from: 2, to: 3 }],
  plans: [
    {
      plan: "free",
      holders: 1,
      gain: { count: 1, tenants: ["birch"] },
      lose: { count: 0, tenants: [] },
      over: { count: 0, tenants: [], cases: [] },
      versions: [{ version: 2, gains: ["reports"], loses: [], changes: [] }],
    },
  ],
  nextCursor: null,
};
