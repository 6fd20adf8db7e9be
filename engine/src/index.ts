// The only file that others import.
export type { Balance } from "./balance/balances.ts";
export type { Refusal } from "./balance/answers.ts";
export type { SlotInput } from "./balance/capacity.ts";
export type { ClaimOutcome, Claimed } from "./balance/claim.ts";
export type { ConsumeItem, ConsumeItemOutcome, ConsumeManyInput, ConsumeManyOutcome } from "./balance/consume-many.ts";
export type { ConsumeInput } from "./balance/consumption.ts";
export type { Extended, ExtendInput, ExtendOutcome } from "./balance/extend.ts";
export type { ExplainInput, ExplainedFact, ExplainedGrant, ExplainedHold, Explanation } from "./balance/explain.ts";
export type { OpenGrant } from "./balance/grants.ts";
export type { GrantInput, GrantOutcome } from "./balance/issue-grant.ts";
export type { RefreshBalanceOutcome } from "./balance/refresh.ts";
export type { Released, ReleaseInput, ReleaseOutcome } from "./balance/release.ts";
export type { ClaimReleased, ReleaseClaimOutcome } from "./balance/release-claim.ts";
export type { CountInput, CountOutcome, CountReported } from "./balance/report-count.ts";
export type { Reserved, ReserveInput, ReserveOutcome } from "./balance/reserve.ts";
export type { ReversalInput, ReversalOutcome, Reversed } from "./balance/reverse-consumption.ts";
export type { Settled, SettleInput, SettleOutcome } from "./balance/settle.ts";
export type { Voided, VoidInput, VoidOutcome } from "./balance/void-grant.ts";
export type { Admitted, CapacityInput, WithCapacity } from "./balance/with-capacity.ts";
export type { WithConsumption, WithConsumptionInput } from "./balance/with-consumption.ts";
export type { WithHold, WorkDone } from "./balance/with-hold.ts";
export { type CatalogInput, defineCatalog, type FeatureKey, type PlanKey } from "./catalog/catalog.ts";
export type { OverLimit, PlanEffect, TenantCount } from "./catalog/affected-tenants.ts";
export type { CatalogChange, CatalogDiff, CatalogSection } from "./catalog/catalog-diff.ts";
export type { CatalogRevision } from "./catalog/catalog-revisions.ts";
export { briefCatalog, catalogSource } from "./catalog/catalog-source.ts";
export type { CompareOutcome } from "./catalog/compare-catalog.ts";
export type { ImportProblem } from "./catalog/import-entitlements.ts";
export type { PublishOutcome } from "./catalog/publish-catalog.ts";
export type { PublishedCatalog } from "./catalog/published-catalog.ts";
export { type CatalogProblem, type ValidCatalog, validateCatalog } from "./catalog/validation.ts";
export type { Backlog } from "./duty/backlog.ts";
export type { Ticked } from "./duty/duty.ts";
export { startWorker, type Tally, type Worker, type WorkerOptions, workOnce } from "./duty/worker.ts";
export { createPurser } from "./engine.ts";
export type { CheckInput } from "./entitlement/check.ts";
export type { Decision } from "./entitlement/decision.ts";
export { now } from "./foundation/clock.ts";
export { Fault, type FaultCode, Refused } from "./foundation/fault.ts";
export { insist } from "./foundation/insist.ts";
export {
  type AllowingReason,
  type ConsumeOutcome,
  type ConsumeRefusal,
  type Consumed,
  type DenialReason,
} from "./foundation/outcome.ts";
export type { Key, Page, PageInput } from "./foundation/page.ts";
export { slotOf } from "./foundation/slot.ts";
export { isStorable } from "./foundation/text.ts";
export type { Purser } from "./purser.ts";
export type { DatabaseHandle, OwnDatabase, TransactionOf } from "./store/handles.ts";
export { type DatabaseFacts, inspectDatabase, type SchemaState } from "./store/inspect.ts";
export {
  type MigrationOptions,
  type MigrationRefusal,
  MigrationRefused,
  type MigrationReport,
  migrate,
  printMigration,
} from "./store/migrate.ts";
export type { Standing } from "./subscription/standings.ts";
export type { ImportOutcome } from "./subscription/import-entitlements.ts";
export type { Tenant } from "./tenant/tenant.ts";
export type { BrokenInvariant, Verification } from "./tenant/verify.ts";
