// Who may sign in: by a key, or by the code that `purser dev` prints, once.
import { createHash } from "node:crypto";
import { now } from "@purser/engine";
import { randomWord, readKey, sameSecret } from "../keys.ts";
import type { OpenPurser } from "../open-purser.ts";
import type { Key } from "./sessions.ts";

const MOST_FAILURES = 10;
const WINDOW_MS = 60_000;
const MOST_ADDRESSES = 10_000;

/**
 * Counts failed attempts by address. A key is 256 random bits and cannot be guessed; this keeps a script that tries from
 * keeping the database busy.
 */
export function createTurnstile() {
  const failures = new Map<string, { count: number; until: number }>();
  return {
    isOpen(address: string): boolean {
      const known = failures.get(address);
      if (known !== undefined && known.until <= now().getTime()) failures.delete(address);
      return (failures.get(address)?.count ?? 0) < MOST_FAILURES;
    },
    failed(address: string): void {
      const known = failures.get(address) ?? { count: 0, until: now().getTime() + WINDOW_MS };
      known.count += 1;
      const [oldest] = failures.keys();
      if (failures.size >= MOST_ADDRESSES && oldest !== undefined) failures.delete(oldest);
      failures.set(address, known);
    },
  };
}

/** A word that signs in with keys, once: what stands in the link that `purser dev` prints. */
export interface SignInCode {
  readonly code: string;
  /** The keys, where this is the code and it was not redeemed before. */
  redeem(code: string): readonly string[] | undefined;
}

export function createSignInCode(keys: readonly string[]): SignInCode {
  const code = randomWord(16);
  let redeemed = false;
  const hashOf = (text: string) => createHash("sha256").update(text).digest();
  return {
    code,
    redeem(presented) {
      if (redeemed || !sameSecret(hashOf(presented), hashOf(code))) return undefined;
      redeemed = true;
      return keys;
    },
  };
}

/** The row of a key that somebody presented, or undefined where it is not in force. */
export async function keyPresented(purser: OpenPurser, text: string): Promise<Key | undefined> {
  const presented = readKey(text);
  if (presented === undefined) return undefined;
  const row = await purser.apiKeys.find(presented.keyId);
  // Compared in any case, so that the time does not tell whether there is such an id.
  const same = sameSecret(presented.secretHash, row?.secret_hash ?? Buffer.alloc(32));
  return same && row?.mode === presented.mode ? row : undefined;
}
