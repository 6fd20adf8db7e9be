import type { Session } from "./database.ts";
import { type AnswerRow, only } from "./rows.ts";

export interface ReserveRow extends AnswerRow {
  replayed: boolean;
  amount: string | null;
  expires_at: Date | null;
  resets_at: Date | null;
  restricted_by: string | null;
}

export interface ReserveCall {
  tenant: string;
  feature: string;
  amount: string;
  idempotencyKey: string;
  expiresAt: Date | null;
  subject: string;
  metadata: string | null;
}

const RESERVE = `SELECT outcome, replayed, field, amount, available, version, expires_at, resets_at, restricted_by
  FROM purser.reserve($1::text, $2::text, $3::numeric, $4::text, $5::timestamptz, $6::text, $7::jsonb)`;

export async function reserve(session: Session, call: ReserveCall): Promise<ReserveRow> {
  return only(
    await session.query<ReserveRow>(RESERVE, [
      call.tenant,
      call.feature,
      call.amount,
      call.idempotencyKey,
      call.expiresAt,
      call.subject,
      call.metadata,
    ]),
  );
}

export interface SettleRow extends AnswerRow {
  replayed: boolean;
  late: boolean;
  amount: string | null;
  overage: string | null;
  unfunded: string | null;
}

export interface SettleCall {
  tenant: string;
  holdKey: string;
  amount: string;
  occurredAt: Date | null;
  metadata: string | null;
}

const SETTLE = `SELECT outcome, replayed, field, late, amount, overage, unfunded, available, version
  FROM purser.settle($1::text, $2::text, $3::numeric, $4::timestamptz, $5::jsonb)`;

export async function settle(session: Session, call: SettleCall): Promise<SettleRow> {
  return only(
    await session.query<SettleRow>(SETTLE, [call.tenant, call.holdKey, call.amount, call.occurredAt, call.metadata]),
  );
}

export interface ReleaseRow extends AnswerRow {
  replayed: boolean;
  restored: string | null;
  lapsed: string | null;
}

const RELEASE = `SELECT outcome, replayed, field, restored, lapsed, available, version
  FROM purser.release($1::text, $2::text)`;

export async function release(session: Session, call: { tenant: string; holdKey: string }): Promise<ReleaseRow> {
  return only(await session.query<ReleaseRow>(RELEASE, [call.tenant, call.holdKey]));
}

export interface ExtendRow extends AnswerRow {
  replayed: boolean;
  expires_at: Date | null;
}

const EXTEND = `SELECT outcome, replayed, field, expires_at, available, version
  FROM purser.extend($1::text, $2::text, $3::timestamptz)`;

export async function extend(
  session: Session,
  call: { tenant: string; holdKey: string; expiresAt: Date },
): Promise<ExtendRow> {
  return only(await session.query<ExtendRow>(EXTEND, [call.tenant, call.holdKey, call.expiresAt]));
}

export interface HoldRow {
  /** As it is now: an open hold whose end has come is expired, whoever wrote that down. */
  status: "open" | "settled" | "released" | "expired";
  /** What it was settled with. */
  asked: string | null;
}

const HOLD = `SELECT CASE WHEN h.status = 'open' AND h.expires_at <= purser.tenant_now(h.slot, h.tenant_id) THEN 'expired'
                        ELSE h.status END AS status,
                   h.settled + h.unfunded AS asked
  FROM purser.holds h WHERE h.tenant_id = $1::text AND h.hold_key = $2::text`;

/** How a hold stands. Takes no lock, so by itself it decides nothing. */
export async function findHold(session: Session, tenant: string, holdKey: string): Promise<HoldRow | undefined> {
  const [row] = await session.query<HoldRow>(HOLD, [tenant, holdKey]);
  return row;
}
