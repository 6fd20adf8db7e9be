import type { Session } from "./database.ts";
import { type AnswerRow, only } from "./rows.ts";

export interface ClaimRow extends AnswerRow {
  replayed: boolean;
  claimed: number | null;
  over_limit: string | null;
  restricted_by: string | null;
}

export interface ClaimCall {
  tenant: string;
  feature: string;
  resource: string;
  subject: string;
}

const CLAIM = `SELECT outcome, replayed, field, claimed, available, over_limit, version, restricted_by
  FROM purser.claim($1::text, $2::text, $3::text, $4::text)`;

export async function claim(session: Session, call: ClaimCall): Promise<ClaimRow> {
  return only(await session.query<ClaimRow>(CLAIM, [call.tenant, call.feature, call.resource, call.subject]));
}

const RELEASE_CLAIM = `SELECT outcome, replayed, field, claimed, available, over_limit, version, NULL AS restricted_by
  FROM purser.release_claim($1::text, $2::text, $3::text, $4::text)`;

export async function releaseClaim(session: Session, call: ClaimCall): Promise<ClaimRow> {
  return only(await session.query<ClaimRow>(RELEASE_CLAIM, [call.tenant, call.feature, call.resource, call.subject]));
}

export interface CountRow extends AnswerRow {
  counted: number | null;
  over_limit: string | null;
  reported_at: Date | null;
}

const REPORT_COUNT = `SELECT outcome, field, counted, available, over_limit, reported_at, version
  FROM purser.report_count($1::text, $2::text, $3::int, $4::text)`;

export async function reportCount(
  session: Session,
  call: { tenant: string; feature: string; count: number; subject: string },
): Promise<CountRow> {
  return only(await session.query<CountRow>(REPORT_COUNT, [call.tenant, call.feature, call.count, call.subject]));
}

export interface CapacityRow {
  outcome: string;
  field: string | null;
  unlimited: boolean | null;
  quantity_limit: string | null;
  enforcement: "hard" | "soft" | "observe" | null;
  version: string | null;
  restricted_by: string | null;
}

const LOCK_CAPACITY = `SELECT outcome, field, unlimited, quantity_limit, enforcement, version, restricted_by
  FROM purser.lock_capacity($1::text, $2::text, $3::text)`;

export async function lockCapacity(
  session: Session,
  call: { tenant: string; feature: string; subject: string },
): Promise<CapacityRow> {
  return only(await session.query<CapacityRow>(LOCK_CAPACITY, [call.tenant, call.feature, call.subject]));
}
