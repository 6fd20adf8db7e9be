import type { Session } from "./database.ts";

export interface ApiKeyRow {
  key_id: string;
  secret_hash: Buffer;
  name: string;
  mode: "live" | "test";
  tenant_id: string | null;
  scopes: string[];
}

const FIND = `SELECT key_id, secret_hash, name, mode, tenant_id, scopes FROM purser.api_keys
  WHERE key_id = $1::text AND revoked_at IS NULL AND expires_at > clock_timestamp()`;

/** A key that is in force, read afresh each time: a revocation counts at once. */
export async function findApiKey(session: Session, keyId: string): Promise<ApiKeyRow | undefined> {
  const [row] = await session.query<ApiKeyRow>(FIND, [keyId]);
  return row;
}

const CREATE = `SELECT purser.create_api_key($1::text, $2::bytea, $3::text, $4::text, $5::text, $6::text[], $7::text,
    coalesce($8::timestamptz, 'infinity'))`;

export interface CreateApiKeyCall {
  keyId: string;
  secretHash: Buffer;
  name: string;
  mode: "live" | "test";
  tenant: string | null;
  scopes: readonly string[];
  actor: string;
  expiresAt: Date | null;
}

export async function createApiKey(session: Session, call: CreateApiKeyCall): Promise<void> {
  await session.query(CREATE, [
    call.keyId,
    call.secretHash,
    call.name,
    call.mode,
    call.tenant,
    call.scopes,
    call.actor,
    call.expiresAt,
  ]);
}

const REVOKE = `SELECT purser.revoke_api_key($1::text) AS revoked`;

export async function revokeApiKey(session: Session, keyId: string): Promise<boolean> {
  const [row] = await session.query<{ revoked: boolean }>(REVOKE, [keyId]);
  return row?.revoked ?? false;
}
