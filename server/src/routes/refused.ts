// What a refusal tells beside its outcome: what fits a feature of another kind, and what would unlock it.
import type { OutcomeCode, RefusalCode, RefusedAnswer } from "../answer.ts";
import type { OpenPurser } from "../open-purser.ts";
import { type Ways, wrongKind } from "./kinds.ts";

interface Asked {
  readonly tenant: string;
  readonly feature: string;
  readonly amount?: number | string;
  readonly subject?: string;
}

/** Those that something on sale can lift. A decision against the tenant, or a payment that is missing, is lifted by no purchase. */
const sold: ReadonlySet<OutcomeCode> = new Set<RefusalCode>([
  "subscription_inactive",
  "trial_expired",
  "tier_insufficient",
  "not_included",
  "limit_reached",
  "insufficient_balance",
]);

/**
 * A refusal with what the same question tells, asked as a check. Where it is answered otherwise by now, the refusal stands as
 * it is: it was decided, and the check only explains.
 */
export async function explained(
  purser: OpenPurser,
  asked: Asked,
  refusal: RefusedAnswer,
  ways: Ways,
): Promise<RefusedAnswer> {
  if (refusal.outcome === "wrong_kind") return wrongKind(purser, asked, ways);
  if (!sold.has(refusal.outcome)) return refusal;
  const decision = await purser.check(asked);
  if ("outcome" in decision || decision.reason.toLowerCase() !== refusal.outcome) return refusal;
  return { ...refusal, unlockedBy: decision.unlockedBy };
}
