// What a write gets is known to the compiler from the handle that was given: the transaction of that handle's own library.
// This file is checked by `npm run check:types`; at run time it only has to be there.
import { createPurser, type DatabaseHandle, defineCatalog, type TransactionOf } from "@purser/engine";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { type PgDatabase, type PgQueryResultHKT, pgTable, text } from "drizzle-orm/pg-core";
import { type Client, type ClientBase, Pool, type PoolClient } from "pg";
import { expect, expectTypeOf, test } from "vitest";

const catalog = defineCatalog({
  tiers: { free: { rank: 0, name: "Free" } },
  features: { calls: { kind: "metered", name: "Calls" } },
  plans: { free: { name: "Free", tier: "free", inclusions: { calls: { amount: 1, every: "day" } } } },
});
const reports = pgTable("reports", { id: text().primaryKey() });
type Drizzle = NodePgDatabase<{ reports: typeof reports }>;
type DrizzleTransaction = Parameters<Parameters<Drizzle["transaction"]>[0]>[0];

/** A Drizzle database over a driver whose results are plain lists of rows. */
interface OfAnotherDriver extends PgQueryResultHKT {
  readonly type: this["row"][];
}

test("each handle gives its own kind of transaction, and what is no handle does not compile", () => {
  const purser = createPurser({ catalog, database: new Pool() });
  const call = { tenant: "t", feature: "calls", idempotencyKey: "k" } as const;
  const written = (handles: { pool: Pool; client: PoolClient; db: Drizzle; tx: DrizzleTransaction }) => [
    expectTypeOf<TransactionOf<Pool>>().toEqualTypeOf<ClientBase>(),
    expectTypeOf<TransactionOf<PoolClient>>().toEqualTypeOf<PoolClient>(),
    expectTypeOf<TransactionOf<Client>>().toEqualTypeOf<Client>(),
    expectTypeOf<TransactionOf<Drizzle>>().toEqualTypeOf<DrizzleTransaction>(),
    expectTypeOf<TransactionOf<DrizzleTransaction>>().toEqualTypeOf<DrizzleTransaction>(),
    purser.withConsumption(handles.pool, call, (tx) => tx.query("INSERT …")),
    purser.withConsumption(handles.client, { ...call, lock: "late" }, (tx) => tx.query("INSERT …")),
    purser.withConsumption(handles.db, call, (tx) => tx.insert(reports).values({ id: "1" })),
    purser.withConsumption(handles.tx, call, (tx) => tx.query.reports.findMany()),
    purser.tryConsume(handles.db, call),
    purser.consume(handles.tx, { ...call, dryRun: true }),
    createPurser({ catalog, database: handles.db }),
    // @ts-expect-error Drizzle's transaction has no method of a pg client's
    purser.withConsumption(handles.db, call, (tx) => tx.release()),
    // @ts-expect-error a column that the table does not have
    purser.withConsumption(handles.db, call, (tx) => tx.insert(reports).values({ title: "1" })),
    // @ts-expect-error no such time to lock
    purser.withConsumption(handles.db, { ...call, lock: "never" }, () => Promise.resolve()),
    // @ts-expect-error the address of a database is no handle
    purser.tryConsume("postgres://localhost", call),
    (other: PgDatabase<OfAnotherDriver>) =>
      // @ts-expect-error of Drizzle's drivers only node-postgres is known
      purser.tryConsume(other, call),
    (handle: DatabaseHandle) => purser.tryConsume(handle, call),
  ];
  expect(written).toBeTypeOf("function");
});
