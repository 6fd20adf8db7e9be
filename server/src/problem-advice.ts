// What to do about each problem, for the reference: a code that an application meets at night is looked up there.
import type { OutcomeCode } from "./answer.ts";

const advice: Readonly<Partial<Record<OutcomeCode, string>>> = {
  malformed_url: "The path holds percent-encoding that is no UTF-8. Encode each part with `encodeURIComponent`.",
  malformed_json:
    "Send one JSON object in UTF-8. `detail` says where it stops being JSON, or what a missing body lacks.",
  idempotency_key_missing: "Send a key that names what you are about to do, and the same one when you repeat it.",
  bad_request: "What arrived is not a request this server can read. Look at what stands between you and it.",
  unauthenticated: "Send `Authorization: Bearer purser_…` with a key that is in force; `purser keys create` makes one.",
  limit_reached: "`available` says what is left. Wait for `resetsAt`, or upgrade to one of `unlockedBy`.",
  insufficient_balance:
    "`available` says what is left. Top up, with a product of `unlockedBy` for instance, or ask for less.",
  tier_insufficient: "`unlockedBy` names the plans that have it.",
  not_included: "`unlockedBy` names the plans and products that have it.",
  subscription_inactive: "Subscribe the tenant to a plan; `unlockedBy` names those that have the feature.",
  trial_expired: "Subscribe the tenant to a plan that is paid for; `unlockedBy` names those that have the feature.",
  payment_past_due: "It opens again when the payment arrives.",
  grace_period_expired: "It opens again when the payment arrives.",
  scope_missing: "Use a key with the scope that `detail` names. Scopes of a key do not change; make another one.",
  other_tenant: "The key is for one tenant. Whether the other one exists is not told.",
  other_mode: "Test keys reach test tenants and live keys live ones.",
  cross_origin: "A session's cookie works from the pages of the console alone; everything else sends a key.",
  tenant_suspended: "An operator suspended the tenant; only an operator ends that.",
  feature_disabled: "An override denies the feature to this tenant until it ends.",
  restricted: "A downgrade restricts it; `restrictedBy` says how. It ends with its grace, or with an upgrade.",
  route_unknown: "Compare method and path with this page.",
  tenant_unknown: "Create the tenant first. Ids are compared as they are, in Unicode NFC.",
  feature_unknown: "Correct the key, or publish the catalogue that has it.",
  plan_unknown: "Correct the plan's key or its version, or publish the catalogue that has it.",
  catalog_unpublished: "Publish a catalogue.",
  revision_unknown: "The list of revisions names those there are.",
  method_not_allowed: "The header `Allow` names the methods that this address takes.",
  request_timeout: "The request did not arrive whole in time. Send it again, with the same key.",
  idempotency_conflict:
    "The key was used for something else; `errors` names the first difference. Use a new key for a new thing, and the old input with the old key.",
  already_subscribed: "The tenant has a base subscription. Change that one.",
  not_a_test_tenant: "Live tenants live in the present. Make a test tenant to move a clock.",
  revision_conflict: "Read the catalogue and its `ETag` again, look at what changed, and publish on top of that.",
  body_too_large: "Send less: 64 KiB, or 2 MiB of a catalogue, is more than any operation needs.",
  media_type_unsupported: "Send `Content-Type: application/json`.",
  invalid_input: "`errors` names every field at fault, where it stands and what it has to be.",
  wrong_kind:
    "`detail` names the feature's kind and the operation that fits it. Only `metered` and `credits` are consumed, and all that counts is granted.",
  grant_unknown: "Correct the grant's key: the `Idempotency-Key` that it was issued with.",
  consumption_unknown: "Correct the key: the `Idempotency-Key` of the consumption, or of the hold that was settled.",
  hold_unknown: "Correct the key: the `Idempotency-Key` that it was reserved with.",
  claim_unknown: "Correct the name, or claim it first.",
  hold_settled: "The work was booked already. To undo that, reverse the consumption of this key.",
  hold_released: "What it had set aside was given back. Reserve again, with a new key.",
  hold_expired:
    "What it had set aside was given back by itself. Settle it all the same if the work was done; else reserve again, with a new key.",
  already_reversed: "There is nothing of it left to undo.",
  count_reported: "Report the new count in place of claiming, or report 0 first and claim from then on.",
  claims_kept: "Claim and release in place of reporting, or release what is claimed first.",
  subject_required: "Name the subject whose amount it is.",
  too_many_attempts: "Ten attempts to sign in failed within a minute. Wait for as long as `Retry-After` says.",
  headers_too_large: "Send fewer or shorter headers.",
  internal: "A fault of ours. Tell us the `traceId`; the log has the rest.",
  busy: "Another request held the balance for too long, and nothing happened. Send it again, with the same key.",
  overloaded:
    "More was asked at once than can be answered soon, and nothing happened. Send it again, with the same key.",
  unavailable:
    "The database cannot be reached, and whether it happened is not known. Send it again with the same key: it happens once.",
};

/** A sentence or two on what to do about a problem. */
export function adviceOn(code: OutcomeCode): string | undefined {
  return advice[code];
}
