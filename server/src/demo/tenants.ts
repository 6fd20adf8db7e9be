// The demo's tenants: a dozen customers in the situations that a real list of customers has. Everything has a key of its
// own, so a second start finds it all done and changes nothing.
import type { Pool } from "pg";
import type { OpenPurser } from "../open-purser.ts";

interface DemoTenant {
  readonly tenant: string;
  readonly name: string;
  readonly plan?: string;
  /** Amounts taken, one consumption each. */
  readonly uses?: readonly { readonly feature: string; readonly amount: number }[];
  readonly bought?: readonly { readonly feature: string; readonly amount: number; readonly product: string }[];
  /** A test tenant's clock: where it begins and where it stands. */
  readonly clock?: { readonly from: string; readonly to: string };
}

const CREDITS = "messaging.credits";
const CALCULATIONS = "annuity.calculations.monthly";

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
  { tenant: "kestrel", name: "Kestrel Group", plan: "enterprise", uses: [{ feature: CALCULATIONS, amount: 70_000 }] },
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
  const { tenant, name, plan, clock, uses = [], bought = [] } = demo;
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
  for (const [i, { product, ...grant }] of bought.entries()) {
    const dedupeKey = `demo-purchase-${i + 1}`;
    await purser.issueGrant(database, { tenant, ...grant, dedupeKey, source: "product", metadata: { product } });
  }
  for (const [i, use] of uses.entries()) {
    await purser.tryConsume(database, { tenant, ...use, idempotencyKey: `demo-use-${i + 1}` });
  }
  if (clock !== undefined) await purser.advanceClock({ tenant, to: new Date(clock.to) });
  return !created.replayed;
}
