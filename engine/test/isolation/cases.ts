// What two or three sessions do at once, and every way in which it may end. Each session begins a transaction, calls and
// commits; a session that failed is told of by its SQLSTATE: 40001 and 40P01 ask for the whole transaction again.

export interface Case {
  readonly name: string;
  /** The plan that the tenant is on; none where it is not said. */
  readonly plan?: "pro";
  /** Makes what the sessions meet, of a tenant of the test's own. */
  readonly arrange: (tenant: string) => readonly string[];
  /** For each session its calls; what they say, one after the other, is how it ended. */
  readonly sessions: (tenant: string) => readonly (readonly string[])[];
  /** How it ends under READ COMMITTED: in each of these ways in some order, and in no other. */
  readonly committed: readonly string[];
  /** How else it ends under REPEATABLE READ, where a transaction sees what was committed before it began. */
  readonly snapshot?: readonly string[];
  /** How else under SERIALIZABLE, where that differs. */
  readonly serializable?: readonly string[];
  /**
   * In how many orders the steps of two can come, where that is not 14: so many of the 20 are left where the second call
   * waits for the first one's commit. All 20 where neither ever waits.
   */
  readonly orders?: number;
  /** A question that must have no answer afterwards. */
  readonly wrong?: (tenant: string) => string;
}

const consume = (tenant: string, amount: number, key: string, feature = "credits") =>
  `SELECT outcome || CASE WHEN replayed THEN ' again' ELSE '' END FROM purser.consume('${tenant}', '${feature}', ${amount}, '${key}')`;
const grant = (tenant: string, amount: number, key: string, more = "", feature = "credits") =>
  `SELECT outcome || CASE WHEN replayed THEN ' again' ELSE '' END FROM purser.issue_grant('${tenant}', '${feature}', ${amount}, '${key}'${more})`;
const first = (tenant: string, key: string) =>
  `SELECT outcome FROM purser.consume('${tenant}', 'seats', 3, '${key}', 'ann')`;
const turn = (tenant: string, feature = "credits") =>
  `SELECT 'turned ' || purser.turn_due_balances(purser.slot_of('${tenant}'), ARRAY['${tenant}'], ARRAY[''], ARRAY['${feature}'])`;
const refresh = (tenant: string) => `SELECT outcome FROM purser.refresh('${tenant}', 'credits')`;
const advance = (tenant: string, to: string) =>
  `SELECT outcome FROM purser.advance_test_clock('${tenant}', '${to} 00:00+00')`;
const voided = (tenant: string) =>
  `SELECT outcome || ' ' || trim_scale(lapsed) FROM purser.void_grant('${tenant}', 'g', 'wrong', 'test')`;
const reserve = (tenant: string, amount: number, key: string) =>
  `SELECT outcome FROM purser.reserve('${tenant}', 'credits', ${amount}, '${key}', '2026-01-03 00:00+00')`;
const settle = (tenant: string, amount: number) =>
  `SELECT outcome || CASE WHEN replayed THEN ' again' WHEN late THEN ' late' ELSE '' END FROM purser.settle('${tenant}', 'h', ${amount})`;
const release = (tenant: string) =>
  `SELECT outcome || CASE WHEN replayed THEN ' again' ELSE '' END FROM purser.release('${tenant}', 'h')`;
const extend = (tenant: string) => `SELECT outcome FROM purser.extend('${tenant}', 'h', '2026-01-09 00:00+00')`;
const claim = (tenant: string, resource: string) =>
  `SELECT outcome || CASE WHEN replayed THEN ' again' ELSE '' END FROM purser.claim('${tenant}', 'projects', '${resource}')`;
const unclaim = (tenant: string, resource: string) =>
  `SELECT outcome || CASE WHEN replayed THEN ' again' ELSE '' END FROM purser.release_claim('${tenant}', 'projects', '${resource}')`;
const reverse = (tenant: string, key: string) =>
  `SELECT outcome || CASE WHEN replayed THEN ' again' ELSE '' END FROM purser.reverse_consumption('${tenant}', 'k', '${key}')`;
/** As a host that counts its own rows: locks, counts, and adds one where there is room. */
const build = (tenant: string) => [
  `SELECT FROM purser.lock_capacity('${tenant}', 'projects')`,
  `WITH built AS (
     INSERT INTO public.buildings (tenant_id) SELECT '${tenant}'
       WHERE (SELECT count(*) FROM public.buildings WHERE tenant_id = '${tenant}') < 1 RETURNING 1)
   SELECT CASE count(*) WHEN 1 THEN 'built' ELSE 'full' END FROM built`,
];
const many = (tenant: string, features: readonly string[], key: string) =>
  `SELECT string_agg(outcome, ',') FROM purser.consume_many('${tenant}', '${JSON.stringify(
    features.map((feature) => ({ feature, amount: 1 })),
  )}', '${key}')`;
const boundaries = (tenant: string, count: number) =>
  `SELECT count(*) FROM purser.balance_facts WHERE tenant_id = '${tenant}' AND kind = 'boundary' HAVING count(*) <> ${count}`;

const ending = ", p_expires_at => '2026-01-02 00:00+00'";
const due = (t: string) => [
  grant(t, 5, "g", ending),
  grant(t, 4, "later"),
  consume(t, 2, "before"),
  advance(t, "2026-01-02"),
];

export const cases: readonly Case[] = [
  {
    name: "A01: consume and consume, for more than there is",
    arrange: (t) => [grant(t, 5, "g")],
    sessions: (t) => [[consume(t, 3, "a")], [consume(t, 3, "b")]],
    committed: ["consumed | insufficient_balance", "insufficient_balance | consumed"],
    snapshot: ["40001 | consumed", "consumed | 40001"],
  },
  {
    name: "A02: the same key twice",
    arrange: (t) => [grant(t, 5, "g")],
    sessions: (t) => [[consume(t, 3, "k")], [consume(t, 3, "k")]],
    committed: ["consumed again | consumed", "consumed | consumed again"],
    snapshot: ["40001 | consumed", "consumed | 40001"],
  },
  {
    name: "A02: the same key on two features",
    arrange: (t) => [grant(t, 5, "g"), grant(t, 5, "e", "", "exports")],
    sessions: (t) => [[consume(t, 3, "k")], [consume(t, 3, "k", "exports")]],
    committed: ["consumed | idempotency_conflict", "idempotency_conflict | consumed"],
    snapshot: ["40001 | consumed", "consumed | 40001"],
  },
  {
    name: "consume and grant",
    arrange: (t) => [grant(t, 2, "g")],
    sessions: (t) => [[consume(t, 3, "k")], [grant(t, 5, "more")]],
    committed: ["consumed | granted", "insufficient_balance | granted"],
    snapshot: ["40001 | granted"],
  },
  {
    name: "the same grant twice, the first of its balance",
    arrange: () => [],
    sessions: (t) => [[grant(t, 5, "g")], [grant(t, 5, "g")]],
    committed: ["granted again | granted", "granted | granted again"],
    snapshot: ["40001 | granted", "granted | 40001"],
  },
  {
    name: "two grants, the first of their balance",
    arrange: () => [],
    sessions: (t) => [[grant(t, 5, "a")], [grant(t, 5, "b")]],
    committed: ["granted | granted"],
    snapshot: ["40001 | granted", "granted | 40001"],
  },
  {
    name: "two first uses of an allowance",
    plan: "pro",
    arrange: () => [],
    sessions: (t) => [[first(t, "a")], [first(t, "b")]],
    committed: ["consumed | limit_reached", "limit_reached | consumed"],
    snapshot: ["40001 | consumed", "consumed | 40001"],
  },
  {
    name: "A13: boundary and consume",
    orders: 17,
    arrange: due,
    sessions: (t) => [[turn(t)], [consume(t, 4, "k")]],
    committed: ["turned 0 | consumed", "turned 1 | consumed"],
    snapshot: ["40001 | consumed", "turned 1 | 40001"],
    wrong: (t) => boundaries(t, 1),
  },
  {
    name: "A13: boundary and boundary",
    orders: 20,
    arrange: due,
    sessions: (t) => [[turn(t)], [turn(t)]],
    committed: ["turned 0 | turned 1", "turned 1 | turned 0"],
    snapshot: ["40001 | turned 1", "turned 1 | 40001"],
    wrong: (t) => boundaries(t, 1),
  },
  {
    name: "boundary and refresh",
    orders: 17,
    arrange: due,
    sessions: (t) => [[turn(t)], [refresh(t)]],
    committed: ["turned 0 | refreshed", "turned 1 | unchanged"],
    snapshot: ["40001 | refreshed", "turned 1 | 40001"],
    wrong: (t) => boundaries(t, 1),
  },
  {
    name: "a clock that moves past the end, and consume",
    orders: 20,
    arrange: (t) => [grant(t, 5, "g", ending)],
    sessions: (t) => [[advance(t, "2026-01-02")], [consume(t, 5, "k")]],
    committed: ["advanced | consumed", "advanced | subscription_inactive"],
    serializable: ["40001 | consumed", "advanced | 40001"],
  },
  {
    name: "consume and void",
    arrange: (t) => [grant(t, 5, "g")],
    sessions: (t) => [[consume(t, 3, "k")], [voided(t)]],
    committed: ["consumed | voided 2", "subscription_inactive | voided 5"],
    snapshot: ["40001 | voided 5", "consumed | 40001"],
  },
  {
    name: "reserve and reserve, for more than there is",
    arrange: (t) => [grant(t, 5, "g")],
    sessions: (t) => [[reserve(t, 3, "a")], [reserve(t, 3, "b")]],
    committed: ["insufficient_balance | reserved", "reserved | insufficient_balance"],
    snapshot: ["40001 | reserved", "reserved | 40001"],
  },
  {
    name: "reserve and consume, for more than there is",
    arrange: (t) => [grant(t, 5, "g")],
    sessions: (t) => [[reserve(t, 3, "a")], [consume(t, 3, "k")]],
    committed: ["insufficient_balance | consumed", "reserved | insufficient_balance"],
    snapshot: ["40001 | consumed", "reserved | 40001"],
  },
  {
    name: "settle and release",
    arrange: (t) => [grant(t, 5, "g"), reserve(t, 4, "h")],
    sessions: (t) => [[settle(t, 3)], [release(t)]],
    committed: ["hold_released | released", "settled | hold_settled"],
    snapshot: ["40001 | released", "settled | 40001"],
  },
  {
    name: "settle twice",
    arrange: (t) => [grant(t, 5, "g"), reserve(t, 4, "h")],
    sessions: (t) => [[settle(t, 3)], [settle(t, 3)]],
    committed: ["settled again | settled", "settled | settled again"],
    snapshot: ["40001 | settled", "settled | 40001"],
  },
  {
    name: "settle and the hold's end",
    orders: 17,
    arrange: (t) => [grant(t, 5, "g"), reserve(t, 4, "h"), advance(t, "2026-01-03")],
    sessions: (t) => [[settle(t, 3)], [turn(t)]],
    committed: ["settled late | turned 0", "settled late | turned 1"],
    snapshot: ["40001 | turned 1", "settled late | 40001"],
    wrong: (t) => boundaries(t, 1),
  },
  {
    name: "extend and settle",
    arrange: (t) => [grant(t, 5, "g"), reserve(t, 4, "h")],
    sessions: (t) => [[extend(t)], [settle(t, 3)]],
    committed: ["extended | settled", "hold_settled | settled"],
    snapshot: ["40001 | settled", "extended | 40001"],
  },
  {
    name: "claim and claim, for the last place",
    arrange: (t) => [grant(t, 1, "g", "", "projects")],
    sessions: (t) => [[claim(t, "a")], [claim(t, "b")]],
    committed: ["claimed | limit_reached", "limit_reached | claimed"],
    snapshot: ["40001 | claimed", "claimed | 40001"],
  },
  {
    name: "the same claim twice",
    arrange: (t) => [grant(t, 1, "g", "", "projects")],
    sessions: (t) => [[claim(t, "a")], [claim(t, "a")]],
    committed: ["claimed again | claimed", "claimed | claimed again"],
    snapshot: ["40001 | claimed", "claimed | 40001"],
  },
  {
    name: "a claim for the place that another gives back",
    arrange: (t) => [grant(t, 1, "g", "", "projects"), claim(t, "a")],
    sessions: (t) => [[unclaim(t, "a")], [claim(t, "b")]],
    committed: ["released | claimed", "released | limit_reached"],
    snapshot: ["released | 40001"],
  },
  {
    name: "resolver and resolver, for the last place",
    orders: 24,
    arrange: (t) => [grant(t, 1, "g", "", "projects")],
    sessions: (t) => [build(t), build(t)],
    committed: ["built | full", "full | built"],
    snapshot: ["40001 | built", "built | 40001"],
    wrong: (t) => `SELECT count(*) FROM public.buildings WHERE tenant_id = '${t}' HAVING count(*) > 1`,
  },
  {
    name: "a consumption reversed twice",
    arrange: (t) => [grant(t, 5, "g"), consume(t, 3, "k")],
    sessions: (t) => [[reverse(t, "a")], [reverse(t, "b")]],
    committed: ["already_reversed | reversed", "reversed | already_reversed"],
    snapshot: ["40001 | reversed", "reversed | 40001"],
  },
  {
    name: "several features at once, in opposite order",
    arrange: (t) => [grant(t, 5, "g"), grant(t, 5, "e", "", "exports")],
    sessions: (t) => [[many(t, ["credits", "exports"], "a")], [many(t, ["exports", "credits"], "b")]],
    committed: ["consumed,consumed | consumed,consumed"],
    snapshot: ["40001 | consumed,consumed", "consumed,consumed | 40001"],
  },
  {
    name: "a host that takes two balances in opposite order, and is told to do it again",
    orders: 42,
    arrange: (t) => [grant(t, 5, "g"), grant(t, 5, "e", "", "exports")],
    sessions: (t) => [
      [consume(t, 1, "a"), consume(t, 1, "b", "exports")],
      [consume(t, 1, "c", "exports"), consume(t, 1, "d")],
    ],
    committed: ["40P01 | consumed consumed", "consumed consumed | 40P01", "consumed consumed | consumed consumed"],
    snapshot: ["40001 | consumed consumed", "consumed consumed | 40001"],
  },
  {
    name: "leases of the same slots, and giving back",
    arrange: () => [
      "SELECT purser.lease_slots('isolation', '00000000-0000-4000-8000-000000000001', ARRAY[5, 3], 3600)",
    ],
    sessions: () => [
      ["SELECT 'released ' || purser.release_slots('isolation', '00000000-0000-4000-8000-000000000001')"],
      [
        `SELECT 'leased ' || string_agg(slot::text, ',' ORDER BY slot) FROM
           purser.lease_slots('isolation', '00000000-0000-4000-8000-000000000002', ARRAY[3, 4, 5], 0) slot`,
      ],
    ],
    committed: ["released 2 | leased 3,4,5", "released 2 | leased 4"],
  },
];

/** Of three sessions, each of which calls as it begins. */
export const trios: readonly Case[] = [
  {
    name: "A01: three consume one each of two",
    arrange: (t) => [grant(t, 2, "g")],
    sessions: (t) => ["a", "b", "c"].map((key) => [consume(t, 1, key)]),
    committed: [
      "consumed | consumed | insufficient_balance",
      "consumed | insufficient_balance | consumed",
      "insufficient_balance | consumed | consumed",
    ],
    snapshot: [
      "40001 | 40001 | consumed",
      "40001 | consumed | 40001",
      "40001 | consumed | consumed",
      "consumed | 40001 | 40001",
      "consumed | 40001 | consumed",
      "consumed | consumed | 40001",
    ],
  },
  {
    name: "three claim two places",
    arrange: (t) => [grant(t, 2, "g", "", "projects")],
    sessions: (t) => ["a", "b", "c"].map((key) => [claim(t, key)]),
    committed: [
      "claimed | claimed | limit_reached",
      "claimed | limit_reached | claimed",
      "limit_reached | claimed | claimed",
    ],
    snapshot: [
      "40001 | 40001 | claimed",
      "40001 | claimed | 40001",
      "40001 | claimed | claimed",
      "claimed | 40001 | 40001",
      "claimed | 40001 | claimed",
      "claimed | claimed | 40001",
    ],
  },
  {
    name: "A13: boundary, boundary and consume",
    arrange: due,
    sessions: (t) => [[turn(t)], [turn(t)], [consume(t, 4, "k")]],
    committed: ["turned 0 | turned 0 | consumed", "turned 0 | turned 1 | consumed", "turned 1 | turned 0 | consumed"],
    snapshot: ["turned 0 | turned 1 | 40001", "turned 1 | turned 0 | 40001"],
    wrong: (t) => boundaries(t, 1),
  },
  {
    name: "consume, void and boundary",
    arrange: due,
    sessions: (t) => [[consume(t, 4, "k")], [voided(t)], [turn(t)]],
    committed: ["consumed | voided 0 | turned 0", "consumed | voided 0 | turned 1"],
    snapshot: [
      "40001 | 40001 | turned 1",
      "40001 | voided 0 | turned 0",
      "40001 | voided 0 | turned 1",
      "consumed | 40001 | turned 0",
      "consumed | 40001 | turned 1",
    ],
    wrong: (t) => boundaries(t, 1),
  },
  {
    name: "settle, release and the hold's end",
    arrange: (t) => [grant(t, 5, "g"), reserve(t, 4, "h"), advance(t, "2026-01-03")],
    sessions: (t) => [[settle(t, 3)], [release(t)], [turn(t)]],
    committed: [
      "settled late | hold_expired | turned 0",
      "settled late | hold_expired | turned 1",
      "settled late | hold_settled | turned 0",
      "settled late | hold_settled | turned 1",
    ],
    snapshot: [
      "40001 | 40001 | turned 1",
      "40001 | hold_expired | turned 0",
      "40001 | hold_expired | turned 1",
      "settled late | 40001 | turned 0",
      "settled late | 40001 | turned 1",
    ],
    wrong: (t) => boundaries(t, 1),
  },
];
