import type { Session } from "./database.ts";

export interface ConsoleSessionRow {
  secret_hash: Buffer;
  key_id: string;
}

const FIND = `SELECT secret_hash, key_id FROM purser.console_sessions
  WHERE session_id = $1::text AND ends_at > clock_timestamp()`;

/** A session that has not ended, read afresh each time; whether its key is in force is another question. */
export async function findConsoleSession(session: Session, sessionId: string): Promise<ConsoleSessionRow | undefined> {
  const [row] = await session.query<ConsoleSessionRow>(FIND, [sessionId]);
  return row;
}

const OPEN = `SELECT purser.open_console_session($1::text, $2::bytea, $3::text, $4::timestamptz)`;

export interface OpenConsoleSessionCall {
  sessionId: string;
  secretHash: Buffer;
  keyId: string;
  endsAt: Date;
}

export async function openConsoleSession(session: Session, call: OpenConsoleSessionCall): Promise<void> {
  await session.query(OPEN, [call.sessionId, call.secretHash, call.keyId, call.endsAt]);
}

const CLOSE = `SELECT purser.close_console_session($1::text) AS closed`;

export async function closeConsoleSession(session: Session, sessionId: string): Promise<boolean> {
  const [row] = await session.query<{ closed: boolean }>(CLOSE, [sessionId]);
  return row?.closed ?? false;
}
