// A key is one thing asked once: every field of what was asked counts, in whatever order and month it is asked again, and the
// keys that Purser makes itself name what they stand for and nothing else.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWorkbench, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

const day = (n: number) => new Date(Date.UTC(2026, 0, 1 + n));
let tenants = 0;
/** A tenant with something of everything to draw from, and a consumption to undo. */
async function stocked(): Promise<string> {
  tenants += 1;
  const tenant = await bench.testTenant(`keys-${tenants}`, "pro");
  for (const feature of ["credits", "reports"] as const)
    await bench.purser.issueGrant(bench.pool, { tenant, feature, amount: 1000, dedupeKey: `stock-${feature}` });
  for (const idempotencyKey of ["first", "second"])
    await bench.purser.consume(bench.pool, { tenant, feature: "credits", amount: 90, idempotencyKey });
  for (const idempotencyKey of ["held", "kept"])
    await bench.purser.reserve(bench.pool, { tenant, feature: "credits", amount: 50, idempotencyKey });
  return tenant;
}
/** Everything that a command on balances writes. */
const written = async (tenant: string) =>
  bench.rows(
    `SELECT (SELECT jsonb_agg(b ORDER BY b.subject, b.feature) FROM purser.balances b WHERE b.tenant_id = $1) AS balances,
            (SELECT count(*) FROM purser.balance_facts f WHERE f.tenant_id = $1) AS facts,
            (SELECT count(*) FROM purser.grants g WHERE g.tenant_id = $1) AS grants,
            (SELECT jsonb_agg(h ORDER BY h.hold_key) FROM purser.holds h WHERE h.tenant_id = $1) AS holds`,
    [tenant],
  );

interface Answer {
  readonly outcome: string;
  readonly field?: string;
  readonly replayed?: boolean;
}
type Input = Readonly<Record<string, unknown>>;
interface Keyed {
  readonly name: string;
  readonly done: string;
  readonly input: Input;
  /** For each field other values than that of `input`. */
  readonly other: Readonly<Record<string, readonly unknown[]>>;
  readonly ask: (input: never) => Promise<Answer>;
}
const metadata = { order: 17, lines: [{ price: "1.50" }, null] };
const otherMetadata = [undefined, {}, { ...metadata, order: 18 }, { order: 17, lines: [null, { price: "1.50" }] }];
const commands: readonly Keyed[] = [
  {
    name: "consume",
    done: "consumed",
    input: { feature: "credits", amount: 10, subject: "ann", occurredAt: day(-3), metadata },
    other: {
      feature: ["reports"],
      amount: [11, "10.000001", "9.999999"],
      subject: ["bob", "Ann", undefined],
      occurredAt: [day(-4), undefined],
      metadata: otherMetadata,
    },
    ask: (input) => bench.purser.tryConsume(bench.pool, input),
  },
  {
    name: "reserve",
    done: "reserved",
    input: { feature: "credits", amount: 10, subject: "ann", expiresAt: day(3), metadata },
    other: {
      feature: ["reports"],
      amount: [11, "10.000001"],
      subject: ["bob", undefined],
      expiresAt: [day(4), undefined],
      metadata: otherMetadata,
    },
    ask: (input) => bench.purser.reserve(bench.pool, input),
  },
  {
    name: "settle",
    done: "settled",
    input: { holdKey: "held", amount: 10, occurredAt: day(-3), metadata },
    other: { amount: [0, 11, "10.000001"], occurredAt: [day(-4), undefined], metadata: otherMetadata },
    ask: (input) => bench.purser.settle(bench.pool, input),
  },
  {
    name: "issueGrant",
    done: "granted",
    input: {
      feature: "credits",
      amount: 10,
      source: "top_up",
      priority: 7,
      effectiveAt: day(1),
      expiresAt: day(9),
      metadata,
    },
    other: {
      feature: ["reports"],
      amount: [11, "10.000001"],
      source: ["manual", "product", undefined],
      priority: [8, undefined],
      effectiveAt: [day(2), undefined],
      expiresAt: [day(10), undefined],
      metadata: otherMetadata,
    },
    ask: (input: Input & { idempotencyKey: string }) => {
      const { idempotencyKey: dedupeKey, ...rest } = input;
      return bench.purser.issueGrant(bench.pool, { ...rest, dedupeKey } as never);
    },
  },
  {
    name: "reverseConsumption",
    done: "reversed",
    input: { consumptionKey: "first", amount: 5, reissue: true, reason: "by mistake" },
    other: {
      consumptionKey: ["second"],
      amount: [6, "5.000001", undefined],
      reissue: [false, undefined],
      reason: ["on purpose", undefined],
    },
    ask: (input) => bench.purser.reverseConsumption(bench.pool, input),
  },
];

test.each(commands)(
  "A03 S001-7: $name is done once a key, and any other field is named and changes nothing",
  async ({ name, done, input, other, ask }) => {
    const tenant = await stocked();
    let asked = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(
          ...Object.entries(other).flatMap(([field, values]) => values.map((value) => ({ field, value }))),
        ),
        async ({ field, value }) => {
          asked += 1;
          // A hold is settled once, whatever the key: its name is the key.
          const key = name === "settle" ? {} : { idempotencyKey: `key-${asked}` };
          const first = await ask({ tenant, ...input, ...key } as never);
          expect(first).toMatchObject({ outcome: done, replayed: name === "settle" && asked > 1 });
          const before = await written(tenant);
          expect(await ask({ tenant, ...input, ...key, [field]: value } as never)).toEqual({
            outcome: "idempotency_conflict",
            field,
          });
          expect(await ask({ tenant, ...input, ...key } as never)).toMatchObject({ outcome: done, replayed: true });
          expect(await written(tenant)).toEqual(before);
        },
      ),
      { numRuns: 12 },
    );
  },
);

test("A03: a key used by one command is refused by every other that takes from a balance", async () => {
  const tenant = await stocked();
  const taking = commands.filter(({ name }) => name !== "settle" && name !== "issueGrant");
  for (const first of taking)
    for (const second of taking) {
      if (first === second) continue;
      const idempotencyKey = `${first.name} and ${second.name}`;
      const small = (command: Keyed) => ({ tenant, ...command.input, amount: 1, idempotencyKey }) as never;
      expect(await first.ask(small(first))).toMatchObject({ outcome: first.done });
      const before = await written(tenant);
      expect(await second.ask(small(second))).toEqual({ outcome: "idempotency_conflict", field: "command" });
      expect(await written(tenant)).toEqual(before);
    }
});

test("A12: a key asked again in any month, dated to any other, is one consumption for ever", async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          days: fc.nat({ max: 70 }),
          feature: fc.constantFrom("reports", "exports"),
          amount: fc.integer({ min: 1, max: 2 }),
          dated: fc.option(fc.integer({ min: -400, max: 400 }).map(day), { nil: undefined }),
        }),
        { minLength: 2, maxLength: 8 },
      ),
      async (asked) => {
        run += 1;
        const tenant = await bench.testTenant(`months-${run}`, "pro");
        let now = day(0).getTime();
        const [first] = asked;
        for (const [n, { days, feature, amount, dated: occurredAt }] of asked.entries()) {
          now += days * 86_400_000;
          await bench.purser.advanceClock({ tenant, to: new Date(now) });
          const same =
            feature === first?.feature && amount === first.amount && occurredAt?.getTime() === first.dated?.getTime();
          const outcome = await bench.purser.tryConsume(bench.pool, {
            tenant,
            feature,
            amount,
            occurredAt,
            idempotencyKey: "one",
          });
          expect(outcome).toMatchObject(
            same ? { outcome: "consumed", replayed: n > 0 } : { outcome: "idempotency_conflict" },
          );
        }
        expect(
          await bench.rows("SELECT feature, amount::int FROM purser.consumptions WHERE tenant_id = $1", [tenant]),
        ).toEqual([{ feature: first?.feature, amount: first?.amount }]);
      },
    ),
    { numRuns: 12 },
  );
});

describe("A04: the keys of grants that Purser makes itself", () => {
  test("are equal exactly where allowance, holder, window and turn in it are, whatever subjects are called", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.stringMatching(/^[u:01]{1,5}$/), { minLength: 2, maxLength: 4 }),
        async (random) => {
          run += 1;
          // One whose name ends like the number of another's window, and of what a mask left of it.
          const subjects = [...new Set(["u", "u:0", "u:0:1", ...random])];
          const tenant = await bench.testTenant(`subjects-${run}`, "pro");
          const all = async (amount: number, name: string, left: number) => {
            for (const subject of subjects)
              expect([
                subject,
                await bench.purser.tryConsume(bench.pool, {
                  tenant,
                  feature: "seats",
                  subject,
                  amount,
                  idempotencyKey: `${name} ${subject}`,
                }),
              ]).toMatchObject([subject, { outcome: "consumed", available: left }]);
          };
          await all(1, "whole", 3);
          // Masked for a day, so that each window has three grants.
          await bench.rows(
            `SELECT purser.write_override($1, 'seats', 'allow', 'sales', '2026-01-10Z', '2026-01-11Z', 'test', p_amount => 2)`,
            [tenant],
          );
          await bench.purser.advanceClock({ tenant, to: day(9) });
          await all(1, "masked", 0);
          await bench.purser.advanceClock({ tenant, to: day(10) });
          await all(2, "unmasked", 0);
          await bench.purser.advanceClock({ tenant, to: day(31) });
          await all(4, "next", 0);
          const grants = await bench.rows<{ grants: number; meanings: number }>(
            `SELECT count(*)::int AS grants, count(DISTINCT (allowance_id, subject, effective_at))::int AS meanings
             FROM purser.grants WHERE tenant_id = $1 AND feature = 'seats'`,
            [tenant],
          );
          expect(grants).toEqual([{ grants: 4 * subjects.length, meanings: 4 * subjects.length }]);
        },
      ),
      { numRuns: 6 },
    );
  });

  test("have room for the longest names", async () => {
    // The rig subscribes the tenant with a key that has ten more.
    for (const [n, subject] of ["s".repeat(200), ":".repeat(200), "é".repeat(200)].entries()) {
      const tenant = await bench.testTenant(`${n}${"t".repeat(189)}`, "pro");
      const input = { tenant, feature: "seats", subject, amount: 4, idempotencyKey: "k" } as const;
      expect(await bench.purser.tryConsume(bench.pool, input)).toMatchObject({ outcome: "consumed", available: 0 });
    }
  });
});
