// What a command answers: done, or one of the refusals that are expected of it. They are values; other problems are thrown.
import type { Answers, operations } from "./contract.ts";

export type OperationName = keyof typeof operations;
type RefusalsOf<Name extends OperationName> = (typeof operations)[Name]["refusals"][number];

/** Nothing happened; the same key may be tried again. */
export interface Refusal<Code extends string> {
  readonly outcome: Code;
  /** The field that is invalid, or that differs from the first use of the key. */
  readonly field?: string;
  readonly detail: string;
  /** What was available when it was refused, where that was the reason. */
  readonly available?: number;
  /** When the balance changes next by time alone: its window's end, for instance. */
  readonly resetsAt?: string;
  readonly restrictedBy?: string;
  /** The plans and products that would have let it through, where buying something can lift it; of consume, reserve and claim. */
  readonly unlockedBy?: readonly string[];
}

export type OutcomeOf<Name extends OperationName> = Answers[Name] | Refusal<RefusalsOf<Name>>;

export type ConsumeOutcome = OutcomeOf<"consume">;
export type ConsumeManyOutcome = OutcomeOf<"consumeMany">;
export type GrantOutcome = OutcomeOf<"issueGrant">;
export type CreateTenantOutcome = OutcomeOf<"createTenant">;
export type SubscribeOutcome = OutcomeOf<"subscribe">;
export type AdvanceClockOutcome = OutcomeOf<"advanceClock">;
export type PublishOutcome = OutcomeOf<"publishCatalog">;
export type RefreshOutcome = OutcomeOf<"refreshBalance">;
export type ReserveOutcome = OutcomeOf<"reserve">;
export type ExtendOutcome = OutcomeOf<"extend">;
export type SettleOutcome = OutcomeOf<"settle">;
export type ReleaseOutcome = OutcomeOf<"release">;
export type ReversalOutcome = OutcomeOf<"reverseConsumption">;
export type VoidOutcome = OutcomeOf<"voidGrant">;
export type ClaimOutcome = OutcomeOf<"claim">;
export type ReleaseClaimOutcome = OutcomeOf<"releaseClaim">;
export type CountOutcome = OutcomeOf<"reportCount">;
