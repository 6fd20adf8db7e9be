import { type Page, type PageInput, pageOf } from "../foundation/page.ts";
import { slotOf } from "../foundation/slot.ts";
import { asName } from "../foundation/text.ts";
import type { Session } from "../store/database.ts";
import { findTenant as find, type TenantRow, tenantsAfter } from "../store/tenants.ts";
import type { Tenant } from "./tenant.ts";

/** One tenant, or undefined where there is none of this id. */
export async function findTenant(session: Session, input: { readonly tenant: string }): Promise<Tenant | undefined> {
  const tenant = asName(input.tenant);
  if (tenant === undefined) return undefined;
  const row = await find(session, slotOf(tenant), tenant);
  return row === undefined ? undefined : fromRow(row);
}

/** A page of tenants in the order of their ids; of one mode where it is named, and with ids that begin with `prefix`. */
export async function listTenants(
  session: Session,
  input: PageInput & { readonly mode?: "live" | "test" | undefined; readonly prefix?: string | undefined },
): Promise<Page<Tenant>> {
  const prefix = asName(input.prefix ?? "", true);
  if (prefix === undefined) return { lines: [], next: null };
  const of = { mode: input.mode ?? null, prefix };
  return pageOf(input, {
    read: (after, most) => tenantsAfter(session, of, after, most),
    keyOf: ({ tenant_id }) => [tenant_id],
    lineOf: fromRow,
  });
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
