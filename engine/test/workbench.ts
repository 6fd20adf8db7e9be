// What most tests of the engine begin with: a database of their own, the engine over it as the service's role, and a small
// catalogue with one feature of each kind.
import { Pool } from "pg";
import { createPurser, defineCatalog, type Purser } from "@purser/engine";
import { createTestDatabase, type TestDatabase } from "../../behaviour/fixture/database.ts";

export const smallCatalog = defineCatalog({
  tiers: { free: { rank: 0, name: "Free" }, pro: { rank: 1, name: "Pro" } },
  features: {
    sso: { kind: "flag", name: "Single sign-on", minimumTier: "pro" },
    board: { kind: "flag", name: "Board", minimumTier: "free" },
    hours: { kind: "value", name: "Response" },
    projects: { kind: "capacity", name: "Projects" },
    reports: { kind: "metered", name: "Reports" },
    exports: { kind: "metered", name: "Exports", enforcement: "soft" },
    views: { kind: "metered", name: "Views", enforcement: "observe" },
    seats: { kind: "metered", name: "Own reports" },
    credits: { kind: "credits", name: "Credits" },
  },
  capabilities: { "reports.run": { feature: "reports", amount: 2 }, "projects.create": { feature: "projects" } },
  plans: {
    free: { name: "Free", tier: "free", inclusions: { hours: 72, reports: { amount: 10, every: "month" } } },
    pro: {
      name: "Pro",
      tier: "pro",
      inclusions: {
        hours: 8,
        projects: 5,
        reports: { amount: 100, every: "month" },
        exports: { amount: 3, every: "day" },
        views: { amount: 1, every: "lifetime" },
        seats: { amount: 4, every: "month", per: "subject" },
      },
    },
    unlimited: { name: "Unlimited", tier: "pro", inclusions: { reports: { unlimited: true, every: "month" } } },
  },
  products: { pack: { name: "Pack", inclusions: { credits: 1000 } } },
});
export type SmallPurser = Purser<typeof smallCatalog>;

export interface Workbench {
  readonly database: TestDatabase;
  readonly pool: Pool;
  /** As superuser: to look at what no door shows. */
  readonly admin: Pool;
  readonly purser: SmallPurser;
  /** The rows of a statement, as superuser. */
  rows<Row>(statement: string, values?: unknown[]): Promise<Row[]>;
  /** A tenant with a clock of its own that stands at `at`, on a plan if one is named. */
  testTenant(tenant: string, plan?: "free" | "pro" | "unlimited", at?: string): Promise<string>;
  /** Ends everything; throws where an invariant of the balances does not hold. */
  close(): Promise<void>;
}

export async function createWorkbench(options: { max?: number } = {}): Promise<Workbench> {
  const database = await createTestDatabase();
  const pool = new Pool({ connectionString: database.serviceUrl, max: options.max ?? 10 });
  const admin = new Pool({ connectionString: database.adminUrl, max: 4 });
  // A connection may still be closing when its database is dropped, and says so; nobody is to hear of it.
  for (const connections of [pool, admin]) connections.on("error", () => undefined);
  const purser = createPurser({ catalog: smallCatalog, database: pool });
  const published = await purser.publishCatalog({ actor: "test" });
  if (published.outcome !== "published") throw new Error(`the catalogue was not published: ${published.outcome}`);
  return {
    database,
    pool,
    admin,
    purser,
    async rows<Row>(statement: string, values: unknown[] = []) {
      return (await admin.query(statement, values)).rows as Row[];
    },
    async testTenant(tenant, plan, at = "2026-01-01T00:00:00Z") {
      await purser.createTenant({ tenant, mode: "test", clockAt: new Date(at), actor: "test" });
      if (plan !== undefined) {
        const outcome = await purser.subscribe({ tenant, plan, idempotencyKey: `subscribe-${tenant}`, actor: "test" });
        if (outcome.outcome !== "subscribed") throw new Error(`not subscribed: ${outcome.outcome}`);
      }
      return tenant;
    },
    async close() {
      const { rows: broken } = await admin.query(brokenInvariants);
      await pool.end();
      await admin.end();
      await database.drop();
      if (broken.length > 0) throw new Error(`broken invariants: ${JSON.stringify(broken)}`);
    },
  };
}

/** What must hold of every balance whatever was done: the rows that break it; none is what a test expects. */
export const brokenInvariants = "SELECT * FROM purser.verify()";
