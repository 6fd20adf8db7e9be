// One balance of the model: what its grants, consumptions and holds add up to, worked out from all of them each time.
import type { Instant } from "./instant.ts";
import { type Amount, least, sum } from "./quantity.ts";
import type { Balance, Fact, Grant, Hold, Payment } from "./state.ts";

export const paymentsOf = (balance: Balance, grant: Grant): Payment[] =>
  balance.consumptions.flatMap(({ payments }) => payments.filter((payment) => payment.grant === grant.number));

/** What was paid by the grant and not given back to it. */
export const usedOf = (balance: Balance, grant: Grant): Amount =>
  sum(paymentsOf(balance, grant).map(({ amount, restored }) => amount - restored));

/** What open holds keep of the grant for themselves. */
export const pinnedOf = (balance: Balance, grant: Grant): Amount =>
  sum(
    openHolds(balance).flatMap(({ pins = [] }) =>
      pins.filter((pin) => pin.grant === grant.number).map(({ amount }) => amount),
    ),
  );

export const openHolds = (balance: Balance): Hold[] => balance.holds.filter(({ status }) => status === "open");

export const isActive = (balance: Balance, { effectiveAt, endsAt }: Grant): boolean =>
  effectiveAt <= balance.at && balance.at < endsAt;

/** Lower priority number, then earlier expiry, then earlier issue. */
export const burnOrder = (grants: readonly Grant[]): Grant[] =>
  grants.toSorted(
    (one, other) =>
      one.priority - other.priority ||
      (one.expiresAt === other.expiresAt ? 0 : one.expiresAt < other.expiresAt ? -1 : 1) ||
      one.number - other.number,
  );

export const activeGrants = (balance: Balance): Grant[] =>
  burnOrder(balance.grants.filter((grant) => isActive(balance, grant)));

export const isUnlimited = (balance: Balance): boolean => activeGrants(balance).some(({ unlimited }) => unlimited);

/** What the grants in force come to, what of it is used, and what holds have set aside of it. */
export function standingOf(balance: Balance): { granted: Amount; used: Amount; held: Amount } {
  const active = activeGrants(balance);
  const unpinned = openHolds(balance).filter(({ pins }) => pins === undefined);
  return {
    granted: sum(active.map(({ amount }) => amount)),
    used: sum(active.map((grant) => usedOf(balance, grant))),
    held: sum([...active.map((grant) => pinnedOf(balance, grant)), ...unpinned.map(({ funded }) => funded)]),
  };
}

/** What may still be taken; undefined while that is unlimited. */
export function availableOf(balance: Balance): Amount | undefined {
  if (isUnlimited(balance)) return undefined;
  const { granted, used, held } = standingOf(balance);
  return granted - used - held;
}

/** What went beyond the grants since a window last turned. */
export const overageOf = (balance: Balance): Amount =>
  sum(
    balance.consumptions
      .filter(({ version }) => version > balance.turnedAfter)
      .map(({ overage, overageReversed }) => overage - overageReversed),
  );

/** By how much more was used than there is: overage, and what a window was used for before its allowance became smaller. */
export const excessOf = (balance: Balance): Amount =>
  overageOf(balance) + sum(activeGrants(balance).map(({ line }) => line?.excess ?? 0n));

/** Which grants pay for this much now, one after the other; an unlimited one pays alone. The amount has to be there. */
export function payers(balance: Balance, amount: Amount): { grant: number; amount: Amount }[] {
  const active = activeGrants(balance);
  const unlimited = active.find((grant) => grant.unlimited);
  if (unlimited !== undefined) return amount === 0n ? [] : [{ grant: unlimited.number, amount }];
  let missing = amount;
  const stretches = active.flatMap((grant) => {
    const taken = least(missing, grant.amount - usedOf(balance, grant) - pinnedOf(balance, grant));
    missing -= taken;
    return taken === 0n ? [] : [{ grant: grant.number, amount: taken }];
  });
  if (missing !== 0n) throw new Error(`the model lets ${amount} be taken and has ${missing} too little`);
  return stretches;
}

export const paid = (stretches: readonly { grant: number; amount: Amount }[], pinned = false): Payment[] =>
  stretches.map((stretch) => ({ ...stretch, pinned, restored: 0n, lapsed: 0n }));

/** What was taken until now is final, and every hold learns in the order of reservation which grants it will burn. */
export function closeInterval(balance: Balance): void {
  for (const hold of openHolds(balance)) hold.pins ??= payers(balance, hold.funded);
  balance.interval += 1;
}

export const grantOf = (balance: Balance, number: number): Grant => {
  const grant = balance.grants.find((one) => one.number === number);
  if (grant === undefined) throw new Error(`no grant ${number}`);
  return grant;
};

export const versionOf = (balance: Balance): number => balance.facts.length;

/** Writes one fact down, with the balance as it stands now. */
export function record(balance: Balance, kind: string, amount: Amount, at: Instant = balance.at): Fact {
  for (const grant of balance.grants) if (balance.at < grant.endsAt) grant.traced = true;
  const fact = { version: versionOf(balance) + 1, kind, amount, balanceAfter: availableOf(balance), recordedAt: at };
  balance.facts.push(fact);
  balance.passed = undefined;
  return fact;
}
