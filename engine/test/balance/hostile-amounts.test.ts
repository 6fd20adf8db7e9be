// What is no quantity passes no command, whoever sends it: SQL is the last to look. And what is taken back is a fact of its own
// that refers to what was taken, never more than that, however many take it back at once.
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkbench, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

const hostile =
  "NaN Infinity -Infinity -1 -0.000001 1e15 1e999 1e131071 0.0000001 1.0000001 1234567890.123456 999999999999999.9".split(
    " ",
  );
const commands: Readonly<Record<string, string>> = {
  consume: "purser.consume($1, 'credits', $2::numeric, 'k')",
  reserve: "purser.reserve($1, 'credits', $2::numeric, 'k')",
  issue_grant: "purser.issue_grant($1, 'credits', $2::numeric, 'k')",
  settle: "purser.settle($1, 'held', $2::numeric)",
  reverse_consumption: "purser.reverse_consumption($1, 'taken', 'k', $2::numeric)",
  consume_many: `purser.consume_many($1, jsonb_build_array(jsonb_build_object('feature', 'credits', 'amount', $2::text,
    'idempotency_key', 'k')))`,
  // A number in JSON has no NaN and no infinity; what is none of its own kind is refused as text.
  "consume_many, as a number": `purser.consume_many($1, jsonb_build_array(jsonb_build_object('feature', 'credits', 'amount',
    CASE WHEN $2 ~ '^[-0-9.e]+$' AND $2 !~ 'e[0-9]{3}' THEN to_jsonb($2::numeric) ELSE to_jsonb($2) END, 'idempotency_key', 'k')))`,
};
/** For these 0 is an amount, or none is the rest. */
const zero: Readonly<Record<string, string>> = { settle: "settled" };
const none: Readonly<Record<string, string>> = { reverse_consumption: "reversed" };

async function stocked(tenant: string): Promise<void> {
  await bench.testTenant(tenant);
  await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 100, dedupeKey: "g" });
  await bench.purser.consume(bench.pool, { tenant, feature: "credits", amount: 10, idempotencyKey: "taken" });
  await bench.purser.reserve(bench.pool, { tenant, feature: "credits", amount: 10, idempotencyKey: "held" });
}
const ask = async (command: string, tenant: string, amount: string | null) =>
  (
    await bench.pool.query<{ outcome: string; field: string | null }>(`SELECT outcome, field FROM ${command}`, [
      tenant,
      amount,
    ])
  ).rows;
const version = (tenant: string) => bench.rows("SELECT version FROM purser.balances WHERE tenant_id = $1", [tenant]);

test.each(Object.entries(commands))("D04 D05: %s takes no number that is no quantity", async (name, command) => {
  const tenant = `hostile-${name}`;
  await stocked(tenant);
  const before = await version(tenant);
  const refused: [amount: string | null, wanted?: string | undefined][] = [
    ...hostile.map((amount) => [amount] as [string]),
    ["0", zero[name]],
    [null, none[name]],
  ];
  for (const [amount, wanted] of refused) {
    if (wanted !== undefined) continue;
    // A numeric holds 131072 digits and no more: what has more is no number to the database.
    const said = await ask(command, tenant, amount).catch((error: { code?: string }) => error.code);
    expect([amount, said]).toEqual([
      amount,
      said === "22003" || said === "22P02" ? said : [{ outcome: "invalid_input", field: "amount" }],
    ]);
  }
  expect(await version(tenant)).toEqual(before);
  // The largest and the smallest there are pass, but of what was taken no more comes back than that.
  const least = await ask(command, tenant, "0.000001");
  expect(least).not.toMatchObject([{ outcome: "invalid_input" }]);
  for (const amount of name === "reverse_consumption" ? [] : ["999999999999999", "999999999.999999"])
    expect(await ask(command, tenant, amount)).not.toMatchObject([{ outcome: "invalid_input" }]);
});

test("D04: nor can it be written past the commands", async () => {
  await stocked("written");
  for (const [amount, code] of [
    ["NaN", "23514"],
    ["-1", "23514"],
    ["1e15", "23514"],
    // numeric(38,6) holds no infinity.
    ["Infinity", "22003"],
  ] as const) {
    const written = bench.rows("UPDATE purser.grants SET amount = $1::numeric WHERE tenant_id = 'written'", [amount]);
    await expect(written).rejects.toMatchObject({ code });
  }
});

test("D05 D06: parts taken back at once, with grants coming and going, are never more than was taken", async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.oneof(fc.integer({ min: 1, max: 15 }), fc.constant(undefined)), { minLength: 2, maxLength: 8 }),
      fc.boolean(),
      async (taken, parts, reissue) => {
        run += 1;
        const tenant = await bench.testTenant(`parts-${run}`);
        const grant = (dedupeKey: string, amount: number) =>
          bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount, dedupeKey });
        await grant("first", 25);
        await grant("second", 25);
        await bench.purser.consume(bench.pool, { tenant, feature: "credits", amount: taken, idempotencyKey: "k" });
        const [ended] = await Promise.all([
          bench.purser.voidGrant(bench.pool, { tenant, dedupeKey: "first", reason: "wrong", actor: "test" }),
          grant("third", 7),
        ]);
        const outcomes = await Promise.all(
          parts.map((amount, n) =>
            bench.purser.reverseConsumption(bench.pool, {
              tenant,
              consumptionKey: "k",
              idempotencyKey: `r${n}`,
              amount,
              reissue,
            }),
          ),
        );
        const reversed = outcomes.flatMap((one) => (one.outcome === "reversed" ? [one] : []));
        const sum = (of: (one: (typeof reversed)[number]) => number) => reversed.reduce((all, one) => all + of(one), 0);
        expect(sum(({ amount }) => amount)).toBeLessThanOrEqual(taken);
        // Whoever was refused asked for more than was left, or nothing was left.
        const left = taken - sum(({ amount }) => amount);
        const unjustly = outcomes.filter(
          ({ outcome }, n) => outcome !== "reversed" && left > 0 && (parts[n] ?? left) <= left,
        );
        expect(unjustly).toEqual([]);
        // What came back is what is there, and each reversal is a fact that names the consumption.
        const lapsed = ended.outcome === "voided" ? ended.lapsed : 0;
        expect((await bench.purser.balances({ tenant }))[0]?.available).toBe(
          57 - taken - lapsed + sum(({ restored }) => restored) + (reissue ? sum(({ lapsed: lost }) => lost) : 0),
        );
        expect(
          await bench.rows(
            `SELECT count(*)::int AS n, coalesce(sum(amount), 0)::int AS amount FROM purser.balance_facts
             WHERE tenant_id = $1 AND kind = 'reverse' AND reference = 'k'`,
            [tenant],
          ),
        ).toEqual([{ n: reversed.length, amount: sum(({ amount }) => amount) }]);
      },
    ),
    { numRuns: 20 },
  );
});

test("a balance of more digits than a number holds is counted exactly, and no door fails", async () => {
  const tenant = "vast";
  await bench.testTenant(tenant);
  const place = { tenant, feature: "credits" } as const;
  for (const dedupeKey of ["g", "h"])
    await bench.purser.issueGrant(bench.pool, { ...place, amount: 999_999_999_999_999, dedupeKey });
  const taken = { ...place, amount: "0.000001" };
  expect(await bench.purser.tryConsume(bench.pool, { ...taken, idempotencyKey: "k" })).toMatchObject({
    outcome: "consumed",
    available: 1_999_999_999_999_998,
  });
  expect(await bench.purser.reserve(bench.pool, { ...taken, idempotencyKey: "held" })).toMatchObject({
    outcome: "reserved",
  });
  expect(await bench.purser.explain(place)).toMatchObject({ feature: "credits" });
  expect(
    await bench.rows(
      "SELECT (granted - used - held)::text AS left FROM purser.balances WHERE tenant_id = 'vast' AND feature = 'credits'",
    ),
  ).toEqual([{ left: "1999999999999997.999998" }]);
});
