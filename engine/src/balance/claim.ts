import type { claimOutcomes } from "../foundation/outcome.ts";
import { asName, asText } from "../foundation/text.ts";
import { claim as call } from "../store/claims.ts";
import type { Session } from "../store/database.ts";
import { quantityOf, quantityOrNull, type Refusal, refusalFrom } from "./answers.ts";
import type { Occupied, SlotInput } from "./capacity.ts";
import { checkedInput } from "./checked-input.ts";

type RefusalCode = Exclude<(typeof claimOutcomes)[number], "claimed">;

/** A slot that is occupied, since now or (`replayed`) before. */
export interface Claimed extends Occupied {
  readonly outcome: "claimed";
  readonly replayed: boolean;
  /** How many slots are occupied, this one included. */
  readonly claimed: number;
  readonly version: number;
}

export type ClaimOutcome = Claimed | Refusal<RefusalCode>;

/** Occupies a slot of a capacity, once per resource, or refuses. A thin caller of `purser.claim`, which says the rest. */
export async function claim(tx: Session, input: SlotInput): Promise<ClaimOutcome> {
  const checked = checkedInput({
    tenant: asName(input.tenant),
    feature: asName(input.feature),
    resource: asText(input.resource, 300),
    subject: asName(input.subject ?? "", true),
  });
  if ("outcome" in checked) return checked;
  const row = await call(tx, checked);
  if (row.outcome !== "claimed") return refusalFrom<RefusalCode>(row);
  return {
    outcome: "claimed",
    replayed: row.replayed,
    claimed: row.claimed ?? 0,
    available: quantityOrNull(row.available),
    overLimit: quantityOf(row.over_limit),
    version: Number(row.version),
  };
}
