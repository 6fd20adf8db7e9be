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
  /** Whether all sessions do the same: their words are then told in the order of the alphabet. */
  readonly alike?: boolean;
  /** How it ends under READ COMMITTED: in each of these ways in some order, and in no other. */
  readonly committed: readonly string[];
  /** How else it ends under REPEATABLE READ, where a transaction sees what was committed before it began. */
  readonly snapshot?: readonly string[];
  /** How else under SERIALIZABLE, where that differs. */
  readonly serializable?: readonly string[];
  /**
   * In how many orders the steps of two can come, where that is not 14 (7 of those that are alike): so many of the 20 are left
   * where the second call waits for the first one's commit. All 20 where neither ever waits.
   */
  readonly orders?: number;
  /** Which session is one that the engine begins by itself: always READ COMMITTED. */
  readonly engine?: number;
  /** A question that must have no answer afterwards. */
  readonly wrong?: (tenant: string) => string;
}

export const consume = (tenant: string, amount: number, key: string, feature = "credits") =>
  `SELECT outcome || CASE WHEN replayed THEN ' again' ELSE '' END FROM purser.consume('${tenant}', '${feature}', ${amount}, '${key}')`;
export const grant = (tenant: string, amount: number, key: string, more = "", feature = "credits") =>
  `SELECT outcome || CASE WHEN replayed THEN ' again' ELSE '' END FROM purser.issue_grant('${tenant}', '${feature}', ${amount}, '${key}'${more})`;
export const first = (tenant: string, key: string) =>
  `SELECT outcome FROM purser.consume('${tenant}', 'seats', 3, '${key}', 'ann')`;
export const turn = (tenant: string, feature = "credits") =>
  `SELECT 'turned ' || purser.turn_due_balances(purser.slot_of('${tenant}'), ARRAY['${tenant}'], ARRAY[''], ARRAY['${feature}'])`;
export const refresh = (tenant: string) => `SELECT outcome FROM purser.refresh('${tenant}', 'credits')`;
export const advance = (tenant: string, to: string) =>
  `SELECT outcome FROM purser.advance_test_clock('${tenant}', '${to} 00:00+00')`;
export const voided = (tenant: string) =>
  `SELECT outcome || ' ' || trim_scale(lapsed) || CASE WHEN replayed THEN ' again' ELSE '' END FROM purser.void_grant('${tenant}', 'g', 'wrong', 'test')`;
export const reserve = (tenant: string, amount: number, key: string, until = "2026-01-03") =>
  `SELECT outcome || CASE WHEN replayed THEN ' again' ELSE '' END
     FROM purser.reserve('${tenant}', 'credits', ${amount}, '${key}', '${until} 00:00+00')`;
export const settle = (tenant: string, amount: number) =>
  `SELECT outcome || CASE WHEN replayed THEN ' again' WHEN late THEN ' late' ELSE '' END FROM purser.settle('${tenant}', 'h', ${amount})`;
export const release = (tenant: string) =>
  `SELECT outcome || CASE WHEN replayed THEN ' again' ELSE '' END FROM purser.release('${tenant}', 'h')`;
export const extend = (tenant: string) => `SELECT outcome FROM purser.extend('${tenant}', 'h', '2026-01-09 00:00+00')`;
export const claim = (tenant: string, resource: string) =>
  `SELECT outcome || CASE WHEN replayed THEN ' again' ELSE '' END FROM purser.claim('${tenant}', 'projects', '${resource}')`;
export const unclaim = (tenant: string, resource: string) =>
  `SELECT outcome || CASE WHEN replayed THEN ' again' ELSE '' END FROM purser.release_claim('${tenant}', 'projects', '${resource}')`;
export const reverse = (tenant: string, key: string, of = "k", more = "") =>
  `SELECT outcome || CASE WHEN replayed THEN ' again' ELSE '' END
     FROM purser.reverse_consumption('${tenant}', '${of}', '${key}'${more})`;
export const report = (tenant: string, count: number) =>
  `SELECT outcome FROM purser.report_count('${tenant}', 'projects', ${count})`;
/** As a host that counts its own rows: locks, counts, and adds one where there is room. */
export const build = (tenant: string) => [
  `SELECT FROM purser.lock_capacity('${tenant}', 'projects')`,
  `WITH built AS (
     INSERT INTO public.buildings (tenant_id) SELECT '${tenant}'
       WHERE (SELECT count(*) FROM public.buildings WHERE tenant_id = '${tenant}') < 1 RETURNING 1)
   SELECT CASE count(*) WHEN 1 THEN 'built' ELSE 'full' END FROM built`,
];
/** As the lanes send it: a balance that somebody else holds is passed over. */
export const lane = (tenant: string, key: string) =>
  `SELECT coalesce(outcome, 'passed over') FROM purser.consume_many_in_slots(ARRAY[purser.slot_of('${tenant}')],
     ARRAY['${tenant}'], ARRAY['credits'], ARRAY[3], ARRAY['${key}'], ARRAY[''], ARRAY[NULL]::timestamptz[],
     ARRAY[NULL]::jsonb[], false)`;
export const many = (tenant: string, features: readonly string[], key: string) =>
  `SELECT string_agg(outcome, ',') FROM purser.consume_many('${tenant}', '${JSON.stringify(
    features.map((feature) => ({ feature, amount: 1 })),
  )}', '${key}')`;
export const restrict = (tenant: string, feature: string) =>
  `SELECT outcome FROM purser.write_restriction('${tenant}', '${feature}', 'frozen', NULL, 'infinity', 'test')`;
export const boundaries = (tenant: string, count: number) =>
  `SELECT count(*) FROM purser.balance_facts WHERE tenant_id = '${tenant}' AND kind = 'boundary' HAVING count(*) <> ${count}`;

export const ending = ", p_expires_at => '2026-01-02 00:00+00'";
export const due = (t: string) => [
  grant(t, 5, "g", ending),
  grant(t, 4, "later"),
  consume(t, 2, "before"),
  advance(t, "2026-01-02"),
];
