// Who calls, and whether they may: 401 before 403, and 403 before anything could tell whether a tenant exists.
import type { IncomingHttpHeaders } from "node:http";
import { Problem } from "./answer.ts";
import { isSameOrigin, modeAsked, sessionIn } from "./console/cookies.ts";
import { type Key, keyOfSession } from "./console/sessions.ts";
import { readKey, sameSecret } from "./keys.ts";
import type { OpenPurser } from "./open-purser.ts";
import type { Scope } from "./scopes.ts";

export interface Caller {
  readonly keyId: string;
  readonly mode: "live" | "test";
  /** The one tenant that the key is for, or null: all of its mode. */
  readonly tenant: string | null;
  readonly scopes: readonly string[];
  /** As the audit log names whoever changed something. */
  readonly actor: string;
}

/** What an operation asks of its caller. `tenant` is undefined where the operation is about no single one. */
export interface Demand {
  readonly scope: Scope;
  readonly tenant: string | undefined;
  /** Whether the operation is about tenants at all: what every key may read is not refused to one of a single tenant. */
  readonly ofTenants: boolean;
}

const KNOWN_MODES = 10_000;
const nobody = Buffer.alloc(32);

/** What of a request tells who it is from. */
export interface Credentials {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** The gate of a server: throws the problem with a call, or says who it is from. Reads the key afresh every time. */
export function createGate(purser: OpenPurser): (request: Credentials, demand: Demand) => Promise<Caller> {
  // A tenant keeps its mode for ever, so this never has to be forgotten, only bounded.
  const modes = new Map<string, "live" | "test">();
  const modeOf = async (tenant: string) => {
    const known = modes.get(tenant);
    if (known !== undefined) return known;
    const found = await purser.findTenant({ tenant });
    if (found === undefined) return undefined;
    const [oldest] = modes.keys();
    if (modes.size >= KNOWN_MODES && oldest !== undefined) modes.delete(oldest);
    modes.set(tenant, found.mode);
    return found.mode;
  };

  return async (request, { scope, tenant: asked, ofTenants }) => {
    const row = await keyOf(purser, request);
    if (!row.scopes.includes(scope)) {
      throw new Problem({
        outcome: "scope_missing",
        detail: `This needs the scope ${scope}.`,
        headers: { "www-authenticate": `Bearer realm="purser", error="insufficient_scope", scope="${scope}"` },
      });
    }
    const tenant = asked?.normalize("NFC");
    if (row.tenant_id !== null && ofTenants && tenant !== row.tenant_id) {
      throw new Problem({ outcome: "other_tenant", detail: "This key is for one tenant, and not for this request." });
    }
    // A key for one tenant was made with that tenant's mode.
    if (row.tenant_id === null && tenant !== undefined) {
      const mode = await modeOf(tenant);
      if (mode !== undefined && mode !== row.mode) {
        const detail = `This is a ${row.mode} key, and the tenant is a ${mode} tenant.`;
        throw new Problem({ outcome: "other_mode", detail });
      }
    }
    return {
      keyId: row.key_id,
      mode: row.mode,
      tenant: row.tenant_id,
      scopes: row.scopes,
      actor: `key:${row.key_id}`,
    };
  };
}

/** The key that a request was made with. One that shows a key is judged by that, whatever cookies came along. */
async function keyOf(purser: OpenPurser, { method, headers }: Credentials): Promise<Key> {
  const session = headers.authorization === undefined ? sessionIn(headers, modeAsked(headers)) : undefined;
  if (session !== undefined) {
    // The browser adds the cookie whoever made it ask, so what changes something has to come from our own pages.
    if (method !== "GET" && method !== "HEAD" && !isSameOrigin(headers)) throw new Problem({ outcome: "cross_origin" });
    const key = await keyOfSession(purser, session);
    if (key === undefined) throw new Problem({ outcome: "unauthenticated", detail: "The session has ended." });
    return key;
  }
  const presented = readKey(/^Bearer +(\S+) *$/i.exec(headers.authorization ?? "")?.[1] ?? "");
  if (presented === undefined) {
    throw new Problem({ outcome: "unauthenticated", detail: "Send a key as Authorization: Bearer purser_…" });
  }
  const row = await purser.apiKeys.find(presented.keyId);
  // Compared in any case, so that the time does not tell whether there is such an id.
  const same = sameSecret(presented.secretHash, row?.secret_hash ?? nobody);
  if (row === undefined || !same || row.mode !== presented.mode) {
    throw new Problem({
      outcome: "unauthenticated",
      detail: "This key is not one of ours, or it has expired or was revoked.",
      headers: { "www-authenticate": 'Bearer realm="purser", error="invalid_token"' },
    });
  }
  return row;
}
