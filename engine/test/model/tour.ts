// Every command brought to every outcome that it can have, one after the other: what random runs may miss.
import type { Args } from "./answer.ts";
import type { Call } from "./choose.ts";
import { features, planState } from "./ground.ts";
import { DAY, instantOf, writtenInstant } from "./instant.ts";

const START = "2026-01-31 10:00:00+00";
const at = (days: number): string => writtenInstant(instantOf(START) + days * DAY);
const allowance = (amount: number, unit = "month") => ({
  amount: amount * 1_000_000,
  unit,
  count: 1,
  priority: 100,
  rolloverCap: undefined,
  rolloverWindows: 1,
  onChange: "keep",
});
const plan = {
  tier: "free" as const,
  inclusions: {
    reports: allowance(10),
    exports: allowance(10),
    drafts: allowance(10),
    archive: allowance(10),
    projects: allowance(2, "lifetime"),
    seats: allowance(2, "lifetime"),
  },
};
/** A tenant in each state that access may be in. */
const states = ["active", "suspended", "canceled", "expired", "past_due", "paused", "disabled", "restricted"] as const;

/** The calls, on tenants whose slots are given by `slotOf`. */
export function tour(slotOf: (tenant: string) => string): Call[] {
  const calls: Call[] = [];
  const ask = (command: string, args: Args) => calls.push({ command, args });
  let keys = 0;
  const newKey = () => {
    keys += 1;
    return `tour-${keys}`;
  };
  /** Every way to ask for something of a feature. */
  const askAll = (tenant: string, feature: string, subject = "", amount = "1") => {
    const where = { p_tenant: tenant, p_feature: feature, p_subject: subject };
    ask("consume", { ...where, p_amount: amount, p_idempotency_key: newKey() });
    ask("reserve", { ...where, p_amount: amount, p_idempotency_key: newKey() });
    const item = { feature, subject, amount: Number(amount), idempotency_key: newKey() };
    ask("consume_many", { p_tenant: tenant, p_items: JSON.stringify([item]) });
    ask("claim", { ...where, p_resource: "apollo" });
    ask("release_claim", { ...where, p_resource: "borealis" });
    ask("report_count", { ...where, p_count: "1" });
    ask("lock_capacity", where);
    ask("refresh", where);
    ask("check_entitlement", where);
    ask("issue_grant", { ...where, p_amount: amount, p_dedupe_key: newKey() });
    const dates = { p_effective_at: at(0), p_ends_at: at(1), p_actor: "tour" };
    const [what, deny] = [
      { p_tenant: tenant, p_feature: feature },
      { p_effect: "deny", p_reason: "support" },
    ];
    if (feature !== "teleport" && tenant !== "" && tenant !== "nobody") return;
    ask("write_override", { ...what, ...dates, ...deny, p_amount: null });
    ask("write_restriction", { ...what, ...dates, p_mode: "disabled", p_degraded_value: null });
  };
  const twice = (command: string, args: Args, other: Args = {}) => {
    for (const again of [args, args, { ...args, ...other }]) ask(command, again);
  };

  for (const state of states) {
    const who = { p_slot: slotOf(state), p_tenant: state, p_name: state, p_mode: "test", p_time_zone: "UTC" };
    ask("create_tenant", { ...who, p_currency: "EUR", p_metadata: null, p_clock_at: START, p_actor: "tour" });
    const dates = { p_effective_at: START, p_ends_at: at(400), p_actor: "tour" };
    for (const feature of ["projects", "reports", "seats"])
      if (state === "disabled")
        ask("write_override", {
          p_tenant: state,
          p_feature: feature,
          p_effect: "deny",
          p_amount: null,
          p_reason: "support",
          ...dates,
        });
      else if (state === "restricted")
        ask("write_restriction", {
          p_tenant: state,
          p_feature: feature,
          p_mode: "disabled",
          p_degraded_value: null,
          ...dates,
        });
    const [instant, status] = [instantOf(START), ["disabled", "restricted"].includes(state) ? "active" : state];
    const where = { tenant: state, slot: slotOf(state), zone: "UTC", at: instant, anchor: instant, serial: state };
    const isBare = state !== "active";
    twice(
      "write_plan_state",
      planState({
        ...where,
        plan: isBare
          ? {
              tier: "free",
              inclusions: {},
            }
          : plan,
        number: 0,
        addon: false,
        status,
        quantity: 1,
      }),
    );
    if (isBare) for (const feature of ["projects", "reports", "seats"]) askAll(state, feature, "");
    if (isBare) askAll(state, "seats", "ann");
  }

  for (const feature of [...Object.keys(features), "teleport"]) askAll("active", feature);
  for (const tenant of ["nobody", ""]) askAll(tenant, "reports");
  for (const feature of ["reports", "exports", "credits"]) askAll("active", feature, "", "1000");
  const active = { p_tenant: "active" };
  const overridden = { p_effect: "allow", p_reason: "support", p_amount: "5" };
  ask("write_override", {
    ...active,
    p_feature: "visits",
    ...overridden,
    p_effective_at: START,
    p_ends_at: at(2),
    p_actor: "tour",
  });
  ask("write_override", {
    ...active,
    p_feature: "visits",
    ...overridden,
    p_effective_at: START,
    p_ends_at: START,
    p_actor: "tour",
  });
  ask("write_restriction", {
    ...active,
    p_feature: "visits",
    p_mode: "degraded",
    p_degraded_value: null,
    p_effective_at: START,
    p_ends_at: at(2),
    p_actor: "tour",
  });
  askAll("active", "visits");
  ask("check_entitlement", { ...active, p_feature: "reports", p_subject: "", p_amount: "-1" });
  ask("check_entitlement", { ...active, p_feature: "exports", p_subject: "", p_amount: "100" });

  const credits = { ...active, p_feature: "credits", p_subject: "" };
  twice("issue_grant", { ...credits, p_amount: "20", p_dedupe_key: "order" }, { p_amount: "21" });
  ask("check_entitlement", { ...credits, p_amount: "5000" });
  twice("consume", { ...credits, p_amount: "3", p_idempotency_key: "spent" }, { p_amount: "4" });
  const items = (amount: number) => JSON.stringify([{ feature: "credits", amount, idempotency_key: "many" }]);
  twice("consume_many", { ...active, p_items: items(1) }, { p_items: items(2) });
  const unpaid = JSON.stringify([1, 5000].map((amount) => ({ feature: "credits", amount, idempotency_key: newKey() })));
  ask("consume_many", { ...active, p_items: unpaid, p_atomic: "t" });
  const undo = { ...active, p_consumption_key: "spent", p_idempotency_key: "undone" };
  ask("reverse_consumption", { ...undo, p_amount: "5000" });
  twice("reverse_consumption", undo, { p_amount: "2" });
  ask("reverse_consumption", { ...undo, p_idempotency_key: newKey() });
  ask("reverse_consumption", { ...undo, p_consumption_key: "nothing", p_idempotency_key: newKey() });

  const hold = (key: string, amount = "1") => {
    twice("reserve", { ...credits, p_amount: amount, p_idempotency_key: key }, { p_amount: "7" });
    return { ...active, p_hold_key: key };
  };
  for (const command of ["settle", "release", "extend"])
    for (const key of ["nothing", ""]) {
      const more = { settle: { p_amount: "1" }, release: {}, extend: { p_expires_at: at(1) } }[command];
      ask(command, { ...active, p_hold_key: key, ...more });
    }
  const settled = hold("settled");
  twice("extend", { ...settled, p_expires_at: at(1) });
  twice("settle", { ...settled, p_amount: "1" }, { p_amount: "2" });
  const released = hold("released");
  twice("release", released);
  for (const ended of [settled, released, hold("short")]) {
    ask("settle", { ...ended, p_amount: "5000" });
    ask("release", ended);
    ask("extend", { ...ended, p_expires_at: at(1) });
  }
  twice("issue_grant", { ...credits, p_amount: "20", p_dedupe_key: "again" });
  const expired = hold("expired");

  for (const holder of ["", "ann"]) {
    const where = { ...active, p_feature: holder === "" ? "projects" : "seats", p_subject: holder };
    twice("report_count", { ...where, p_count: "1" });
    ask("claim", { ...where, p_resource: "apollo" });
    ask("report_count", { ...where, p_count: "0" });
    for (const resource of ["apollo", "apollo", "borealis", "cosmos"]) ask("claim", { ...where, p_resource: resource });
    ask("report_count", { ...where, p_count: "1" });
    twice("release_claim", { ...where, p_resource: "apollo" }, { p_resource: "delta" });
    ask("lock_capacity", where);
    ask("check_entitlement", where);
  }
  ask("advance_test_clock", { ...active, p_to: at(30) });
  ask("advance_test_clock", { ...active, p_to: at(29) });
  ask("advance_test_clock", { p_tenant: "nobody", p_to: at(29) });
  ask("release", expired);
  ask("extend", { ...expired, p_expires_at: at(31) });
  twice("refresh", { ...active, p_feature: "reports", p_subject: "" });
  const why = { p_reason: "a test", p_actor: "tour", p_refund: "t" };
  twice("void_grant", { ...active, p_dedupe_key: "order", ...why });
  ask("void_grant", { ...active, p_dedupe_key: "nothing", ...why });
  ask("void_grant", { ...active, p_dedupe_key: "order", ...why, p_actor: "purser" });
  return calls;
}
