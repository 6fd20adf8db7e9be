import { type Page, type PageInput, pageOf } from "../foundation/page.ts";
import { quantityFrom } from "../foundation/quantity.ts";
import { slotOf } from "../foundation/slot.ts";
import { asName } from "../foundation/text.ts";
import type { Session } from "../store/database.ts";
import { type OpenGrantRow, openGrantsAfter } from "../store/grants.ts";

/** A grant that counts now or will count later, and how far it has been drawn. Quantities in units of the feature. */
export interface OpenGrant {
  readonly grantId: string;
  readonly feature: string;
  /** `''` is the tenant itself. */
  readonly subject: string;
  readonly source: OpenGrantRow["source"];
  /** Null while unlimited. */
  readonly amount: number | null;
  readonly unlimited: boolean;
  /** What it has paid for so far. */
  readonly used: number;
  /** amount − used; null while unlimited. */
  readonly remaining: number | null;
  /** 1 is drawn next; null where it does not count yet. */
  readonly burnOrder: number | null;
  readonly priority: number;
  readonly effectiveAt: Date;
  /** Null where it never ends. */
  readonly expiresAt: Date | null;
  /** Null where its window has begun and nobody has drawn from it yet. */
  readonly issuedAt: Date | null;
  readonly dedupeKey: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * A page of the open grants of a tenant as they stand now, by subject and feature and in the order in which they are drawn,
 * those that do not count yet at the place where they will; of one feature where it is named. Ended and voided ones are not
 * among them. Empty for a tenant that does not exist.
 */
export async function listGrants(
  session: Session,
  input: PageInput & { readonly tenant: string; readonly feature?: string | undefined },
): Promise<Page<OpenGrant>> {
  const tenant = asName(input.tenant);
  if (tenant === undefined) return { lines: [], next: null };
  const of = { slot: slotOf(tenant), tenant, feature: input.feature ?? null };
  return pageOf(input, {
    read: (after, most) => openGrantsAfter(session, of, after, most),
    keyOf: ({ subject, feature, position }) => [subject, feature, position],
    lineOf: fromRow,
  });
}

function fromRow(row: OpenGrantRow): OpenGrant {
  return {
    grantId: row.grant_id,
    feature: row.feature,
    subject: row.subject,
    source: row.source,
    amount: row.unlimited ? null : quantityFrom(row.amount),
    unlimited: row.unlimited,
    used: quantityFrom(row.used),
    remaining: row.remaining === null ? null : quantityFrom(row.remaining),
    burnOrder: row.burn_order === null ? null : Number(row.burn_order),
    priority: row.priority,
    effectiveAt: row.effective_at,
    expiresAt: row.expires_at,
    issuedAt: row.issued_at,
    dedupeKey: row.dedupe_key,
    metadata: row.metadata ?? {},
  };
}
