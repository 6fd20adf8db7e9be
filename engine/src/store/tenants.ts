import type { Session } from "./database.ts";

export interface TenantRow {
  tenant_id: string;
  name: string;
  mode: "live" | "test";
  time_zone: string;
  currency: string;
  version: string;
  created_at: Date;
  metadata: Record<string, unknown>;
}

const CREATE = `SELECT outcome, replayed, field FROM purser.create_tenant($1::int, $2::text, $3::text, $4::text, $5::text,
    $6::text, $7::jsonb, $8::timestamptz, $9::text)`;

export interface CreateTenantCall {
  slot: number;
  tenant: string;
  name: string;
  mode: string;
  timeZone: string;
  currency: string;
  metadata: string | null;
  clockAt: Date | null;
  actor: string;
}

export async function createTenant(
  session: Session,
  call: CreateTenantCall,
): Promise<{ outcome: string; replayed: boolean; field: string | null } | undefined> {
  const [row] = await session.query<{ outcome: string; replayed: boolean; field: string | null }>(CREATE, [
    call.slot,
    call.tenant,
    call.name,
    call.mode,
    call.timeZone,
    call.currency,
    call.metadata,
    call.clockAt,
    call.actor,
  ]);
  return row;
}

const FIND = `SELECT tenant_id, name, mode, time_zone, currency, version, created_at, metadata FROM purser.tenants
  WHERE tenant_id = $1::text AND slot = $2::int AND erased_at IS NULL`;

export async function findTenant(session: Session, slot: number, tenant: string): Promise<TenantRow | undefined> {
  const [row] = await session.query<TenantRow>(FIND, [tenant, slot]);
  return row;
}

const LIST = `SELECT tenant_id, name, mode, time_zone, currency, version, created_at, metadata FROM purser.tenants
  WHERE erased_at IS NULL AND tenant_id > $1::text AND ($3::text IS NULL OR mode = $3::text)
    AND tenant_id >= $4::text AND tenant_id <= $4::text || U&'\\+10FFFF'
  ORDER BY tenant_id LIMIT $2::int`;

/**
 * Tenants behind one of them, in the order of their ids; of one mode where it is named. The ids that begin with `prefix` lie
 * between it and itself with the last character there is.
 */
export async function tenantsAfter(
  session: Session,
  of: { mode: string | null; prefix: string },
  [tenant = ""]: readonly string[],
  most: number,
): Promise<TenantRow[]> {
  return session.query<TenantRow>(LIST, [tenant, most, of.mode, of.prefix]);
}

const NOW = `SELECT purser.tenant_now($1::int, $2::text) AS now_at`;

export async function tenantNow(session: Session, slot: number, tenant: string): Promise<Date> {
  const [row] = await session.query<{ now_at: Date }>(NOW, [slot, tenant]);
  if (row === undefined) throw new Error("a function that answers one row answered none");
  return row.now_at;
}

const LOCK = `SELECT is_known, now_at, now_at::text AS exactly FROM purser.lock_tenant($1::int, $2::text)`;

/** An instant, and the same to the microsecond, as only the database tells it: no change is to be dated before the last one. */
export interface Instant {
  readonly now_at: Date;
  readonly exactly: string;
}

/** Locks a tenant and its balances until the transaction ends, and says what time it is for a change of its access. */
export async function lockTenant(session: Session, slot: number, tenant: string): Promise<Instant> {
  const [row] = await session.query<Instant>(LOCK, [slot, tenant]);
  if (row === undefined) throw new Error("a function that answers one row answered none");
  return row;
}

const ADVANCE = `SELECT outcome, field, now_at FROM purser.advance_test_clock($1::text, $2::timestamptz)`;

export async function advanceTestClock(
  session: Session,
  tenant: string,
  to: Date,
): Promise<{ outcome: string; field: string | null; now_at: Date | null } | undefined> {
  const [row] = await session.query<{ outcome: string; field: string | null; now_at: Date | null }>(ADVANCE, [
    tenant,
    to,
  ]);
  return row;
}
