// consume, consume_many and reverse_consumption of the model.
import { type Access, accessOf, balanceOf } from "./access.ts";
import {
  answerOf,
  type Args,
  canonical,
  given,
  invalid,
  isName,
  isObject,
  row,
  tenantOf,
  when,
  whenever,
} from "./answer.ts";
import { availableOf, closeInterval, grantOf, isUnlimited, paid, payers, record } from "./balance.ts";
import { instantOf } from "./instant.ts";
import { type Amount, askedAmount, decimalOf, least, positive, sum } from "./quantity.ts";
import type { Answer, Balance, Consumption, Enforcement, Model, Payment, Tenant } from "./state.ts";
import { freshen, issue, nextGain, openBalance } from "./time.ts";

/** The balance that is drawn on, freshened, or the refusal that comes before any amount. */
export type Opened =
  | { readonly balance: Balance; readonly access: Access; readonly refusal?: undefined }
  | { readonly balance?: undefined; readonly access?: undefined; readonly refusal: Answer };

export function openFor(
  model: Model,
  tenant: Tenant | undefined,
  id: string,
  subject: string,
  feature: string,
  kinds: readonly string[],
): Opened {
  const access = accessOf(model, id, subject, feature, tenant?.clock ?? 0);
  const refused = (outcome: string, more = {}): Opened => ({
    refusal: row({ outcome, replayed: false, unlimited: false, ...more }),
  });
  if (tenant === undefined || access.kind === null) return refused(access.reason.toLowerCase());
  // Whoever looks at a balance lets its time pass, whatever the answer will be.
  const balance = balanceOf(tenant, access.per === "subject" ? subject : "", feature);
  if (balance !== undefined) freshen(tenant, balance);
  if (!kinds.includes(access.kind)) return refused("wrong_kind");
  if (access.per === "subject" && subject === "") return refused("subject_required");
  if (!access.allowed)
    return refused(access.reason.toLowerCase(), balance === undefined ? {} : numbersOf(tenant, balance, access));
  const opened = balance ?? openBalance(tenant, access.per === "subject" ? subject : "", feature);
  freshen(tenant, opened);
  return { balance: opened, access };
}

/** What every answer about a balance says of it. */
export function numbersOf(tenant: Tenant, balance: Balance, access: Access) {
  return {
    available: availableOf(balance),
    unlimited: isUnlimited(balance),
    resets_at: whenever(nextGain(tenant, balance, access)),
    restricted_by: access.restrictedBy,
  };
}

/** The first answer told again. What it says of the balance itself is as of now, and a conflict says nothing of that. */
export function asOfNow(answer: Answer, tenant: Tenant, { balance, access, refusal }: Opened): Answer {
  if (answer["replayed"] !== "t") return answer;
  const { resets_at = null, restricted_by = null } =
    balance === undefined ? refusal : row({ ...numbersOf(tenant, balance, access) });
  return { ...answer, resets_at, restricted_by };
}

export const shortage = (access: Access): string =>
  access.kind === "credits" ? "insufficient_balance" : "limit_reached";

export const countable = ["metered", "credits"];

export function consume(model: Model, args: Args): Answer {
  const [id, feature, key] = [args["p_tenant"] ?? "", args["p_feature"] ?? "", args["p_idempotency_key"] ?? null];
  const subject = given(args, "p_subject", "");
  const occurred = given(args, "p_occurred_at", null);
  const metadata = given(args, "p_metadata", null);
  const amount = askedAmount(args["p_amount"]);
  const refused = invalid({
    tenant: id !== "",
    feature: feature !== "",
    amount: amount !== undefined,
    idempotencyKey: isName(key),
    subject: subject !== null && isName(subject, 0),
    occurredAt: occurred === null || Number.isFinite(instantOf(occurred)),
    metadata: metadata === null || isObject(metadata),
  });
  if (refused !== undefined || amount === undefined || key === null || subject === null) return refused ?? {};
  const tenant = tenantOf(model, id);
  const occurredAt = occurred === null ? null : instantOf(occurred);
  const question = [
    ["feature", feature],
    ["subject", subject],
    ["amount", decimalOf(amount)],
    ["occurredAt", String(occurredAt)],
    ["metadata", canonical(metadata)],
  ] as const;
  const use = tenant?.keys.get(key);
  if (tenant !== undefined && use !== undefined) {
    const opened = openFor(model, tenant, id, subject, feature, countable);
    return asOfNow(answerOf(use, "consume", question), tenant, opened);
  }
  const { balance, access, refusal } = {
    access: undefined,
    ...openFor(model, tenant, id, subject, feature, countable),
  };
  if (refusal !== undefined || tenant === undefined || access === undefined) return refusal ?? {};

  const available = availableOf(balance);
  if (available !== undefined && amount > available && access.enforcement === "hard")
    return row({ outcome: shortage(access), replayed: false, ...numbersOf(tenant, balance, access) });
  const booked = { key, kind: "consume", amount, payments: [], actingSubject: subject, occurredAt } as const;
  const { consumption } = book(balance, booked, access.enforcement);
  const answer = row({
    outcome: "consumed",
    replayed: false,
    field: null,
    amount,
    overage: consumption.overage,
    version: consumption.version,
    recorded_at: when(balance.at),
    ...numbersOf(tenant, balance, access),
  });
  tenant.keys.set(key, { command: "consume", asked: question, answer });
  return answer;
}

type Booked = Pick<Consumption, "key" | "kind" | "amount" | "actingSubject" | "occurredAt"> & {
  readonly payments: readonly Payment[];
};

/**
 * Writes a consumption down. What is not paid for yet is taken from what there is; where that is not enough, hard leaves the
 * rest unfunded, and for the others it is overage of the window that holds now.
 */
export function book(balance: Balance, booked: Booked, enforcement: Enforcement) {
  const { interval, at } = balance;
  const consumption: Consumption = {
    ...booked,
    overageReversed: 0n,
    interval,
    overage: 0n,
    recordedAt: at,
    version: balance.facts.length + 1,
    payments: booked.payments.filter(({ amount }) => amount > 0n),
  };
  balance.consumptions.push(consumption);
  const missing = booked.amount - sum(booked.payments.map(({ amount }) => amount));
  const available = availableOf(balance);
  const covered = available === undefined ? missing : least(missing, positive(available));
  consumption.payments.push(...paid(payers(balance, covered)));
  const unfunded = enforcement === "hard" ? missing - covered : 0n;
  consumption.overage = missing - covered - unfunded;
  consumption.amount -= unfunded;
  record(balance, booked.kind, consumption.amount);
  return { consumption, unfunded };
}

/** One answer an item, in order; with `p_atomic` all are refused where one is. */
export function consumeMany(model: Model, args: Args, copy: () => Model, putBack: (model: Model) => void): Answer[] {
  const items = JSON.parse(args["p_items"] ?? "null") as Record<string, unknown>[];
  const shared = given(args, "p_idempotency_key", null);
  const refused = invalid({ items: Array.isArray(items), idempotencyKey: shared === null || isName(shared, 1, 195) });
  if (refused !== undefined) return [refused];
  const before = copy();
  const answers = items.map((item, i): Answer => {
    const own = (item["idempotency_key"] ?? null) as string | null;
    const key = shared === null ? own : `${shared}#${i + 1}`;
    const text = (value: unknown) =>
      value === undefined || value === null ? null : typeof value === "string" ? value : JSON.stringify(value);
    const answer = consume(model, {
      p_tenant: args["p_tenant"] ?? null,
      p_feature: text(item["feature"]),
      p_amount: text(item["amount"]),
      // A request has one key or its items have theirs.
      p_idempotency_key: shared !== null && own !== null ? "" : key,
      p_subject: text(item["subject"]) ?? "",
      p_occurred_at: text(item["occurred_at"]),
      p_metadata: item["metadata"] === undefined ? null : JSON.stringify(item["metadata"]),
    });
    return { ...answer, item: String(i + 1), idempotency_key: key };
  });
  if (given(args, "p_atomic", "f") !== "t" || answers.every((answer) => answer["outcome"] === "consumed"))
    return answers;
  putBack(before);
  return answers.map((answer): Answer => {
    const { item = null, idempotency_key = null, restricted_by = null } = answer;
    // What had happened before is told again; it is not undone.
    if (answer["outcome"] !== "consumed" || answer["replayed"] === "t") return answer;
    return { ...row({ outcome: "batch_refused", replayed: false }), item, idempotency_key, restricted_by };
  });
}

/** Where a consumption is: the balance it was taken from. */
export const findConsumption = (tenant: Tenant, key: string) =>
  [...tenant.balances.values()]
    .flatMap((balance) => balance.consumptions.map((consumption) => ({ balance, consumption })))
    .find(({ consumption }) => consumption.key === key);

const restOf = ({ overage, overageReversed, payments }: Consumption): Amount =>
  overage - overageReversed + sum(payments.map(paidStill));
const paidStill = ({ amount, restored, lapsed }: Payment): Amount => amount - restored - lapsed;

/** Gives units back to where they came from: overage first, then the grant that paid last. */
export function reverse(model: Model, args: Args): Answer {
  const [id, of, key] = [args["p_tenant"] ?? "", args["p_consumption_key"] ?? "", args["p_idempotency_key"] ?? ""];
  const asked = given(args, "p_amount", null);
  const reissue = given(args, "p_reissue", "f");
  const reason = given(args, "p_reason", "");
  const wanted = asked === null ? undefined : askedAmount(asked);
  const refused = invalid({
    tenant: id !== "",
    consumptionKey: of !== "",
    amount: asked === null || wanted !== undefined,
    idempotencyKey: isName(key),
    reissue: reissue !== null,
    reason: reason !== null && isName(reason, 0, 1000),
  });
  if (refused !== undefined) return refused;
  const tenant = tenantOf(model, id);
  const question = [
    ["consumptionKey", of],
    ["amount", wanted === undefined ? "" : decimalOf(wanted)],
    ["reissue", reissue ?? ""],
    ["reason", reason ?? ""],
  ] as const;
  const use = tenant?.keys.get(key);
  if (use !== undefined) return answerOf(use, "reverse_consumption", question);
  const found = tenant === undefined ? undefined : findConsumption(tenant, of);
  if (tenant === undefined || found === undefined) return row({ outcome: "consumption_unknown", replayed: false });
  const { balance, consumption } = found;
  freshen(tenant, balance);
  const rest = restOf(consumption);
  if (rest === 0n) return row({ outcome: "already_reversed", replayed: false });
  const amount = wanted ?? rest;
  if (amount > rest) return row({ outcome: "invalid_input", replayed: false, field: "amount" });

  closeInterval(balance);
  const overage = least(amount, consumption.overage - consumption.overageReversed);
  consumption.overageReversed += overage;
  let [missing, restored, lapsed] = [amount - overage, 0n, 0n];
  for (const payment of consumption.payments.toReversed()) {
    const back = least(missing, paidStill(payment));
    missing -= back;
    if (balance.at < grantOf(balance, payment.grant).endsAt) {
      payment.restored += back;
      restored += back;
    } else {
      payment.lapsed += back;
      lapsed += back;
    }
  }
  if (reissue === "t" && lapsed > 0n)
    issue(balance, {
      source: "manual",
      amount: lapsed,
      unlimited: false,
      priority: 100,
      expiresAt: Infinity,
      key: `reversal:${key}`,
    });
  const fact = record(balance, "reverse", amount);
  const answer = row({
    outcome: "reversed",
    replayed: false,
    field: null,
    amount,
    restored,
    lapsed,
    overage,
    available: availableOf(balance),
    version: fact.version,
  });
  tenant.keys.set(key, { command: "reverse_consumption", asked: question, answer });
  return answer;
}
