// What the page of a tenant shows, asked for at once, and the balances put together with the grants they are made of.
import type { Balance, Client, Decision, OpenGrant, Tenant } from "@purser/sdk";
import { type Published, publishedCatalog } from "../catalog/published.ts";

export interface Shown {
  readonly tenant: Tenant;
  readonly decisions: readonly Decision[];
  readonly holdings: readonly Holding[];
  readonly catalog: Published | undefined;
}

/** A balance and its open grants in burn order. */
export interface Holding {
  readonly feature: string;
  readonly subject: string;
  /** Undefined where nobody has drawn from it yet: the plan gives it, and that is all. */
  readonly balance: Balance | undefined;
  readonly grants: readonly OpenGrant[];
}

/** Undefined where there is no such tenant. */
export async function showTenant(client: Client, id: string): Promise<Shown | undefined> {
  const tenant = await client.tenants.get({ tenant: id });
  if (tenant === undefined) return undefined;
  const of = { tenant: tenant.tenant };
  const [decisions, balances, grants, catalog] = await Promise.all([
    client.checkAll(of),
    client.balances(of),
    client.grants(of),
    publishedCatalog(client),
  ]);
  return { tenant, decisions, holdings: holdingsOf(balances, grants), catalog };
}

function holdingsOf(balances: readonly Balance[], grants: readonly OpenGrant[]): Holding[] {
  const holdings = new Map<string, { -readonly [Name in keyof Holding]: Holding[Name] }>();
  const at = (feature: string, subject: string) => {
    const place = JSON.stringify([feature, subject]);
    const known = holdings.get(place) ?? { feature, subject, balance: undefined, grants: [] };
    holdings.set(place, known);
    return known;
  };
  for (const balance of balances) at(balance.feature, balance.subject).balance = balance;
  for (const grant of grants) {
    const holding = at(grant.feature, grant.subject);
    holding.grants = [...holding.grants, grant];
  }
  return [...holdings.values()]
    .filter(({ balance, grants: open }) => open.length > 0 || (balance !== undefined && balance.version > 0))
    .toSorted((one, other) => compared(one.feature, other.feature) || compared(one.subject, other.subject));
}

const compared = (one: string, other: string) => (one < other ? -1 : Number(one > other));

/** What is left now; null while unlimited. */
export function leftOf({ balance, grants }: Holding): number | null {
  if (balance !== undefined) return balance.available;
  const active = grants.filter(({ burnOrder }) => burnOrder !== null);
  if (active.some(({ unlimited }) => unlimited)) return null;
  return active.reduce((sum, { remaining }) => sum + (remaining ?? 0), 0);
}

export function grantedOf({ balance, grants }: Holding): number {
  if (balance !== undefined) return balance.granted;
  return grants.reduce((sum, { burnOrder, amount }) => sum + (burnOrder === null ? 0 : (amount ?? 0)), 0);
}
