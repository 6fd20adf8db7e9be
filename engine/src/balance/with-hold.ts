import type { withHoldOutcomes } from "../foundation/outcome.ts";
import type { Session } from "../store/database.ts";
import { findHold } from "../store/holds.ts";
import type { Refusal } from "./answers.ts";
import type { ReserveRefusal } from "./reserve.ts";
import { settle, type Settled, type SettleOutcome } from "./settle.ts";

/** What the work came to, and what it answered. */
export interface WorkDone<Result> {
  /** In units of the feature, from 0. */
  readonly amount: number | string;
  readonly result: Result;
}

/** What came of work between a hold and its settlement. */
export type WithHold<Result> =
  | (Settled & {
      /** What the work answered; undefined on a replay, because then it was not run. */
      readonly result: Result | undefined;
    })
  | ReserveRefusal
  | Exclude<SettleOutcome, Settled>
  | Refusal<(typeof withHoldOutcomes)[number]>;

/**
 * What a key that was used before answers, so that the work never runs twice under one key: of a hold that was settled its
 * settlement; of an open one `in_progress`; of one that was released or expired that it was.
 */
export async function holdReplayed(
  session: Session,
  { tenant, holdKey }: { readonly tenant: string; readonly holdKey: string },
): Promise<WithHold<never>> {
  const hold = await findHold(session, tenant, holdKey);
  if (hold?.status === "settled") {
    const outcome = await settle(session, { tenant, holdKey, amount: hold.asked ?? "0" });
    return "replayed" in outcome ? { ...outcome, result: undefined } : outcome;
  }
  if (hold?.status === "open") return { outcome: "in_progress" };
  return { outcome: hold?.status === "released" ? "hold_released" : "hold_expired" };
}
