// The door of the commands on capacities.
import type { SlotInput } from "./balance/capacity.ts";
import { claim, type ClaimOutcome } from "./balance/claim.ts";
import { releaseClaim, type ReleaseClaimOutcome } from "./balance/release-claim.ts";
import { type CountInput, type CountOutcome, reportCount } from "./balance/report-count.ts";
import { type CapacityInput, type WithCapacity, withCapacity } from "./balance/with-capacity.ts";
import type { CapabilityKey, CatalogInput, FeatureKey } from "./catalog/catalog.ts";
import type { Door, Preview } from "./door.ts";
import type { DatabaseHandle, TransactionOf } from "./store/handles.ts";

/** What may be occupied: a capacity, or a capability mapped to one. */
export type Claimable<C extends CatalogInput> = FeatureKey<C, "capacity"> | CapabilityKey<C, "capacity">;

export interface CapacityCommands<C extends CatalogInput> {
  /** Occupies a slot of a capacity under the name of the thing it stands for, once, or refuses. */
  claim(db: DatabaseHandle, input: SlotInput<Claimable<C>> & Preview): Promise<ClaimOutcome>;
  /** Lets a slot go. */
  releaseClaim(db: DatabaseHandle, input: SlotInput<Claimable<C>> & Preview): Promise<ReleaseClaimOutcome>;
  /** Says how many slots are occupied, where the caller keeps the things and the count is to show. */
  reportCount(db: DatabaseHandle, input: CountInput<Claimable<C>> & Preview): Promise<CountOutcome>;
  /**
   * Runs the caller's write where there is room for it, counted from the caller's own rows under a lock: no slot is kept
   * here. Both callbacks get the transaction as the handle's own library knows it; a refusal is the outcome and leaves
   * nothing. Whatever adds to what is counted has to go this way, making something active again as well as making it.
   */
  withCapacity<Handle extends DatabaseHandle, Result>(
    db: Handle,
    input: CapacityInput<Claimable<C>, TransactionOf<Handle>> & Preview,
    write: (tx: TransactionOf<Handle>) => Promise<Result>,
  ): Promise<WithCapacity<Result>>;
}

export function capacityCommands<C extends CatalogInput>({
  onBalance,
  undoable,
  resolved,
  guard,
}: Door): CapacityCommands<C> {
  return {
    claim: (db, input) => onBalance(db, input, async (tx) => claim(tx, await resolved(tx, input))),
    releaseClaim: (db, input) => onBalance(db, input, async (tx) => releaseClaim(tx, await resolved(tx, input))),
    reportCount: (db, input) => onBalance(db, input, async (tx) => reportCount(tx, await resolved(tx, input))),
    async withCapacity<Handle extends DatabaseHandle, Result>(
      db: Handle,
      input: CapacityInput<string, TransactionOf<Handle>> & Preview,
      write: (tx: TransactionOf<Handle>) => Promise<Result>,
    ): Promise<WithCapacity<Result>> {
      return undoable<WithCapacity<Result>>(
        db,
        async (tx, host) => {
          const given = host as TransactionOf<Handle>;
          return withCapacity(
            tx,
            await resolved(tx, input),
            () => guard.inside(() => input.count(given)),
            () => guard.inside(() => write(given)),
          );
        },
        input,
      );
    },
  };
}
