import type { Session } from "./database.ts";

const KEY_IN_USE = `SELECT EXISTS (
    SELECT FROM purser.consumptions WHERE tenant_id = $1::text AND idempotency_key = $2::text
  ) AS used`;

/** Whether something was consumed under this key. Takes no lock, so by itself it decides nothing. */
export async function isKeyUsed(session: Session, tenant: string, idempotencyKey: string): Promise<boolean> {
  const [row] = await session.query<{ used: boolean }>(KEY_IN_USE, [tenant, idempotencyKey]);
  return row?.used === true;
}
