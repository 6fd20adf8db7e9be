import type { ConsumeOutcome } from "../foundation/outcome.ts";
import { consume as call, type ConsumeCall, type ConsumeRow } from "../store/balances.ts";
import type { Session } from "../store/database.ts";
import { type ConsumeInput, callOf, outcomeOf } from "./consumption.ts";

/**
 * Takes an amount from a balance, once per key, or refuses and leaves nothing. Part of whatever transaction `tx` is; a
 * thin caller of `purser.consume_in_slot`, which says the rest.
 */
export function consume(tx: Session, input: ConsumeInput): Promise<ConsumeOutcome> {
  return consumeBy((checked) => call(tx, checked), input);
}

/** The same, asked of whoever takes the call. */
export async function consumeBy(
  ask: (call: ConsumeCall) => Promise<ConsumeRow>,
  input: ConsumeInput,
): Promise<ConsumeOutcome> {
  const checked = callOf(input);
  return "outcome" in checked ? checked : outcomeOf(await ask(checked));
}
