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
export interface HoldCall {
  readonly tenant: string;
  readonly holdKey: string;
}
export interface SlotCall {
  readonly tenant: string;
  readonly feature: string;
  readonly resource: string;
}
/** An answer with its numbers as numbers, whatever the door made of them; what a door does not tell is absent. */
export interface Answer {
  readonly outcome: string;
  readonly replayed?: boolean | undefined;
  readonly available?: number | null | undefined;
  readonly overage?: number | undefined;
  readonly field?: string | undefined;
  readonly resetsAt?: Date | string | undefined;
  readonly late?: boolean | undefined;
  readonly amount?: number | undefined;
  readonly unfunded?: number | undefined;
  readonly restored?: number | undefined;
  readonly lapsed?: number | undefined;
  readonly shortfall?: number | undefined;
  readonly claimed?: number | undefined;
  readonly counted?: number | undefined;
  readonly overLimit?: number | undefined;
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
  reserve(call: ConsumeCall): Promise<Answer>;
  settle(call: HoldCall & { readonly amount: number }): Promise<Answer>;
  release(call: HoldCall): Promise<Answer>;
  extend(call: HoldCall & { readonly expiresAt: Date }): Promise<Answer>;
  reverse(call: {
    readonly tenant: string;
    readonly consumptionKey: string;
    readonly idempotencyKey: string;
    readonly amount?: number;
  }): Promise<Answer>;
  voidGrant(call: { readonly tenant: string; readonly dedupeKey: string; readonly refund?: boolean }): Promise<Answer>;
  claim(call: SlotCall): Promise<Answer>;
  releaseClaim(call: SlotCall): Promise<Answer>;
  reportCount(call: { readonly tenant: string; readonly feature: string; readonly count: number }): Promise<Answer>;
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

/** What a row of SQL tells, in the words of the other doors. */
function told(row: Readonly<Record<string, unknown>>, done: boolean): Answer {
  const quantities = ["amount", "overage", "unfunded", "restored", "lapsed", "shortfall", "claimed", "counted"];
  const number = (name: string) => (row[name] === null || row[name] === undefined ? undefined : Number(row[name]));
  return {
    outcome: String(row["outcome"]),
    field: typeof row["field"] === "string" ? row["field"] : undefined,
    ...(done
      ? {
          replayed: row["replayed"] as boolean | undefined,
          available: numeric(row["available"] as string | null),
          late: row["late"] as boolean | undefined,
          overLimit: number("over_limit"),
          ...Object.fromEntries(quantities.map((name) => [name, number(name)])),
        }
      : { available: number("available") }),
  };
}
const tellable = [
  "replayed",
  "available",
  "overage",
  "field",
  "late",
  "amount",
  "unfunded",
  "restored",
  "lapsed",
  "shortfall",
  "claimed",
  "counted",
  "overLimit",
];
/** The same of an answer from TypeScript or HTTP. */
const tellOf = ({ outcome, ...rest }: { readonly outcome: string }): Answer => ({ outcome, ...pick(rest, tellable) });

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
    async reserve({ tenant, feature, amount = 1, idempotencyKey, subject = "" }) {
      const values = [tenant, feature, amount, idempotencyKey, null, subject];
      const row = await one("SELECT * FROM purser.reserve($1, $2, $3, $4, $5, $6)", values);
      return told(row, row.outcome === "reserved");
    },
    async settle({ tenant, holdKey, amount }) {
      const row = await one("SELECT * FROM purser.settle($1, $2, $3)", [tenant, holdKey, amount]);
      return told(row, row.outcome.startsWith("settled"));
    },
    async release({ tenant, holdKey }) {
      const row = await one("SELECT * FROM purser.release($1, $2)", [tenant, holdKey]);
      return told(row, row.outcome === "released");
    },
    async extend({ tenant, holdKey, expiresAt }) {
      const row = await one("SELECT * FROM purser.extend($1, $2, $3)", [tenant, holdKey, expiresAt]);
      return told(row, row.outcome === "extended");
    },
    async reverse({ tenant, consumptionKey, idempotencyKey, amount }) {
      const values = [tenant, consumptionKey, idempotencyKey, amount];
      const row = await one("SELECT * FROM purser.reverse_consumption($1, $2, $3, $4)", values);
      return told(row, row.outcome === "reversed");
    },
    async voidGrant({ tenant, dedupeKey, refund = false }) {
      const values = [tenant, dedupeKey, "a reason", "behaviour", refund];
      const row = await one("SELECT * FROM purser.void_grant($1, $2, $3, $4, $5)", values);
      return told(row, row.outcome === "voided");
    },
    async claim({ tenant, feature, resource }) {
      const row = await one("SELECT * FROM purser.claim($1, $2, $3)", [tenant, feature, resource]);
      return told(row, row.outcome === "claimed");
    },
    async releaseClaim({ tenant, feature, resource }) {
      const row = await one("SELECT * FROM purser.release_claim($1, $2, $3)", [tenant, feature, resource]);
      return told(row, row.outcome === "released");
    },
    async reportCount({ tenant, feature, count }) {
      const row = await one("SELECT * FROM purser.report_count($1, $2, $3)", [tenant, feature, count]);
      return told(row, row.outcome === "reported");
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
    reserve: async (call) =>
      tellOf(await purser.reserve(db, { ...call, feature: call.feature as "messaging.credits" })),
    settle: async (call) => tellOf(await purser.settle(db, call)),
    release: async (call) => tellOf(await purser.release(db, call)),
    extend: async (call) => tellOf(await purser.extend(db, call)),
    reverse: async (call) => tellOf(await purser.reverseConsumption(db, call)),
    voidGrant: async (call) => tellOf(await purser.voidGrant(db, { ...call, reason: "a reason", actor: "behaviour" })),
    claim: async (call) => tellOf(await purser.claim(db, { ...call, feature: call.feature as "projects.max" })),
    releaseClaim: async (call) =>
      tellOf(await purser.releaseClaim(db, { ...call, feature: call.feature as "projects.max" })),
    reportCount: async (call) =>
      tellOf(await purser.reportCount(db, { ...call, feature: call.feature as "projects.max" })),
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
    reserve: async (call) => tellOf(await client.reserve(call)),
    settle: async (call) => tellOf(await client.settle(call)),
    release: async (call) => tellOf(await client.release(call)),
    extend: async (call) => tellOf(await client.extend(call)),
    reverse: async (call) => tellOf(await client.reverseConsumption(call)),
    voidGrant: async (call) => tellOf(await client.voidGrant({ ...call, reason: "a reason" })),
    claim: async (call) => tellOf(await client.claim(call)),
    releaseClaim: async (call) => tellOf(await client.releaseClaim(call)),
    reportCount: async (call) => tellOf(await client.reportCount(call)),
    check: (call) => client.check(call),
    async balance(tenant, feature) {
      return (await client.balances({ tenant, feature })).find(({ subject }) => subject === "");
    },
  };
}

function pick(from: object, names: readonly string[]): Partial<Answer> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
}
