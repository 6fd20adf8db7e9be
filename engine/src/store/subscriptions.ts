import type { Session } from "./database.ts";

const BASE = `SELECT s.subscription_id, s.billing_anchor, p.plan, p.plan_version, p.status
  FROM purser.subscriptions s
  JOIN purser.subscription_periods p
    ON p.tenant_id = s.tenant_id AND p.subscription_id = s.subscription_id AND p.slot = s.slot
  WHERE s.tenant_id = $1::text AND s.slot = $2::int AND NOT s.addon AND p.effective_at <= $3::timestamptz
    AND $3::timestamptz < p.ends_at`;

export interface SubscriptionRow {
  subscription_id: string;
  billing_anchor: Date;
  plan: string;
  plan_version: number;
  status: string;
}

/** The tenant's base subscription as it stands at an instant. */
export async function subscriptionAt(
  session: Session,
  slot: number,
  tenant: string,
  at: Date,
): Promise<SubscriptionRow | undefined> {
  const [row] = await session.query<SubscriptionRow>(BASE, [tenant, slot, at]);
  return row;
}

const WRITE = `SELECT outcome FROM purser.write_plan_state($1::int, $2::text, $3::jsonb, $4::jsonb, $5::jsonb,
    $6::jsonb, $7::jsonb, $8::timestamptz, $9::text)`;

/** The arguments of `purser.write_plan_state`; the rows are objects with the tables' column names. */
export interface PlanStateCall {
  slot: number;
  tenant: string;
  subscription: object;
  periods: readonly object[];
  entitlements: readonly object[];
  allowances: readonly object[];
  transition: object | null;
  at: Date;
  actor: string;
}

export type PlanStateOutcome = "written" | "unchanged" | "already_subscribed";

export async function writePlanState(session: Session, call: PlanStateCall): Promise<PlanStateOutcome> {
  const [row] = await session.query<{ outcome: PlanStateOutcome }>(WRITE, [
    call.slot,
    call.tenant,
    JSON.stringify(call.subscription),
    JSON.stringify(call.periods),
    JSON.stringify(call.entitlements),
    JSON.stringify(call.allowances),
    call.transition === null ? null : JSON.stringify(call.transition),
    call.at,
    call.actor,
  ]);
  if (row === undefined) throw new Error("a function that answers one row answered none");
  return row.outcome;
}
