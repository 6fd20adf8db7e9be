// Every command at once, by the clock of the machine: holds and grants that end within milliseconds, amounts that are masked
// for a moment, windows, workers. What a test clock never shows is that time goes on while somebody waits for a lock.
import { createPurser, defineCatalog, startWorker } from "@purser/engine";
import { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../behaviour/fixture/database.ts";
import { brokenInvariants } from "../workbench.ts";

const catalog = defineCatalog({
  tiers: { free: { rank: 0, name: "Free" } },
  features: {
    reports: { kind: "metered", name: "Reports" },
    exports: { kind: "metered", name: "Exports", enforcement: "soft" },
    seats: { kind: "metered", name: "Own reports" },
    credits: { kind: "credits", name: "Credits" },
    projects: { kind: "capacity", name: "Projects" },
  },
  plans: {
    only: {
      name: "Only",
      tier: "free",
      inclusions: {
        reports: { amount: 40, every: "hour" },
        exports: { amount: 5, every: "hour" },
        seats: { amount: 5, every: "hour", per: "subject" },
        projects: 3,
      },
    },
  },
});
const tenants = ["one", "two"] as const;
const features = ["reports", "exports", "credits", "seats"] as const;
const CLIENTS = 10;
const COMMANDS = 60;

let database: TestDatabase;
let pool: Pool;
let admin: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = new Pool({ connectionString: database.serviceUrl, max: CLIENTS + 2 });
  admin = new Pool({ connectionString: database.adminUrl, max: 2 });
  for (const connections of [pool, admin]) connections.on("error", () => undefined);
});
afterAll(async () => {
  await pool.end();
  await admin.end();
  await database.drop();
});

// What is asked is the same in every run; what happens at the same moment is not.
let state = 20_261_120;
function upTo(most: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return 1 + Math.floor((state / 2 ** 32) * most);
}
const any = <Item>(items: readonly Item[]): Item => {
  const item = items[upTo(items.length) - 1];
  if (item === undefined) throw new Error("nothing to choose from");
  return item;
};
const soon = () => new Date(Date.now() + upTo(400));

test("whatever comes at the same moment, every command has an outcome and every invariant holds", async () => {
  const purser = createPurser({ catalog, database: pool });
  await purser.publishCatalog({ actor: "test" });
  for (const tenant of tenants) {
    await purser.createTenant({ tenant, actor: "test" });
    await purser.subscribe({ tenant, plan: "only", idempotencyKey: `subscribe-${tenant}`, actor: "test" });
    await purser.issueGrant(pool, { tenant, feature: "credits", amount: 500, dedupeKey: "lasting" });
  }
  const worker = startWorker({ database: pool, everySeconds: 1 });
  let number = 0;
  const keyOf = (keys: string[]) => {
    number += 1;
    keys.push(`key-${number}`);
    return `key-${number}`;
  };
  const [consumed, held, granted]: [string[], string[], string[]] = [["none"], ["none"], ["none"]];
  const place = () => {
    const [tenant, feature] = [any(tenants), any(features)];
    return { tenant, feature, ...(feature === "seats" ? { subject: any(["ann", "bob"]) } : {}) };
  };
  const hold = () => ({ tenant: any(tenants), holdKey: any(held) });
  const slots = () => ({ tenant: any(tenants), feature: "projects" as const });
  const mask = () => [any(tenants), any(["reports", "exports", "seats"]), upTo(60)];
  const commands: readonly (() => Promise<unknown>)[] = [
    () => purser.tryConsume(pool, { ...place(), amount: upTo(4), idempotencyKey: keyOf(consumed) }),
    () => purser.tryConsume(pool, { ...place(), amount: upTo(4), idempotencyKey: any(consumed) }),
    () => {
      const items = [1, 2, 3].map(() => ({
        feature: any(["reports", "exports", "credits"] as const),
        idempotencyKey: keyOf(consumed),
      }));
      return purser.consumeMany(pool, { tenant: any(tenants), items, atomic: any([true, false]) });
    },
    () => purser.reserve(pool, { ...place(), amount: upTo(4), idempotencyKey: keyOf(held), expiresAt: soon() }),
    () => purser.settle(pool, { ...hold(), amount: upTo(6) - 1 }),
    () => purser.release(pool, hold()),
    () => purser.extend(pool, { ...hold(), expiresAt: soon() }),
    () => {
      const begins = any([{}, { effectiveAt: new Date(Date.now() + 100) }]);
      return purser.issueGrant(pool, {
        ...place(),
        amount: 5,
        dedupeKey: keyOf(granted),
        expiresAt: soon(),
        ...begins,
      });
    },
    () => purser.voidGrant(pool, { tenant: any(tenants), dedupeKey: any(granted), reason: "test", actor: "test" }),
    () => {
      const of = { tenant: any(tenants), consumptionKey: any(consumed), idempotencyKey: keyOf([]), reason: "test" };
      return purser.reverseConsumption(pool, { ...of, ...any([{}, { amount: 1 }]), reissue: any([true, false]) });
    },
    () => purser.claim(pool, { ...slots(), resource: any(["a", "b", "c", "d"]) }),
    () => purser.releaseClaim(pool, { ...slots(), resource: any(["a", "b", "c", "d"]) }),
    () => purser.withCapacity(pool, { ...slots(), count: async () => 2 }, async () => undefined),
    () => purser.refresh(pool, place()),
    () => purser.check(place()),
    () =>
      pool.query(
        `SELECT purser.write_override($1, $2, 'allow', 'support', clock_timestamp(), clock_timestamp() + interval '150 ms',
           'test', p_amount => $3)`,
        mask(),
      ),
    () => pool.query("SELECT * FROM purser.explain('one', 'reports', '', clock_timestamp() - interval '50 ms')"),
  ];
  const errors: unknown[] = [];
  const client = async () => {
    for (let n = 0; n < COMMANDS; n += 1) await any(commands)().catch((error: unknown) => errors.push(error));
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await worker.stop();
  await purser.close();
  expect(errors).toEqual([]);
  expect((await admin.query(brokenInvariants)).rows).toEqual([]);
  // It was a storm: something of each kind happened.
  const { rows } = await admin.query<{ kind: string }>("SELECT DISTINCT kind FROM purser.balance_facts");
  expect(rows.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(["access", "boundary", "claim", "consume", "grant", "reserve", "reverse", "settle", "void"]),
  );
});
