import { type Page, type PageInput, pageOf } from "../foundation/page.ts";
import { quantityFrom } from "../foundation/quantity.ts";
import { slotOf } from "../foundation/slot.ts";
import { asName } from "../foundation/text.ts";
import { type BalanceRow, balancesAfter } from "../store/balances.ts";
import type { Session } from "../store/database.ts";

/** What is left of a feature, and where the number comes from. Quantities in units of the feature. */
export interface Balance {
  readonly feature: string;
  /** `''` is the tenant itself. */
  readonly subject: string;
  readonly kind: "capacity" | "metered" | "credits";
  readonly enforcement: "hard" | "soft" | "observe";
  readonly unlimited: boolean;
  /** The amounts of the grants that count now. */
  readonly granted: number;
  /** What of those grants has been used. */
  readonly used: number;
  /** What open holds have set aside. */
  readonly held: number;
  /** granted − used − held; of a capacity what is free of granted − claimed; null while unlimited. */
  readonly available: number | null;
  /** What was allowed beyond the grants since the window began. */
  readonly overage: number;
  /** Named slots occupied, of a capacity. */
  readonly claimed: number;
  /** Why nothing can be consumed now, if so. */
  readonly deniedReason: string | null;
  readonly restrictedBy: string | null;
  readonly version: number;
  readonly asOf: Date;
  /** The next instant at which this changes by time alone. */
  readonly nextChangeAt: Date | null;
}

/**
 * A page of the balances of a tenant as they stand now, by subject and feature, the tenant's own first; of one feature where
 * it is named. Empty for a tenant that does not exist.
 */
export async function listBalances(
  session: Session,
  input: PageInput & { readonly tenant: string; readonly feature?: string | undefined },
): Promise<Page<Balance>> {
  const tenant = asName(input.tenant);
  if (tenant === undefined) return { lines: [], next: null };
  const of = { slot: slotOf(tenant), tenant, feature: input.feature ?? null };
  return pageOf(input, {
    read: (after, most) => balancesAfter(session, of, after, most),
    keyOf: ({ subject, feature }) => [subject, feature],
    lineOf: fromRow,
  });
}

function fromRow(row: BalanceRow): Balance {
  return {
    feature: row.feature,
    subject: row.subject,
    kind: row.kind,
    enforcement: row.enforcement,
    unlimited: row.unlimited,
    granted: quantityFrom(row.granted),
    used: quantityFrom(row.used),
    held: quantityFrom(row.held),
    available: row.available === null ? null : quantityFrom(row.available),
    overage: quantityFrom(row.overage),
    claimed: row.claimed,
    deniedReason: row.denied_reason,
    restrictedBy: row.restricted_by,
    version: Number(row.version),
    asOf: row.as_of,
    nextChangeAt: row.next_change_at,
  };
}
