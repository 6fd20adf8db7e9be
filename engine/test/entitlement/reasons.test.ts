// The reasons in the order of their precedence. Each case lays several causes over each other; the last column is the answer.
// The dated rows that no command writes yet are laid by hand, as superuser, exactly as the commands will write them.
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkbench, smallCatalog, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

type Cause =
  | "no tenant"
  | "on pro"
  | "on free"
  | "suspended"
  | "inactive"
  | "trial over"
  | "past due"
  | "grace over"
  | "denied"
  | "allowed"
  | "disabled"
  | "frozen"
  | "bought"
  | "used up";

const cases: readonly (readonly [feature: string, causes: readonly Cause[], answer: string])[] = [
  ["reports", ["no tenant"], "TENANT_UNKNOWN"],
  ["no.such", ["on pro", "suspended"], "FEATURE_UNKNOWN"],
  ["reports", ["on pro", "suspended", "denied", "frozen", "allowed"], "TENANT_SUSPENDED"],
  ["credits", ["on pro", "suspended", "bought"], "TENANT_SUSPENDED"],
  ["reports", ["on pro", "denied", "disabled", "allowed"], "FEATURE_DISABLED"],
  ["credits", ["on pro", "denied", "bought"], "FEATURE_DISABLED"],
  ["reports", ["on pro", "disabled", "allowed"], "RESTRICTED"],
  ["sso", ["on pro", "disabled"], "RESTRICTED"],
  ["reports", ["on pro", "frozen", "allowed"], "RESTRICTED"],
  ["sso", ["on pro", "frozen"], "INCLUDED"],
  ["sso", ["on free", "allowed"], "OVERRIDE"],
  ["sso", ["on pro", "inactive", "allowed"], "OVERRIDE"],
  ["reports", [], "SUBSCRIPTION_INACTIVE"],
  ["sso", [], "SUBSCRIPTION_INACTIVE"],
  ["reports", ["on pro", "inactive"], "SUBSCRIPTION_INACTIVE"],
  ["reports", ["on pro", "trial over"], "TRIAL_EXPIRED"],
  ["sso", ["on free", "trial over"], "TRIAL_EXPIRED"],
  ["reports", ["on pro", "past due"], "PAYMENT_PAST_DUE"],
  ["reports", ["on pro", "grace over"], "GRACE_PERIOD_EXPIRED"],
  ["sso", ["on free"], "TIER_INSUFFICIENT"],
  ["projects", ["on free"], "NOT_INCLUDED"],
  ["credits", ["on pro"], "NOT_INCLUDED"],
  ["credits", ["bought"], "INCLUDED"],
  ["credits", ["on pro", "inactive", "bought"], "INCLUDED"],
  ["reports", ["on pro", "used up"], "LIMIT_REACHED"],
  ["credits", ["bought", "used up"], "INSUFFICIENT_BALANCE"],
  ["exports", ["on pro", "used up"], "OVERAGE"],
  ["views", ["on pro", "used up"], "INCLUDED"],
  ["reports", ["on pro"], "INCLUDED"],
  ["sso", ["on pro"], "INCLUDED"],
  ["board", ["on free"], "INCLUDED"],
  ["hours", ["on free"], "INCLUDED"],
];
const allowing = ["INCLUDED", "OVERRIDE", "OVERAGE"];

test.each(cases)("%s, %j → %s", async (feature, causes, answer) => {
  const tenant = await arrange(feature, causes);
  const decision = await bench.purser.check({ tenant, feature: feature as "reports" });
  expect(decision).toMatchObject({ reason: answer, allowed: allowing.includes(answer) });
  const entitled = await bench.purser.hasEntitlement(tenant, feature as "reports");
  expect(entitled).toBe([...allowing, "LIMIT_REACHED", "INSUFFICIENT_BALANCE"].includes(answer));

  // What a check denies, consume refuses with the same reason; what it allows, consume takes (where there is a verb for it).
  const outcome = await bench.purser.tryConsume(bench.pool, {
    tenant,
    feature: feature as "reports",
    idempotencyKey: "after the check",
  });
  const counted = ["reports", "credits", "exports", "views"].includes(feature);
  const known = !["TENANT_UNKNOWN", "FEATURE_UNKNOWN"].includes(answer);
  const wanted = allowing.includes(answer) ? "consumed" : answer.toLowerCase();
  // A capacity is claimed and not consumed; flags and values have nothing to consume.
  expect(outcome.outcome).toBe(known && !counted ? "wrong_kind" : wanted);
});

let number = 0;
async function arrange(feature: string, causes: readonly Cause[]): Promise<string> {
  number += 1;
  const tenant = `case-${number}`;
  if (causes.includes("no tenant")) return tenant;
  await bench.testTenant(tenant, causes.includes("on pro") ? "pro" : causes.includes("on free") ? "free" : undefined);
  if (causes.includes("bought")) {
    await bench.purser.issueGrant(bench.pool, {
      tenant,
      feature: feature as "credits",
      amount: 5,
      dedupeKey: "bought",
    });
  }
  if (causes.includes("used up")) {
    const [balance] = await bench.purser.balances({ tenant, feature });
    const input = { tenant, feature: feature as "reports", amount: balance?.available ?? 0, idempotencyKey: "all" };
    await bench.purser.consume(bench.pool, input);
  }
  const denied: Partial<Record<Cause, [status: string, reason: string]>> = {
    suspended: ["suspended", "TENANT_SUSPENDED"],
    inactive: ["canceled", "SUBSCRIPTION_INACTIVE"],
    "trial over": ["expired", "TRIAL_EXPIRED"],
    "past due": ["past_due", "PAYMENT_PAST_DUE"],
    "grace over": ["past_due", "GRACE_PERIOD_EXPIRED"],
  };
  for (const cause of causes) {
    const period = denied[cause];
    if (period !== undefined) {
      await bench.rows("UPDATE purser.subscription_periods SET status = $2, denied_reason = $3 WHERE tenant_id = $1", [
        tenant,
        ...period,
      ]);
    }
    if (cause === "denied" || cause === "allowed")
      await layOverride(tenant, feature, cause === "denied" ? "deny" : "allow");
    if (cause === "disabled" || cause === "frozen") await layRestriction(tenant, feature, cause);
  }
  // As the commands do it: in the transaction of the change every balance learns of it.
  await bench.rows("SELECT purser.refresh_balances(purser.slot_of($1), $1, '2026-01-01T00:00:00Z', 'transition')", [
    tenant,
  ]);
  return tenant;
}

async function layOverride(tenant: string, feature: string, effect: string): Promise<void> {
  await bench.rows(
    `INSERT INTO purser.overrides (slot, tenant_id, override_id, feature, effect, reason, created_by, written_version, effective_at, ends_at)
     VALUES (purser.slot_of($1), $1, gen_random_uuid(), $2, $3, 'support', 'test', 1, '2026-01-01', '2026-02-01')`,
    [tenant, feature, effect],
  );
}

async function layRestriction(tenant: string, feature: string, mode: string): Promise<void> {
  await bench.rows(
    `WITH t AS (
       INSERT INTO purser.transitions (slot, tenant_id, transition_id, subscription_id, kind, requested_by, requested_at,
         effective_at, status)
       SELECT slot, tenant_id, gen_random_uuid(), subscription_id, 'downgrade', 'test', '2026-01-01', '2026-01-01', 'effective'
       FROM purser.subscriptions WHERE tenant_id = $1 RETURNING *
     )
     INSERT INTO purser.restrictions (slot, tenant_id, restriction_id, feature, mode, transition_id, written_version, effective_at, ends_at)
     SELECT slot, tenant_id, gen_random_uuid(), $2, $3, transition_id, 1, '2026-01-01', '2026-02-01' FROM t`,
    [tenant, feature, mode],
  );
}

test("what would unlock a denial is named, and nothing for one that buying cannot lift", async () => {
  const tenant = await bench.testTenant("unlock", "free");
  const unlockedBy = async (feature: "sso" | "credits" | "projects" | "hours") => {
    const decision = await bench.purser.check({ tenant, feature, amount: 1 });
    return "unlockedBy" in decision ? decision.unlockedBy : [];
  };
  expect(await unlockedBy("sso")).toEqual(["pro", "unlimited"]);
  expect(await unlockedBy("projects")).toEqual(["pro"]);
  expect(await unlockedBy("credits")).toEqual(["pack"]);
  expect(await unlockedBy("hours")).toEqual([]);
});

test("an answer names the instant until which it holds", async () => {
  const tenant = await bench.testTenant("until", "pro");
  await layOverride(tenant, "sso", "deny");
  expect(await bench.purser.check({ tenant, feature: "sso" })).toMatchObject({
    allowed: false,
    resetsAt: new Date("2026-02-01T00:00:00Z"),
  });
  await bench.purser.advanceClock({ tenant, to: new Date("2026-02-01T00:00:00Z") });
  expect(await bench.purser.check({ tenant, feature: "sso" })).toMatchObject({ allowed: true, resetsAt: null });
});

test("S000-7: the value is the finite number, the largest over several subscriptions, unlimited first", async () => {
  const tenant = await bench.testTenant("several", "free");
  expect(await bench.purser.entitlementValue(tenant, "hours")).toBe(72);
  expect(await bench.purser.entitlementValue(tenant, "reports")).toBe(10);
  expect(await bench.purser.entitlementValue(tenant, "sso")).toBeNull();
  const addon = async (value: string | null, unlimited: boolean) =>
    bench.rows(
      `WITH s AS (
         INSERT INTO purser.subscriptions (slot, tenant_id, subscription_id, addon, billing_anchor, created_at, version)
         VALUES (purser.slot_of($1), $1, gen_random_uuid(), true, '2026-01-01', '2026-01-01', 1) RETURNING *
       ), p AS (
         INSERT INTO purser.subscription_periods (slot, tenant_id, subscription_id, effective_at, ends_at, status, plan,
           plan_version, tier, tier_rank)
         SELECT slot, tenant_id, subscription_id, '2026-01-01', 'infinity', 'active', 'free', 1, 'free', 0 FROM s
       )
       INSERT INTO purser.entitlements (slot, tenant_id, feature, subscription_id, effective_at, ends_at, kind, enforcement,
         per, tier, value, unlimited, plan, plan_version)
       SELECT slot, tenant_id, 'hours', subscription_id, '2026-01-01', 'infinity', 'value', 'hard', 'tenant', 'free',
         $2::jsonb, $3, 'free', 1 FROM s`,
      [tenant, value, unlimited],
    );
  await addon("100", false);
  expect(await bench.purser.entitlementValue(tenant, "hours")).toBe(100);
  await addon("9", false);
  expect(await bench.purser.entitlementValue(tenant, "hours")).toBe(100);
  await addon(null, true);
  expect(await bench.purser.entitlementValue(tenant, "hours")).toBeNull();
  expect(await bench.purser.check({ tenant, feature: "hours" })).toMatchObject({ allowed: true, unlimited: true });
});

test.each([
  ["tenant", { tenant: "" }],
  ["feature", { feature: "a\0" as "sso" }],
  ["amount", { amount: 0 }],
  ["amount", { amount: "ten" }],
  ["subject", { subject: "\udc00" }],
] as const)("a question that cannot be asked names %s", async (field, change) => {
  const asked = { tenant: "x", feature: "reports", ...change } as const;
  expect(await bench.purser.check(asked)).toEqual({ outcome: "invalid_input", field });
});

// These two publish other catalogues and stand last.
test("a feature that is always on lasts through a suspension", async () => {
  const catalog = structuredClone(smallCatalog) as unknown as { features: { board: object } };
  Object.assign(catalog.features.board, { alwaysOn: true });
  await bench.purser.publishCatalog({ actor: "test", catalog });
  const tenant = await arrange("board", ["on pro", "suspended"]);
  expect(await bench.purser.check({ tenant, feature: "board" })).toMatchObject({ allowed: true, reason: "INCLUDED" });
  expect(await bench.purser.check({ tenant, feature: "sso" })).toMatchObject({ reason: "TENANT_SUSPENDED" });
});

test("check goes by the row that consume goes by, also after the catalogue was published anew", async () => {
  const tenant = await bench.testTenant("republished");
  await bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 5, dedupeKey: "g" });
  const catalog = structuredClone(smallCatalog) as unknown as { features: { credits: object } };
  Object.assign(catalog.features.credits, { minimumTier: "pro" });
  await bench.purser.publishCatalog({ actor: "test", catalog });
  const decision = await bench.purser.check({ tenant, feature: "credits", amount: 2 });
  const outcome = await bench.purser.tryConsume(bench.pool, {
    tenant,
    feature: "credits",
    amount: 2,
    idempotencyKey: "k",
  });
  expect([decision, outcome]).toMatchObject([
    { allowed: true, remaining: 5 },
    { outcome: "consumed", available: 3 },
  ]);
});
