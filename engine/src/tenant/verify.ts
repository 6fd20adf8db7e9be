import type { Key, PageInput } from "../foundation/page.ts";
import { asName } from "../foundation/text.ts";
import type { Session } from "../store/database.ts";
import { type BrokenRow, verifyTenant } from "../store/explanations.ts";
import { findTenant, listTenants } from "./tenants.ts";

/** One thing that does not hold: which invariant, where, and what is wrong in words. */
export interface BrokenInvariant {
  readonly invariant: string;
  readonly tenant: string;
  readonly subject: string;
  readonly feature: string;
  readonly version: number | null;
  readonly detail: string;
}

/** How the balances of so many tenants stand after all of their rows were read. */
export interface Verification {
  readonly tenants: number;
  readonly broken: readonly BrokenInvariant[];
  /** Not broken: balances that nobody has turned for a day after they were due, so no worker runs. */
  readonly overdue: readonly BrokenInvariant[];
  /** The `after` of the next page of tenants; null where all were verified. */
  readonly next: Key | null;
}

const OVERDUE_SECONDS = 86_400;
const OVERDUE = "a balance has been due for long";

/**
 * Recomputes what must hold of every balance from immutable rows: of one tenant, or of a page of tenants in the order of
 * their ids, of one mode where it is named. Reads one tenant at a time. Undefined where the tenant that is named does not exist.
 */
export async function verify(
  session: Session,
  input: PageInput & {
    readonly tenant?: string | undefined;
    readonly mode?: "live" | "test" | undefined;
  },
): Promise<Verification | undefined> {
  const named = input.tenant === undefined ? undefined : asName(input.tenant);
  if (
    input.tenant !== undefined &&
    (named === undefined || (await findTenant(session, { tenant: named })) === undefined)
  )
    return undefined;
  const page =
    named === undefined
      ? await listTenants(session, { mode: input.mode, after: input.after, count: input.count })
      : { lines: [{ tenant: named }], next: null };
  const found: BrokenRow[] = [];
  for (const { tenant } of page.lines) found.push(...(await verifyTenant(session, tenant, OVERDUE_SECONDS)));
  return {
    tenants: page.lines.length,
    broken: found.filter(({ invariant }) => invariant !== OVERDUE).map(fromRow),
    overdue: found.filter(({ invariant }) => invariant === OVERDUE).map(fromRow),
    next: page.next,
  };
}

function fromRow(row: BrokenRow): BrokenInvariant {
  const { invariant, subject, feature, detail } = row;
  return {
    invariant,
    tenant: row.tenant_id,
    subject,
    feature,
    version: row.version === null ? null : Number(row.version),
    detail,
  };
}
