import type { Session } from "./database.ts";

export interface RevisionRow {
  revision: number;
  content_hash: string;
  content: unknown;
  published_by: string;
  published_at: Date;
}

const NEWEST = `SELECT revision, content_hash, content, published_by, published_at FROM purser.catalog_revisions
  ORDER BY revision DESC LIMIT 1`;

export async function newestRevision(session: Session): Promise<RevisionRow | undefined> {
  const [row] = await session.query<RevisionRow>(NEWEST, []);
  return row;
}

const REVISION = `SELECT revision, content_hash, content, published_by, published_at FROM purser.catalog_revisions
  WHERE revision = $1::int`;

export async function findRevision(session: Session, revision: number): Promise<RevisionRow | undefined> {
  const [row] = await session.query<RevisionRow>(REVISION, [revision]);
  return row;
}

const PUBLISH = `SELECT outcome, revision FROM purser.publish_catalog($1::int, $2::text, $3::jsonb, $4::jsonb, $5::text,
    $6::timestamptz)`;

export interface PublishCall {
  expectedRevision: number;
  contentHash: string;
  content: string;
  rows: string;
  actor: string;
  at: Date;
}

export interface PublishRow {
  outcome: string;
  revision: number | null;
}

export async function publishCatalog(session: Session, call: PublishCall): Promise<PublishRow> {
  const [row] = await session.query<PublishRow>(PUBLISH, [
    call.expectedRevision,
    call.contentHash,
    call.content,
    call.rows,
    call.actor,
    call.at,
  ]);
  if (row === undefined) throw new Error("a function that answers one row answered none");
  return row;
}

const VERSIONS = `SELECT 'plan' AS of, plan AS key, max(version) AS version,
    (array_agg(content_hash ORDER BY version DESC))[1] AS content_hash FROM purser.plan_versions GROUP BY plan
  UNION ALL
  SELECT 'product', product, max(version), (array_agg(content_hash ORDER BY version DESC))[1]
  FROM purser.product_versions GROUP BY product`;

export interface VersionRow {
  of: "plan" | "product";
  key: string;
  version: number;
  content_hash: string;
}

/** The newest version of every plan and product, with the hash of what it says. */
export async function newestVersions(session: Session): Promise<VersionRow[]> {
  return session.query<VersionRow>(VERSIONS, []);
}

const FEATURE_KINDS = `SELECT key, kind, per FROM purser.features`;

export interface FeatureKindRow {
  key: string;
  kind: string;
  per: string;
}

/** What every feature was published as, those that are off sale among them. */
export async function featureKinds(session: Session): Promise<FeatureKindRow[]> {
  return session.query<FeatureKindRow>(FEATURE_KINDS, []);
}

const REVISIONS = `SELECT revision, content_hash, published_by, published_at FROM purser.catalog_revisions
  WHERE $1::int IS NULL OR revision < $1::int ORDER BY revision DESC LIMIT $2::int`;

/** Revisions without their content, newest first, below one of them where it is named; all where no count is. */
export async function revisionsBefore(
  session: Session,
  before: number | null,
  count: number | null,
): Promise<Omit<RevisionRow, "content">[]> {
  return session.query<Omit<RevisionRow, "content">>(REVISIONS, [before, count]);
}

const PRODUCT_INCLUSIONS = `SELECT i.feature, i.amount, i.unlimited, i.duration_days, i.priority
  FROM purser.product_inclusions i
  WHERE i.product = $1::text
    AND i.product_version = (SELECT max(v.version) FROM purser.product_versions v WHERE v.product = $1::text)
  ORDER BY i.feature`;

export interface ProductInclusionRow {
  feature: string;
  amount: string | null;
  unlimited: boolean;
  duration_days: number | null;
  priority: number;
}

/** What the newest version of a product grants. */
export async function productInclusions(session: Session, product: string): Promise<ProductInclusionRow[]> {
  return session.query<ProductInclusionRow>(PRODUCT_INCLUSIONS, [product]);
}

const PLAN = `SELECT v.plan, v.version, v.tier, t.rank AS tier_rank, v.trial_days, v.after_trial, p.addon,
    v.billing_unit, v.billing_count
  FROM purser.plan_versions v
  JOIN purser.plans p ON p.key = v.plan
  JOIN purser.tiers t ON t.key = v.tier
  WHERE v.plan = $1::text AND ($2::int IS NULL AND p.active OR v.version = $2::int)
  ORDER BY v.version DESC LIMIT 1`;

export interface PlanRow {
  plan: string;
  version: number;
  tier: string;
  tier_rank: number;
  trial_days: number;
  after_trial: "active" | "expired";
  addon: boolean;
  billing_unit: "day" | "week" | "month" | "year";
  billing_count: number;
}

/** A version of a plan; the newest of a plan on sale where none is named. */
export async function findPlan(session: Session, plan: string, version: number | null): Promise<PlanRow | undefined> {
  const [row] = await session.query<PlanRow>(PLAN, [plan, version]);
  return row;
}

const PLAN_FEATURES = `SELECT f.key AS feature, f.kind, f.enforcement, f.always_on, f.minimum_tier, m.rank AS minimum_rank,
    i.feature IS NOT NULL AS included, i.amount, coalesce(i.unlimited, false) AS unlimited, i.value, i.window_unit,
    coalesce(i.window_count, 1) AS window_count, coalesce(i.per, f.per) AS per, coalesce(i.priority, 100) AS priority,
    i.rollover_cap, coalesce(i.rollover_windows, 1) AS rollover_windows,
    coalesce(i.on_change, 'keep') AS on_change
  FROM purser.features f
  LEFT JOIN purser.tiers m ON m.key = f.minimum_tier
  LEFT JOIN purser.plan_inclusions i ON i.feature = f.key AND i.plan = $1::text AND i.plan_version = $2::int
  WHERE f.active OR i.feature IS NOT NULL
  ORDER BY f.key`;

export interface PlanFeatureRow {
  feature: string;
  kind: "flag" | "value" | "capacity" | "metered" | "credits";
  enforcement: "hard" | "soft" | "observe";
  always_on: boolean;
  minimum_tier: string | null;
  minimum_rank: number | null;
  included: boolean;
  amount: string | null;
  unlimited: boolean;
  value: unknown;
  window_unit: "hour" | "day" | "week" | "month" | "year" | "billing_period" | "lifetime" | null;
  window_count: number;
  per: "tenant" | "subject";
  priority: number;
  rollover_cap: string | null;
  rollover_windows: number;
  on_change: "keep" | "reset" | "prorate";
}

/** Every feature on sale beside what one plan version says about it. */
export async function planFeatures(session: Session, plan: string, version: number): Promise<PlanFeatureRow[]> {
  return session.query<PlanFeatureRow>(PLAN_FEATURES, [plan, version]);
}
