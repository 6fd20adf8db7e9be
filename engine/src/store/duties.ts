// What the duties read and write: what is due, who works on which slot, and the turning of balances.
import type { Session } from "./database.ts";

export interface DueBalanceRow {
  slot: number;
  tenant_id: string;
  subject: string;
  feature: string;
  /** For how long it has been due; 0 for a test tenant's, whose time is not ours. */
  overdue_seconds: number;
}

// One look without a lock, oldest first, at the index of what is due and nowhere else; of test tenants by each one's own
// clock, which is one look into their index a tenant.
export const DUE_BALANCES = `WITH elsewhere AS MATERIALIZED (
    SELECT coalesce(array_agg(l.slot), '{}') || $2::int[] AS slots FROM purser.slot_leases l
      WHERE l.duty = $3::text AND l.holder <> $4::uuid AND l.expires_at > statement_timestamp()
  )
  (SELECT b.slot, b.tenant_id, b.subject, b.feature,
          CASE WHEN isfinite(b.next_change_at)
               THEN extract(epoch FROM statement_timestamp() - b.next_change_at)::float8 ELSE 0 END AS overdue_seconds
     FROM purser.balances b
     WHERE NOT b.test AND b.next_change_at < 'infinity' AND b.next_change_at <= statement_timestamp()
       AND b.slot <> ALL ((SELECT e.slots FROM elsewhere e)::int[])
     ORDER BY b.next_change_at
     LIMIT $1::int)
  UNION ALL
  (SELECT b.slot, b.tenant_id, b.subject, b.feature, 0
     FROM purser.test_clocks c
     CROSS JOIN LATERAL (
       SELECT d.next_change_at FROM purser.balances d
         WHERE d.tenant_id = c.tenant_id AND d.slot = c.slot AND d.test AND d.next_change_at < 'infinity'
         ORDER BY d.next_change_at
         LIMIT 1) earliest
     CROSS JOIN LATERAL (
       SELECT d.slot, d.tenant_id, d.subject, d.feature FROM purser.balances d
         WHERE d.tenant_id = c.tenant_id AND d.slot = c.slot AND d.test AND d.next_change_at < 'infinity'
           AND d.next_change_at <= c.now_at
         ORDER BY d.next_change_at
         LIMIT $1::int) b
     WHERE earliest.next_change_at <= c.now_at AND c.slot <> ALL ((SELECT e.slots FROM elsewhere e)::int[])
     LIMIT $1::int)`;

/**
 * Up to `count` balances of live tenants that are due, oldest first, and up to `count` of test tenants; none of the slots
 * that somebody else has leased, and none of those passed over.
 */
export async function dueBalances(
  session: Session,
  { count, passed, duty, holder }: { count: number; passed: readonly number[]; duty: string; holder: string },
): Promise<DueBalanceRow[]> {
  return session.query<DueBalanceRow>(DUE_BALANCES, [count, passed, duty, holder]);
}

const BACKLOG = `SELECT count(*)::int AS due, coalesce(max(d.overdue_seconds), 0)::float8 AS overdue_seconds
  FROM (SELECT CASE WHEN isfinite(b.next_change_at)
                    THEN extract(epoch FROM statement_timestamp() - b.next_change_at)::float8 ELSE 0 END AS overdue_seconds
          FROM purser.balances b
          WHERE NOT b.test AND b.next_change_at < 'infinity' AND b.next_change_at <= statement_timestamp()
          ORDER BY b.next_change_at
          LIMIT $1::int) d`;

/** How many balances of live tenants are due, counted up to a number, and for how long the oldest has been. */
export async function backlog(session: Session, upTo: number): Promise<{ due: number; overdueSeconds: number }> {
  const [row] = await session.query<{ due: number; overdue_seconds: number }>(BACKLOG, [upTo]);
  return { due: row?.due ?? 0, overdueSeconds: row?.overdue_seconds ?? 0 };
}

const LEASE = `SELECT slot FROM purser.lease_slots($1::text, $2::uuid, $3::int[], $4::int) slot`;

/** Leases what is free of these slots and answers which those are. */
export async function leaseSlots(
  session: Session,
  { duty, holder, slots, seconds }: { duty: string; holder: string; slots: readonly number[]; seconds: number },
): Promise<number[]> {
  return (await session.query<{ slot: number }>(LEASE, [duty, holder, slots, seconds])).map(({ slot }) => slot);
}

const RELEASE = `SELECT purser.release_slots($1::text, $2::uuid) AS released`;

export async function releaseSlots(session: Session, duty: string, holder: string): Promise<void> {
  await session.query(RELEASE, [duty, holder]);
}

const TURN = `SELECT purser.turn_due_balances($1::int, $2::text[], $3::text[], $4::text[]) AS turned`;

export interface BalanceKey {
  readonly tenant: string;
  readonly subject: string;
  readonly feature: string;
}

/** Turns what is due and not locked of these balances of one slot; answers how many. */
export async function turnDueBalances(session: Session, slot: number, keys: readonly BalanceKey[]): Promise<number> {
  const [row] = await session.query<{ turned: number }>(TURN, [
    slot,
    keys.map(({ tenant }) => tenant),
    keys.map(({ subject }) => subject),
    keys.map(({ feature }) => feature),
  ]);
  return row?.turned ?? 0;
}
