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

const STANDINGS = `SELECT t.tenant_id, n.now_at, p.plan, p.plan_version, p.status, p.effective_at,
    nullif(p.ends_at, 'infinity') AS ends_at
  FROM unnest($1::text[], $2::int[]) t (tenant_id, slot)
  CROSS JOIN LATERAL (SELECT purser.tenant_now(t.slot, t.tenant_id) AS now_at OFFSET 0) n
  LEFT JOIN LATERAL (
    SELECT p.plan, p.plan_version, p.status, p.effective_at, p.ends_at
      FROM purser.subscriptions s
      JOIN purser.subscription_periods p
        ON p.tenant_id = s.tenant_id AND p.subscription_id = s.subscription_id AND p.slot = s.slot
      WHERE s.tenant_id = t.tenant_id AND s.slot = t.slot AND NOT s.addon
        AND p.effective_at <= n.now_at AND n.now_at < p.ends_at
  ) p ON true`;

export interface StandingRow {
  tenant_id: string;
  now_at: Date;
  plan: string | null;
  plan_version: number | null;
  status: "trialing" | "active" | "past_due" | "paused" | "suspended" | "canceled" | "expired" | null;
  effective_at: Date | null;
  ends_at: Date | null;
}

/** What time it is for each tenant, and its base subscription at that time. */
export async function standingsOf(
  session: Session,
  tenants: readonly string[],
  slots: readonly number[],
): Promise<StandingRow[]> {
  return session.query<StandingRow>(STANDINGS, [tenants, slots.map(String)]);
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
  /** To the microsecond. */
  at: string;
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
