import type { extendOutcomes } from "../foundation/outcome.ts";
import { asName } from "../foundation/text.ts";
import type { Session } from "../store/database.ts";
import { extend as call } from "../store/holds.ts";
import { quantityOrNull, type Refusal, refusalFrom } from "./answers.ts";
import { asInstant, checkedInput } from "./checked-input.ts";

type RefusalCode = Exclude<(typeof extendOutcomes)[number], "extended">;

export interface ExtendInput {
  readonly tenant: string;
  /** The key it was reserved under. */
  readonly holdKey: string;
  /** When it is to end by itself, later or sooner than now said. */
  readonly expiresAt: Date;
}

/** A hold that ends at another time, or (`replayed`) did so already. */
export interface Extended {
  readonly outcome: "extended";
  readonly replayed: boolean;
  readonly expiresAt: Date;
  readonly available: number | null;
  readonly version: number;
}

export type ExtendOutcome = Extended | Refusal<RefusalCode>;

/** Moves the end of an open hold. A thin caller of `purser.extend`, which says the rest. */
export async function extend(tx: Session, input: ExtendInput): Promise<ExtendOutcome> {
  const checked = checkedInput({
    tenant: asName(input.tenant),
    holdKey: asName(input.holdKey),
    expiresAt: asInstant(input.expiresAt) ?? undefined,
  });
  if ("outcome" in checked) return checked;
  const row = await call(tx, checked);
  if (row.outcome !== "extended" || row.expires_at === null) return refusalFrom<RefusalCode>(row);
  return {
    outcome: "extended",
    replayed: row.replayed,
    expiresAt: row.expires_at,
    available: quantityOrNull(row.available),
    version: Number(row.version),
  };
}
