import type { Session } from "./database.ts";
import { type AnswerRow, only } from "./rows.ts";

export interface VoidRow extends AnswerRow {
  replayed: boolean;
  lapsed: string | null;
  shortfall: string | null;
}

export interface VoidCall {
  tenant: string;
  dedupeKey: string;
  reason: string;
  actor: string;
  refund: boolean;
}

const VOID_GRANT = `SELECT outcome, replayed, field, lapsed, shortfall, available, version
  FROM purser.void_grant($1::text, $2::text, $3::text, $4::text, $5::boolean)`;

export async function voidGrant(session: Session, call: VoidCall): Promise<VoidRow> {
  return only(
    await session.query<VoidRow>(VOID_GRANT, [call.tenant, call.dedupeKey, call.reason, call.actor, call.refund]),
  );
}
