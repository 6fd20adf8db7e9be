// issue_grant and void_grant of the model.
import { accessOf } from "./access.ts";
import { answerOf, type Args, canonical, given, invalid, isName, isObject, row, tenantOf } from "./answer.ts";
import { availableOf, closeInterval, grantOf, pinnedOf, record, usedOf, versionOf } from "./balance.ts";
import { occupancyOf } from "./claims.ts";
import { instantOf } from "./instant.ts";
import { askedAmount, decimalOf } from "./quantity.ts";
import type { Answer, Balance, Model } from "./state.ts";
import { freshen, issue, openBalance, passTime } from "./time.ts";

export function issueGrant(model: Model, args: Args): Answer {
  const [id, feature, key] = [args["p_tenant"] ?? "", args["p_feature"] ?? "", args["p_dedupe_key"] ?? null];
  const subject = given(args, "p_subject", "");
  const source = given(args, "p_source", "manual");
  const priority = given(args, "p_priority", "100");
  const unlimited = given(args, "p_unlimited", "f");
  const metadata = given(args, "p_metadata", null);
  const from = given(args, "p_effective_at", null);
  const until = given(args, "p_expires_at", "infinity");
  const asked = args["p_amount"] ?? null;
  const amount = unlimited === "t" ? (asked === null || Number(asked) === 0 ? 0n : undefined) : askedAmount(asked);
  const effectiveAt = from === null ? null : instantOf(from);
  const expiresAt = until === null ? -Infinity : instantOf(until);
  const refused = invalid({
    tenant: id !== "",
    feature: feature !== "",
    subject: subject !== null && isName(subject, 0),
    unlimited: unlimited !== null && (unlimited === "f" || amount !== undefined),
    amount: amount !== undefined,
    // The engine's own grants have such keys; nobody else can take one.
    dedupeKey: isName(key) && key?.startsWith("allowance:") === false,
    source: ["product", "promotion", "top_up", "manual"].includes(source ?? ""),
    priority: priority !== null && Number(priority) >= 0 && Number(priority) <= 1000,
    effectiveAt: effectiveAt === null || Number.isFinite(effectiveAt),
    expiresAt: until !== null && (effectiveAt === null || expiresAt > effectiveAt),
    metadata: metadata === null || isObject(metadata),
  });
  if (refused !== undefined || amount === undefined || key === null) return refused ?? {};
  const tenant = tenantOf(model, id);
  const access = accessOf(model, id, subject ?? "", feature, tenant?.clock ?? 0);
  if (tenant === undefined || access.kind === null)
    return row({ outcome: access.reason.toLowerCase(), replayed: false });
  if (access.kind === "flag" || access.kind === "value") return row({ outcome: "wrong_kind", replayed: false });

  const use = tenant.grantKeys.get(key);
  // What had passed when the grant was made, or was not said, counts from that moment; so it is the same question.
  const issuedAt = use === undefined ? tenant.clock : grantOf(balanceNamed(tenant, use.balance), use.number).issuedAt;
  const start = Math.max(effectiveAt ?? issuedAt, issuedAt);
  const question = [
    ["feature", feature],
    ["subject", subject ?? ""],
    ["unlimited", unlimited ?? ""],
    ["amount", decimalOf(amount)],
    ["source", source ?? ""],
    ["effectiveAt", String(start)],
    ["expiresAt", String(expiresAt)],
    ["priority", priority ?? ""],
    ["metadata", canonical(metadata)],
  ] as const;
  if (use !== undefined) return answerOf(use, "issue_grant", question);
  if (access.per === "subject" && subject === "") return row({ outcome: "subject_required", replayed: false });
  const late = invalid({ subject: access.per === "subject" || subject === "", expiresAt: expiresAt > start });
  if (late !== undefined) return late;

  const balance = openBalance(tenant, subject ?? "", feature);
  // A balance that was only just made has nothing to write down.
  if (versionOf(balance) > 0) freshen(tenant, balance);
  closeInterval(balance);
  const grant = issue(balance, {
    source: source ?? "",
    amount,
    unlimited: unlimited === "t",
    priority: Number(priority),
    key,
    effectiveAt: start,
    expiresAt,
  });
  const fact = record(balance, "grant", amount);
  const answer = row({
    outcome: "granted",
    replayed: false,
    field: null,
    available: leftOf(model, balance),
    version: fact.version,
  });
  tenant.grantKeys.set(key, {
    command: "issue_grant",
    asked: question,
    answer,
    balance: `${feature}/${subject}`,
    number: grant.number,
  });
  return answer;
}

/** Of a capacity how many more fit, of anything else how much is there. */
const leftOf = (model: Model, balance: Balance) =>
  model.features.get(balance.feature)?.kind === "capacity" ? occupancyOf(balance).available : availableOf(balance);

const balanceNamed = (tenant: { balances: Map<string, Parameters<typeof passTime>[1]> }, name: string) => {
  const balance = tenant.balances.get(name);
  if (balance === undefined) throw new Error(`no balance ${name}`);
  return balance;
};

/** Ends a grant early. What is left of it lapses; what holds have pinned of it outlives it for them. */
export function voidGrant(model: Model, args: Args): Answer {
  const [id, key] = [args["p_tenant"] ?? "", args["p_dedupe_key"] ?? ""];
  const [reason, actor] = [args["p_reason"] ?? "", args["p_actor"] ?? ""];
  const refund = given(args, "p_refund", "f");
  const refused = invalid({
    tenant: id !== "",
    dedupeKey: key !== "",
    reason: isName(reason, 1, 1e3),
    actor: isName(actor) && actor !== "purser",
    refund: refund !== null,
  });
  if (refused !== undefined) return refused;
  const tenant = tenantOf(model, id);
  const use = tenant?.grantKeys.get(key);
  if (tenant === undefined || use === undefined) return row({ outcome: "grant_unknown", replayed: false });
  const balance = balanceNamed(tenant, use.balance);
  const grant = grantOf(balance, use.number);
  const voidKey = `void of ${key}`;
  const before = tenant.grantKeys.get(voidKey);
  // Whoever looks at a balance lets its time pass, whatever the answer will be.
  freshen(tenant, balance);
  if (before !== undefined) return answerOf(before, "void_grant", []);

  closeInterval(balance);
  const used = usedOf(balance, grant);
  const ended = grant.endsAt <= balance.at;
  const lapsed = ended || grant.unlimited ? 0n : grant.amount - used - pinnedOf(balance, grant);
  const shortfall = refund === "t" ? used : 0n;
  grant.void = { lapsed, shortfall, reason, actor, at: balance.at };
  grant.endsAt = Math.min(grant.endsAt, balance.at);
  const fact = record(balance, "void", lapsed);
  const answer = row({
    outcome: "voided",
    replayed: false,
    field: null,
    lapsed,
    shortfall,
    available: leftOf(model, balance),
    version: fact.version,
  });
  tenant.grantKeys.set(voidKey, { ...use, command: "void_grant", asked: [], answer });
  return answer;
}
