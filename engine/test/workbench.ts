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

/**
 * What must hold of every balance whatever was done: versions without a gap, each fact continuing the one before it, the
 * row equal to its facts, stretches that add up. Answers the rows that break it; none is what a test expects.
 */
export const brokenInvariants = `
  WITH numbered AS (
    SELECT f.*, row_number() OVER w AS expected, lag(f.balance_after) OVER w AS before,
           lag(f.interval_no) OVER w AS interval_before, lag(f.interval_used) OVER w AS used_before
    FROM purser.balance_facts f
    WINDOW w AS (PARTITION BY f.tenant_id, f.subject, f.feature ORDER BY f.version)
  )
  SELECT 'version gap' AS broken, tenant_id, feature, version FROM numbered WHERE version <> expected
  UNION ALL
  SELECT 'balance_after does not continue', tenant_id, feature, version FROM numbered
    WHERE kind = 'consume' AND balance_after <> before - (amount - overage)
  UNION ALL
  SELECT 'stretch does not continue', tenant_id, feature, version FROM numbered
    WHERE kind = 'consume' AND (interval_no <> interval_before OR interval_used <> used_before + amount - overage)
  UNION ALL
  SELECT 'row behind its facts', b.tenant_id, b.feature, b.version FROM purser.balances b
    WHERE b.version <> (SELECT coalesce(max(f.version), 0) FROM purser.balance_facts f
      WHERE (f.tenant_id, f.subject, f.feature) = (b.tenant_id, b.subject, b.feature))
  UNION ALL
  SELECT 'row is not what its newest fact left', b.tenant_id, b.feature, b.version FROM purser.balances b
    JOIN purser.balance_facts f USING (tenant_id, subject, feature, version)
    WHERE f.balance_after IS DISTINCT FROM CASE WHEN NOT b.unlimited THEN b.granted - b.used - b.held END
       OR (f.interval_no, f.interval_used) <> (b.interval_no, b.interval_used)
  UNION ALL
  -- From nothing but immutable rows: what the grants in force add up to, and what of them closed intervals and this one used.
  SELECT 'row is not what its grants and facts add up to', b.tenant_id, b.feature, b.version FROM purser.balances b
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(g.amount) FILTER (WHERE NOT g.unlimited), 0) AS granted,
             coalesce(sum((SELECT sum(u.to_used - u.from_used) FROM purser.burns u
               WHERE u.tenant_id = g.tenant_id AND u.grant_id = g.grant_id)), 0) AS burned
      FROM purser.grants g
      WHERE (g.tenant_id, g.subject, g.feature) = (b.tenant_id, b.subject, b.feature)
        AND g.effective_at <= b.as_of AND b.as_of < g.expires_at AND g.issued_version <= b.version
        AND NOT EXISTS (SELECT FROM purser.grant_voids v WHERE (v.tenant_id, v.grant_id) = (g.tenant_id, g.grant_id))
    ) sums
    WHERE (b.granted, b.used) <> (sums.granted, sums.burned + b.interval_used)
  UNION ALL
  SELECT 'overage is not what its facts say', b.tenant_id, b.feature, b.version FROM purser.balances b
    WHERE b.overage > (SELECT coalesce(sum(f.overage), 0) FROM purser.balance_facts f
      WHERE (f.tenant_id, f.subject, f.feature) = (b.tenant_id, b.subject, b.feature))
  UNION ALL
  SELECT 'overspent', b.tenant_id, b.feature, b.version FROM purser.balances b
    WHERE b.enforcement = 'hard' AND NOT b.unlimited AND b.granted - b.used - b.held < 0
  UNION ALL
  SELECT 'burned more than the grant', g.tenant_id, g.feature, 0 FROM purser.grants g
    JOIN purser.burns u USING (tenant_id, grant_id)
    WHERE NOT g.unlimited GROUP BY g.tenant_id, g.feature, g.grant_id, g.amount HAVING sum(u.to_used - u.from_used) > g.amount
  UNION ALL
  SELECT 'interval not paid for', c.tenant_id, c.feature, c.interval_no FROM (
    SELECT f.tenant_id, f.subject, f.feature, f.interval_no, max(f.interval_used) AS used FROM purser.balance_facts f
    GROUP BY 1, 2, 3, 4) c
    JOIN purser.balances b USING (tenant_id, subject, feature)
    WHERE c.interval_no < b.interval_no AND c.used <> coalesce((
      SELECT sum(u.to_used - u.from_used) FROM purser.burns u
      WHERE (u.tenant_id, u.subject, u.feature, u.interval_no) = (c.tenant_id, c.subject, c.feature, c.interval_no)), 0)`;
