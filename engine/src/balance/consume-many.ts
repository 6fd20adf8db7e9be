import type { ConsumeOutcome } from "../foundation/outcome.ts";
import { asName } from "../foundation/text.ts";
import { consumeMany as call } from "../store/balances.ts";
import type { Session } from "../store/database.ts";
import { type ConsumeInput, callOf, outcomeOf } from "./consumption.ts";

const MOST_ITEMS = 1000;
/** With the longest number of an item behind it a key still is one. */
const LONGEST_KEY = 195;

export interface ConsumeItem<Feature extends string = string>
  extends Omit<ConsumeInput<Feature>, "tenant" | "idempotencyKey"> {
  /** The item's own, where the call as a whole has none. */
  readonly idempotencyKey?: string | undefined;
}

export interface ConsumeManyInput<Feature extends string = string> {
  readonly tenant: string;
  /** At most 1,000. */
  readonly items: readonly ConsumeItem<Feature>[];
  /** Of one request that needs several features: its items have the keys `key#1`, `key#2`, …. At most 195 characters. */
  readonly idempotencyKey?: string | undefined;
  /** All of them or none. */
  readonly atomic?: boolean | undefined;
}

/** What came of one item. `batch_refused`: it passed, but another one of an atomic call did not. */
export type ConsumeItemOutcome = (
  | ConsumeOutcome
  | { readonly outcome: "batch_refused"; readonly available?: number }
) & {
  /** Under which key it was asked for; absent where it had none. */
  readonly idempotencyKey?: string;
};

export type ConsumeManyOutcome =
  /** One answer an item, in their order. */
  | { readonly outcome: "answered"; readonly items: readonly ConsumeItemOutcome[] }
  /** The call itself cannot be read: `tenant`, `items` or `idempotencyKey`. */
  | { readonly outcome: "invalid_input"; readonly field: string };

/**
 * Takes several amounts, each judged in its order as if it had come alone, or all or none. Part of whatever transaction
 * `tx` is; a thin caller of `purser.consume_many`, which says the rest.
 */
export async function consumeMany(tx: Session, input: ConsumeManyInput): Promise<ConsumeManyOutcome> {
  const { items, idempotencyKey: ofAll } = input;
  const tenant = asName(input.tenant);
  if (tenant === undefined) return { outcome: "invalid_input", field: "tenant" };
  if (!Array.isArray(items) || items.length > MOST_ITEMS) return { outcome: "invalid_input", field: "items" };
  const key = ofAll === undefined ? null : asName(ofAll);
  if (key === undefined || (key ?? "").length > LONGEST_KEY)
    return { outcome: "invalid_input", field: "idempotencyKey" };
  const calls = items.map((item, index) => {
    if (key !== null && item.idempotencyKey !== undefined)
      return { outcome: "invalid_input", field: "idempotencyKey" } as const;
    return callOf({
      ...item,
      tenant,
      idempotencyKey: key === null ? (item.idempotencyKey ?? "") : `${key}#${index + 1}`,
    });
  });
  // What cannot be sent stands as an item that is refused, so that the others keep their places and an atomic call its law.
  const rows = await call(tx, {
    tenant,
    items: JSON.stringify(
      calls.map((checked) =>
        "outcome" in checked
          ? {}
          : {
              feature: checked.feature,
              amount: checked.amount,
              ...(key === null ? { idempotency_key: checked.idempotencyKey } : {}),
              subject: checked.subject,
              ...(checked.occurredAt === null ? {} : { occurred_at: checked.occurredAt.toISOString() }),
              ...(checked.metadata === null ? {} : { metadata: JSON.parse(checked.metadata) as unknown }),
            },
      ),
    ),
    idempotencyKey: key,
    atomic: input.atomic ?? false,
  });
  return {
    outcome: "answered",
    items: rows.map((row, index) => {
      const checked = calls[index];
      const outcome = checked !== undefined && "outcome" in checked ? checked : outcomeOf(row);
      return { ...outcome, ...(row.idempotency_key === null ? {} : { idempotencyKey: row.idempotency_key }) };
    }),
  };
}
