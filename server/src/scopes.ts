/** All that a key can be allowed to do, one word a right. A key has those it was given by name; none given is nothing. */
export const scopes = [
  "catalog:read",
  "catalog:write",
  "tenants:read",
  "tenants:write",
  "subscriptions:write",
  "clock:write",
  "entitlements:read",
  "balances:read",
  "consume",
  "grants:write",
  "verify",
  "claims:write",
] as const;

export type Scope = (typeof scopes)[number];

/** Whether a word is a scope. */
export function isScope(word: string): word is Scope {
  return (scopes as readonly string[]).includes(word);
}
