// What a balance was is recomputed from facts, grants, voids, burns, allocations and holds, never from what its row says
// now. So: do anything, let the clock move, remember what was answered at each instant, and ask for those instants at the end.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../behaviour/fixture/database.ts";

let database: TestDatabase;
let client: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  client = new Client({ connectionString: database.serviceUrl });
  await client.connect();
  // The catalogue of the worked examples has every kind, window and enforcement, rollover among them.
  await client.query(readFileSync(new URL("../../sql/examples/00_catalog.sql", import.meta.url), "utf8"));
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const features = ["credits", "reports", "minutes", "alerts", "exports", "visits", "drafts", "projects"] as const;
const countable = features.filter((feature) => feature !== "projects");
const subjectOf = (feature: string) => (feature === "drafts" ? "ann" : "");
const hours = (count: number) => count * 3_600_000;

interface Step {
  readonly verb: string;
  readonly feature: number;
  readonly amount: number;
  readonly key: number;
  readonly wait: number;
}

const verbs = [
  "consume",
  "consume",
  "consume",
  "reserve",
  "reserve",
  "settle",
  "settle",
  "release",
  "extend",
  "grant",
  "grant",
  "void",
  "reverse",
  "reverse",
  "claim",
  "claim",
  "release_claim",
  "report",
  "lock",
  "override",
  "restrict",
  "plan",
  "wait",
  "wait",
];
const waits = [0, 0, 0, 1, 5, 20, 30, 24, 24 * 8, 24 * 35, 24 * 100];
const step = fc.record({
  verb: fc.constantFrom(...verbs),
  feature: fc.nat(countable.length - 1),
  amount: fc.integer({ min: 0, max: 60 }),
  key: fc.nat(12),
  wait: fc.nat(waits.length - 1),
});

let runs = 0;

async function take(tenant: string, { verb, feature, amount, key, wait }: Step, now: Date): Promise<Date> {
  const name = countable[feature] ?? "";
  const at = (ahead: number) => new Date(now.getTime() + hours(ahead));
  const subject = subjectOf(name);
  const call = (text: string, ...values: unknown[]) =>
    client.query(`SELECT * FROM purser.${text}`, [tenant, ...values]);
  const some = amount + 1;
  switch (verb) {
    case "consume":
      await call("consume($1, $2, $3, $4, $5)", name, some, `c${key}-${feature}-${now.getTime()}`, subject);
      break;
    case "reserve":
      await call("reserve($1, $2, $3, $4, $5, $6)", name, some, `h${key}`, at(1 + (amount % 50)), subject);
      break;
    case "settle":
      await call("settle($1, $2, $3)", `h${key}`, amount);
      break;
    case "release":
      await call("release($1, $2)", `h${key}`);
      break;
    case "extend":
      await call("extend($1, $2, $3)", `h${key}`, at(1 + amount));
      break;
    case "grant":
      await call(
        "issue_grant($1, $2, $3, $4, $5, 'top_up', $6, $7, $8)",
        name,
        some,
        `g${key}`,
        subject,
        amount % 3 === 0 ? at(amount) : null,
        amount % 2 === 0 ? at(amount + 24) : "infinity",
        amount % 4 === 0 ? 10 : 100,
      );
      break;
    case "void":
      await call("void_grant($1, $2, 'a mistake', 'somebody')", `g${key}`);
      break;
    case "reverse": {
      const { rows } = await client.query<{ key: string }>(
        "SELECT idempotency_key AS key FROM purser.consumptions WHERE tenant_id = $1 ORDER BY idempotency_key LIMIT 1 OFFSET $2",
        [tenant, key],
      );
      const part = amount % 2 === 0 ? null : some / 10;
      if (rows[0] !== undefined)
        await call(
          "reverse_consumption($1, $2, $3, $4, $5)",
          rows[0].key,
          `r${key}-${now.getTime()}`,
          part,
          amount % 3 === 0,
        );
      break;
    }
    case "claim":
    case "release_claim":
      await call(`${verb}($1, 'projects', $2)`, `p${key}`);
      break;
    case "report":
      await call("report_count($1, 'projects', $2)", amount % 4);
      break;
    case "lock":
      await call("lock_capacity($1, 'projects')");
      break;
    case "override":
      await call(
        "write_override($1, $2, $3, 'support', $4, $5, 'somebody', p_amount => $6)",
        key % 4 === 0 ? "projects" : name,
        key % 3 === 0 ? "deny" : "allow",
        key % 2 === 0 ? null : at(5),
        at(10 + amount * 10),
        key % 3 === 0 ? null : amount,
      );
      break;
    case "restrict":
      await call(
        "write_restriction($1, $2, $3, $4, $5, 'somebody', $6)",
        name,
        ["disabled", "frozen", "degraded"][key % 3],
        key % 2 === 0 ? null : at(7),
        at(8 + amount * 5),
        key % 3 === 2 ? amount : null,
      );
      break;
    case "plan":
      // The plan of a story names its allowances by the instant, so two of them need two instants.
      await client.query("SELECT purser.advance_test_clock($1, $2)", [tenant, at(0.5)]);
      await client.query("SELECT pg_temp.put_on_plan($1, $2, $3)", [
        tenant,
        ["starter", "pro", "pro", "business"][key % 4],
        key === 11 ? "suspended" : key === 12 ? "canceled" : "active",
      ]);
      break;
  }
  const later = at(waits[wait] ?? 0);
  // Now and then to the very instant something ends.
  if (verb === "wait") await client.query("SELECT purser.advance_test_clock($1, $2)", [tenant, later]);
  return verb === "wait" ? later : verb === "plan" ? at(0.5) : now;
}

// The next change of a plan was not known then; what is due next is told by what is known now.
const ANSWERED = `SELECT f.feature, f.subject, (to_jsonb(c) - 'version' - 'resets_at') AS decision,
    coalesce((SELECT to_jsonb(n) - 'version' - 'next_change_at' - 'resets_at'
       FROM purser.balance_now(purser.slot_of($1), $1, f.subject, f.feature, $3) n WHERE n.version > 0), '{}') AS balance
  FROM unnest($2::text[]) key
  CROSS JOIN LATERAL (SELECT key AS feature, CASE key WHEN 'drafts' THEN 'ann' ELSE '' END AS subject) f
  CROSS JOIN LATERAL purser.check_entitlement($1, f.feature, NULL, f.subject, $3) c ORDER BY f.feature`;

interface Answer {
  readonly feature: string;
  readonly decision: object;
  readonly balance: object;
}

async function answered(tenant: string, at: Date | null): Promise<Answer[]> {
  return (await client.query<Answer>(ANSWERED, [tenant, features, at])).rows;
}

/** A balance that nobody had used yet is made later and dated to its window: the decision was the same without it. */
const asKnownThen = (now: readonly Answer[], then: readonly Answer[]) =>
  now.map((answer, place) =>
    Object.keys(then[place]?.balance ?? {}).length > 0 ? answer : { ...answer, balance: {} },
  );

const whyOf = (decision: object) => {
  const { allowed, reason } = decision as { allowed: boolean; reason: string };
  return { allowed, reason };
};

// The parts of an explanation add up to the whole.
const EXPLAINED = `SELECT e.feature, e.allowed, e.reason, e.version = 0 OR (e.unlimited OR e.granted = g.granted) AND e.used = g.used
      AND e.held = g.held AND (e.reported OR e.claimed = c.claimed) AS adds_up
  FROM unnest($2::text[]) key
  CROSS JOIN LATERAL (SELECT CASE key WHEN 'drafts' THEN 'ann' ELSE '' END AS subject) s
  CROSS JOIN LATERAL purser.explain($1, key, s.subject, $3) e
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(g.amount) FILTER (WHERE NOT g.unlimited), 0) AS granted, coalesce(sum(g.used), 0) AS used, coalesce(sum(g.held), 0) AS held
      FROM purser.explain_grants($1, key, s.subject, $3, 1000) g WHERE g.status IN ('counts', 'resting')) g
  CROSS JOIN LATERAL (SELECT count(*) AS claimed FROM purser.explain_claims($1, key, s.subject, $3)) c
  ORDER BY e.feature`;

test("overage and occupied slots are what they were, whatever was counted since", async () => {
  const tenant = "counted";
  const at = (day: number) => new Date(`2026-02-${String(day).padStart(2, "0")}T10:00:00Z`);
  const on = (day: number) => client.query("SELECT purser.advance_test_clock($1, $2)", [tenant, at(day)]);
  const call = (text: string, ...values: unknown[]) => client.query(`SELECT purser.${text}`, [tenant, ...values]);
  await client.query("SELECT pg_temp.open_tenant($1, $2), pg_temp.put_on_plan($1, 'pro')", [tenant, at(1)]);
  await call("consume($1, 'exports', 70, 'a')");
  await call("claim($1, 'projects', 'apollo')");
  await on(2);
  await call("consume($1, 'exports', 5, 'b')");
  await call("claim($1, 'projects', 'gemini')");
  await on(3);
  await call("reverse_consumption($1, 'a', 'c', 15)");
  await call("release_claim($1, 'projects', 'apollo')");
  await on(28);
  await client.query("SELECT purser.advance_test_clock($1, '2026-03-05T10:00:00Z')", [tenant]);
  await call("consume($1, 'exports', 52, 'd')");
  const { rows } = await client.query(
    `SELECT e.overage::float AS overage, p.claimed FROM unnest($2::timestamptz[]) asked
     CROSS JOIN LATERAL purser.explain($1, 'exports', '', asked) e CROSS JOIN LATERAL purser.explain($1, 'projects', '', asked) p`,
    [tenant, [at(1), at(2), at(3), at(28), new Date("2026-03-02T10:00:00Z"), new Date("2026-03-05T10:00:00Z")]],
  );
  expect(rows).toEqual([
    { overage: 20, claimed: 1 },
    { overage: 25, claimed: 2 },
    { overage: 10, claimed: 1 },
    { overage: 10, claimed: 1 },
    // The window has turned and nobody had asked yet.
    { overage: 0, claimed: 1 },
    { overage: 2, claimed: 1 },
  ]);
});

test("invariant 1: what is recomputed for an instant that has passed is what was answered then, and what is foretold comes true", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      runs += 1;
      const tenant = `past-${runs}`;
      let now = new Date("2026-01-31T10:00:00Z");
      await client.query("SELECT pg_temp.open_tenant($1, $2, 'Europe/Berlin'), pg_temp.put_on_plan($1, 'pro')", [
        tenant,
        now,
      ]);
      const remembered = new Map<string, Answer[]>();
      for (const each of steps) {
        const then = each.verb === "wait" ? new Date(now.getTime() + hours(waits[each.wait] ?? 0)) : undefined;
        const foretold = then && (await answered(tenant, then));
        now = await take(tenant, each, now);
        const said = await answered(tenant, null);
        // Of several answers at one instant the last: time stood still, and it is what the instant ended with.
        remembered.set(now.toISOString(), said);
        const instant = now.toISOString();
        expect({ instant, each, said: await answered(tenant, now) }).toEqual({ instant, each, said });
        expect({ instant, said: foretold ? asKnownThen(foretold, said) : said }).toEqual({ instant, said });
      }
      for (const [instant, said] of remembered) {
        const recomputed = asKnownThen(await answered(tenant, new Date(instant)), said);
        expect({ instant, said: recomputed }).toEqual({ instant, said });
      }
      // Some of the instants: each of them costs as much as all that was asked before.
      for (const [instant, said] of [...remembered].filter((_, place) => place % 3 === 0)) {
        const { rows } = await client.query(EXPLAINED, [tenant, features, instant]);
        const expected = said.map(({ feature, decision }) => ({ feature, ...whyOf(decision), adds_up: true }));
        expect({ instant, rows }).toEqual({ instant, rows: expected });
      }
      expect((await client.query("SELECT * FROM purser.verify($1)", [tenant])).rows).toEqual([]);
    }),
    { numRuns: Number(process.env["PAST_RUNS"] ?? 6), endOnFailure: true },
  );
}, 600_000);
