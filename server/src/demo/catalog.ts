import { defineCatalog } from "@purser/engine";

/**
 * The example catalogue: five tiers, fourteen features that a tier brings, and one feature of each countable kind. The
 * demo, the examples and the tests run on it.
 */
export const exampleCatalog = defineCatalog({
  tiers: {
    free: { rank: 0, name: "Free", category: "free" },
    pro: { rank: 1, name: "Pro" },
    pro_plus: { rank: 2, name: "Pro Plus" },
    portfolio: { rank: 3, name: "Portfolio" },
    enterprise: { rank: 4, name: "Enterprise", category: "enterprise" },
  },
  features: {
    "ccp-01": { kind: "flag", name: "Property profile", minimumTier: "free" },
    "ccp-02": { kind: "flag", name: "Document vault", minimumTier: "free" },
    "ccp-03": { kind: "flag", name: "Task board", minimumTier: "free" },
    "ccp-04": { kind: "flag", name: "Maintenance requests", minimumTier: "pro" },
    "ccp-05": { kind: "flag", name: "Billing hardening", minimumTier: "pro" },
    "ccp-06": { kind: "flag", name: "Tenant messaging", minimumTier: "pro" },
    "ccp-07": { kind: "flag", name: "Lease tracking", minimumTier: "pro" },
    "ccp-08": { kind: "flag", name: "Vendor network", minimumTier: "pro_plus" },
    "ccp-09": { kind: "flag", name: "Inspection reports", minimumTier: "pro_plus" },
    "ccp-10": { kind: "flag", name: "Budget forecasts", minimumTier: "pro_plus" },
    "ccp-11": { kind: "flag", name: "Portfolio analytics", minimumTier: "portfolio" },
    "ccp-12": { kind: "flag", name: "Cross-property reports", minimumTier: "portfolio" },
    "ccp-13": { kind: "flag", name: "Audit export", minimumTier: "enterprise" },
    "ccp-14": { kind: "flag", name: "Single sign-on", minimumTier: "enterprise" },
    "workspace.access": { kind: "flag", name: "Workspace access", alwaysOn: true },
    "support.response_hours": { kind: "value", name: "First response of support", unit: "hours" },
    "projects.max": { kind: "capacity", name: "Active projects", unit: "projects" },
    "annuity.calculations.monthly": { kind: "metered", name: "Annuity calculations", unit: "calculations" },
    "messaging.credits": { kind: "credits", name: "Messaging credits", unit: "credits" },
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
      inclusions: {
        "workspace.access": true,
        "support.response_hours": 72,
        "projects.max": 3,
        "annuity.calculations.monthly": { amount: 20, every: "month" },
      },
    },
    pro: {
      name: "Pro",
      tier: "pro",
      trialDays: 14,
      afterTrial: "active",
      inclusions: {
        "workspace.access": true,
        "support.response_hours": 24,
        "projects.max": 25,
        "annuity.calculations.monthly": { amount: 500, every: "month" },
        "messaging.credits": { amount: 100, every: "month" },
      },
    },
    pro_plus: {
      name: "Pro Plus",
      tier: "pro_plus",
      inclusions: {
        "workspace.access": true,
        "support.response_hours": 8,
        "projects.max": 100,
        "annuity.calculations.monthly": { amount: 5000, every: "month" },
        "messaging.credits": { amount: 1000, every: "month" },
      },
    },
    portfolio: {
      name: "Portfolio",
      tier: "portfolio",
      inclusions: {
        "workspace.access": true,
        "support.response_hours": 4,
        "projects.max": 1000,
        "annuity.calculations.monthly": { amount: 50_000, every: "month" },
        "messaging.credits": { amount: 10_000, every: "month" },
      },
    },
    enterprise: {
      name: "Enterprise",
      tier: "enterprise",
      billing: { unit: "year" },
      inclusions: {
        "workspace.access": true,
        "support.response_hours": 1,
        "projects.max": "unlimited",
        "annuity.calculations.monthly": { unlimited: true, every: "month" },
        "messaging.credits": { amount: 100_000, every: "month" },
      },
    },
  },
  products: {
    "messaging.pack.1000": { name: "1,000 messaging credits", inclusions: { "messaging.credits": 1000 } },
    "messaging.sprint": {
      name: "500 messaging credits for 30 days",
      inclusions: { "messaging.credits": { amount: 500, durationDays: 30 } },
    },
  },
});
