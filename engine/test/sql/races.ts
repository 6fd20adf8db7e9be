// What two sessions send at once, and what they are told: the second waits for the first and decides by what it left.
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import type { TestDatabase } from "../../../behaviour/fixture/database.ts";
import { asWritten, play } from "./examples/story.ts";

interface Race {
  /** What there is besides 5 credits and 4 of 5 projects. */
  readonly before?: readonly string[];
  readonly first: string;
  readonly second: string;
  readonly told: readonly [string, string];
  /** The second waits for nobody. */
  readonly passing?: true;
  /** A question that has no answer afterwards. */
  readonly nothing?: string;
  /** The second looks before the first has done anything, and goes by that: REPEATABLE READ. */
  readonly snapshot?: true;
}

const again = "outcome || CASE WHEN replayed THEN ' again' ELSE '' END AS outcome";
const consume = (amount: number, key: string, feature = "credits") =>
  `SELECT ${again} FROM purser.consume('acme', '${feature}', ${amount}, '${key}')`;
const many = (key: string, feature: string, amount = 3) =>
  `SELECT ${again} FROM purser.consume_many('acme', '[{"feature": "${feature}", "amount": ${amount}, "idempotency_key": "${key}"}]')`;
/** As the lanes send it, who wait for nobody. */
const lane = (key: string, amount: number) =>
  `SELECT coalesce(outcome, 'passed over') AS outcome FROM purser.consume_many_in_slots(ARRAY[purser.slot_of('acme')],
     ARRAY['acme'], ARRAY['credits'], ARRAY[${amount}], ARRAY['${key}'], ARRAY[''], ARRAY[NULL]::timestamptz[], ARRAY[NULL]::jsonb[],
     false)`;
const reserve = (amount: number, key: string) =>
  `SELECT ${again} FROM purser.reserve('acme', 'credits', ${amount}, '${key}')`;
const settle = "SELECT outcome FROM purser.settle('acme', 'h', 2)";
const release = "SELECT outcome FROM purser.release('acme', 'h')";
const extend = "SELECT outcome FROM purser.extend('acme', 'h', '2026-03-09 09:00+00')";
const grant = (key: string, feature = "credits") =>
  `SELECT ${again} FROM purser.issue_grant('acme', '${feature}', 1, '${key}')`;
const revoke = `SELECT outcome || ' ' || trim_scale(lapsed) || CASE WHEN replayed THEN ' again' ELSE '' END AS outcome
  FROM purser.void_grant('acme', 'order-1', 'wrong', 'ann')`;
const reverse = (key: string, of = "k", more = "") =>
  `SELECT outcome FROM purser.reverse_consumption('acme', '${of}', '${key}'${more})`;
const claim = (resource: string) => `SELECT ${again} FROM purser.claim('acme', 'projects', '${resource}')`;
const unclaim = (resource: string) => `SELECT ${again} FROM purser.release_claim('acme', 'projects', '${resource}')`;
const report = (count: number) => `SELECT outcome FROM purser.report_count('acme', 'projects', ${count})`;
const none = ["SELECT purser.release_claim('acme', 'projects', 'project-' || n) FROM generate_series(1, 4) n"];
const lock = "SELECT outcome FROM purser.lock_capacity('acme', 'projects')";
const restrict = (feature: string) =>
  `SELECT outcome FROM purser.write_restriction('acme', '${feature}', 'frozen', NULL, 'infinity', 'ann')`;
const draft = "SELECT outcome FROM purser.consume('acme', 'drafts', 1, 'd', 'ann')";
const turn = (after = "") =>
  `SELECT 'turned ' || purser.turn_due_balances(purser.slot_of('acme'), ARRAY['acme'], ARRAY[''], ARRAY['reports'])${after} AS outcome`;
const due = [consume(1, "r", "reports"), "SELECT purser.advance_test_clock('acme', '2026-04-01 09:00+00')"];

const races = {
  consume: { first: consume(5, "k1"), second: consume(3, "k2"), told: ["consumed", "insufficient_balance"] },
  "consume of a grant": { first: grant("again"), second: consume(6, "k2"), told: ["granted", "consumed"] },
  key: {
    first: consume(1, "k1"),
    second: consume(1, "k1"),
    told: ["consumed", "consumed again"],
    nothing:
      "SELECT FROM purser.balances WHERE feature = 'credits' AND used <> 1 UNION ALL SELECT FROM purser.verify()",
  },
  "key on two balances": {
    first: consume(1, "k1"),
    second: consume(1, "k1", "reports"),
    told: ["consumed", "idempotency_conflict"],
  },
  many: { first: many("k1", "credits", 5), second: many("k2", "credits"), told: ["consumed", "insufficient_balance"] },
  "key of many": {
    first: consume(1, "k1"),
    second: many("k1", "reports"),
    told: ["consumed", "idempotency_conflict"],
  },
  lane: { first: consume(1, "k1"), second: lane("k2", 1), told: ["consumed", "passed over"], passing: true },
  "lane first": { first: lane("k1", 5), second: consume(3, "k2"), told: ["consumed", "insufficient_balance"] },
  reserve: { first: reserve(5, "k1"), second: reserve(3, "k2"), told: ["reserved", "insufficient_balance"] },
  "key of a hold": {
    first: consume(1, "k1", "reports"),
    second: reserve(1, "k1"),
    told: ["consumed", "idempotency_conflict"],
  },
  settle: { before: [reserve(3, "h")], first: release, second: settle, told: ["released", "hold_released"] },
  "settle after a consumption": {
    before: [reserve(2, "h")],
    first: consume(3, "k1"),
    second: "SELECT outcome || ' ' || trim_scale(unfunded) AS outcome FROM purser.settle('acme', 'h', 3)",
    told: ["consumed", "settled_short 1"],
  },
  release: { before: [reserve(3, "h")], first: settle, second: release, told: ["settled", "hold_settled"] },
  extend: { before: [reserve(3, "h")], first: release, second: extend, told: ["released", "hold_released"] },
  grant: { first: grant("again"), second: grant("again"), told: ["granted", "granted again"] },
  "grant that ends while it waits": {
    first: `SELECT c.outcome FROM purser.advance_test_clock('acme', '2026-03-02 09:00+00') a,
      LATERAL (SELECT a.outcome) passed, purser.consume('acme', 'credits', 1, 'k1') c`,
    second:
      "SELECT outcome FROM purser.issue_grant('acme', 'credits', 1, 'late', p_expires_at => '2026-03-01 12:00+00')",
    told: ["consumed", "invalid_input"],
  },
  "key of a grant": {
    first: grant("again"),
    second: grant("again", "reports"),
    told: ["granted", "idempotency_conflict"],
  },
  void: { first: consume(3, "k1"), second: revoke, told: ["consumed", "voided 2"] },
  "void twice": { first: revoke, second: revoke, told: ["voided 5", "voided 5 again"] },
  reverse: {
    before: [consume(3, "k")],
    first: reverse("r1"),
    second: reverse("r2"),
    told: ["reversed", "already_reversed"],
  },
  "key of a reversal": {
    before: [consume(3, "k")],
    first: consume(1, "r", "reports"),
    second: reverse("r"),
    // Asked again, it finds the key.
    told: ["consumed", "40001"],
  },
  "key of two reversals": {
    before: [
      consume(3, "k"),
      revoke,
      consume(3, "x", "reports"),
      "SELECT purser.advance_test_clock('acme', '2026-04-01 09:00+00')",
    ],
    first: reverse("r", "k", ", p_reissue => true"),
    second: reverse("r", "x", ", p_reissue => true"),
    told: ["reversed", "40001"],
  },
  claim: { first: claim("last"), second: claim("one more"), told: ["claimed", "limit_reached"] },
  "name of a claim": { first: claim("last"), second: claim("last"), told: ["claimed", "claimed again"] },
  "release of a claim": {
    first: unclaim("project-1"),
    second: unclaim("project-1"),
    told: ["released", "released again"],
  },
  report: { before: none, first: claim("last"), second: report(2), told: ["claimed", "claims_kept"] },
  count: { before: none, first: report(2), second: claim("last"), told: ["reported", "count_reported"] },
  resolver: { first: lock, second: lock, told: ["locked", "locked"] },
  "resolver with a snapshot": { first: lock, second: lock, told: ["locked", "40001"], snapshot: true },
  "first use": {
    first: restrict("drafts"),
    second: draft,
    told: ["written", "restricted"],
    nothing: "SELECT FROM purser.balances WHERE feature = 'drafts'",
  },
  "first grant": {
    first: restrict("drafts"),
    second: "SELECT outcome FROM purser.issue_grant('acme', 'drafts', 1, 'a', 'ann')",
    told: ["written", "granted"],
    nothing: "SELECT FROM purser.balances WHERE feature = 'drafts' AND denied_reason IS NULL",
  },
  boundary: { before: due, first: turn(), second: turn(), told: ["turned 1", "turned 0"], passing: true },
} satisfies { readonly [name: string]: Race };
export type RaceName = keyof typeof races;
export const isRace = (name: string): name is RaceName => name in races;

/** A connection whose end, with its database's, nobody needs to hear of. */
export async function connected(url: string, types?: typeof asWritten): Promise<Client> {
  const client = new Client({ connectionString: url, ...(types === undefined ? {} : { types }) });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

const codeOf = (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : String(error));

/** Whether both sides of a race are told what they should be, and leave what holds. */
export async function raced(database: TestDatabase, name: RaceName): Promise<boolean> {
  const race: Race = races[name];
  const [a, b, eye] = [
    await connected(database.serviceUrl, asWritten),
    await connected(database.serviceUrl),
    await connected(database.adminUrl),
  ];
  try {
    await play(a, fileURLToPath(new URL("../../sql/examples/00_catalog.sql", import.meta.url)));
    await a.query(`SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00'), pg_temp.put_on_plan('acme', 'pro')`);
    await a.query("SELECT purser.issue_grant('acme', 'credits', 5, 'order-1')");
    for (const one of [1, 2, 3, 4]) await a.query("SELECT purser.claim('acme', 'projects', $1)", [`project-${one}`]);
    for (const statement of race.before ?? []) await a.query(statement);
    const { rows } = await b.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    if (race.snapshot === true)
      await b.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM purser.balances LIMIT 1");
    await a.query("BEGIN");
    const first = await a.query<{ outcome: string }>(race.first).catch((error: unknown) => codeOf(error));
    const second = b
      .query<{ outcome: string }>(race.second)
      .then((answer) => answer.rows[0]?.outcome)
      .catch(codeOf);
    // Until it has its answer or waits for the first.
    const settled = second.then(() => true);
    const waits = "SELECT cardinality(pg_blocking_pids($1)) > 0 AS waits";
    let waited = false;
    while (!waited && !(await Promise.race([settled, pause(5, false)]))) {
      waited = (await eye.query<{ waits: boolean }>(waits, [rows[0]?.pid])).rows[0]?.waits ?? false;
    }
    await a.query("COMMIT");
    const outcomes = [typeof first === "string" ? first : first.rows[0]?.outcome, await second];
    await b.query("COMMIT");
    const { rows: broken } = await eye.query("SELECT * FROM purser.verify()");
    const wrong = race.nothing === undefined ? [] : (await eye.query(race.nothing)).rows;
    if (waited && race.passing === true) return false;
    return broken.length + wrong.length === 0 && JSON.stringify(outcomes) === JSON.stringify(race.told);
  } finally {
    for (const client of [a, b, eye]) await client.end();
  }
}
