// Secret keys: `purser_<live|test>_<key id>_<secret>`. The database keeps the id and the SHA-256 of the secret. A plain
// hash is enough, and fast, because the secret is 256 random bits and no word that somebody chose.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { OpenPurser } from "./open-purser.ts";
import { type Scope, isScope } from "./scopes.ts";

const FORM = /^purser_(live|test)_([0-9a-f]{16})_([0-9a-f]{64})$/;

export interface PresentedKey {
  readonly mode: "live" | "test";
  readonly keyId: string;
  readonly secretHash: Buffer;
}

/** A key as somebody presented it, or undefined where it does not have the form of one. */
export function readKey(text: string): PresentedKey | undefined {
  const [, mode, keyId, secret] = FORM.exec(text) ?? [];
  if ((mode !== "live" && mode !== "test") || keyId === undefined || secret === undefined) return undefined;
  return { mode, keyId, secretHash: hashOf(secret) };
}

/** Whether two hashes of secrets are the same, in a time that does not tell how much of them is. */
export function sameSecret(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** A random word of `bytes` bytes in hexadecimal: what key ids, and the ids of requests, are made of. */
export function randomWord(bytes: number): string {
  return randomBytes(bytes).toString("hex");
}

export interface KeyInput {
  /** For people: whose key it is. */
  readonly name: string;
  /** A `test` key reaches test tenants only and a `live` key live ones only; `live` where it is not said. */
  readonly mode?: "live" | "test" | undefined;
  /** Each by name; an empty list makes a key that may do nothing. */
  readonly scopes: readonly Scope[];
  /** The one tenant that it is for; every tenant of its mode where it is not said. */
  readonly tenant?: string | undefined;
  readonly expiresAt?: Date | undefined;
  /** Who makes it. */
  readonly actor: string;
}

export type KeyOutcome =
  | { readonly outcome: "created"; readonly key: string; readonly keyId: string }
  | { readonly outcome: "tenant_unknown" }
  | { readonly outcome: "invalid_input"; readonly field: "name" | "mode" | "scopes" | "expiresAt" };

/**
 * Makes a key and keeps its hash. The key in the answer is shown this once and can not be found out again.
 * `invalid_input` with `mode`: the tenant it is for is of the other mode.
 */
export async function createApiKey(purser: OpenPurser, input: KeyInput): Promise<KeyOutcome> {
  const { name, mode = "live", actor, expiresAt = null } = input;
  if (name.trim() === "" || name.length > 200) return { outcome: "invalid_input", field: "name" };
  if (!input.scopes.every(isScope)) return { outcome: "invalid_input", field: "scopes" };
  if (Number.isNaN(expiresAt?.getTime())) return { outcome: "invalid_input", field: "expiresAt" };
  let tenant: string | null = null;
  if (input.tenant !== undefined) {
    const found = await purser.findTenant({ tenant: input.tenant });
    if (found === undefined) return { outcome: "tenant_unknown" };
    if (found.mode !== mode) return { outcome: "invalid_input", field: "mode" };
    tenant = found.tenant;
  }
  const keyId = randomWord(8);
  const secret = randomWord(32);
  const secretHash = hashOf(secret);
  await purser.apiKeys.create({ keyId, secretHash, name, mode, tenant, scopes: input.scopes, actor, expiresAt });
  return { outcome: "created", key: `purser_${mode}_${keyId}_${secret}`, keyId };
}

function hashOf(secret: string): Buffer {
  return createHash("sha256").update(secret, "ascii").digest();
}
