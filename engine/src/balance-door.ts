// The door of the commands on balances that grant and consume.
import { consume, consumeBy } from "./balance/consume.ts";
import {
  type ConsumeItem,
  type ConsumeManyInput,
  type ConsumeManyOutcome,
  consumeMany,
} from "./balance/consume-many.ts";
import type { ConsumeInput } from "./balance/consumption.ts";
import { type GrantInput, type GrantOutcome, issueGrant } from "./balance/issue-grant.ts";
import { type ReversalInput, type ReversalOutcome, reverseConsumption } from "./balance/reverse-consumption.ts";
import { type VoidInput, type VoidOutcome, voidGrant } from "./balance/void-grant.ts";
import { refresh, type RefreshBalanceOutcome, type RefreshInput } from "./balance/refresh.ts";
import { type WithConsumption, type WithConsumptionInput, withConsumption } from "./balance/with-consumption.ts";
import type { CapabilityKey, CatalogInput, FeatureKey } from "./catalog/catalog.ts";
import { findCapability } from "./catalog/find-capability.ts";
import type { Busy, Consumable, Door, Preview } from "./door.ts";
import { Fault, Refused } from "./foundation/fault.ts";
import type { ConsumeOutcome, Consumed } from "./foundation/outcome.ts";
import { createLanes, type Lanes } from "./lanes.ts";
import type { Database, Session } from "./store/database.ts";
import { explained, isLockTimeout } from "./store/errors.ts";
import { type DatabaseHandle, opened, type TransactionOf } from "./store/handles.ts";

export interface BalanceCommands<C extends CatalogInput> {
  /**
   * Consumes and runs the caller's write in one transaction: both are committed, or neither. Given a database it owns the
   * transaction; given a transaction of the caller's it works in a savepoint of it. `write` gets the transaction as the
   * handle's own library knows it and is not run on a replay. A refusal is the outcome and leaves nothing; an error thrown
   * by `write` undoes the consumption and is thrown on.
   */
  withConsumption<Handle extends DatabaseHandle, Result>(
    db: Handle,
    input: WithConsumptionInput<Consumable<C>> & Preview,
    write: (tx: TransactionOf<Handle>) => Promise<Result>,
  ): Promise<WithConsumption<Result>>;
  /**
   * Consumes, in the caller's transaction or (given a database) in one of its own, which it shares with whoever consumes at
   * the same time; where too many wait for that it is `overloaded`. A refusal is thrown as `Refused`, so that not looking
   * at it cannot sell for free.
   */
  consume(db: DatabaseHandle, input: ConsumeInput<Consumable<C>> & Preview): Promise<Consumed>;
  /** The same, with a refusal as a value. In the caller's transaction nothing is undone but by the caller. */
  tryConsume(db: DatabaseHandle, input: ConsumeInput<Consumable<C>> & Preview): Promise<ConsumeOutcome>;
  /**
   * Consumes several amounts of one tenant in one transaction: each judged in its order as if it had come alone, or with
   * `atomic` all of them or none. At most 1,000.
   */
  consumeMany(db: DatabaseHandle, input: ConsumeManyInput<Consumable<C>> & Preview): Promise<ConsumeManyOutcome | Busy>;
  /** Adds an amount to a balance, once per dedupe key. */
  issueGrant(
    db: DatabaseHandle,
    input: GrantInput<FeatureKey<C, "capacity" | "metered" | "credits">> & Preview,
  ): Promise<GrantOutcome>;
  /** Ends a grant early. What was spent of it stays spent; a refund records it as the shortfall. */
  voidGrant(db: DatabaseHandle, input: VoidInput & Preview): Promise<VoidOutcome>;
  /** Undoes a consumption, whole or in part: its units return to the grants they came from, as far as these still are. */
  reverseConsumption(db: DatabaseHandle, input: ReversalInput & Preview): Promise<ReversalOutcome>;
  /**
   * Turns a balance if time has made it due, so that the boundary is written and told now. No answer depends on it: whoever
   * asks or consumes counts what is due.
   */
  refresh(
    db: DatabaseHandle,
    input: RefreshInput<FeatureKey<C, "capacity" | "metered" | "credits"> | CapabilityKey<C>> & Preview,
  ): Promise<RefreshBalanceOutcome>;
  /**
   * Takes nothing more and ends when everything that was asked for without a transaction has been answered. The pool stays
   * the caller's to end, after this.
   */
  close(): Promise<void>;
}

export function balanceCommands<C extends CatalogInput>(door: Door): BalanceCommands<C> {
  const { guard, onBalance, undoable, resolved } = door;
  const lookups = new Map<string, ReturnType<typeof findCapability>>();
  const lanes = new WeakMap<object, Lanes>();
  let queued = 0;
  let closed = false;
  const whenEmpty: (() => void)[] = [];

  /** The lanes of a database, one pool of which serves every slot. */
  function lanesOf(database: Database): Lanes {
    const known = lanes.get(database.pool);
    if (known !== undefined) return known;
    const made = createLanes(() => database);
    lanes.set(database.pool, made);
    return made;
  }

  /** Asked once however many ask for it now, so that nobody overtakes whoever asked before. */
  async function lookedUp(tx: Session, word: string): ReturnType<typeof findCapability> {
    const begun = lookups.get(word);
    if (begun !== undefined) return begun;
    const lookup = findCapability(tx, word).finally(() => lookups.delete(word));
    lookups.set(word, lookup);
    return lookup;
  }

  async function tryConsume(db: DatabaseHandle, input: ConsumeInput & Preview): Promise<ConsumeOutcome> {
    const found = opened(db);
    if (input.dryRun === true || "transaction" in found) {
      return onBalance(db, input, async (tx) => consume(tx, await resolved(tx, input)));
    }
    guard.insistOutside();
    if (closed) throw new Fault("closed", "the engine was closed");
    queued += 1;
    try {
      const asked = await resolved(found.database, input, lookedUp);
      return await consumeBy(lanesOf(found.database), asked);
    } catch (error) {
      if (error instanceof Fault && isLockTimeout(error.cause)) return { outcome: "busy" };
      throw explained(error);
    } finally {
      queued -= 1;
      // After the last caller has got the answer.
      if (queued === 0) for (const resolve of whenEmpty.splice(0)) setImmediate(resolve);
    }
  }

  return {
    async withConsumption<Handle extends DatabaseHandle, Result>(
      db: Handle,
      input: WithConsumptionInput & Preview,
      write: (tx: TransactionOf<Handle>) => Promise<Result>,
    ) {
      try {
        return await undoable(
          db,
          async (tx, host) =>
            withConsumption(tx, await resolved(tx, input), () =>
              guard.inside(() => write(host as TransactionOf<Handle>)),
            ),
          input,
        );
      } catch (error) {
        // Of something else that the write consumed.
        if (error instanceof Refused) return error.outcome;
        throw error;
      }
    },
    async consume(db, input) {
      const outcome = await tryConsume(db, input);
      if (outcome.outcome !== "consumed") throw new Refused(outcome);
      return outcome;
    },
    tryConsume,
    consumeMany: (db, input) =>
      onBalance(db, input, async (tx) => {
        const items: ConsumeItem[] = [];
        for (const item of Array.isArray(input.items) ? input.items : []) items.push(await resolved(tx, item));
        return consumeMany(tx, Array.isArray(input.items) ? { ...input, items } : input);
      }),
    close() {
      closed = true;
      return queued === 0 ? Promise.resolve() : new Promise((resolve) => whenEmpty.push(resolve));
    },
    issueGrant: (db, input) => onBalance(db, input, (tx) => issueGrant(tx, input)),
    voidGrant: (db, input) => onBalance(db, input, (tx) => voidGrant(tx, input)),
    reverseConsumption: (db, input) => onBalance(db, input, (tx) => reverseConsumption(tx, input)),
    refresh: (db, input) =>
      onBalance(db, input, async (tx) => {
        const { feature } = await resolved(tx, { feature: input.feature });
        return refresh(tx, { ...input, feature });
      }),
  };
}
