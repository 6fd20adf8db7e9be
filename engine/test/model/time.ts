// How time passes for a balance of the model: every boundary on the way is visited, one after the other.
import { type Access, accessDates, balanceOf } from "./access.ts";
import { closeInterval, isActive, openHolds, pinnedOf, record, usedOf, versionOf } from "./balance.ts";
import { endOfWindows, type Instant, type Window, windowAt } from "./instant.ts";
import { type Amount, least, positive, sum } from "./quantity.ts";
import { type Allowance, type Balance, type Grant, inForce, type Line, type Mask, type Tenant } from "./state.ts";

/** The allowances that this balance ever draws on, and what ever stands in their place. */
const allowancesOf = (tenant: Tenant, { feature, subject }: Balance): (Allowance | Mask)[] =>
  [...[...tenant.subscriptions.values()].flatMap(({ allowances }) => allowances), ...tenant.masks].filter(
    // What masks a plan does so for whoever holds the feature.
    (one) => one.feature === feature && (isMask(one) || one.per === (subject === "" ? "tenant" : "subject")),
  );

const isMask = (allowance: Allowance | Mask): allowance is Mask => "rank" in allowance;

const allowancesNow = (tenant: Tenant, balance: Balance): (Allowance | Mask)[] =>
  allowancesOf(tenant, balance).filter((allowance) => inForce(allowance, balance.at));

/** Those that count: what stands in their place alone, of several the one of the highest rank. */
function countingNow(tenant: Tenant, balance: Balance): (Allowance | Mask)[] {
  const now = allowancesNow(tenant, balance);
  const masks = now.filter(isMask).toSorted((one, other) => other.rank - one.rank);
  return masks.length > 0 ? masks.slice(0, 1) : now;
}

/** The next instant at which this balance or the access to it changes by time alone. */
export function nextBoundary(tenant: Tenant, balance: Balance): Instant {
  const instants = [
    ...openHolds(balance).map(({ expiresAt }) => expiresAt),
    ...balance.grants.flatMap(({ effectiveAt, endsAt }) => (effectiveAt < endsAt ? [effectiveAt, endsAt] : [])),
    ...allowancesOf(tenant, balance).flatMap(({ from, until }) => (from < until ? [from, until] : [])),
    ...allowancesNow(tenant, balance).map(({ rule }) => windowAt(rule, balance.at).endsAt),
    ...accessDates(tenant, balance.feature),
  ];
  return Math.min(Infinity, ...instants.filter((instant) => instant > balance.at));
}

/** What a grant lifts, which is bought without a plan. */
const liftable = ["SUBSCRIPTION_INACTIVE", "TRIAL_EXPIRED", "NOT_INCLUDED"];

/** The next instant at which time alone may give more; where access is denied, when that changes. */
export function nextGain(tenant: Tenant, balance: Balance, access: Pick<Access, "allowed" | "reason">): Instant {
  const masks = tenant.masks.filter(({ feature, from, until }) => feature === balance.feature && from < until);
  const isMaskedAt = (one: Allowance | Mask, instant: Instant) =>
    one.source !== "product" &&
    masks.some((mask) => mask.rank > (isMask(one) ? one.rank : -1) && mask.from <= instant && instant < mask.until);
  const waiting = balance.grants.flatMap(({ effectiveAt, endsAt }) => (effectiveAt < endsAt ? [effectiveAt] : []));
  const gains = [
    ...allowancesOf(tenant, balance).flatMap((one) =>
      one.from < one.until ? [one.from, ...(isMask(one) ? [one.until] : [])] : [],
    ),
    ...allowancesNow(tenant, balance).flatMap((one) => {
      const { endsAt } = windowAt(one.rule, balance.at);
      return endsAt < one.until && !isMaskedAt(one, endsAt) ? [endsAt] : [];
    }),
  ];
  const told = [
    ...(access.allowed || liftable.includes(access.reason) ? waiting : []),
    ...(access.allowed ? gains : accessDates(tenant, balance.feature)),
  ];
  return Math.min(Infinity, ...told.filter((instant) => instant > balance.at));
}

/** Lets time pass, until the tenant's clock where nothing else is said. Nothing is written down. */
export function passTime(tenant: Tenant, balance: Balance, until = tenant.clock): void {
  for (let next = nextBoundary(tenant, balance); next <= until; next = nextBoundary(tenant, balance)) {
    // At one instant holds run out first; then the others are pinned to the grants that were there until now.
    for (const hold of openHolds(balance)) if (hold.expiresAt <= next) hold.status = "expired";
    closeInterval(balance);
    const turned = allowancesNow(tenant, balance).filter(({ rule }) => windowAt(rule, balance.at).endsAt === next);
    const before = turned.map((allowance) => [allowance, remainderOf(balance, allowance)] as const);
    const windowEnd = overageWindowEnd(tenant, balance);
    balance.at = next;
    for (const [allowance, remainder] of before) rollOver(balance, allowance, remainder);
    renew(tenant, balance);
    turnOverage(balance, windowEnd);
    forget(balance);
    balance.passed = next;
  }
  balance.at = Math.max(balance.at, until);
}

/** A window that nobody was there for leaves nothing behind. */
function forget(balance: Balance): void {
  const isOver = ({ endsAt, line }: Grant) => Math.max(endsAt, line?.window.endsAt ?? endsAt) <= balance.at;
  balance.grants = balance.grants.filter((grant) => grant.traced || !isOver(grant));
}

/** What nobody used or holds of an allowance's grant in the window that is ending. */
const remainderOf = (balance: Balance, { id }: Allowance): Amount =>
  sum(
    balance.grants
      .filter((grant) => isActive(balance, grant) && grant.line?.origin === id && !grant.unlimited)
      .map((grant) => grant.amount - usedOf(balance, grant) - pinnedOf(balance, grant)),
  );

function rollOver(balance: Balance, allowance: Allowance, remainder: Amount): void {
  if (allowance.rolloverCap === undefined || !inForce(allowance, balance.at)) return;
  const amount = least(allowance.rolloverCap, remainder);
  if (amount === 0n) return;
  const expiresAt = endOfWindows(allowance.rule, balance.at, allowance.rolloverWindows);
  issue(balance, { source: "rollover", amount, unlimited: false, priority: allowance.priority, expiresAt });
}

interface Issued {
  readonly source: string;
  readonly amount: Amount;
  readonly unlimited: boolean;
  readonly priority: number;
  readonly expiresAt: Instant;
  readonly effectiveAt?: Instant;
  readonly key?: string;
  readonly line?: Line;
}

export function issue(balance: Balance, { key, effectiveAt, line, ...issued }: Issued): Grant {
  balance.issued += 1;
  const number = balance.issued;
  const grant: Grant = {
    ...issued,
    number,
    key: key ?? `${issued.source}:${number}`,
    effectiveAt: effectiveAt ?? balance.at,
    issuedAt: balance.at,
    endsAt: issued.expiresAt,
    traced: false,
    ...(line === undefined ? {} : { line }),
  };
  balance.grants.push(grant);
  return grant;
}

/** Issues what the dated rows ask for now, and ends what they no longer ask for. */
export function renew(tenant: Tenant, balance: Balance): void {
  const counting = countingNow(tenant, balance).map((allowance) => ({
    allowance,
    window: windowAt(allowance.rule, balance.at),
  }));
  const isFor = ({ line }: Grant, { allowance, window }: (typeof counting)[number]) =>
    line?.origin === allowance.id && line.window.startsAt === window.startsAt && line.window.endsAt === window.endsAt;
  for (const grant of balance.grants) {
    if (grant.line === undefined) continue;
    if (isActive(balance, grant) && !counting.some((one) => isFor(grant, one))) grant.endsAt = balance.at;
    // What it was used for is carried on; what is held of it is gone for the window, settled or not.
    if (!isActive(balance, grant)) grant.line.spent ??= usedOf(balance, grant) + pinnedOf(balance, grant);
  }
  const missing = counting.filter(
    (one) => !balance.grants.some((grant) => isActive(balance, grant) && isFor(grant, one)),
  );
  const inBurnOrder = missing.toSorted(
    ({ allowance: one }, { allowance: other }) => one.priority - other.priority || one.from - other.from,
  );
  // When what stood in their place is gone, its own use goes to those that come back.
  const masks = balance.grants.flatMap(({ line }) =>
    line?.isMask === true && line.handedOver !== true && line.window.endsAt > balance.at ? [line] : [],
  );
  let handedOver = sum(masks.map((line) => line.spent ?? 0n));
  for (const [i, { allowance, window }] of inBurnOrder.entries()) {
    const family = familyOf(allowance);
    const before = lastOf(balance, family, window);
    const expiresAt = Math.min(window.endsAt, allowance.until);
    const own = { source: isMask(allowance) ? "override" : allowance.source, priority: allowance.priority, expiresAt };
    if (isMask(allowance)) {
      const lines = linesMasked(tenant, balance);
      const carried = handedOver + sum(lines.map(spentOf));
      const line = {
        origin: allowance.id,
        family,
        window,
        isMask: true,
        carried,
        since: balance.at,
        excess: excessOf(allowance.amount, carried),
      };
      const effectiveAt = before === undefined ? beginningOf(tenant, balance, allowance, window) : balance.at;
      issue(balance, { ...own, ...amountLeft(allowance.amount, carried), line, effectiveAt });
      continue;
    }
    const isBack = before?.origin === allowance.id || handedOver > 0n;
    const left = positive((allowance.amount ?? handedOver + spentOf(before)) - spentOf(before));
    const share = i === inBurnOrder.length - 1 ? handedOver : least(handedOver, left);
    handedOver -= share;
    const isReset = before !== undefined && !isBack && allowance.onChange === "reset";
    const carried = isReset ? 0n : spentOf(before) + share;
    const whole =
      before !== undefined && !isBack && allowance.onChange === "prorate"
        ? proratedOf(tenant, balance, allowance, before)
        : allowance.amount;
    const isFirst = before === undefined && !isBack;
    const effectiveAt = isFirst ? beginningOf(tenant, balance, allowance, window) : balance.at;
    const line = {
      origin: allowance.id,
      family,
      window,
      isMask: false,
      carried,
      since: isReset ? balance.at : (before?.since ?? effectiveAt),
      excess: excessOf(whole, carried),
    };
    issue(balance, { ...own, ...amountLeft(whole, carried), line, effectiveAt });
  }
  if (!counting.some(({ allowance }) => isMask(allowance))) for (const line of masks) line.handedOver = true;
}

/**
 * What a mask carries on: the lines of the allowances that it masks, and of a subscription that has lost the feature the last
 * one, while its window still runs.
 */
function linesMasked(tenant: Tenant, balance: Balance): (Line | undefined)[] {
  const masked = allowancesNow(tenant, balance).filter((one) => !isMask(one));
  const lost = [...tenant.subscriptions.keys()].filter((id) => !masked.some(({ subscription }) => subscription === id));
  return [
    ...masked.map((one) => lastOf(balance, familyOf(one), windowAt(one.rule, balance.at))),
    ...lost.map((id) => {
      const last = balance.grants.findLast(
        ({ line }) => line?.isMask === false && line.family.startsWith(`${id}:`),
      )?.line;
      return last !== undefined && last.window.endsAt > balance.at ? last : undefined;
    }),
  ];
}

/**
 * Whoever comes late to a window finds its first grant as old as it is: since the window began, or its allowance, or since
 * what stood in its place ended.
 */
function beginningOf(tenant: Tenant, balance: Balance, allowance: Allowance | Mask, { startsAt }: Window): Instant {
  const rank = rankOf(allowance);
  const ends = allowancesOf(tenant, balance)
    .filter((one) => rankOf(one) > rank && one.from < one.until && one.until > allowance.from)
    .flatMap(({ until }) => (until <= balance.at ? [until] : []));
  return Math.max(startsAt, allowance.from, ...ends);
}

const rankOf = (allowance: Allowance | Mask): number => (isMask(allowance) ? allowance.rank : 0);

const amountLeft = (whole: Amount | undefined, carried: Amount) => ({
  amount: whole === undefined ? 0n : positive(whole - carried),
  unlimited: whole === undefined,
});

const excessOf = (whole: Amount | undefined, carried: Amount): Amount =>
  whole === undefined ? 0n : positive(carried - whole);

/** What a window was used for until the grant of this line ended, with all that came before it. */
const spentOf = (line: Line | undefined): Amount => (line === undefined ? 0n : line.carried + (line.spent ?? 0n));

/** The line of the newest grant of this window of this family. */
const lastOf = (balance: Balance, family: string, window: Window): Line | undefined =>
  balance.grants.findLast(
    ({ line }) =>
      line?.family === family && line.window.startsAt === window.startsAt && line.window.endsAt === window.endsAt,
  )?.line;

const familyOf = (allowance: Allowance | Mask): string => {
  const { unit, count, anchor, zone } = allowance.rule;
  const whose = isMask(allowance) ? allowance.id : allowance.subscription;
  return `${whose}: every ${count} ${unit} from ${anchor} in ${zone}`;
};

/**
 * What the plans held in this window come to, each for the part of the window that it was held or will be; unlimited for what
 * was used of it.
 */
function proratedOf(
  tenant: Tenant,
  balance: Balance,
  allowance: Allowance,
  { window, since }: Line,
): Amount | undefined {
  if (allowance.amount === undefined || !Number.isFinite(window.endsAt)) return allowance.amount;
  const family = familyOf(allowance);
  const held = allowancesOf(tenant, balance).filter((one) => familyOf(one) === family && one.amount !== undefined);
  const weighted = held.map(({ from, until, amount = 0n }) => {
    const [start, end] = [Math.max(from, since), Math.min(until, window.endsAt)];
    return end > start ? amount * BigInt(end - start) : 0n;
  });
  const usedFreely = balance.grants
    .filter(({ unlimited, line }) => unlimited && line?.family === family && line.window.endsAt === window.endsAt)
    .map(({ line }) => line?.spent ?? 0n);
  return sum(usedFreely) + sum(weighted) / BigInt(window.endsAt - window.startsAt);
}

/** The end of the window that overage is counted in now: that of the allowance whose window ends last. */
export const overageWindowEnd = (tenant: Tenant, balance: Balance): Instant | undefined => {
  const ends = allowancesNow(tenant, balance).flatMap((one) =>
    isMask(one) ? [] : [windowAt(one.rule, balance.at).endsAt],
  );
  return ends.length === 0 ? undefined : Math.max(...ends);
};

/** Overage ends with its window, and with the last of the allowances. */
export function turnOverage(balance: Balance, windowEnd: Instant | undefined): void {
  if (windowEnd === undefined) return;
  const isAllowed = balance.grants.some((grant) => grant.line !== undefined && isActive(balance, grant));
  if (windowEnd <= balance.at || !isAllowed) balance.turnedAfter = versionOf(balance);
}

/** A balance that nobody has drawn on: its window begins to count now. */
export function newBalance(tenant: Tenant, subject: string, feature: string): Balance {
  const balance: Balance = {
    subject,
    feature,
    at: tenant.clock,
    interval: 1,
    issued: 0,
    passed: tenant.clock,
    turnedAfter: 0,
    grants: [],
    holds: [],
    consumptions: [],
    claims: [],
    released: [],
    reports: [],
    facts: [],
  };
  renew(tenant, balance);
  return balance;
}

export function openBalance(tenant: Tenant, subject: string, feature: string): Balance {
  const balance = balanceOf(tenant, subject, feature) ?? newBalance(tenant, subject, feature);
  tenant.balances.set(`${feature}/${subject}`, balance);
  return balance;
}

/** What everybody does who is about to change a balance: lets time pass and writes down what it did. */
export function freshen(tenant: Tenant, balance: Balance, until = tenant.clock): void {
  passTime(tenant, balance, until);
  if (balance.passed !== undefined) record(balance, "boundary", 0n, balance.passed);
}
