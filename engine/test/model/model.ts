// The reference model of the law of balances: what every command answers and leaves, worked out in the plainest way there
// is, from the law and not from the SQL. A copy of it is a transaction.
import { given, type Args } from "./answer.ts";
import { check } from "./check.ts";
import { claim, lockCapacity, refresh, releaseClaim, reportCount } from "./claims.ts";
import { consume, consumeMany, reverse } from "./consume.ts";
import { issueGrant, voidGrant } from "./grants.ts";
import { writeOverride, writeRestriction } from "./overrides.ts";
import { extend, release, reserve, settle } from "./holds.ts";
import { instantOf, windowAt, type WindowUnit } from "./instant.ts";
import { row, when } from "./answer.ts";
import { advanceClock, createTenant, publishCatalog, writePlanState } from "./plan.ts";
import type { Answer, Model } from "./state.ts";

export const emptyModel = (): Model => ({ revision: 0, features: new Map(), tenants: new Map() });
export const copyOf = (model: Model): Model => structuredClone(model);
export function putBack(model: Model, copy: Model): void {
  model.revision = copy.revision;
  model.features = copy.features;
  model.tenants = copy.tenants;
}

const one =
  (command: (model: Model, args: Args) => Answer) =>
  (model: Model, args: Args): Answer[] => [command(model, args)];

/** Every function of schema purser that the model knows, by name. */
export const commands: Readonly<Record<string, (model: Model, args: Args) => Answer[]>> = {
  publish_catalog: one(publishCatalog),
  create_tenant: one(createTenant),
  advance_test_clock: one(advanceClock),
  write_plan_state: one(writePlanState),
  write_override: one(writeOverride),
  write_restriction: one(writeRestriction),
  issue_grant: one(issueGrant),
  void_grant: one(voidGrant),
  consume: one(consume),
  consume_many: (model, args) =>
    consumeMany(
      model,
      args,
      () => copyOf(model),
      (copy) => putBack(model, copy),
    ),
  reverse_consumption: one(reverse),
  reserve: one(reserve),
  settle: one(settle),
  release: one(release),
  extend: one(extend),
  claim: one(claim),
  release_claim: one(releaseClaim),
  report_count: one(reportCount),
  lock_capacity: one(lockCapacity),
  refresh: one(refresh),
  check_entitlement: (model, args) => [check(copyOf(model), args)],
  window_at: (_, args) => {
    const rule = {
      unit: args["p_unit"] as WindowUnit,
      count: Number(args["p_count"]),
      anchor: instantOf(args["p_anchor"] ?? ""),
      zone: args["p_zone"] ?? "UTC",
    };
    const { number, startsAt, endsAt } = windowAt(rule, instantOf(given(args, "p_at", null) ?? ""));
    return [row({ number, starts_at: when(startsAt), ends_at: when(endsAt) })];
  },
};
