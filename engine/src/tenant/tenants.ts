import { slotOf } from "../foundation/slot.ts";
import { asName } from "../foundation/text.ts";
import type { Session } from "../store/database.ts";
import { findTenant as find, listTenants as list, type TenantRow } from "../store/tenants.ts";
import type { Tenant } from "./tenant.ts";

/** One tenant, or undefined where there is none of this id. */
export async function findTenant(session: Session, input: { readonly tenant: string }): Promise<Tenant | undefined> {
  const tenant = asName(input.tenant);
  if (tenant === undefined) return undefined;
  const row = await find(session, slotOf(tenant), tenant);
  return row === undefined ? undefined : fromRow(row);
}

/**
 * At most `count` tenants in the order of their ids, after the id `after`; of one mode where it is named, and with ids that
 * begin with `prefix`.
 */
export async function listTenants(
  session: Session,
  input: {
    readonly after?: string;
    readonly count: number;
    readonly mode?: "live" | "test" | undefined;
    readonly prefix?: string | undefined;
  },
): Promise<Tenant[]> {
  const [after, prefix] = [input.after, input.prefix].map((text) => asName(text ?? "", true));
  if (prefix === undefined) return [];
  return (await list(session, after ?? "", input.count, input.mode ?? null, prefix)).map(fromRow);
}

function fromRow(row: TenantRow): Tenant {
  return {
    tenant: row.tenant_id,
    name: row.name,
    mode: row.mode,
    timeZone: row.time_zone,
    currency: row.currency,
    version: Number(row.version),
    createdAt: row.created_at,
    metadata: row.metadata,
  };
}
