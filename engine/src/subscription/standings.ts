import { slotOf } from "../foundation/slot.ts";
import type { Session } from "../store/database.ts";
import { type StandingRow, standingsOf } from "../store/subscriptions.ts";

/** Where a tenant stands: its time, and the period of its base subscription that this time is in. */
export interface Standing {
  readonly tenant: string;
  /** What time it is for the tenant: of a test tenant, its own clock. */
  readonly asOf: Date;
  /** Null where it has no subscription at this time. */
  readonly subscription: {
    readonly plan: string;
    readonly planVersion: number;
    readonly status: NonNullable<StandingRow["status"]>;
    /** When this status began and when it ends by time alone; null where it does not. */
    readonly since: Date;
    readonly until: Date | null;
  } | null;
}

/** Where each of these tenants stands; their ids as the directory has them. */
export async function standings(
  session: Session,
  input: { readonly tenants: readonly string[] },
): Promise<Map<string, Standing>> {
  const rows = await standingsOf(session, input.tenants, input.tenants.map(slotOf));
  return new Map(rows.map((row) => [row.tenant_id, fromRow(row)]));
}

function fromRow({ tenant_id, now_at, plan, plan_version, status, effective_at, ends_at }: StandingRow): Standing {
  const known = plan !== null && plan_version !== null && status !== null && effective_at !== null;
  return {
    tenant: tenant_id,
    asOf: now_at,
    subscription: known ? { plan, planVersion: plan_version, status, since: effective_at, until: ends_at } : null,
  };
}
