import { type Page, type PageInput, pageOf } from "../foundation/page.ts";
import { quantityFrom, asQuantity } from "../foundation/quantity.ts";
import { slotOf } from "../foundation/slot.ts";
import { asName } from "../foundation/text.ts";
import type { Session } from "../store/database.ts";
import { checkEntitlement, type DecisionRow, entitlementsAfter } from "../store/entitlements.ts";
import type { Decision } from "./decision.ts";

export interface CheckInput {
  readonly tenant: string;
  /** A feature's key, or a capability's. */
  readonly feature: string;
  /** How much is asked for; the capability's own amount, else 1, where it is not said. */
  readonly amount?: number | string | undefined;
  readonly subject?: string | undefined;
}

/** A question that cannot be asked, with the field that is wrong. */
export interface InvalidQuestion {
  readonly outcome: "invalid_input";
  readonly field: "tenant" | "feature" | "amount" | "subject";
}

/** May this tenant use this feature now, by this amount, and if not, why not. Changes nothing. */
export async function check(session: Session, input: CheckInput): Promise<Decision | InvalidQuestion> {
  const tenant = asName(input.tenant);
  if (tenant === undefined) return { outcome: "invalid_input", field: "tenant" };
  const feature = asName(input.feature);
  if (feature === undefined) return { outcome: "invalid_input", field: "feature" };
  const subject = asName(input.subject ?? "", true);
  if (subject === undefined) return { outcome: "invalid_input", field: "subject" };
  const amount = input.amount === undefined ? null : asQuantity(input.amount);
  if (amount === undefined || (amount !== null && Number(amount) === 0))
    return { outcome: "invalid_input", field: "amount" };
  const [row] = await checkEntitlement(session, tenant, feature, amount, subject);
  if (row === undefined) throw new Error("check_entitlement answered no row");
  return fromRow(row);
}

/** The same answer for a page of the features on sale, in the order of their keys; none for a tenant that does not exist. */
export async function listEntitlements(
  session: Session,
  input: PageInput & { readonly tenant: string },
): Promise<Page<Decision>> {
  const tenant = asName(input.tenant);
  if (tenant === undefined) return { lines: [], next: null };
  const of = { slot: slotOf(tenant), tenant };
  return pageOf(input, {
    read: (after, most) => entitlementsAfter(session, of, after, most),
    keyOf: ({ feature }) => [feature],
    lineOf: fromRow,
  });
}

function fromRow(row: DecisionRow): Decision {
  return {
    allowed: row.allowed,
    reason: row.reason as Decision["reason"],
    feature: row.feature,
    kind: row.kind as Decision["kind"],
    tier: row.tier,
    requiredTier: row.required_tier,
    value: row.value,
    limit: quantity(row.quantity_limit),
    used: quantity(row.used),
    remaining: quantity(row.remaining),
    unlimited: row.unlimited ?? false,
    overLimit: quantity(row.over_limit) ?? 0,
    resetsAt: row.resets_at,
    source: row.source as Decision["source"],
    restrictedBy: row.restricted_by as Decision["restrictedBy"],
    unlockedBy: row.unlocked_by,
    asOf: row.as_of,
    version: Number(row.version),
    cached: false,
    cacheTtlRemaining: 0,
  };
}

function quantity(decimal: string | null): number | null {
  return decimal === null ? null : quantityFrom(decimal);
}
