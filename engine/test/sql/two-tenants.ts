// Tenants who use the same words for everything, made through the engine's own door.
import { createPurser, defineCatalog, slotOf } from "@purser/engine";
import { Pool } from "pg";
import type { TestDatabase } from "../../../behaviour/fixture/database.ts";

export const catalog = defineCatalog({
  tiers: { free: { rank: 0, name: "Free" } },
  features: {
    access: { kind: "flag", name: "Access" },
    seats: { kind: "capacity", name: "Seats" },
    calls: { kind: "metered", name: "Calls" },
    credits: { kind: "credits", name: "Credits" },
  },
  plans: {
    free: {
      name: "Free",
      tier: "free",
      inclusions: {
        access: true,
        seats: 3,
        calls: { amount: 100, every: "month", per: "subject" },
        credits: { amount: 1_000_000, every: "month" },
      },
    },
  },
});

/** Publishes the catalogue and makes tenants that hold its one plan. */
export async function settle(database: TestDatabase, tenants: readonly string[]): Promise<void> {
  const pool = new Pool({ connectionString: database.serviceUrl, max: 1 });
  try {
    const purser = createPurser({ catalog, database: pool });
    await purser.publishCatalog({ actor: "test" });
    for (const tenant of tenants) {
      await purser.createTenant({ tenant, mode: "test", actor: `operator of ${tenant}` });
      const answer = await purser.subscribe({ tenant, plan: "free", idempotencyKey: "subscribe", actor: "test" });
      if (answer.outcome !== "subscribed") throw new Error(`${tenant}: ${answer.outcome}`);
    }
  } finally {
    await pool.end();
  }
}

/** Another tenant id of the same slot: nothing but the id tells their rows apart. */
export function neighbourOf(tenant: string): string {
  for (let n = 1; ; n += 1) {
    const other = `neighbour-${n}`;
    if (slotOf(other) === slotOf(tenant)) return other;
  }
}
