import { Undone } from "../command.ts";
import type { ConsumeRefusal, Consumed } from "../foundation/outcome.ts";
import { asName } from "../foundation/text.ts";
import { isKeyUsed } from "../store/consumptions.ts";
import type { Session } from "../store/database.ts";
import { consume } from "./consume.ts";
import type { ConsumeInput } from "./consumption.ts";

export interface WithConsumptionInput<Feature extends string = string> extends ConsumeInput<Feature> {
  /**
   * When the balance is locked: `early`, before the write, so that a write which could not be paid for is not begun; or
   * `late`, after it, so that a long write does not keep others from the balance. A late refusal undoes the write.
   */
  readonly lock?: "early" | "late" | undefined;
}

/** What came of a consumption with a write of the caller's own. */
export type WithConsumption<Result> =
  | (Consumed & {
      /** What the caller's write returned; undefined on a replay, because then it was not run or is undone. */
      readonly result: Result | undefined;
    })
  | ConsumeRefusal;

/**
 * Consumes and runs the caller's write in one transaction. Whatever must leave nothing behind (a refusal; a replay that
 * turned out only after the write had run) leaves as `Undone`, so that whoever opened the transaction rolls it back.
 */
export async function withConsumption<Result>(
  tx: Session,
  input: WithConsumptionInput,
  write: () => Promise<Result>,
): Promise<WithConsumption<Result>> {
  if (input.lock !== "late" || (await isKnown(tx, input))) {
    const outcome = await consume(tx, input);
    if (outcome.outcome !== "consumed") throw new Undone(outcome);
    return { ...outcome, result: outcome.replayed ? undefined : await write() };
  }
  const result = await write();
  const outcome = await consume(tx, input);
  if (outcome.outcome !== "consumed") throw new Undone(outcome);
  if (outcome.replayed) throw new Undone({ ...outcome, result: undefined });
  return { ...outcome, result };
}

/** Whether the lock will only tell what is known: the key's first answer, or what of the input is invalid. */
async function isKnown(tx: Session, input: ConsumeInput): Promise<boolean> {
  const [tenant, key] = [asName(input.tenant), asName(input.idempotencyKey)];
  return tenant === undefined || key === undefined || isKeyUsed(tx, tenant, key);
}
