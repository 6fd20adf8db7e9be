// Where a command on balances runs, what is tried again, and how everything is undone: the same for all of them.
import type { ConsumeInput } from "./balance/consumption.ts";
import type { CapabilityKey, CatalogInput, FeatureKey } from "./catalog/catalog.ts";
import { findCapability } from "./catalog/find-capability.ts";
import { answered, retried, Undone } from "./command.ts";
import { Fault } from "./foundation/fault.ts";
import type { Opened, Session } from "./store/database.ts";
import { asFault, explained, isLockTimeout } from "./store/errors.ts";
import type { Guard } from "./store/guard.ts";
import { type DatabaseHandle, inSavepoint, opened } from "./store/handles.ts";

/** What may be consumed: a feature that counts down, or a capability mapped to one. */
export type Consumable<C extends CatalogInput> =
  | FeatureKey<C, "metered" | "credits">
  | CapabilityKey<C, "metered" | "credits">;
/** Does everything and rolls it back: the answer tells what would happen. */
export interface Preview {
  readonly dryRun?: boolean | undefined;
}

/** The balance stayed locked by somebody else; nothing happened. */
export interface Busy {
  readonly outcome: "busy";
}

export type Door = ReturnType<typeof createDoor>;

/** The door over a catalogue. */
export function createDoor(catalog: CatalogInput, guard: Guard) {
  // A key that was published as a feature is one for ever, so this never has to be forgotten.
  const publishedFeatures = new Set<string>();

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

  return { guard, open, onBalance, undoable, resolved };
}
