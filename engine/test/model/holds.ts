// reserve, settle, release and extend of the model.
import { accessOf } from "./access.ts";
import { answerOf, type Args, canonical, given, invalid, isName, isObject, row, tenantOf, when } from "./answer.ts";
import { availableOf, closeInterval, grantOf, paid, record } from "./balance.ts";
import { asOfNow, book, countable, numbersOf, openFor, shortage } from "./consume.ts";
import { instantOf, SECOND } from "./instant.ts";
import { askedAmount, decimalOf, least, positive, sum } from "./quantity.ts";
import type { Answer, Balance, Hold, Model, Tenant } from "./state.ts";
import { freshen } from "./time.ts";

const DEFAULT_LIFE = 15 * 60 * SECOND;

export function reserve(model: Model, args: Args): Answer {
  const [id, feature, key] = [args["p_tenant"] ?? "", args["p_feature"] ?? "", args["p_idempotency_key"] ?? null];
  const subject = given(args, "p_subject", "");
  const until = given(args, "p_expires_at", null);
  const metadata = given(args, "p_metadata", null);
  const amount = askedAmount(args["p_amount"]);
  const refused = invalid({
    tenant: id !== "",
    feature: feature !== "",
    amount: amount !== undefined,
    idempotencyKey: isName(key),
    expiresAt: until === null || Number.isFinite(instantOf(until)),
    subject: subject !== null && isName(subject, 0),
    metadata: metadata === null || isObject(metadata),
  });
  if (refused !== undefined || amount === undefined || key === null || subject === null) return refused ?? {};
  const tenant = tenantOf(model, id);
  const question = [
    ["feature", feature],
    ["subject", subject],
    ["amount", decimalOf(amount)],
    ["expiresAt", until === null ? "" : String(instantOf(until))],
    ["metadata", canonical(metadata)],
  ] as const;
  const use = tenant?.keys.get(key);
  if (tenant !== undefined && use !== undefined) {
    const opened = openFor(model, tenant, id, subject, feature, countable);
    const first = answerOf(use, "reserve", question);
    const hold = [...tenant.balances.values()].flatMap(({ holds }) => holds).find((one) => one.key === key);
    // It may have been extended since.
    const told = first["replayed"] === "t" ? { ...first, expires_at: when(hold?.expiresAt) } : first;
    return asOfNow(told, tenant, opened);
  }
  const opened = openFor(model, tenant, id, subject, feature, countable);
  // Only now is it known what time it is for this balance.
  if (tenant !== undefined && until !== null && instantOf(until) <= tenant.clock)
    return row({ outcome: "invalid_input", replayed: false, field: "expiresAt" });
  const { balance, access, refusal } = { access: undefined, ...opened };
  if (refusal !== undefined || tenant === undefined || access === undefined) return refusal ?? {};
  const available = availableOf(balance);
  if (available !== undefined && amount > available && access.enforcement === "hard")
    return row({ outcome: shortage(access), replayed: false, ...numbersOf(tenant, balance, access) });
  const hold: Hold = {
    key,
    amount,
    funded: available === undefined ? amount : least(amount, positive(available)),
    interval: balance.interval,
    reservedAt: balance.at,
    version: balance.facts.length + 1,
    status: "open",
    formerEnds: [],
    expiresAt: until === null ? balance.at + DEFAULT_LIFE : instantOf(until),
  };
  balance.holds.push(hold);
  const fact = record(balance, "reserve", amount);
  const answer = row({
    outcome: "reserved",
    replayed: false,
    field: null,
    amount,
    version: fact.version,
    expires_at: when(hold.expiresAt),
    ...numbersOf(tenant, balance, access),
  });
  tenant.keys.set(key, { command: "reserve", asked: question, answer });
  return answer;
}

interface Found {
  readonly tenant: Tenant;
  readonly balance: Balance;
  readonly hold: Hold;
}

function findHold(model: Model, id: string, key: string): Found | undefined {
  const tenant = tenantOf(model, id);
  const balances = [...(tenant?.balances.values() ?? [])];
  for (const balance of balances) {
    const hold = balance.holds.find((one) => one.key === key);
    if (tenant === undefined || hold === undefined) continue;
    freshen(tenant, balance);
    return { tenant, balance, hold };
  }
  return undefined;
}

const refuse = (outcome: string): Answer => row({ outcome, replayed: false });

/** Ends the hold: what was pinned or set aside is free, and answers how much of that there was. */
function end(balance: Balance, hold: Hold, status: Hold["status"]): NonNullable<Hold["pins"]> {
  // One that expired keeps nothing, and one whose interval is still open nothing of any grant; else who pays is decided now.
  if (hold.status === "open" && hold.interval !== balance.interval) closeInterval(balance);
  const pins = hold.pins ?? [];
  hold.status = status;
  return pins;
}

export function settle(model: Model, args: Args): Answer {
  const [id, key] = [args["p_tenant"] ?? "", args["p_hold_key"] ?? ""];
  const amount = askedAmount(args["p_amount"], 0n);
  const occurred = given(args, "p_occurred_at", null);
  const metadata = given(args, "p_metadata", null);
  const refused = invalid({
    tenant: id !== "",
    holdKey: key !== "",
    amount: amount !== undefined,
    occurredAt: occurred === null || Number.isFinite(instantOf(occurred)),
    metadata: metadata === null || isObject(metadata),
  });
  if (refused !== undefined || amount === undefined) return refused ?? {};
  const found = findHold(model, id, key);
  if (found === undefined) return refuse("hold_unknown");
  const { tenant, balance, hold } = found;
  const occurredAt = occurred === null ? null : instantOf(occurred);
  const question = [["amount", decimalOf(amount)]] as const;
  const settlement = tenant.keys.get(`settlement of ${key}`);
  if (settlement !== undefined) return answerOf(settlement, "settle", question);
  if (hold.status === "released") return refuse("hold_released");

  const late = hold.status === "expired";
  const pins = end(balance, hold, "settled");
  // The pinned part is paid by its own grants, whether or not they have ended; the rest by what is there now.
  let above = amount;
  const pinned = pins.map(({ grant, amount: pin }) => {
    const taken = least(above, pin);
    above -= taken;
    return { grant, amount: taken };
  });
  const { enforcement } = accessOf(model, id, balance.subject, balance.feature, balance.at);
  const actingSubject = tenant.keys.get(key)?.asked.find(([field]) => field === "subject")?.[1] ?? "";
  const booked = {
    key,
    kind: "settle",
    amount,
    actingSubject,
    occurredAt,
    payments: late ? [] : paid(pinned, true),
  } as const;
  const { consumption, unfunded } = book(balance, booked, enforcement);
  hold.settled = consumption.amount;
  hold.unfunded = unfunded;
  const answer = row({
    outcome: unfunded === 0n ? "settled" : "settled_short",
    replayed: false,
    field: null,
    late,
    amount: consumption.amount,
    overage: consumption.overage,
    unfunded,
    available: availableOf(balance),
    version: consumption.version,
  });
  tenant.keys.set(`settlement of ${key}`, { command: "settle", asked: question, answer });
  return answer;
}

export function release(model: Model, args: Args): Answer {
  const [id, key] = [args["p_tenant"] ?? "", args["p_hold_key"] ?? ""];
  const refused = invalid({ tenant: id !== "", holdKey: key !== "" });
  if (refused !== undefined) return refused;
  const found = findHold(model, id, key);
  if (found === undefined) return refuse("hold_unknown");
  const { tenant, balance, hold } = found;
  const before = tenant.keys.get(`release of ${key}`);
  if (before !== undefined) return answerOf(before, "release", []);
  if (hold.status === "settled") return refuse("hold_settled");
  if (hold.status === "expired") return refuse("hold_expired");
  end(balance, hold, "released");
  const lapsed = sum(
    (hold.pins ?? []).filter(({ grant }) => grantOf(balance, grant).endsAt <= balance.at).map(({ amount }) => amount),
  );
  const fact = record(balance, "release", hold.funded);
  const answer = row({
    outcome: "released",
    replayed: false,
    field: null,
    restored: hold.funded - lapsed,
    lapsed,
    available: availableOf(balance),
    version: fact.version,
  });
  tenant.keys.set(`release of ${key}`, { command: "release", asked: [], answer });
  return answer;
}

export function extend(model: Model, args: Args): Answer {
  const [id, key, until] = [args["p_tenant"] ?? "", args["p_hold_key"] ?? "", args["p_expires_at"] ?? null];
  const expiresAt = until === null ? Number.NaN : instantOf(until);
  const refused = invalid({ tenant: id !== "", holdKey: key !== "", expiresAt: Number.isFinite(expiresAt) });
  if (refused !== undefined) return refused;
  const found = findHold(model, id, key);
  if (found === undefined) return refuse("hold_unknown");
  const { balance, hold } = found;
  if (hold.status !== "open") return refuse(`hold_${hold.status}`);
  if (expiresAt <= balance.at) return row({ outcome: "invalid_input", replayed: false, field: "expiresAt" });
  const replayed = hold.expiresAt === expiresAt;
  if (!replayed) {
    closeInterval(balance);
    hold.formerEnds.push(hold.expiresAt);
    hold.expiresAt = expiresAt;
    record(balance, "extend", 0n);
  }
  return row({
    outcome: "extended",
    replayed,
    field: null,
    expires_at: when(expiresAt),
    available: availableOf(balance),
    version: balance.facts.length,
  });
}
