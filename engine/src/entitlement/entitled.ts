import { quantityFrom } from "../foundation/quantity.ts";
import { asName } from "../foundation/text.ts";
import type { Session } from "../store/database.ts";
import * as store from "../store/entitlements.ts";

/** Whether the tenant is entitled to a feature at all, whatever is left of an amount. */
export async function hasEntitlement(session: Session, tenant: string, feature: string): Promise<boolean> {
  const [known, key] = [asName(tenant), asName(feature)];
  return known !== undefined && key !== undefined && store.hasEntitlement(session, known, key);
}

/**
 * The finite number a feature stands at for a tenant. Null where there is none to name (unlimited, not entitled, not a
 * number): decide with `check`, never with null.
 */
export async function entitlementValue(session: Session, tenant: string, feature: string): Promise<number | null> {
  const [known, key] = [asName(tenant), asName(feature)];
  if (known === undefined || key === undefined) return null;
  const value = await store.entitlementValue(session, known, key);
  return value === null ? null : quantityFrom(value);
}
