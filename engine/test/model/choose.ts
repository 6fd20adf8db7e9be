// Turns a drawn step into a call: what it names by place is looked up in the model as it stands.
import type { Action, AmountChoice, Run, TimeChoice } from "./actions.ts";
import type { Args } from "./answer.ts";
import { availableOf, openHolds } from "./balance.ts";
import type { Signatures } from "./database.ts";
import { planState } from "./ground.ts";
import { type Instant, instantOf, SECOND, writtenInstant } from "./instant.ts";
import { type Amount, decimalOf } from "./quantity.ts";
import type { Balance, Model, Tenant } from "./state.ts";
import { nextBoundary, passTime } from "./time.ts";

export interface Call {
  readonly command: string;
  readonly args: Args;
}

/** What a step may look at. */
export interface Scene {
  readonly run: Run;
  readonly model: Model;
  readonly names: readonly string[];
  readonly slots: readonly string[];
  readonly history: readonly Call[];
  readonly signatures: Signatures;
  readonly newKey: () => string;
}

type Step<Name extends Action["do"]> = Extract<Action, { do: Name }>;
type Choosers = { [Name in Action["do"]]?: (scene: Scene, step: Step<Name>) => Call | undefined };

export function callFor(scene: Scene, action: Action): Call | undefined {
  const choose = choosers[action.do] as ((scene: Scene, step: Action) => Call | undefined) | undefined;
  const call = choose?.(scene, action);
  return call !== undefined && scene.signatures.has(call.command) ? call : undefined;
}

const pick = <Item>(items: readonly Item[], number: number): Item | undefined =>
  items[number % Math.max(1, items.length)];

function tenantAt({ model, names }: Scene, number: number): Tenant {
  const tenant = model.tenants.get(pick(names, number) ?? "");
  if (tenant === undefined) throw new Error(`no tenant ${number}`);
  return tenant;
}

/** The balance as it will be when the command freshens it; a copy, since looking is no step. */
function balanceNow(tenant: Tenant, feature: string, subject: string): Balance | undefined {
  const balance = tenant.balances.get(`${feature}/${subject}`) ?? tenant.balances.get(`${feature}/`);
  if (balance === undefined) return undefined;
  const copy = structuredClone(balance);
  passTime(tenant, copy);
  return copy;
}

function amountOf(choice: AmountChoice, available: Amount | undefined, held: Amount | undefined): string {
  const base = choice.near === "available" ? available : choice.near === "held" ? held : 0n;
  const amount = (base ?? 0n) + BigInt(choice.millionths);
  return decimalOf(amount > 0n ? amount : 0n);
}

/** Of a step that would ask for nothing the amount is one; nothing is asked for often enough elsewhere. */
const atLeastSome = (amount: string): string => (amount === "0" ? "1" : amount);

function amountFor(
  tenant: Tenant,
  { feature, subject, amount }: { feature: string; subject: string; amount: AmountChoice },
): string {
  const now = balanceNow(tenant, feature, subject);
  return atLeastSome(amountOf(amount, now && availableOf(now), now && openHolds(now)[0]?.amount));
}

function instantFor(tenant: Tenant, choice: TimeChoice): Instant {
  if ("microseconds" in choice) return tenant.clock + choice.microseconds;
  const boundaries = [...tenant.balances.values()]
    .flatMap(({ feature, subject }) => balanceNow(tenant, feature, subject) ?? [])
    .map((balance) => nextBoundary(tenant, balance))
    .filter((instant) => instant !== Infinity);
  const soonest = [...new Set(boundaries)].toSorted((one, other) => one - other);
  return (pick(soonest, choice.boundary) ?? tenant.clock + 3600 * SECOND) + choice.shift;
}

const written = (tenant: Tenant, choice: TimeChoice, later = 0): string =>
  writtenInstant(Math.max(tenant.clock, instantFor(tenant, choice) + later));

function place(scene: Scene, step: { tenant: number; feature: string; subject: string }) {
  const tenant = tenantAt(scene, step.tenant);
  return { tenant, args: { p_tenant: tenant.id, p_feature: step.feature, p_subject: step.subject } };
}

function datesOf(tenant: Tenant, { from, until }: { from: TimeChoice; until: TimeChoice }) {
  const start = Math.max(tenant.clock, instantFor(tenant, from));
  const lasts = Math.max(0, instantFor(tenant, until) - tenant.clock);
  return { p_effective_at: writtenInstant(start), p_ends_at: writtenInstant(start + lasts), p_actor: "model" };
}

function holdAt(scene: Scene, step: { tenant: number; hold: number }) {
  const tenant = tenantAt(scene, step.tenant);
  const all = [...tenant.balances.values()].flatMap((balance) => balance.holds.map((hold) => ({ balance, hold })));
  // Mostly one that is open, now and then one that has ended, or none at all.
  const open = all.filter(({ hold }) => hold.status === "open");
  const found = pick(step.hold % 4 === 0 || open.length === 0 ? [...all, undefined] : open, Math.floor(step.hold / 4));
  return { tenant, found, args: { p_tenant: tenant.id, p_hold_key: found?.hold.key ?? "nothing" } };
}

const choosers: Choosers = {
  consume: (scene, step) => {
    const { tenant, args } = place(scene, step);
    const named = { ...args, p_amount: amountFor(tenant, step), p_idempotency_key: scene.newKey() };
    const more = {
      occurred: { p_occurred_at: "2026-01-01 00:00:00+00" },
      metadata: { p_metadata: '{"b": 1, "a": [2]}' },
    };
    return { command: "consume", args: { ...named, ...(step.more === "" ? {} : more[step.more]) } };
  },
  reserve: (scene, step) => {
    const { tenant, args } = place(scene, step);
    const named = { ...args, p_amount: amountFor(tenant, step), p_idempotency_key: scene.newKey() };
    const until = step.until === null ? {} : { p_expires_at: written(tenant, step.until, 1) };
    return { command: "reserve", args: { ...named, ...until } };
  },
  issue_grant: (scene, step) => {
    const { tenant, args } = place(scene, step);
    const amount = step.unlimited ? null : amountFor(tenant, step);
    const from = step.from === null ? {} : { p_effective_at: writtenInstant(instantFor(tenant, step.from) - SECOND) };
    const until = step.until === null ? {} : { p_expires_at: writtenInstant(instantFor(tenant, step.until)) };
    const kind = { p_source: step.source, p_priority: String(step.priority), p_unlimited: step.unlimited ? "t" : "f" };
    const named = { ...args, p_amount: amount, p_dedupe_key: scene.newKey() };
    return { command: "issue_grant", args: { ...named, ...kind, ...from, ...until } };
  },
  claim: (scene, step) => ({ command: "claim", args: { ...place(scene, step).args, p_resource: step.resource } }),
  release_claim: (scene, step) => ({
    command: "release_claim",
    args: {
      ...place(scene, step).args,
      p_resource: step.resource,
    },
  }),
  report_count: (scene, step) => ({
    command: "report_count",
    args: {
      ...place(scene, step).args,
      p_count: String(step.count),
    },
  }),
  lock_capacity: (scene, step) => ({ command: "lock_capacity", args: place(scene, step).args }),
  refresh: (scene, step) => ({ command: "refresh", args: place(scene, step).args }),
  check_entitlement: (scene, step) => ({ command: "check_entitlement", args: place(scene, step).args }),
  write_override: (scene, step) => {
    const { tenant, args } = place(scene, step);
    const amount = step.effect === "allow" && step.amount !== null ? String(step.amount) : null;
    const what = { p_tenant: tenant.id, p_feature: args.p_feature, p_effect: step.effect, p_amount: amount };
    return { command: "write_override", args: { ...what, p_reason: "support", ...datesOf(tenant, step) } };
  },
  write_restriction: (scene, step) => {
    const { tenant, args } = place(scene, step);
    const value = step.mode === "degraded" ? String(step.amount) : null;
    const what = { p_tenant: tenant.id, p_feature: args.p_feature, p_mode: step.mode, p_degraded_value: value };
    return { command: "write_restriction", args: { ...what, ...datesOf(tenant, step) } };
  },
  consume_many: (scene, step) => {
    const tenant = tenantAt(scene, step.tenant);
    const items = step.items.map((item) => ({
      feature: item.feature,
      amount: Number(amountFor(tenant, item)),
      subject: item.subject,
      ...(step.oneKey ? {} : { idempotency_key: scene.newKey() }),
    }));
    const key = step.oneKey ? scene.newKey() : null;
    const atomic = step.atomic ? "t" : "f";
    const args = { p_tenant: tenant.id, p_items: JSON.stringify(items), p_idempotency_key: key, p_atomic: atomic };
    return { command: "consume_many", args };
  },
  settle: (scene, step) => {
    const { tenant, found, args } = holdAt(scene, step);
    const now = found && balanceNow(tenant, found.balance.feature, found.balance.subject);
    const above = now === undefined ? 0n : (availableOf(now) ?? 0n);
    const amount = amountOf(step.amount, (found?.hold.amount ?? 0n) + above, found?.hold.amount);
    return { command: "settle", args: { ...args, p_amount: amount } };
  },
  release: (scene, step) => ({ command: "release", args: holdAt(scene, step).args }),
  extend: (scene, step) => {
    const { tenant, args } = holdAt(scene, step);
    return { command: "extend", args: { ...args, p_expires_at: writtenInstant(instantFor(tenant, step.until)) } };
  },
  void_grant: (scene, step) => {
    const tenant = tenantAt(scene, step.tenant);
    const grants = [...tenant.grantKeys].filter(([, { command }]) => command === "issue_grant").map(([key]) => key);
    const key = pick([...grants, "nothing"], step.grant) ?? "";
    const why = { p_reason: "a test", p_actor: "model", p_refund: step.refund ? "t" : "f" };
    return { command: "void_grant", args: { p_tenant: tenant.id, p_dedupe_key: key, ...why } };
  },
  reverse_consumption: (scene, step) => {
    const tenant = tenantAt(scene, step.tenant);
    const keys = [...tenant.balances.values()].flatMap(({ consumptions }) => consumptions.map(({ key }) => key));
    const key = pick([...keys, "nothing"], step.consumption) ?? "";
    const amount = step.amount === null ? null : atLeastSome(amountOf(step.amount, 0n, 0n));
    const args = { p_tenant: tenant.id, p_consumption_key: key, p_idempotency_key: scene.newKey(), p_amount: amount };
    return { command: "reverse_consumption", args: { ...args, p_reissue: step.reissue ? "t" : "f" } };
  },
  write_plan_state: (scene, step) => {
    const tenant = tenantAt(scene, step.tenant);
    const i = step.tenant % scene.names.length;
    const drawn = scene.run.tenants[i];
    const number = step.plan;
    const plan = scene.run.plans[number];
    if (plan === undefined || drawn === undefined) return undefined;
    const addon = number === scene.run.plans.length - 1;
    const anchor = instantOf(drawn.start) + drawn.anchor * SECOND;
    const where = { tenant: tenant.id, slot: scene.slots[i] ?? "", zone: tenant.zone, at: tenant.clock, anchor };
    const what = {
      serial: scene.newKey(),
      plan,
      number,
      addon,
      status: step.status,
      quantity: addon ? step.quantity : 1,
    };
    return { command: "write_plan_state", args: planState({ ...where, ...what }) };
  },
  advance_test_clock: (scene, step) => {
    const tenant = tenantAt(scene, step.tenant);
    return { command: "advance_test_clock", args: { p_tenant: tenant.id, p_to: written(tenant, step.to) } };
  },
  /** The same call again, or another call with its key, or the same with an argument of another. */
  again: ({ history: all }, { earlier, change }) => {
    // What is written with dates of its own is not a call that anybody repeats.
    const history = all.filter(({ command }) => command !== "write_plan_state");
    const call = pick(history, earlier);
    if (call === undefined || change === null) return call;
    const own = keyOf(call);
    const others = history.filter((other) => own !== undefined && keyOf(other) === own);
    const other = pick(others, change);
    if (change % 2 === 0 && other !== undefined && own !== undefined)
      return { command: other.command, args: { ...other.args, [own]: call.args[own] ?? null } };
    const fixed = new Set(["p_tenant", "p_items", "p_slot", own]);
    const name = pick(
      Object.keys(call.args).filter((one) => !fixed.has(one)),
      change,
    );
    const donors = history.filter(({ args }) => name !== undefined && name in args && args[name] !== call.args[name]);
    const donor = pick(donors, change);
    if (name === undefined || donor === undefined) return undefined;
    return { command: call.command, args: { ...call.args, [name]: donor.args[name] ?? null } };
  },
  /** The same call with one argument that nobody should send, or that names what is not there. */
  hostile: ({ history: all, signatures }, { earlier, argument, value }) => {
    const history = all.filter(({ command }) => !["write_plan_state", "check_entitlement"].includes(command));
    const call = pick(history, earlier);
    const types = signatures.get(call?.command ?? "")?.arguments;
    const name = argument % 3 === 0 ? "p_tenant" : pick(Object.keys(call?.args ?? {}), argument);
    if (call === undefined || name === undefined) return undefined;
    const values = name === "p_tenant" ? ["", "nobody", null] : hostile[types?.get(name) ?? ""];
    return values === undefined ? undefined : { ...call, args: { ...call.args, [name]: pick(values, value) ?? null } };
  },
};

const hostile: Readonly<Record<string, readonly (string | null)[]>> = {
  numeric: [
    null,
    "NaN",
    "Infinity",
    "-Infinity",
    "0",
    "-1",
    "1e15",
    "0.0000001",
    "1234567890123456.5",
    "123456789012345.6",
    "0.123456",
    "5.0000000",
    "999999999999999",
  ],
  text: [null, "", "x".repeat(301), "teleport"],
  integer: [null, "-1", "1001"],
  jsonb: ["[]", "7", '"text"', "{}"],
  "timestamp with time zone": ["infinity", "-infinity", "1999-12-31 23:59:59+00"],
};

const keyOf = ({ args }: Call): string | undefined =>
  ["p_idempotency_key", "p_dedupe_key"].find((name) => (args[name] ?? null) !== null);
