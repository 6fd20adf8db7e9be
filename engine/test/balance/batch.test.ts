// A batch answers what the same consumptions would have answered one by one, and leaves the same rows: on twins, one of
// whom is asked in batches and the other one call after the other.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { slotOf } from "@purser/engine";
import { createWorkbench, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

interface Item {
  /** Which of the tenants of a program. */
  readonly who: number;
  readonly feature: string;
  readonly amount: string | null;
  readonly key: string | null;
  readonly subject: string;
  readonly occurredAt: string | null;
  readonly metadata: string | null;
}
type Answer = Readonly<Record<string, unknown>>;

const COLUMNS =
  "outcome, replayed, field, amount, overage, available, unlimited, version, recorded_at, resets_at, restricted_by";

/** One call of consume_in_slot after the other. */
async function oneByOne(tenants: readonly string[], items: readonly Item[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const item of items) {
    const tenant = tenants[item.who] ?? "";
    const { rows } = await bench.pool.query<Answer>(
      `SELECT ${COLUMNS} FROM purser.consume_in_slot($1::int, $2::text, $3::text, $4::numeric, $5::text, $6::text,
         $7::timestamptz, $8::jsonb)`,
      [slotOf(tenant), tenant, item.feature, item.amount, item.key, item.subject, item.occurredAt, item.metadata],
    );
    answers.push(rows[0] ?? {});
  }
  return answers;
}

/** All of them in one call of consume_many_in_slots, in the order of the items. */
async function together(
  tenants: readonly string[],
  items: readonly Item[],
  wait = true,
  db: Pick<Workbench["pool"], "query"> = bench.pool,
) {
  const of = <Value>(value: (item: Item) => Value) => items.map(value);
  const tenant = of(({ who }) => tenants[who] ?? "");
  const { rows } = await db.query<Answer>(
    `SELECT ${COLUMNS} FROM purser.consume_many_in_slots($1::int[], $2::text[], $3::text[], $4::numeric[], $5::text[],
       $6::text[], $7::timestamptz[], $8::jsonb[], $9::boolean) ORDER BY item`,
    [
      tenant.map(slotOf),
      tenant,
      of(({ feature }) => feature),
      of(({ amount }) => amount),
      of(({ key }) => key),
      of(({ subject }) => subject),
      of(({ occurredAt }) => occurredAt),
      of(({ metadata }) => metadata),
      wait,
    ],
  );
  return rows;
}

/** What a tenant's balances and facts say, without its name and without what is random. */
const ROWS = `SELECT 'balance' AS row, to_jsonb(b) - 'tenant_id' - 'slot' AS what FROM purser.balances b WHERE tenant_id = $1
  UNION ALL SELECT 'fact', to_jsonb(f) - 'tenant_id' - 'slot' - 'reference' FROM purser.balance_facts f WHERE tenant_id = $1
  UNION ALL SELECT 'told', jsonb_build_object('subject', c.subject, 'features', c.features, 'version', max(c.version), 'at', max(c.recorded_at))
    FROM purser.outbox c WHERE tenant_id = $1 AND kind = 'balance' GROUP BY c.subject, c.features
  ORDER BY 1, 2`;

const features = ["credits", "credits", "reports", "reports", "exports", "views", "seats", "projects", "sso", "ghost"];
const fresh = fc.record<Item>({
  who: fc.constantFrom(0, 0, 0, 1, 2),
  feature: fc.constantFrom(...features),
  amount: fc.oneof(
    { weight: 12, arbitrary: fc.integer({ min: 1, max: 40 }).map(String) },
    {
      weight: 2,
      arbitrary: fc
        .integer({ min: 1, max: 5_000_000 })
        .map((n) => `${n / 1_000_000}`)
        .filter((text) => !text.includes("e")),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        "0",
        "-1",
        "NaN",
        "1e15",
        "0.0000001",
        "12345678901234.25",
        "2000000000.5",
        "1.0000000",
        null,
      ),
    },
  ),
  key: fc.oneof(
    { weight: 12, arbitrary: fc.uuid() },
    { weight: 4, arbitrary: fc.constantFrom("a", "b", "c", "d") },
    { weight: 1, arbitrary: fc.constantFrom("", null, "x".repeat(201)) },
  ),
  subject: fc.constantFrom("", "", "ann", "bob"),
  occurredAt: fc.constantFrom(null, null, null, "2026-01-01T00:00:00Z", "infinity"),
  metadata: fc.constantFrom(null, null, null, '{"a": 1}', "[1]"),
});
/** The same again and again, word for word. */
const retried = fc.constantFrom<Item>(
  ...["credits", "reports", "exports"].flatMap((feature) =>
    [1, 7].map((amount) => ({
      who: 0,
      feature,
      amount: String(amount),
      key: amount === 1 ? "a" : `${feature} again`,
      subject: "",
      occurredAt: null,
      metadata: null,
    })),
  ),
);
const item = fc.oneof({ weight: 4, arbitrary: fresh }, { weight: 1, arbitrary: retried });
type Step =
  | { readonly kind: "batch"; readonly items: readonly Item[] }
  | { readonly kind: "clock"; readonly hours: number }
  | {
      readonly kind: "grant";
      readonly who: number;
      readonly feature: "credits" | "reports" | "exports";
      readonly amount: number | undefined;
      readonly days: number;
    };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("batch" as const),
      items: fc.array(item, { minLength: 1, maxLength: 24, size: "max" }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clock" as const), hours: fc.integer({ min: 1, max: 900 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("grant" as const),
      who: fc.constantFrom(0, 1),
      feature: fc.constantFrom("credits" as const, "reports" as const, "exports" as const),
      amount: fc.constantFrom(5, 60, 300, undefined),
      days: fc.integer({ min: 1, max: 30 }),
    }),
  },
);

let programs = 0;
const reached = new Set<unknown>();

/** Runs a program on both sets of tenants; after every step answers and rows are compared. */
async function runOnTwins(
  steps: readonly Step[],
  ask: (tenants: readonly string[], items: readonly Item[]) => Promise<Answer[]>,
) {
  programs += 1;
  let now = new Date("2026-01-01T00:00:00Z");
  const open = async (side: string) => {
    const named = (n: number) => `twin-${programs}-${n}-${side}`;
    await bench.testTenant(named(0), "pro");
    await bench.testTenant(named(1), "free");
    await bench.purser.issueGrant(bench.pool, { tenant: named(0), feature: "credits", amount: 50, dedupeKey: "first" });
    return [named(0), named(1), `nobody-${programs}`];
  };
  const [batched, single] = [await open("batched"), await open("single")];
  for (const [n, one] of steps.entries()) {
    const asked: { together: Answer[]; oneByOne: Answer[] }[] = [];
    if (one.kind === "batch") {
      const answers = await oneByOne(single, one.items);
      asked.push({ together: await ask(batched, one.items), oneByOne: answers });
      for (const { outcome, replayed, overage } of answers) {
        reached.add(replayed === true ? "replayed" : outcome).add(Number(overage) > 0 ? "overage" : outcome);
      }
    } else if (one.kind === "clock") {
      now = new Date(now.getTime() + one.hours * 3_600_000);
      for (const tenant of [...batched.slice(0, 2), ...single.slice(0, 2)])
        await bench.purser.advanceClock({ tenant, to: now });
    } else {
      const { feature, amount } = one;
      const expiresAt = new Date(now.getTime() + one.days * 86_400_000);
      for (const tenant of [batched[one.who] ?? "", single[one.who] ?? ""]) {
        await bench.purser.issueGrant(bench.pool, {
          tenant,
          feature,
          dedupeKey: `g${n}`,
          expiresAt,
          ...(amount === undefined ? { unlimited: true } : { amount }),
        });
      }
    }
    for (const call of asked) expect(call.together).toEqual(call.oneByOne);
    for (const side of [0, 1]) {
      expect(await bench.rows(ROWS, [batched[side]])).toEqual(await bench.rows(ROWS, [single[side]]));
    }
  }
}

describe("a batch is what one call after the other would have been", () => {
  test("over several tenants, every kind of feature, keys twice in a call and across features, time and grants between", {
    timeout: 240_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8, size: "max" }), (steps) =>
        runOnTwins(steps, together),
      ),
      { numRuns: Number(process.env["PURSER_TEST_RUNS"] ?? 40), endOnFailure: true },
    );
    // What was never reached was never compared.
    const all = `consumed replayed overage idempotency_conflict invalid_input tenant_unknown feature_unknown wrong_kind
      subject_required not_included limit_reached insufficient_balance`;
    expect(reached).toEqual(new Set(all.split(/\s+/)));
  });

  test("where the tenant's own balance has become one for each subject", async () => {
    const twins = ["required-batched", "required-single"];
    for (const tenant of twins) {
      await bench.testTenant(tenant, "pro");
      await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 5, dedupeKey: "g" });
    }
    await bench.rows("UPDATE purser.balances SET per = 'subject' WHERE tenant_id = ANY ($1)", [twins]);
    const asked = [plain("k")];
    const answers = await oneByOne(["required-single"], asked);
    expect(answers.map(({ outcome }) => outcome)).toEqual(["subject_required"]);
    expect(await together(["required-batched"], asked)).toEqual(answers);
  });

  test("costs one update and one change a balance, whatever the number of items", async () => {
    const tenant = await bench.testTenant("counted", "pro");
    await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 150, dedupeKey: "g" });
    const told = "SELECT count(*)::int AS told FROM purser.outbox WHERE tenant_id = $1 AND source = 'consumption'";
    // 100 fit, and then 50 of another 100.
    for (const [round, consumed] of [100, 50].entries()) {
      const items = Array.from({ length: 100 }, (_, n) => plain(`${round}-${n}`));
      const answers = await together([tenant], items);
      expect(answers.filter(({ outcome }) => outcome === "consumed")).toHaveLength(consumed);
      expect(await bench.rows(told, [tenant])).toEqual([{ told: round + 1 }]);
    }
    expect(await together([tenant], [plain("one more")])).toMatchObject([{ outcome: "insufficient_balance" }]);
    expect(await bench.rows(told, [tenant])).toEqual([{ told: 2 }]);
  });
});

describe("a balance that somebody else holds", () => {
  test("is passed over, and the others are decided; who waits gets it when it is free", async () => {
    const [held, free] = await Promise.all(
      ["held", "free"].map(async (tenant) => {
        await bench.testTenant(tenant);
        await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 2, dedupeKey: "g" });
        return tenant;
      }),
    );
    const tenants = [held ?? "", free ?? ""];
    const holder = await bench.pool.connect();
    await holder.query("BEGIN");
    await holder.query("SELECT FROM purser.consume($1, 'credits', 1, 'slow')", [held]);
    // The key of the second is used by the holder, the last one is of a feature that nobody holds and nobody has.
    const items = [plain("a"), plain("slow"), { ...plain("b"), who: 1 }, { ...plain("c"), feature: "seats" }];
    expect((await together(tenants, items, false)).map(({ outcome }) => outcome)).toEqual([
      null,
      null,
      "consumed",
      "subscription_inactive",
    ]);
    const waiting = together(tenants, items.slice(0, 2));
    await blocked(1);
    await holder.query("COMMIT");
    holder.release();
    expect(await waiting).toMatchObject([
      { outcome: "consumed", available: "0.000000" },
      { outcome: "consumed", replayed: true, available: "1.000000" },
    ]);
  });
});

describe("A02, A12: a key that another call is using for another balance", () => {
  /** Somebody has consumed with the key and not ended; a batch with the same key waits for the end. */
  async function during<Result>(
    tenant: string,
    ask: () => Promise<Result>,
    end: "COMMIT" | "ROLLBACK",
  ): Promise<PromiseSettledResult<Result>> {
    await bench.testTenant(tenant, "pro");
    await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 9, dedupeKey: "g" });
    const other = await bench.pool.connect();
    await other.query("BEGIN");
    await other.query("SELECT FROM purser.consume($1, 'exports', 1, 'k1')", [tenant]);
    const [result] = await Promise.allSettled([ask(), blocked(1).then(() => other.query(end))]);
    other.release();
    return result;
  }
  const items = ["k0", "k1", "k2"].map(plain);

  test("the lanes' call is told to ask again, has done nothing, and then finds it", async () => {
    const lost = await during("late", () => together(["late"], items), "COMMIT");
    expect(lost).toMatchObject({ status: "rejected", reason: { code: "40001" } });
    expect(await bench.purser.balances({ tenant: "late", feature: "credits" })).toMatchObject([
      { used: 0, version: 1 },
    ]);
    expect(await together(["late"], items)).toMatchObject([
      { outcome: "consumed", version: "2" },
      { outcome: "idempotency_conflict", field: "feature" },
      { outcome: "consumed", version: "3" },
    ]);
  });

  test("consume_many finds it by itself, and the versions have no gap", async () => {
    const many = () =>
      bench.pool.query("SELECT outcome, field, version FROM purser.consume_many('late-many', $1::jsonb)", [
        JSON.stringify(items.map(({ key }) => ({ feature: "credits", amount: 1, idempotency_key: key }))),
      ]);
    expect(await during("late-many", many, "COMMIT")).toMatchObject({
      value: {
        rows: [
          { outcome: "consumed", version: "2" },
          { outcome: "idempotency_conflict", field: "feature" },
          { outcome: "consumed", version: "3" },
        ],
      },
    });
  });

  test("where the other one gives up, the key is free", async () => {
    const won = await during("late-free", () => together(["late-free"], items), "ROLLBACK");
    expect(won).toMatchObject({
      value: [{ outcome: "consumed" }, { outcome: "consumed", version: "3" }, { outcome: "consumed" }],
    });
  });
});

/** One unit of credits of the first tenant. */
function plain(key: string): Item {
  return { who: 0, feature: "credits", amount: "1", key, subject: "", occurredAt: null, metadata: null };
}

/** When so many sessions of this database wait for a lock of another one. */
async function blocked(sessions: number): Promise<void> {
  const waiting = `SELECT count(*)::int AS waiting FROM pg_stat_activity
    WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`;
  for (;;) {
    const [found] = await bench.rows<{ waiting: number }>(waiting);
    if ((found?.waiting ?? 0) >= sessions) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
