import type { countOutcomes } from "../foundation/outcome.ts";
import { asName } from "../foundation/text.ts";
import { reportCount as call } from "../store/claims.ts";
import type { Session } from "../store/database.ts";
import { quantityOf, quantityOrNull, type Refusal, refusalFrom } from "./answers.ts";
import type { Occupied } from "./capacity.ts";
import { checkedInput } from "./checked-input.ts";

type RefusalCode = Exclude<(typeof countOutcomes)[number], "reported">;

export interface CountInput<Feature extends string = string> {
  readonly tenant: string;
  readonly feature: Feature;
  /** How many there are, a whole number from 0. */
  readonly count: number;
  readonly subject?: string | undefined;
}

/** A count that is in force until the next one. */
export interface CountReported extends Occupied {
  readonly outcome: "reported";
  readonly counted: number;
  readonly reportedAt: Date;
  readonly version: number;
}

export type CountOutcome = CountReported | Refusal<RefusalCode>;

/** Counts are whole and fit PostgreSQL's `integer`. */
const MOST = 2_147_483_647;

/** Says how many slots of a capacity are occupied. A thin caller of `purser.report_count`, which says the rest. */
export async function reportCount(tx: Session, input: CountInput): Promise<CountOutcome> {
  const { count } = input;
  const checked = checkedInput({
    tenant: asName(input.tenant),
    feature: asName(input.feature),
    count: Number.isInteger(count) && count >= 0 && count <= MOST ? count : undefined,
    subject: asName(input.subject ?? "", true),
  });
  if ("outcome" in checked) return checked;
  const row = await call(tx, checked);
  if (row.outcome !== "reported" || row.reported_at === null) return refusalFrom<RefusalCode>(row);
  return {
    outcome: "reported",
    counted: row.counted ?? 0,
    available: quantityOrNull(row.available),
    overLimit: quantityOf(row.over_limit),
    reportedAt: row.reported_at,
    version: Number(row.version),
  };
}
