// The door of the commands on balances: which transaction one runs in, what is tried again, and what a refusal becomes.
import { consume, consumeBy } from "./balance/consume.ts";
import {
  type ConsumeItem,
  type ConsumeManyInput,
  type ConsumeManyOutcome,
  consumeMany,
} from "./balance/consume-many.ts";
import type { ConsumeInput } from "./balance/consumption.ts";
import { type GrantInput, type GrantOutcome, issueGrant } from "./balance/issue-grant.ts";
import { type WithConsumption, type WithConsumptionInput, withConsumption } from "./balance/with-consumption.ts";
import type { CapabilityKey, CatalogInput, FeatureKey } from "./catalog/catalog.ts";
import { findCapability } from "./catalog/find-capability.ts";
import { answered, retried, Undone } from "./command.ts";
import { Fault, Refused } from "./foundation/fault.ts";
import type { ConsumeOutcome, Consumed } from "./foundation/outcome.ts";
import { createLanes, type Lanes } from "./lanes.ts";
import type { Database, Opened, Session } from "./store/database.ts";
import { asFault, explained, isLockTimeout } from "./store/errors.ts";
import type { Guard } from "./store/guard.ts";
import { type DatabaseHandle, inSavepoint, opened, type TransactionOf } from "./store/handles.ts";

/** What may be consumed: a feature that counts down, or a capability mapped to one. */
export type Consumable<C extends CatalogInput> =
  | FeatureKey<C, "metered" | "credits">
  | CapabilityKey<C, "metered" | "credits">;
/** Does everything and rolls it back: the answer tells what would happen. */
interface Preview {
  readonly dryRun?: boolean | undefined;
}

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
  /**
   * Takes nothing more and ends when everything that was asked for without a transaction has been answered. The pool stays
   * the caller's to end, after this.
   */
  close(): Promise<void>;
}

/** The commands on balances over a catalogue. */
export function balanceCommands<const C extends CatalogInput>(catalog: C, guard: Guard): BalanceCommands<C> {
  // A key that was published as a feature is one for ever, so this never has to be forgotten.
  const publishedFeatures = new Set<string>();
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

  /** A capability stands for its feature and amount. */
  async function resolved<Input extends Pick<ConsumeInput, "feature" | "amount">>(
    tx: Session,
    input: Input,
    lookUp = findCapability,
  ): Promise<Input> {
    const { feature } = input;
    if (Object.hasOwn(catalog.features, feature) || publishedFeatures.has(feature)) return input;
    const capabilities = catalog.capabilities ?? {};
    const found = Object.hasOwn(capabilities, feature) ? capabilities[feature] : await lookUp(tx, feature);
    if (found === "is a feature") publishedFeatures.add(feature);
    return found === undefined || found === "is a feature"
      ? input
      : { ...input, feature: found.feature, amount: input.amount ?? found.amount };
  }

  function open(db: DatabaseHandle): Opened {
    const found = opened(db);
    return "database" in found ? { database: guard.guarded(found.database) } : found;
  }

  /**
   * Runs one call on a balance where the caller wants it: in the caller's transaction, or by itself, committed when it
   * answers. A row that stays locked for too long is `busy` only where no transaction of the caller's is lost by it.
   */
  async function onBalance<Answer>(
    db: DatabaseHandle,
    { dryRun }: Preview,
    work: (tx: Session) => Promise<Answer>,
  ): Promise<Answer | Busy> {
    if (dryRun === true) return undoable(db, work, { dryRun });
    const found = open(db);
    if ("transaction" in found) return work(found.transaction).catch((error) => Promise.reject(explained(error)));
    try {
      return await retried(() => work(found.database));
    } catch (error) {
      if (error instanceof Fault && isLockTimeout(error.cause)) return { outcome: "busy" };
      throw error;
    }
  }

  /** Runs several steps where the caller wants them, so that all of them can be undone: in a transaction, or a savepoint. */
  async function undoable<Answer>(
    db: DatabaseHandle,
    work: (tx: Session, host: object) => Promise<Answer>,
    { dryRun }: Preview,
  ): Promise<Answer | Busy> {
    const found = open(db);
    const steps = async (tx: Session, host: object) => {
      const answer = await work(tx, host);
      if (dryRun === true) throw new Undone(answer);
      return answer;
    };
    try {
      // Not tried again: the caller's write may have effects outside the database.
      return await answered(() =>
        "database" in found
          ? found.database.transaction(steps)
          : inSavepoint(found.transaction, () => steps(found.transaction, db)),
      );
    } catch (error) {
      if (isLockTimeout(error)) return { outcome: "busy" };
      throw asFault(error);
    }
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
  };
}

export interface Busy {
  readonly outcome: "busy";
}
