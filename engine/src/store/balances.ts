import { arrayText } from "./array-text.ts";
import type { Session } from "./database.ts";
import { only } from "./rows.ts";

/** What `purser.consume_in_slot` answers; decimals and bigints are texts. */
export interface ConsumeRow {
  outcome: string;
  replayed: boolean;
  field: string | null;
  amount: string | null;
  overage: string | null;
  available: string | null;
  version: string | null;
  /** In seconds since 1970, which cost less to write and to read than a date does. */
  recorded: number | null;
  /** Of a refusal. */
  resets_at: Date | null;
  restricted_by: string | null;
}

export interface ConsumeCall {
  slot: number;
  tenant: string;
  feature: string;
  amount: string;
  idempotencyKey: string;
  subject: string;
  occurredAt: Date | null;
  metadata: string | null;
}

/** A function in FROM is read into a store of rows first; OFFSET keeps it from being called once a column. */
const CONSUME = `SELECT (c).outcome, (c).replayed, (c).field, (c).amount, (c).overage, (c).available, (c).version,
    pg_catalog.date_part('epoch', (c).recorded_at) AS recorded,
    CASE WHEN (c).recorded_at IS NULL THEN (c).resets_at END AS resets_at, (c).restricted_by
  FROM (SELECT purser.consume_in_slot($1::int, $2::text, $3::text, $4::numeric, $5::text, $6::text, $7::timestamptz,
                                      $8::jsonb) AS c OFFSET 0) called`;

export async function consume(session: Session, call: ConsumeCall): Promise<ConsumeRow> {
  return only(
    await session.query<ConsumeRow>(CONSUME, [
      call.slot,
      call.tenant,
      call.feature,
      call.amount,
      call.idempotencyKey,
      call.subject,
      call.occurredAt,
      call.metadata,
    ]),
  );
}

/** What is answered where nobody could be asked any more. */
export const overloaded: ConsumeRow = {
  outcome: "overloaded",
  replayed: false,
  field: null,
  amount: null,
  overage: null,
  available: null,
  version: null,
  recorded: null,
  resets_at: null,
  restricted_by: null,
};

const CONSUME_TOGETHER = `SELECT item, outcome, replayed, field, amount, overage, available, version,
    pg_catalog.date_part('epoch', recorded_at) AS recorded,
    CASE WHEN recorded_at IS NULL THEN resets_at END AS resets_at, restricted_by
  FROM purser.consume_many_in_slots($1::int[], $2::text[], $3::text[], $4::numeric[], $5::text[], $6::text[],
    $7::timestamptz[], $8::jsonb[], $9::boolean)`;

/**
 * Several consumptions in one statement, decided in their order. Undefined for one whose balance somebody else holds, where
 * it is not waited for: nothing has happened to it.
 */
export async function consumeTogether(
  session: Session,
  calls: readonly ConsumeCall[],
  wait: boolean,
): Promise<(ConsumeRow | undefined)[]> {
  const rows = await session.query<ConsumeRow & { item: number; outcome: string | null }>(CONSUME_TOGETHER, [
    `{${calls.map(({ slot }) => slot).join(",")}}`,
    arrayText(calls.map(({ tenant }) => tenant)),
    arrayText(calls.map(({ feature }) => feature)),
    arrayText(calls.map(({ amount }) => amount)),
    arrayText(calls.map(({ idempotencyKey }) => idempotencyKey)),
    arrayText(calls.map(({ subject }) => subject)),
    arrayText(calls.map(({ occurredAt }) => occurredAt?.toISOString() ?? null)),
    arrayText(calls.map(({ metadata }) => metadata)),
    wait,
  ]);
  const answers: (ConsumeRow | undefined)[] = calls.map(() => undefined);
  for (const row of rows) if (row.outcome !== null) answers[row.item - 1] = row;
  return answers;
}

const CONSUME_MANY = `SELECT idempotency_key, outcome, replayed, field, amount, overage, available, version,
    pg_catalog.date_part('epoch', recorded_at) AS recorded, resets_at, restricted_by
  FROM purser.consume_many($1::text, $2::jsonb, $3::text, $4::boolean)`;

/** The rows of `purser.consume_many`, one an item, in order. */
export function consumeMany(
  session: Session,
  call: { tenant: string; items: string; idempotencyKey: string | null; atomic: boolean },
): Promise<(ConsumeRow & { idempotency_key: string | null })[]> {
  return session.query(CONSUME_MANY, [call.tenant, call.items, call.idempotencyKey, call.atomic]);
}

export interface GrantRow {
  outcome: string;
  replayed: boolean;
  field: string | null;
  grant_id: string | null;
  available: string | null;
  version: string | null;
}

export interface GrantCall {
  tenant: string;
  feature: string;
  amount: string | null;
  dedupeKey: string;
  subject: string;
  source: string;
  effectiveAt: Date | null;
  expiresAt: Date | null;
  priority: number;
  unlimited: boolean;
  metadata: string | null;
}

const ISSUE_GRANT = `SELECT outcome, replayed, field, grant_id, available, version
  FROM purser.issue_grant($1::text, $2::text, $3::numeric, $4::text, $5::text, $6::text, $7::timestamptz,
    coalesce($8::timestamptz, 'infinity'), $9::int, $10::boolean, $11::jsonb)`;

export async function issueGrant(session: Session, call: GrantCall): Promise<GrantRow> {
  return only(
    await session.query<GrantRow>(ISSUE_GRANT, [
      call.tenant,
      call.feature,
      call.amount,
      call.dedupeKey,
      call.subject,
      call.source,
      call.effectiveAt,
      call.expiresAt,
      call.priority,
      call.unlimited,
      call.metadata,
    ]),
  );
}

export interface RefreshRow {
  outcome: string;
  field: string | null;
  version: string | null;
}

const REFRESH = `SELECT outcome, field, version FROM purser.refresh($1::text, $2::text, $3::text)`;

export async function refresh(session: Session, tenant: string, feature: string, subject: string): Promise<RefreshRow> {
  return only(await session.query<RefreshRow>(REFRESH, [tenant, feature, subject]));
}

export interface BalanceRow {
  subject: string;
  feature: string;
  kind: "capacity" | "metered" | "credits";
  enforcement: "hard" | "soft" | "observe";
  denied_reason: string | null;
  restricted_by: string | null;
  unlimited: boolean;
  granted: string;
  used: string;
  held: string;
  available: string | null;
  overage: string;
  claimed: number;
  version: string;
  as_of: Date;
  next_change_at: Date | null;
}

// The page is cut from the primary key, in its order, before anything is worked out: what a page costs does not grow with
// the tenant.
const BALANCES = `SELECT b.subject, b.feature, n.kind, n.enforcement, n.denied_reason, n.restricted_by, n.unlimited,
    n.granted, n.used, n.held, n.available, n.overage, n.claimed, n.version, n.as_of, n.next_change_at
  FROM (
    SELECT b.subject, b.feature FROM purser.balances b
      WHERE b.tenant_id = $1::text AND b.slot = $2::int AND ($3::text IS NULL OR b.feature = $3::text)
        AND (b.subject, b.feature) > ($4::text, $5::text)
      ORDER BY b.subject, b.feature LIMIT $6::int
  ) b
  CROSS JOIN LATERAL purser.balance_now($2::int, $1::text, b.subject, b.feature) n
  ORDER BY b.subject, b.feature`;

/** Balances of a tenant behind one of them, by subject and feature; of one feature where it is named. */
export async function balancesAfter(
  session: Session,
  of: { slot: number; tenant: string; feature: string | null },
  [subject = "", feature = ""]: readonly string[],
  most: number,
): Promise<BalanceRow[]> {
  return session.query<BalanceRow>(BALANCES, [of.tenant, of.slot, of.feature, subject, feature, most]);
}
