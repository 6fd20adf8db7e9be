// The door of the commands on balances: which transaction one runs in, what is tried again, and what a refusal becomes.
import type { ClientBase, Pool } from "pg";
import { type ConsumeInput, consume } from "./balance/consume.ts";
import { type GrantInput, type GrantOutcome, issueGrant } from "./balance/issue-grant.ts";
import { type WithConsumption, withConsumption } from "./balance/with-consumption.ts";
import type { CapabilityKey, CatalogInput, FeatureKey } from "./catalog/catalog.ts";
import { findCapability } from "./catalog/find-capability.ts";
import { retried } from "./command.ts";
import { Fault, Refused } from "./foundation/fault.ts";
import type { ConsumeOutcome, Consumed } from "./foundation/outcome.ts";
import type { Database, Session } from "./store/database.ts";
import { asFault, explained, isLockTimeout } from "./store/errors.ts";

/** Where a command runs: the pool (a transaction of its own) or a client with a transaction of the caller's open. */
export type PgHandle = Pool | ClientBase;

/** What may be consumed: a feature that counts down, or a capability mapped to one. */
export type Consumable<C extends CatalogInput> =
  | FeatureKey<C, "metered" | "credits">
  | CapabilityKey<C, "metered" | "credits">;
export interface BalanceCommands<C extends CatalogInput> {
  /**
   * Consumes and runs the caller's write in one transaction: both are committed, or neither. Given the pool it owns the
   * transaction; given a client it works in a savepoint of the caller's. `write` gets the client to write with and is not
   * run on a replay. A refusal is the outcome and leaves nothing; an error thrown by `write` undoes the consumption and is
   * thrown on.
   */
  withConsumption<Result>(
    db: PgHandle,
    input: ConsumeInput<Consumable<C>>,
    write: (tx: ClientBase) => Promise<Result>,
  ): Promise<WithConsumption<Result>>;
  /**
   * Consumes, in the caller's transaction or (given the pool) in one of its own. A refusal is thrown as `Refused`, so that
   * not looking at it cannot sell for free.
   */
  consume(db: PgHandle, input: ConsumeInput<Consumable<C>>): Promise<Consumed>;
  /** The same, with a refusal as a value. In the caller's transaction nothing is undone but by the caller. */
  tryConsume(db: PgHandle, input: ConsumeInput<Consumable<C>>): Promise<ConsumeOutcome>;
  /** Adds an amount to a balance, once per dedupe key. */
  issueGrant(db: PgHandle, input: GrantInput<FeatureKey<C, "capacity" | "metered" | "credits">>): Promise<GrantOutcome>;
}

/** The commands on balances over a catalogue, the pool and its seam. */
export function balanceCommands<const C extends CatalogInput>(
  catalog: C,
  pool: Pool,
  database: Database<ClientBase>,
): BalanceCommands<C> {
  const isPool = (db: PgHandle): db is Pool => db === pool;

  // A key that was published as a feature is one for ever, so this never has to be forgotten.
  const publishedFeatures = new Set<string>();

  /** A capability stands for its feature and amount. */
  async function resolved<Input extends ConsumeInput>(tx: Session, input: Input): Promise<Input> {
    const { feature } = input;
    if (Object.hasOwn(catalog.features, feature) || publishedFeatures.has(feature)) return input;
    const capabilities = catalog.capabilities ?? {};
    const found = Object.hasOwn(capabilities, feature) ? capabilities[feature] : await findCapability(tx, feature);
    if (found === "is a feature") publishedFeatures.add(feature);
    return found === undefined || found === "is a feature"
      ? input
      : { ...input, feature: found.feature, amount: input.amount ?? found.amount };
  }

  /**
   * Runs one call on a balance where the caller wants it: in the caller's transaction, or by itself, committed when it
   * answers. A row that stays locked for too long is `busy` only where no transaction of the caller's is lost by it.
   */
  async function onBalance<Answer>(db: PgHandle, work: (tx: Session) => Promise<Answer>): Promise<Answer | Busy> {
    try {
      return isPool(db) ? await retried(() => work(database)) : await work(database.within(db));
    } catch (error) {
      if (isPool(db) && error instanceof Fault && isLockTimeout(error.cause)) return { outcome: "busy" };
      throw explained(error);
    }
  }

  async function tryConsume(db: PgHandle, input: ConsumeInput): Promise<ConsumeOutcome> {
    return onBalance(db, async (tx) => consume(tx, await resolved(tx, input)));
  }

  return {
    async withConsumption<Result>(db: PgHandle, input: ConsumeInput, write: (tx: ClientBase) => Promise<Result>) {
      const work = async (tx: Session, client: ClientBase) =>
        withConsumption(tx, await resolved(tx, input), () => write(client));
      try {
        if (!isPool(db)) return await database.savepoint(db, (tx) => work(tx, db));
        // Not tried again: the caller's write may have effects outside the database.
        return await database.transaction(work);
      } catch (error) {
        if (error instanceof Refused) return error.outcome;
        if (isLockTimeout(error)) return { outcome: "busy" };
        throw asFault(error);
      }
    },
    async consume(db, input) {
      const outcome = await tryConsume(db, input);
      if (outcome.outcome !== "consumed") throw new Refused(outcome);
      return outcome;
    },
    tryConsume,
    issueGrant: (db, input) => onBalance(db, (tx) => issueGrant(tx, input)),
  };
}

interface Busy {
  readonly outcome: "busy";
}
