// The client of Purser's HTTP door: `fetch` and nothing else, so that it runs wherever that does.
export {
  type AdvanceClockInput,
  type CheckInput,
  type Client,
  type ConsumeInput,
  type ConsumeManyInput,
  createClient,
  type CreateTenantInput,
  type GrantInput,
  type PublishInput,
  type SubscribeInput,
} from "./client.ts";
export type {
  Balance,
  CatalogComparison,
  CatalogProblem,
  CatalogPublished,
  CatalogRevision,
  CatalogRevisionPage,
  CatalogValidity,
  ClockAdvanced,
  Consumed,
  ConsumedItem,
  Decision,
  Granted,
  Instant,
  OpenGrant,
  PublishedCatalog,
  Reason,
  RefusedItem,
  Standing,
  Subscribed,
  Tenant,
  TenantCreated,
  TenantPage,
} from "./contract.ts";
export { type ProblemField, PurserError } from "./error.ts";
export type {
  AdvanceClockOutcome,
  ConsumeManyOutcome,
  ConsumeOutcome,
  CreateTenantOutcome,
  GrantOutcome,
  PublishOutcome,
  Refusal,
  SubscribeOutcome,
} from "./outcome.ts";
export type { ClientOptions } from "./request.ts";
