// The doors to the same functions, TypeScript's on each of its adapters, behind one face, so that one suite can be run through each of them. What is not
// offered through a door (administration in SQL) is arranged through TypeScript for all.
import { createPurser, type DatabaseHandle, type Purser } from "@purser/engine";
import { createClient } from "@purser/sdk";
import { createApiKey, createServer, exampleCatalog, openPurser, scopes } from "@purser/server";
import { drizzle } from "drizzle-orm/node-postgres";
import { Pool } from "pg";
import { createTestDatabase } from "./fixture/database.ts";

export interface ConsumeCall {
  readonly tenant: string;
  readonly feature: string;
  readonly amount?: number | string;
  readonly idempotencyKey: string;
  readonly subject?: string;
}
export interface GrantCall {
  readonly tenant: string;
  readonly feature: string;
  readonly amount: number | string;
  readonly dedupeKey: string;
}
/** An answer with its numbers as numbers, whatever the door made of them; what a door does not tell is absent. */
export interface Answer {
  readonly outcome: string;
  readonly replayed?: boolean | undefined;
  readonly available?: number | null | undefined;
  readonly overage?: number | undefined;
  readonly field?: string | undefined;
  readonly resetsAt?: Date | string | undefined;
}
export interface Decided {
  readonly allowed: boolean;
  readonly reason: string;
  readonly limit: number | null;
  readonly used: number | null;
  readonly remaining: number | null;
  readonly unlimited: boolean;
  readonly unlockedBy: readonly string[];
}

export interface Door {
  readonly name: string;
  consume(call: ConsumeCall): Promise<Answer>;
  grant(call: GrantCall): Promise<Answer>;
  check(call: { tenant: string; feature: string; amount?: number; subject?: string }): Promise<Decided>;
  /** granted, used and available of a balance of the tenant's own. */
  balance(
    tenant: string,
    feature: string,
  ): Promise<{ granted: number; used: number; available: number | null } | undefined>;
}

export interface House {
  readonly doors: Readonly<Record<"SQL" | "TypeScript" | "Drizzle" | "HTTP", Door>>;
  readonly purser: Purser<typeof exampleCatalog>;
  readonly pool: Pool;
  /** As superuser: to arrange what no door can in one go. */
  readonly admin: Pool;
  /** Where the HTTP server listens, and a key of mode test with every scope. */
  readonly http: { readonly url: string; readonly key: string };
  /** A tenant with a clock of its own that stands at the first of January 2026, on a plan if one is named. */
  tenant(name: string, plan?: keyof typeof exampleCatalog.plans): Promise<string>;
  close(): Promise<void>;
}

export async function openHouse(): Promise<House> {
  const database = await createTestDatabase();
  const pool = new Pool({ connectionString: database.serviceUrl });
  // A connection may still be closing when its database is dropped, and says so; nobody is to hear of it.
  pool.on("error", () => undefined);
  const admin = new Pool({ connectionString: database.adminUrl, max: 1 });
  admin.on("error", () => undefined);
  const purser = createPurser({ catalog: exampleCatalog, database: pool });
  await purser.publishCatalog({ actor: "behaviour" });
  const served = openPurser(pool);
  const made = await createApiKey(served, {
    name: "behaviour",
    mode: "test",
    scopes: [...scopes],
    actor: "behaviour",
  });
  if (made.outcome !== "created") throw new Error(`no key: ${made.outcome}`);
  const server = createServer({ purser: served, database: pool, logLevel: "silent" });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  return {
    doors: {
      SQL: sqlDoor(pool),
      TypeScript: typescriptDoor("TypeScript", purser, pool),
      Drizzle: typescriptDoor(
        "Drizzle",
        createPurser({ catalog: exampleCatalog, database: drizzle(pool) }),
        drizzle(pool),
      ),
      HTTP: httpDoor(url, made.key),
    },
    purser,
    pool,
    admin,
    http: { url, key: made.key },
    async tenant(name, plan) {
      await purser.createTenant({
        tenant: name,
        plan,
        mode: "test",
        clockAt: new Date("2026-01-01T00:00:00Z"),
        actor: "behaviour",
      });
      return name;
    },
    async close() {
      await server.close();
      await Promise.all([pool.end(), admin.end()]);
      await database.drop();
    },
  };
}

const numeric = (value: string | null) => (value === null ? null : Number(value));

function sqlDoor(pool: Pool): Door {
  const one = async (statement: string, values: unknown[]) => (await pool.query(statement, values)).rows[0];
  return {
    name: "SQL",
    async consume({ tenant, feature, amount = 1, idempotencyKey, subject = "" }) {
      const row = await one("SELECT * FROM purser.consume($1, $2, $3, $4, $5)", [
        tenant,
        feature,
        amount,
        idempotencyKey,
        subject,
      ]);
      return {
        outcome: row.outcome,
        replayed: row.outcome === "consumed" ? row.replayed : undefined,
        available: row.available === null && row.outcome !== "consumed" ? undefined : numeric(row.available),
        overage: row.outcome === "consumed" ? Number(row.overage) : undefined,
        field: row.field ?? undefined,
        resetsAt: row.outcome === "consumed" ? undefined : (row.resets_at ?? undefined),
      };
    },
    async grant({ tenant, feature, amount, dedupeKey }) {
      const row = await one("SELECT * FROM purser.issue_grant($1, $2, $3, $4)", [tenant, feature, amount, dedupeKey]);
      const granted = row.outcome === "granted";
      return {
        outcome: row.outcome,
        replayed: granted ? row.replayed : undefined,
        available: granted ? numeric(row.available) : undefined,
        field: row.field ?? undefined,
      };
    },
    async check({
      tenant,
      feature,
      amount = null,
      subject = "",
    }: {
      tenant: string;
      feature: string;
      amount?: number | null;
      subject?: string;
    }) {
      const row = await one("SELECT * FROM purser.check_entitlement($1, $2, $3, $4)", [
        tenant,
        feature,
        amount,
        subject,
      ]);
      return {
        allowed: row.allowed,
        reason: row.reason,
        limit: numeric(row.quantity_limit),
        used: numeric(row.used),
        remaining: numeric(row.remaining),
        unlimited: row.unlimited ?? false,
        unlockedBy: row.unlocked_by,
      };
    },
    async balance(tenant, feature) {
      const row = await one(
        "SELECT granted, used, available FROM purser.balances_current WHERE (tenant_id, feature, subject) = ($1, $2, '')",
        [tenant, feature],
      );
      return row && { granted: Number(row.granted), used: Number(row.used), available: numeric(row.available) };
    },
  };
}

function typescriptDoor(name: string, purser: Purser<typeof exampleCatalog>, db: DatabaseHandle): Door {
  return {
    name,
    async consume(call) {
      const { outcome, ...rest } = await purser.tryConsume(db, {
        ...call,
        feature: call.feature as "messaging.credits",
      });
      return { outcome, ...pick(rest, ["replayed", "available", "overage", "field", "resetsAt"]) };
    },
    async grant(call) {
      const { outcome, ...rest } = await purser.issueGrant(db, {
        ...call,
        feature: call.feature as "messaging.credits",
      });
      return { outcome, ...pick(rest, ["replayed", "available", "field"]) };
    },
    async check(call) {
      const decision = await purser.check({ ...call, feature: call.feature as "messaging.credits" });
      if ("outcome" in decision) throw new Error(`${decision.outcome}: ${decision.field}`);
      return decision;
    },
    async balance(tenant, feature) {
      return (await purser.balances({ tenant, feature })).find(({ subject }) => subject === "");
    },
  };
}

function httpDoor(url: string, key: string): Door {
  const client = createClient({ url, key });
  return {
    name: "HTTP",
    async consume(call) {
      const { outcome, ...rest } = await client.consume(call);
      return { outcome, ...pick(rest, ["replayed", "available", "overage", "field", "resetsAt"]) };
    },
    async grant(call) {
      const { outcome, ...rest } = await client.issueGrant(call);
      return { outcome, ...pick(rest, ["replayed", "available", "field"]) };
    },
    check: (call) => client.check(call),
    async balance(tenant, feature) {
      return (await client.balances({ tenant, feature })).find(({ subject }) => subject === "");
    },
  };
}

function pick(from: object, names: readonly string[]): Partial<Answer> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
}
