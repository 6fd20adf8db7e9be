// A session of the console: a row bound to the key it was opened with, so that every process of a server knows it and ends
// it. It is no key: it stands in a table of its own, and its secret is hashed for this purpose alone.
import { createHash } from "node:crypto";
import { now } from "@purser/engine";
import { randomWord, sameSecret } from "../keys.ts";
import type { OpenPurser } from "../open-purser.ts";

export const LIFETIME_S = 12 * 60 * 60;
export type Key = NonNullable<Awaited<ReturnType<OpenPurser["apiKeys"]["find"]>>>;

const FORM = /^([0-9a-f]{16})\.([0-9a-f]{16})\.([0-9a-f]{64})$/;
const nobody = Buffer.alloc(32);

/** The hash takes in the key's id: a session cannot be carried over to another key. */
function hashOf(keyId: string, secret: string): Buffer {
  return createHash("sha256").update(`purser console session ${keyId} ${secret}`, "ascii").digest();
}

/** Opens a session for whoever presented this key. The answer is the only place where its secret stands. */
export async function openSession(purser: OpenPurser, key: Key): Promise<string> {
  const sessionId = randomWord(8);
  const secret = randomWord(32);
  await purser.consoleSessions.open({
    sessionId,
    secretHash: hashOf(key.key_id, secret),
    keyId: key.key_id,
    endsAt: new Date(now().getTime() + LIFETIME_S * 1000),
  });
  return `${sessionId}.${key.key_id}.${secret}`;
}

/**
 * The key that a session was opened with, or undefined where the session has ended or never was. Both are read afresh:
 * ending the session, or revoking the key, counts from the next request on.
 */
export async function keyOfSession(purser: OpenPurser, session: string): Promise<Key | undefined> {
  const [, sessionId, keyId, secret] = FORM.exec(session) ?? [];
  if (sessionId === undefined || keyId === undefined || secret === undefined) return undefined;
  const [opened, key] = await Promise.all([purser.consoleSessions.find(sessionId), purser.apiKeys.find(keyId)]);
  const same = sameSecret(hashOf(keyId, secret), opened?.secret_hash ?? nobody);
  return same && opened?.key_id === keyId ? key : undefined;
}

/** Ends a session, where it is one. */
export async function closeSession(purser: OpenPurser, session: string): Promise<void> {
  const [sessionId] = session.split(".");
  if (sessionId !== undefined && (await keyOfSession(purser, session)) !== undefined) {
    await purser.consoleSessions.close(sessionId);
  }
}
