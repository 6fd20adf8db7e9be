// The client of Purser's HTTP door: `fetch` and nothing else, so that it runs wherever that does.
export {
  type Client,
  type ConsumeInput,
  createClient,
  type CreateTenantInput,
  type GrantInput,
} from "./client.ts";
export type {
  AdvanceClockOutcome,
  Balance,
  ConsumeOutcome,
  Consumed,
  CreateTenantOutcome,
  Decision,
  Granted,
  GrantOutcome,
  OpenGrant,
  Refusal,
  SubscribeOutcome,
  Tenant,
} from "./contract.ts";
export { type ProblemField, PurserError } from "./error.ts";
export type { ClientOptions } from "./request.ts";
