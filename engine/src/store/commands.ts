import type { Session } from "./database.ts";

export interface CommandKeyRow {
  command: string;
  input_hash: Buffer;
  input: { [key: string]: never };
  answer: unknown;
}

const FIND = `SELECT command, input_hash, input, answer FROM purser.command_keys
  WHERE tenant_id = $1::text AND idempotency_key = $2::text AND slot = $3::int`;

export async function findCommand(
  session: Session,
  slot: number,
  tenant: string,
  idempotencyKey: string,
): Promise<CommandKeyRow | undefined> {
  const [row] = await session.query<CommandKeyRow>(FIND, [tenant, idempotencyKey, slot]);
  return row;
}

const REMEMBER = `SELECT purser.remember_command($1::int, $2::text, $3::text, $4::text, $5::bytea, $6::jsonb, $7::jsonb,
    $8::timestamptz) AS kept`;

export interface RememberCall {
  slot: number;
  tenant: string;
  idempotencyKey: string;
  command: string;
  inputHash: Buffer;
  input: string;
  answer: string;
  at: Date;
}

/** Whether the answer was kept: false where somebody else kept one under this key at the same moment. */
export async function rememberCommand(session: Session, call: RememberCall): Promise<boolean> {
  const [row] = await session.query<{ kept: boolean }>(REMEMBER, [
    call.slot,
    call.tenant,
    call.idempotencyKey,
    call.command,
    call.inputHash,
    call.input,
    call.answer,
    call.at,
  ]);
  return row?.kept ?? false;
}
