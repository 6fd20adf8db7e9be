import type { Session } from "./database.ts";
import { only } from "./rows.ts";

// What is gathered into one row travels as JSON: decimals as texts, times as ISO 8601.
export interface GrantLine {
  grantId: string;
  dedupeKey: string;
  source: "plan" | "product" | "promotion" | "top_up" | "override" | "rollover" | "manual";
  status: "counts" | "resting" | "not_yet" | "expired" | "voided" | "masked" | "replaced";
  amount: string;
  unlimited: boolean;
  used: string;
  held: string;
  remaining: string | null;
  priority: number;
  effectiveAt: string;
  expiresAt: string | null;
  endedAt: string | null;
  endedBy: string | null;
  reason: string | null;
}

export interface HoldLine {
  holdKey: string;
  status: "open" | "settled" | "released" | "expired";
  amount: string;
  funded: string;
  settled: string | null;
  unfunded: string;
  restored: string | null;
  lapsed: string | null;
  late: boolean;
  actingSubject: string | null;
  reservedAt: string;
  expiresAt: string;
  endedAt: string | null;
}

export interface ClaimLine {
  resource: string;
  claimedAt: string;
  beyondLimit: boolean;
}

export interface PaidLine {
  grantId: string;
  dedupeKey: string;
  source: GrantLine["source"];
  amount: string;
  lapsed: string;
  provisional: boolean;
}

export interface FactLine {
  version: number;
  kind: string;
  amount: string;
  overage: string;
  balanceAfter: string | null;
  key: string | null;
  reference: string | null;
  actingSubject: string | null;
  recordedAt: string;
  occurredAt: string | null;
  reason: string | null;
  lineage: PaidLine[];
}

export interface ExplanationRow {
  at: Date;
  feature: string;
  subject: string;
  allowed: boolean;
  reason: string;
  source: string | null;
  restricted_by: string | null;
  plan: string | null;
  plan_version: number | null;
  valid_from: Date | null;
  valid_until: Date | null;
  kind: string | null;
  enforcement: string | null;
  unlimited: boolean | null;
  granted: string | null;
  used: string | null;
  held: string | null;
  available: string | null;
  overage: string | null;
  claimed: number | null;
  reported: boolean | null;
  over_limit: string | null;
  window_starts_at: Date | null;
  window_ends_at: Date | null;
  version: string;
  grants: GrantLine[];
  holds: HoldLine[];
  claims: ClaimLine[];
  facts: FactLine[];
}

// One statement, so that all of it is of one moment.
const EXPLAIN = `SELECT e.at, e.feature, e.subject, e.allowed, e.reason, e.source, e.restricted_by, e.plan, e.plan_version,
    e.valid_from, e.valid_until, e.kind, e.enforcement, e.unlimited, e.granted, e.used, e.held, e.available, e.overage,
    e.claimed, e.reported, e.over_limit, e.window_starts_at, e.window_ends_at, e.version,
    g.lines AS grants, h.lines AS holds, c.lines AS claims, f.lines AS facts
  FROM purser.explain($1::text, $2::text, $3::text, $4::timestamptz) e
  CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_object('grantId', g.grant_id, 'dedupeKey', g.dedupe_key, 'source', g.source,
             'status', g.status, 'amount', g.amount::text, 'unlimited', g.unlimited, 'used', g.used::text, 'held', g.held::text,
             'remaining', g.remaining::text, 'priority', g.priority, 'effectiveAt', g.effective_at, 'expiresAt', g.expires_at,
             'endedAt', g.ended_at, 'endedBy', g.ended_by, 'reason', g.reason) ORDER BY g."position"), '[]') AS lines
      FROM purser.explain_grants($1::text, $2::text, $3::text, e.at) g
      WHERE e.kind IN ('capacity', 'metered', 'credits')) g
  CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_object('holdKey', h.hold_key, 'status', h.status, 'amount', h.amount::text,
             'funded', h.funded::text, 'settled', h.settled::text, 'unfunded', h.unfunded::text, 'restored', h.restored::text,
             'lapsed', h.lapsed::text, 'late', h.late, 'actingSubject', h.acting_subject, 'reservedAt', h.reserved_at,
             'expiresAt', h.expires_at, 'endedAt', h.ended_at) ORDER BY h.place), '[]') AS lines
      FROM (SELECT h.*, row_number() OVER () AS place FROM purser.explain_holds($1::text, $2::text, $3::text, e.at) h
            WHERE e.kind IN ('metered', 'credits')) h) h
  CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_object('resource', c.resource, 'claimedAt', c.claimed_at,
             'beyondLimit', c.beyond_limit) ORDER BY c.claimed_version DESC), '[]') AS lines
      FROM purser.explain_claims($1::text, $2::text, $3::text, e.at) c
      WHERE e.kind = 'capacity') c
  CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_object('version', f.version, 'kind', f.kind, 'amount', f.amount::text,
             'overage', f.overage::text, 'balanceAfter', f.balance_after::text, 'key', f.idempotency_key,
             'reference', f.reference, 'actingSubject', f.acting_subject, 'recordedAt', f.recorded_at,
             'occurredAt', f.occurred_at, 'reason', f.reason, 'lineage', f.lineage) ORDER BY f.version DESC), '[]') AS lines
      FROM purser.explain_facts($1::text, $2::text, $3::text, e.at, $5::bigint, $6::int) f) f`;

export interface ExplainCall {
  tenant: string;
  feature: string;
  subject: string;
  at: Date | null;
  before: number | null;
  count: number;
}

export async function explain(session: Session, call: ExplainCall): Promise<ExplanationRow> {
  return only(
    await session.query<ExplanationRow>(EXPLAIN, [
      call.tenant,
      call.feature,
      call.subject,
      call.at,
      call.before,
      call.count,
    ]),
  );
}

export interface BrokenRow {
  invariant: string;
  tenant_id: string;
  subject: string;
  feature: string;
  version: string | null;
  detail: string;
}

const VERIFY = `SELECT invariant, tenant_id, subject, feature, version, detail
  FROM purser.verify($1::text, make_interval(secs => $2::double precision))`;

/** What does not hold of one tenant, and what of it has been due for longer than so many seconds. */
export function verifyTenant(session: Session, tenant: string, dueSeconds: number): Promise<BrokenRow[]> {
  return session.query<BrokenRow>(VERIFY, [tenant, dueSeconds]);
}
