// Every command on balances with every outcome it may have. The random runs have to reach all of them, and no other.
const unknown = ["tenant_unknown", "feature_unknown"];
const denials = [
  "tenant_suspended",
  "feature_disabled",
  "restricted",
  "subscription_inactive",
  "trial_expired",
  "payment_past_due",
  "grace_period_expired",
  "tier_insufficient",
  "not_included",
];
const drawing = [
  "invalid_input",
  "idempotency_conflict",
  ...unknown,
  "wrong_kind",
  "subject_required",
  ...denials,
  "limit_reached",
  "insufficient_balance",
];
/** A capacity in the ground needs no tier, and only a feature that does can be refused for one. */
const claiming = ["invalid_input", ...unknown, "wrong_kind", "subject_required"];
const claimDenials = denials.filter((outcome) => outcome !== "tier_insufficient");

export const outcomes: Readonly<Record<string, readonly string[]>> = {
  create_tenant: ["created"],
  advance_test_clock: ["invalid_input", "tenant_unknown", "advanced"],
  write_plan_state: ["written", "unchanged"],
  write_override: ["invalid_input", ...unknown, "written"],
  write_restriction: ["invalid_input", ...unknown, "written"],
  issue_grant: [
    "invalid_input",
    ...unknown,
    "wrong_kind",
    "idempotency_conflict",
    "subject_required",
    "granted",
    "replayed",
  ],
  void_grant: ["invalid_input", "grant_unknown", "voided", "replayed"],
  consume: [...drawing, "consumed", "replayed"],
  consume_many: [...drawing, "batch_refused", "consumed", "replayed"],
  reverse_consumption: [
    "invalid_input",
    "idempotency_conflict",
    "consumption_unknown",
    "already_reversed",
    "reversed",
    "replayed",
  ],
  reserve: [...drawing, "reserved", "replayed"],
  settle: [
    "invalid_input",
    "hold_unknown",
    "hold_released",
    "idempotency_conflict",
    "settled",
    "settled_short",
    "replayed",
  ],
  release: ["invalid_input", "hold_unknown", "hold_settled", "hold_expired", "released", "replayed"],
  extend: ["invalid_input", "hold_unknown", "hold_settled", "hold_released", "hold_expired", "extended", "replayed"],
  claim: [...claiming, ...claimDenials, "count_reported", "limit_reached", "claimed", "replayed"],
  release_claim: [
    ...claiming.filter((outcome) => outcome !== "subject_required"),
    "claim_unknown",
    "released",
    "replayed",
  ],
  report_count: [...claiming, ...claimDenials, "claims_kept", "reported"],
  lock_capacity: [...claiming, ...claimDenials, "locked"],
  refresh: ["invalid_input", ...unknown, "refreshed", "unchanged"],
  check_entitlement: [
    "TENANT_UNKNOWN",
    "FEATURE_UNKNOWN",
    ...denials.map((outcome) => outcome.toUpperCase()),
    "OVERRIDE",
    "LIMIT_REACHED",
    "INSUFFICIENT_BALANCE",
    "UNAVAILABLE",
    "INCLUDED",
    "OVERAGE",
  ],
};
