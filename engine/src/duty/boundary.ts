// Turns balances when they are due, so that what changes by time alone is written and told soon. Nothing waits for it.
import { inTransaction } from "../command.ts";
import type { Database } from "../store/database.ts";
import { type DueBalanceRow, dueBalances, leaseSlots, releaseSlots, turnDueBalances } from "../store/duties.ts";
import { codeOf, isOfTheStatement } from "../store/errors.ts";
import type { Duty, DutyCall, Ticked } from "./duty.ts";

/** How many are looked for at once. */
const ROUND = 500;
/** How many rounds a tick has before it lets the other duties in. */
const ROUNDS = 20;
/** How many are turned in one transaction. A consumption of one of them waits for all of them. */
const BATCH = 20;

const name = "boundary";

export const boundary: Duty = {
  name,
  async tick(database, call) {
    const passed = new Set<number>();
    let [found, done, overdueSeconds] = [0, 0, 0];
    const failures: string[] = [];
    const sum = (more: boolean): Ticked => ({ found, done, failures, overdueSeconds, more });
    for (let round = 0; round < ROUNDS; round += 1) {
      const due = await dueBalances(database, { count: ROUND, passed: [...passed], duty: name, holder: call.holder });
      if (due.length === 0) return sum(false);
      found += due.length;
      overdueSeconds = Math.max(overdueSeconds, ...due.map((row) => row.overdue_seconds));
      const turned = await turnLeased(database, call, due);
      done += turned.done;
      failures.push(...turned.failures);
      // Each round turns all that it found of a slot or passes that slot over, so there is an end to it.
      for (const slot of turned.left) passed.add(slot);
      if (call.stop.aborted) return sum(true);
      if (due.length < ROUND) return sum(false);
    }
    return sum(true);
  },
};

interface Turned {
  readonly done: number;
  readonly failures: readonly string[];
  /** Slots in which something may still be due: leased by another, locked, or failed. */
  readonly left: ReadonlySet<number>;
}

async function turnLeased(
  database: Database,
  { holder, leaseSeconds, stop }: DutyCall,
  due: readonly DueBalanceRow[],
): Promise<Turned> {
  const slots = [...new Set(due.map(({ slot }) => slot))];
  const leased = new Set(await leaseSlots(database, { duty: name, holder, slots, seconds: leaseSeconds }));
  const left = new Set(slots.filter((slot) => !leased.has(slot)));
  const failures: string[] = [];
  let done = 0;
  try {
    const mine = due.filter(({ slot }) => leased.has(slot)).toSorted((a, b) => a.slot - b.slot);
    for (let from = 0; from < mine.length && !stop.aborted; from += BATCH) {
      const batch = mine.slice(from, from + BATCH);
      try {
        done += await turn(database, batch, left);
      } catch (error) {
        if (!isOfTheStatement(error)) throw error;
        // One that cannot be turned must not stand in the way of the others: by itself each is its own success.
        for (const row of batch) {
          try {
            done += await turn(database, [row], left);
          } catch (reason) {
            if (!isOfTheStatement(reason)) throw reason;
            failures.push(codeOf(reason));
            left.add(row.slot);
          }
        }
      }
    }
  } finally {
    // Where the database is out of reach the leases run out by themselves, and that is the error to tell.
    await releaseSlots(database, name, holder).catch(() => undefined);
  }
  return { done, failures, left };
}

/** Turns a batch in one transaction, slot by slot, and notes the slots in which not all of it was turned. */
async function turn(database: Database, batch: readonly DueBalanceRow[], left: Set<number>): Promise<number> {
  const slots = [...new Set(batch.map(({ slot }) => slot))];
  const turned = await inTransaction(database, async (tx) => {
    const counts: { slot: number; count: number; asked: number }[] = [];
    for (const slot of slots) {
      const keys = batch
        .filter((row) => row.slot === slot)
        .map(({ tenant_id: tenant, subject, feature }) => ({ tenant, subject, feature }));
      counts.push({ slot, count: await turnDueBalances(tx, slot, keys), asked: keys.length });
    }
    return counts;
  });
  for (const { slot, count, asked } of turned) if (count < asked) left.add(slot);
  return turned.reduce((sum, { count }) => sum + count, 0);
}
