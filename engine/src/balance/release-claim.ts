import type { releaseClaimOutcomes } from "../foundation/outcome.ts";
import { asName, asText } from "../foundation/text.ts";
import { releaseClaim as call } from "../store/claims.ts";
import type { Session } from "../store/database.ts";
import { quantityOf, quantityOrNull, type Refusal, refusalFrom } from "./answers.ts";
import type { Occupied, SlotInput } from "./capacity.ts";
import { checkedInput } from "./checked-input.ts";

type RefusalCode = Exclude<(typeof releaseClaimOutcomes)[number], "released">;

/** A slot that is free, since now or (`replayed`) before. */
export interface ClaimReleased extends Occupied {
  readonly outcome: "released";
  readonly replayed: boolean;
  /** How many slots are still occupied. */
  readonly claimed: number;
  readonly version: number;
}

export type ReleaseClaimOutcome = ClaimReleased | Refusal<RefusalCode>;

/** Lets a slot of a capacity go. A thin caller of `purser.release_claim`, which says the rest. */
export async function releaseClaim(tx: Session, input: SlotInput): Promise<ReleaseClaimOutcome> {
  const checked = checkedInput({
    tenant: asName(input.tenant),
    feature: asName(input.feature),
    resource: asText(input.resource, 300),
    subject: asName(input.subject ?? "", true),
  });
  if ("outcome" in checked) return checked;
  const row = await call(tx, checked);
  if (row.outcome !== "released") return refusalFrom<RefusalCode>(row);
  return {
    outcome: "released",
    replayed: row.replayed,
    claimed: row.claimed ?? 0,
    available: quantityOrNull(row.available),
    overLimit: quantityOf(row.over_limit),
    version: Number(row.version),
  };
}
