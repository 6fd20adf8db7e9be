import type { Session } from "./database.ts";
import { type AnswerRow, only } from "./rows.ts";

const KEY_IN_USE = `SELECT EXISTS (
    SELECT FROM purser.consumptions WHERE tenant_id = $1::text AND idempotency_key = $2::text
  ) AS used`;

/** Whether something was consumed under this key. Takes no lock, so by itself it decides nothing. */
export async function isKeyUsed(session: Session, tenant: string, idempotencyKey: string): Promise<boolean> {
  const [row] = await session.query<{ used: boolean }>(KEY_IN_USE, [tenant, idempotencyKey]);
  return row?.used === true;
}

export interface ReversalRow extends AnswerRow {
  replayed: boolean;
  amount: string | null;
  restored: string | null;
  lapsed: string | null;
  overage: string | null;
}

export interface ReversalCall {
  tenant: string;
  consumptionKey: string;
  idempotencyKey: string;
  amount: string | null;
  reissue: boolean;
  reason: string;
}

const REVERSE = `SELECT outcome, replayed, field, amount, restored, lapsed, overage, available, version
  FROM purser.reverse_consumption($1::text, $2::text, $3::text, $4::numeric, $5::boolean, $6::text)`;

export async function reverseConsumption(session: Session, call: ReversalCall): Promise<ReversalRow> {
  return only(
    await session.query<ReversalRow>(REVERSE, [
      call.tenant,
      call.consumptionKey,
      call.idempotencyKey,
      call.amount,
      call.reissue,
      call.reason,
    ]),
  );
}
