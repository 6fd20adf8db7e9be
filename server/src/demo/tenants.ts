// The demo's tenants: a dozen customers in the situations that a real list of customers has. Everything has a key of its
// own, so a second start finds it all done and changes nothing.
import { now } from "@purser/engine";
import type { Pool } from "pg";
import type { OpenPurser } from "../open-purser.ts";

interface DemoTenant {
  readonly tenant: string;
  readonly name: string;
  readonly plan?: string;
  /** Amounts taken, one consumption each. */
  readonly uses?: readonly { readonly feature: string; readonly amount: number }[];
  readonly bought?: readonly { readonly feature: string; readonly amount: number; readonly product: string }[];
  /** Amounts set aside: open for a month, or settled with what the work came to, or given back. */
  readonly holds?: readonly { readonly amount: number; readonly settled?: number; readonly released?: true }[];
  /** What occupies slots of its projects; or how many there are, counted elsewhere. */
  readonly projects?: readonly string[] | number;
  /** What was taken by mistake: which of the uses, from 1, and how much of it. */
  readonly undone?: { readonly use: number; readonly amount: number; readonly reason: string };
  /** A test tenant's clock: where it begins and where it stands. */
  readonly clock?: { readonly from: string; readonly to: string };
}

const CREDITS = "messaging.credits";
const CALCULATIONS = "annuity.calculations.monthly";
const PROJECTS = "projects.max";
const MONTH_MS = 30 * 86_400_000;

export const demoTenants: readonly DemoTenant[] = [
  { tenant: "acme", name: "Acme Property", plan: "pro" },
  { tenant: "birch-street", name: "Birch Street Homes", plan: "free" },
  {
    tenant: "cedar-row",
    name: "Cedar Row (allowance used up)",
    plan: "free",
    uses: [
      { feature: CALCULATIONS, amount: 12 },
      { feature: CALCULATIONS, amount: 8 },
    ],
  },
  { tenant: "dovetail", name: "Dovetail Lettings", plan: "pro", uses: [{ feature: CREDITS, amount: 35 }] },
  {
    tenant: "elm-and-oak",
    name: "Elm & Oak (bought credits)",
    plan: "pro",
    uses: [{ feature: CREDITS, amount: 260 }],
    bought: [{ feature: CREDITS, amount: 1000, product: "messaging.pack.1000" }],
  },
  { tenant: "fairview", name: "Fairview Estates", plan: "pro_plus", uses: [{ feature: CALCULATIONS, amount: 1240 }] },
  { tenant: "granite", name: "Granite (no plan yet)" },
  { tenant: "harbour", name: "Harbour & Sons", plan: "pro_plus", uses: [{ feature: CREDITS, amount: 940 }] },
  { tenant: "ironwood", name: "Ironwood Portfolio", plan: "portfolio", uses: [{ feature: CREDITS, amount: 4200 }] },
  {
    tenant: "juniper",
    name: "Juniper (credits without a plan)",
    bought: [{ feature: CREDITS, amount: 1000, product: "messaging.pack.1000" }],
  },
  {
    tenant: "kestrel",
    name: "Kestrel Group",
    plan: "enterprise",
    uses: [{ feature: CALCULATIONS, amount: 70_000 }],
    projects: 1840,
  },
  {
    tenant: "lakeside",
    name: "Lakeside Homes (holds, projects, a reversal)",
    plan: "pro",
    bought: [{ feature: CREDITS, amount: 1000, product: "messaging.pack.1000" }],
    uses: [
      { feature: CREDITS, amount: 70 },
      { feature: CREDITS, amount: 45 },
      { feature: CREDITS, amount: 20 },
    ],
    undone: { use: 2, amount: 25, reason: "25 of the 45 messages were not delivered" },
    holds: [{ amount: 60, settled: 48 }, { amount: 30, released: true }, { amount: 80 }],
    projects: ["14 Mill Lane", "Harbour Row", "The Old Brewery"],
  },
  {
    tenant: "time-traveller",
    name: "Time Traveller (a clock of its own, past its trial)",
    plan: "pro",
    uses: [{ feature: CREDITS, amount: 40 }],
    clock: { from: "2031-01-01T00:00:00Z", to: "2031-01-20T00:00:00Z" },
  },
];

const actor = "purser demo";

/** Makes the demo's tenants where they are not there yet, and answers how many this call made. */
export async function makeDemoTenants(purser: OpenPurser, database: Pool): Promise<number> {
  const made = await Promise.all(demoTenants.map((tenant) => makeTenant(purser, database, tenant)));
  return made.filter(Boolean).length;
}

async function makeTenant(purser: OpenPurser, database: Pool, demo: DemoTenant): Promise<boolean> {
  const { tenant, name, plan, clock } = demo;
  const created = await purser.createTenant({
    tenant,
    name,
    actor,
    plan,
    ...(clock === undefined ? {} : { mode: "test", clockAt: new Date(clock.from) }),
  });
  if (created.outcome !== "created") return false;
  // Its clock is whoever's who plays with it. The other tenants' keys are replayed, which ends what a killed start began.
  if (clock !== undefined && created.replayed) return false;
  await useUp(purser, database, demo);
  await setAside(purser, database, demo);
  await occupy(purser, database, demo);
  if (clock !== undefined) await purser.advanceClock({ tenant, to: new Date(clock.to) });
  return !created.replayed;
}

async function useUp(purser: OpenPurser, database: Pool, { tenant, bought = [], uses = [], undone }: DemoTenant) {
  for (const [i, { product, ...grant }] of bought.entries()) {
    const dedupeKey = `demo-purchase-${i + 1}`;
    await purser.issueGrant(database, { tenant, ...grant, dedupeKey, source: "product", metadata: { product } });
  }
  for (const [i, use] of uses.entries()) {
    await purser.tryConsume(database, { tenant, ...use, idempotencyKey: `demo-use-${i + 1}` });
  }
  if (undone === undefined) return;
  const { use, ...part } = undone;
  const consumptionKey = `demo-use-${use}`;
  await purser.reverseConsumption(database, { tenant, consumptionKey, ...part, idempotencyKey: "demo-reversal" });
}

async function setAside(purser: OpenPurser, database: Pool, { tenant, holds = [] }: DemoTenant) {
  for (const [i, { amount, settled, released }] of holds.entries()) {
    const holdKey = `demo-hold-${i + 1}`;
    const expiresAt = new Date(now().getTime() + MONTH_MS);
    await purser.reserve(database, { tenant, feature: CREDITS, amount, idempotencyKey: holdKey, expiresAt });
    if (settled !== undefined) await purser.settle(database, { tenant, holdKey, amount: settled });
    if (released === true) await purser.release(database, { tenant, holdKey });
  }
}

/** Once: a claim and a count have no key, and whoever let a project go finds it gone after the next start. */
async function occupy(purser: OpenPurser, database: Pool, { tenant, projects = [] }: DemoTenant) {
  const told = await purser.explain({ tenant, feature: PROJECTS });
  if (!("facts" in told) || told.facts.some(({ kind }) => kind === "claim" || kind === "report")) return;
  if (typeof projects === "number") {
    await purser.reportCount(database, { tenant, feature: PROJECTS, count: projects });
    return;
  }
  for (const resource of projects) await purser.claim(database, { tenant, feature: PROJECTS, resource });
}
