// The door of the commands on holds.
import { extend, type ExtendInput, type ExtendOutcome } from "./balance/extend.ts";
import { release, type ReleaseInput, type ReleaseOutcome } from "./balance/release.ts";
import { type Reserved, reserve, type ReserveInput, type ReserveOutcome } from "./balance/reserve.ts";
import { settle, type SettleInput, type SettleOutcome } from "./balance/settle.ts";
import { holdReplayed, type WithHold, type WorkDone } from "./balance/with-hold.ts";
import type { CatalogInput } from "./catalog/catalog.ts";
import { retried } from "./command.ts";
import type { Consumable, Door, Preview } from "./door.ts";
import { Fault } from "./foundation/fault.ts";
import type { DatabaseHandle, OwnDatabase } from "./store/handles.ts";

export interface HoldCommands<C extends CatalogInput> {
  /** Sets an amount aside until it is settled, released or expires, once per key. */
  reserve(db: DatabaseHandle, input: ReserveInput<Consumable<C>> & Preview): Promise<ReserveOutcome>;
  /** Ends a hold with what the work came to. */
  settle(db: DatabaseHandle, input: SettleInput & Preview): Promise<SettleOutcome>;
  /** Gives back what a hold set aside. */
  release(db: DatabaseHandle, input: ReleaseInput & Preview): Promise<ReleaseOutcome>;
  /** Moves the end of an open hold. */
  extend(db: DatabaseHandle, input: ExtendInput & Preview): Promise<ExtendOutcome>;
  /**
   * Sets an estimate aside, runs the work, and books what it says that it came to; where the work throws, gives the estimate
   * back and throws on. For work outside the database, such as a call to a provider: no transaction is open while it runs.
   * It never runs twice under one key, so take a new key for another attempt, and an `expiresAt` after which it has surely
   * ended. Work that is done and could not be booked is a fault `not_settled` that names the hold.
   */
  withHold<Result>(
    db: OwnDatabase,
    input: ReserveInput<Consumable<C>>,
    work: (hold: Reserved) => Promise<WorkDone<Result>>,
  ): Promise<WithHold<Result>>;
}

export function holdCommands<C extends CatalogInput>({ open, onBalance, resolved }: Door): HoldCommands<C> {
  const reserving = (db: DatabaseHandle, input: ReserveInput & Preview) =>
    onBalance(db, input, async (tx) => reserve(tx, await resolved(tx, input)));
  const settling = (db: DatabaseHandle, input: SettleInput & Preview) =>
    onBalance(db, input, (tx) => settle(tx, input));
  const releasing = (db: DatabaseHandle, input: ReleaseInput & Preview) =>
    onBalance(db, input, (tx) => release(tx, input));
  /** Ends a hold whatever stands in the way for a moment: the second time changes nothing. */
  const surely = <Answer extends { readonly outcome: string }>(end: () => Promise<Answer>) =>
    retried(
      async () => {
        const answer = await end();
        if (answer.outcome === "busy") throw new Fault("retry", "the balance is in use", { retryable: true });
        return answer;
      },
      (error) => !(error instanceof Fault) || error.retryable,
    );

  return {
    reserve: reserving,
    settle: settling,
    release: releasing,
    extend: (db, input) => onBalance(db, input, (tx) => extend(tx, input)),
    async withHold(db, input, work) {
      if (!("database" in open(db))) {
        throw new Fault(
          "unknown_handle",
          "withHold needs a database: its work must not run while a transaction is open",
        );
      }
      const hold = await reserving(db, input);
      if (hold.outcome !== "reserved") return hold;
      const ofHold = { tenant: input.tenant, holdKey: hold.holdKey };
      if (hold.replayed) return onBalance(db, {}, (tx) => holdReplayed(tx, ofHold));
      const done = await work(hold).catch(async (error: unknown) => {
        // Where not even this works, the hold ends by itself.
        await surely(() => releasing(db, ofHold)).catch(() => undefined);
        throw error;
      });
      const settled = await surely(() => settling(db, { ...ofHold, amount: done.amount })).catch(
        (cause: unknown) => cause,
      );
      if (!isAnswer(settled) || settled.outcome === "invalid_input") {
        throw new Fault(
          "not_settled",
          `the work is done and its hold is not settled: settle ${hold.holdKey} with ${String(done.amount)}`,
          isAnswer(settled) ? {} : { cause: settled, retryable: true },
        );
      }
      return "replayed" in settled ? { ...settled, result: done.result } : settled;
    },
  };
}

const isAnswer = (settled: unknown): settled is SettleOutcome =>
  typeof settled === "object" && settled !== null && "outcome" in settled;
