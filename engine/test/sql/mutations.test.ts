// The proof is proven: what a slip of the pen could do to the SQL is done to it, and somebody has to notice. Each line: the
// function, what is changed, and who notices: a worked example whose record no longer comes out, or a race between two
// sessions whose loser is told something else.
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../behaviour/fixture/database.ts";
import { asWritten, play } from "./examples/story.ts";

const sql = fileURLToPath(new URL("../../sql/", import.meta.url));

/** What two sessions send at once, and what they are told: the second waits for the first and decides by what it left. */
interface Race {
  readonly first: string;
  readonly second: string;
  readonly told: readonly [string, string];
}
const races = {
  consume: {
    first: "SELECT outcome FROM purser.consume('acme', 'credits', 5, 'k1')",
    second: "SELECT outcome FROM purser.consume('acme', 'credits', 3, 'k2')",
    told: ["consumed", "insufficient_balance"],
  },
  reserve: {
    first: "SELECT outcome FROM purser.reserve('acme', 'credits', 5, 'k1')",
    second: "SELECT outcome FROM purser.reserve('acme', 'credits', 3, 'k2')",
    told: ["reserved", "insufficient_balance"],
  },
  key: {
    first: "SELECT outcome FROM purser.consume('acme', 'credits', 1, 'k1')",
    second: "SELECT CASE WHEN replayed THEN outcome END AS outcome FROM purser.consume('acme', 'credits', 1, 'k1')",
    told: ["consumed", "consumed"],
  },
  grant: {
    first: "SELECT outcome FROM purser.issue_grant('acme', 'credits', 1, 'again')",
    second:
      "SELECT CASE WHEN replayed THEN outcome END AS outcome FROM purser.issue_grant('acme', 'credits', 1, 'again')",
    told: ["granted", "granted"],
  },
  claim: {
    first: "SELECT outcome FROM purser.claim('acme', 'projects', 'last')",
    second: "SELECT outcome FROM purser.claim('acme', 'projects', 'one more')",
    told: ["claimed", "limit_reached"],
  },
} satisfies { readonly [name: string]: Race };

interface Mutation {
  readonly of: string;
  readonly from: string;
  readonly to: string;
  /** A story of engine/sql/examples, or a race. */
  readonly noticedBy: string;
}
const mutations: readonly Mutation[] = [
  { of: "consume_in_slot", from: "FOR NO KEY UPDATE", to: "", noticedBy: "consume" },
  { of: "consume_in_slot", from: "p_amount <= v_available", to: "p_amount < v_available", noticedBy: "consume" },
  {
    of: "consume_many_in_slots",
    from: "sum(n.demand) OVER of_balance <= n.available",
    to: "true",
    noticedBy: "20_consume_many",
  },
  {
    of: "consume_many_in_slots",
    from: "v_overage > 0 AND v_row.enforcement = 'hard'",
    to: "v_row.enforcement = 'hard'",
    noticedBy: "20_consume_many",
  },
  { of: "consume_in_slot", from: "v_denied IS NOT NULL", to: "false", noticedBy: "36_suspension" },
  { of: "consume_in_slot", from: "v_next > recorded_at", to: "v_next >= recorded_at", noticedBy: "06_windows" },
  {
    of: "consume_in_slot",
    from: "ON CONFLICT (tenant_id, idempotency_key, slot) DO NOTHING",
    to: "",
    noticedBy: "02_idempotency",
  },
  { of: "consumption_answer", from: "v_fact.amount <> p_amount", to: "false", noticedBy: "02_idempotency" },
  { of: "freshen_balance", from: "FOR NO KEY UPDATE", to: "", noticedBy: "reserve" },
  { of: "freshen_balance", from: "FOR NO KEY UPDATE", to: "", noticedBy: "claim" },
  {
    of: "freshen_balance",
    from: "next_change_at > now_at",
    to: "next_change_at >= now_at",
    noticedBy: "32_restriction",
  },
  { of: "reserve", from: "p_amount > available", to: "p_amount >= available", noticedBy: "reserve" },
  {
    of: "reserve",
    from: "ON CONFLICT (tenant_id, idempotency_key, slot) DO NOTHING",
    to: "",
    noticedBy: "23_hold",
  },
  { of: "reserve", from: "held = v_row.held + v_funded", to: "held = v_row.held", noticedBy: "23_hold" },
  { of: "settle", from: "least(p_amount, v_funded)", to: "v_funded", noticedBy: "24_hold_outlives_its_window" },
  { of: "settle", from: "v_hold.status = 'expired'", to: "false", noticedBy: "23_hold" },
  { of: "settle", from: "WHEN v_hold.settled + v_hold.unfunded <> p_amount", to: "WHEN false", noticedBy: "23_hold" },
  {
    of: "drawn_from",
    from: "least(p_amount, greatest(p_available, 0))",
    to: "p_amount",
    noticedBy: "25_settle_above_the_reserve",
  },
  { of: "end_pins", from: "IF v_pin.in_force THEN", to: "IF true THEN", noticedBy: "24_hold_outlives_its_window" },
  { of: "grants_closed", from: "p_at < o.ends_at,", to: "p_at <= o.ends_at,", noticedBy: "08_dates_of_a_grant" },
  { of: "grants_closed", from: "h.priority, h.expires_at", to: "h.expires_at, h.priority", noticedBy: "03_burn_order" },
  {
    of: "grants_closed",
    from: "AND g.unlimited = (SELECT balance.unlimited FROM balance)",
    to: "",
    noticedBy: "04_unlimited",
  },
  {
    of: "grants_due",
    from: "greatest(c.amount - c.use_before, 0)",
    to: "c.amount",
    noticedBy: "33_upgrade_inside_a_window",
  },
  { of: "grants_due", from: "least(w.rollover_cap,", to: "greatest(w.rollover_cap,", noticedBy: "35_rollover" },
  { of: "windows_due", from: "p_at < m.ends_at)\n", to: "false)\n", noticedBy: "31_override" },
  { of: "reverse_consumption", from: "ORDER BY p.drawn DESC", to: "ORDER BY p.drawn", noticedBy: "22_reverse" },
  { of: "reverse_consumption", from: "v_undone.amount = v_fact.amount", to: "false", noticedBy: "22_reverse" },
  {
    of: "reverse_consumption",
    from: "least(amount, v_fact.overage - v_undone.overage)",
    to: "0",
    noticedBy: "22_reverse",
  },
  { of: "void_grant", from: "coalesce(v_open.remaining, 0)", to: "0", noticedBy: "26_void" },
  { of: "void_grant", from: "WHEN p_refund THEN", to: "WHEN false THEN", noticedBy: "27_refund" },
  {
    of: "claim",
    from: "v_row.claimed + 1 > v_row.granted",
    to: "v_row.claimed > v_row.granted",
    noticedBy: "28_claims",
  },
  {
    of: "claim",
    from: "WHEN v_row.denied_reason IS NOT NULL THEN lower(v_row.denied_reason)",
    to: "",
    noticedBy: "32_restriction",
  },
  { of: "issue_grant", from: "ON CONFLICT (tenant_id, dedupe_key, slot) DO NOTHING", to: "", noticedBy: "grant" },
];

async function connected(url: string, types?: typeof asWritten): Promise<Client> {
  const client = new Client({ connectionString: url, ...(types === undefined ? {} : { types }) });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** Whether the story's record comes out. */
async function told(database: TestDatabase, story: string): Promise<boolean> {
  const client = await connected(database.serviceUrl, asWritten);
  try {
    const file = `${sql}examples/${story}.sql`;
    return (await play(client, file)) === readFileSync(`${file}.out`, "utf8");
  } finally {
    await client.end();
  }
}

/** Whether both sides of a race are told what they should be: one that waits for the other decides by what it left. */
async function raced(database: TestDatabase, race: Race): Promise<boolean> {
  const [a, b, eye] = [
    await connected(database.serviceUrl, asWritten),
    await connected(database.serviceUrl),
    await connected(database.adminUrl),
  ];
  try {
    await play(a, `${sql}examples/00_catalog.sql`);
    await a.query(`SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00'), pg_temp.put_on_plan('acme', 'pro')`);
    await a.query("SELECT purser.issue_grant('acme', 'credits', 5, 'order-1')");
    for (const one of [1, 2, 3, 4]) await a.query("SELECT purser.claim('acme', 'projects', $1)", [`project-${one}`]);
    const { rows } = await b.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    await a.query("BEGIN");
    const first = await a.query<{ outcome: string }>(race.first);
    const second = b
      .query<{ outcome: string }>(race.second)
      .then((answer) => answer.rows[0]?.outcome)
      .catch((error: unknown) => String(error));
    // Until it has its answer or waits for the first.
    const settled = second.then(() => true);
    const waits = "SELECT cardinality(pg_blocking_pids($1)) > 0 AS waits";
    while (!(await Promise.race([settled, pause(5, false)]))) {
      if ((await eye.query<{ waits: boolean }>(waits, [rows[0]?.pid])).rows[0]?.waits ?? false) break;
    }
    await a.query("COMMIT");
    const outcomes = [first.rows[0]?.outcome, await second];
    const { rows: broken } = await eye.query("SELECT * FROM purser.verify()");
    return broken.length === 0 && JSON.stringify(outcomes) === JSON.stringify(race.told);
  } finally {
    for (const client of [a, b, eye]) await client.end();
  }
}

async function holds(database: TestDatabase, by: string): Promise<boolean> {
  return by in races ? raced(database, races[by as keyof typeof races]) : told(database, by);
}

describe("as it is written", () => {
  test.each([...new Set(mutations.map(({ noticedBy }) => noticedBy))])("%s comes out", async (by) => {
    const database = await createTestDatabase();
    onTestFinished(database.drop);
    expect(await holds(database, by)).toBe(true);
  });
});

describe("changed in one place", () => {
  test.each(mutations)("$of: '$from' → '$to' is noticed by $noticedBy", async ({ of, from, to, noticedBy }) => {
    const text = readFileSync(`${sql}functions/${of}.sql`, "utf8");
    expect(text.split(from)).toHaveLength(2);
    const database = await createTestDatabase();
    onTestFinished(database.drop);
    const admin = await connected(database.adminUrl);
    onTestFinished(() => admin.end());
    await admin.query(text.replace(from, to));
    expect(await holds(database, noticedBy)).toBe(false);
  });
});
