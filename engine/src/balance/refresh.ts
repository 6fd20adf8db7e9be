import type { refreshOutcomes } from "../foundation/outcome.ts";
import { asName } from "../foundation/text.ts";
import { refresh as call } from "../store/balances.ts";
import type { Session } from "../store/database.ts";

export interface RefreshInput<Feature extends string = string> {
  readonly tenant: string;
  readonly feature: Feature;
  readonly subject?: string | undefined;
}

export type RefreshBalanceOutcome =
  | {
      readonly outcome: "refreshed" | "unchanged";
      /** The balance's version; null where nobody has used it yet, so that there is none. */
      readonly version: number | null;
    }
  | { readonly outcome: Exclude<(typeof refreshOutcomes)[number], "refreshed" | "unchanged">; readonly field?: string };

/** Turns one balance if time has made it due. A thin caller of `purser.refresh`, which says the rest. */
export async function refresh(tx: Session, input: RefreshInput): Promise<RefreshBalanceOutcome> {
  const tenant = asName(input.tenant);
  if (tenant === undefined) return { outcome: "invalid_input", field: "tenant" };
  const feature = asName(input.feature);
  if (feature === undefined) return { outcome: "invalid_input", field: "feature" };
  const subject = asName(input.subject ?? "", true);
  if (subject === undefined) return { outcome: "invalid_input", field: "subject" };
  const row = await call(tx, tenant, feature, subject);
  if (row.outcome === "refreshed" || row.outcome === "unchanged") {
    return { outcome: row.outcome, version: row.version === null ? null : Number(row.version) };
  }
  return {
    outcome: row.outcome as Exclude<RefreshBalanceOutcome["outcome"], "refreshed" | "unchanged">,
    ...(row.field === null ? {} : { field: row.field }),
  };
}
