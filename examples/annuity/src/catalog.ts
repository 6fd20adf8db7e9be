// What this application sells, and the one map from what people do in it to what that takes.
import { defineCatalog } from "@purser/engine";

export const catalog = defineCatalog({
  tiers: { free: { rank: 0, name: "Free" }, pro: { rank: 1, name: "Pro" } },
  features: {
    "workspace.access": { kind: "flag", name: "The workspace", minimumTier: "free" },
    "projects.max": { kind: "capacity", name: "Projects" },
    "annuity.calculations.monthly": { kind: "metered", name: "Annuity calculations" },
  },
  capabilities: {
    "projects.create": { feature: "projects.max", amount: 1 },
    "projects.unarchive": { feature: "projects.max", amount: 1 },
    "annuity.calculate": { feature: "annuity.calculations.monthly", amount: 1 },
  },
  plans: {
    free: {
      name: "Free",
      tier: "free",
      inclusions: { "projects.max": 3, "annuity.calculations.monthly": { amount: 5, every: "month" } },
    },
    pro: {
      name: "Pro",
      tier: "pro",
      inclusions: { "projects.max": 20, "annuity.calculations.monthly": { amount: 500, every: "month" } },
    },
  },
});
