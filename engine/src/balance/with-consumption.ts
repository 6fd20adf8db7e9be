import { Refused } from "../foundation/fault.ts";
import type { ConsumeRefusal, Consumed } from "../foundation/outcome.ts";
import type { Session } from "../store/database.ts";
import { type ConsumeInput, consume } from "./consume.ts";

/** What came of a consumption with a write of the caller's own. */
export type WithConsumption<Result> =
  | (Consumed & {
      /** What the caller's write returned; undefined on a replay, because then it was not run. */
      readonly result: Result | undefined;
    })
  | ConsumeRefusal;

/**
 * Consumes and, if that was accepted for the first time, runs the caller's write in the same transaction. A refusal leaves
 * the transaction through `Refused`, so that whoever opened it rolls it back.
 */
export async function withConsumption<Result>(
  tx: Session,
  input: ConsumeInput,
  write: () => Promise<Result>,
): Promise<Consumed & { readonly result: Result | undefined }> {
  const outcome = await consume(tx, input);
  if (outcome.outcome !== "consumed") throw new Refused(outcome);
  return { ...outcome, result: outcome.replayed ? undefined : await write() };
}
