import { consume } from "../balance/consume.ts";
import { issueGrant } from "../balance/issue-grant.ts";
import type { ImportProblem } from "../catalog/import-entitlements.ts";
import type { ImportedTenant } from "../catalog/import-source.ts";
import { problemAt } from "../catalog/validation.ts";
import { canonicalJson, type Json } from "../foundation/canonical.ts";
import { times } from "../foundation/quantity.ts";
import { slotOf } from "../foundation/slot.ts";
import { asName } from "../foundation/text.ts";
import { type ProductInclusionRow, productInclusions } from "../store/catalog.ts";
import type { Session } from "../store/database.ts";
import { subscriptionAt } from "../store/subscriptions.ts";
import { findTenant, tenantNow } from "../store/tenants.ts";
import { createTenant } from "../tenant/create-tenant.ts";
import { subscribe } from "./subscribe.ts";

const DAY_MS = 86_400_000;

/** What an import did with tenants; what it found done already is not among it. */
export interface ImportedTenants {
  readonly tenants: number;
  readonly subscriptions: number;
  readonly grants: number;
  readonly consumptions: number;
  /** Purchases whose time is over: they grant nothing any more. */
  readonly expired: number;
}

type Step = string | number;
type KindOf = (feature: string) => string | undefined;
/** Takes a problem of the row; nothing of an import with one is kept. */
type Report = (steps: readonly Step[], row: string, problem: string) => void;

/**
 * Makes existing tenants with their plan, without a trial, with what they bought and what they used of it. Each row has a key
 * that follows from it, so a second import of the same rows changes nothing. What products grant is read from their typed
 * inclusions. Whoever calls undoes everything where there is a problem.
 */
export async function importTenants(
  tx: Session,
  input: {
    readonly tenants: readonly ImportedTenant[];
    /** Of a feature of the catalogue; undefined where it has none of this key. */
    readonly kindOf: KindOf;
    readonly actor: string;
  },
): Promise<{ readonly done: ImportedTenants; readonly problems: readonly ImportProblem[] }> {
  const problems: ImportProblem[] = [];
  const done = { tenants: 0, subscriptions: 0, grants: 0, consumptions: 0, expired: 0 };
  const products = new Map<string, readonly ProductInclusionRow[]>();
  const grantedBy = async (product: string) => {
    const known = products.get(product) ?? (await productInclusions(tx, product));
    products.set(product, known);
    return known;
  };
  // In the order in which rows are locked, so that two imports never wait for each other in a circle.
  const places = input.tenants.map((tenant, at) => ({ tenant, at, id: asName(tenant.tenant) }));
  const inOrder = places.toSorted((one, other) => order(one.id ?? "", other.id ?? ""));
  for (const { tenant: row, at, id } of inOrder) {
    const report: Report = (steps, of, problem) =>
      problems.push({ ...problemAt(["tenants", at, ...steps], problem), row: `tenant ${row.tenant}${of}` });
    if (id === undefined) {
      report(["tenant"], "", "is no id of a tenant");
      continue;
    }
    if (places.some((other) => other.id === id && other.at < at)) {
      report(["tenant"], "", "named twice");
      continue;
    }
    const actor = input.actor;
    const made = await ensureTenant(tx, id, row, actor, report);
    if (made === undefined) continue;
    done.tenants += made;
    const subscribed = await ensurePlan(tx, id, row, actor, report);
    done.subscriptions += subscribed ?? 0;
    const granted = await grantPurchases(tx, id, row, grantedBy, report);
    done.grants += granted.issued;
    done.expired += granted.expired;
    // Without its plan nothing could be used, which would only hide what is wrong behind what follows from it.
    if (subscribed !== undefined) done.consumptions += await takeUsed(tx, id, row, input.kindOf, report);
  }
  return { done, problems };
}

function order(one: string, other: string): number {
  return slotOf(one) - slotOf(other) || (one < other ? -1 : 1);
}

/** How many were made, 0 or 1; undefined where the row and the tenant that is there differ. */
async function ensureTenant(
  tx: Session,
  tenant: string,
  row: ImportedTenant,
  actor: string,
  report: Report,
): Promise<number | undefined> {
  const given = {
    ...(row.name === undefined ? {} : { name: row.name }),
    ...(row.mode === undefined ? {} : { mode: row.mode }),
    ...(row.timeZone === undefined ? {} : { timeZone: row.timeZone }),
    ...(row.currency === undefined ? {} : { currency: row.currency }),
    ...(row.metadata === undefined ? {} : { metadata: row.metadata as { [key: string]: Json } }),
  };
  const there = await findTenant(tx, slotOf(tenant), tenant);
  if (there !== undefined) {
    const now: Record<string, Json> = {
      name: there.name,
      mode: there.mode,
      timeZone: there.time_zone,
      currency: there.currency,
      metadata: there.metadata as { [key: string]: Json },
    };
    const other = Object.entries(given).find(([field, value]) => canonicalJson(value) !== canonicalJson(now[field]));
    if (other === undefined) return 0;
    report([other[0]], "", "is another one than the tenant that is there has");
    return undefined;
  }
  const created = await createTenant(tx, { tenant, ...given, actor });
  if (created.outcome === "created") return 1;
  report([created.field], "", "is not valid");
  return undefined;
}

/** How many subscriptions were made, 0 or 1; undefined where the plan was refused. */
async function ensurePlan(tx: Session, tenant: string, row: ImportedTenant, actor: string, report: Report) {
  const { plan: wanted } = row;
  if (wanted === undefined || wanted === null) return 0;
  const slot = slotOf(tenant);
  const held = await subscriptionAt(tx, slot, tenant, await tenantNow(tx, slot, tenant));
  if (held !== undefined) {
    if (held.plan === wanted.plan) return 0;
    report(["plan", "plan"], "", `is on the plan ${held.plan} already`);
    return undefined;
  }
  const outcome = await subscribe(tx, { tenant, ...wanted, withoutTrial: true, actor });
  if (outcome.outcome === "subscribed") return 1;
  const version = wanted.version === undefined ? "" : `, or no version ${wanted.version} of it`;
  report(
    ["plan", "plan"],
    "",
    outcome.outcome === "plan_unknown" ? `there is no such plan on sale${version}` : outcome.outcome,
  );
  return undefined;
}

async function grantPurchases(
  tx: Session,
  tenant: string,
  { purchases }: ImportedTenant,
  grantedBy: (product: string) => Promise<readonly ProductInclusionRow[]>,
  report: Report,
): Promise<{ issued: number; expired: number }> {
  const done = { issued: 0, expired: 0 };
  const now = purchases.length === 0 ? undefined : await tenantNow(tx, slotOf(tenant), tenant);
  for (const [i, { id, product, purchasedAt, quantity, subject }] of purchases.entries()) {
    const row = `, purchase ${id}`;
    if (purchases.findIndex((other) => other.id === id) < i) report(["purchases", i, "id"], row, "named twice");
    const inclusions = await grantedBy(product);
    if (inclusions.length === 0)
      report(["purchases", i, "product"], row, `there is no product ${product} that grants anything`);
    for (const inclusion of inclusions) {
      const days = inclusion.duration_days;
      const expiresAt = days === null ? undefined : new Date(purchasedAt.getTime() + days * DAY_MS);
      if (expiresAt !== undefined && now !== undefined && expiresAt <= now) {
        done.expired += 1;
        continue;
      }
      const outcome = await issueGrant(tx, {
        tenant,
        feature: inclusion.feature,
        unlimited: inclusion.unlimited,
        amount: inclusion.amount === null ? undefined : trimmed(times(inclusion.amount, quantity)),
        dedupeKey: `import:${id}:${inclusion.feature}`,
        subject,
        source: "product",
        expiresAt,
        priority: inclusion.priority,
        metadata: { product, purchase: id, purchasedAt: purchasedAt.toISOString() },
      });
      if (outcome.outcome === "granted") done.issued += outcome.replayed ? 0 : 1;
      else report(["purchases", i], `${row}, ${inclusion.feature}`, refusal(outcome));
    }
  }
  return done;
}

/** What had been used before counts from now on, in the window that is open. */
async function takeUsed(
  tx: Session,
  tenant: string,
  { consumed }: ImportedTenant,
  kindOf: KindOf,
  report: Report,
): Promise<number> {
  let taken = 0;
  for (const [i, { id, code, amount, subject }] of consumed.entries()) {
    const row = `, consumption ${id}`;
    if (consumed.findIndex((other) => other.id === id) < i) report(["consumed", i, "id"], row, "named twice");
    const idempotencyKey = `import:${id}:${code}`;
    const outcome = await consume(tx, { tenant, feature: code, amount, idempotencyKey, subject });
    if (outcome.outcome === "consumed") taken += outcome.replayed ? 0 : 1;
    else report(["consumed", i], row, unusable(outcome, code, kindOf(code)));
  }
  return taken;
}

/** Why this much of a feature cannot have been used, by what is wrong in the source. */
function unusable(outcome: Parameters<typeof refusal>[0], code: string, kind: string | undefined): string {
  const why: Readonly<Record<string, string>> = {
    feature_unknown: `: there is no feature ${code}`,
    wrong_kind: `: ${code} is a ${kind}, and only metered and credits are consumed`,
    subscription_inactive: ": the tenant has no plan; name one, or what it bought",
  };
  return refusal(outcome) + (why[outcome.outcome] ?? "");
}

function refusal({ outcome, field, available }: { outcome: string; field?: string; available?: number }): string {
  const where = field === undefined ? "" : ` (${field})`;
  return `${outcome}${where}${available === undefined ? "" : `: ${available} available`}`;
}

/** Without the zeros that a quantity from outside may not have. */
function trimmed(decimal: string): string {
  return decimal.replace(/\.?0+$/, "");
}
