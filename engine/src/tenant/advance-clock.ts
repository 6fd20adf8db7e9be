import { asName } from "../foundation/text.ts";
import type { Session } from "../store/database.ts";
import { advanceTestClock } from "../store/tenants.ts";

export type AdvanceClockOutcome =
  | { readonly outcome: "advanced"; readonly now: Date }
  | { readonly outcome: "tenant_unknown" | "not_a_test_tenant" }
  | { readonly outcome: "invalid_input"; readonly field: string };

/**
 * Moves a test tenant's clock forward to an instant. Trials, windows, expiries: everything that time makes due for this
 * tenant follows from it. Backwards is `invalid_input`.
 */
export async function advanceClock(
  tx: Session,
  input: { readonly tenant: string; readonly to: Date },
): Promise<AdvanceClockOutcome> {
  const tenant = asName(input.tenant);
  if (tenant === undefined) return { outcome: "invalid_input", field: "tenant" };
  if (Number.isNaN(input.to.getTime())) return { outcome: "invalid_input", field: "to" };
  const row = await advanceTestClock(tx, tenant, input.to);
  if (row?.outcome === "advanced" && row.now_at !== null) return { outcome: "advanced", now: row.now_at };
  if (row?.outcome === "tenant_unknown" || row?.outcome === "not_a_test_tenant") return { outcome: row.outcome };
  return { outcome: "invalid_input", field: row?.field ?? "to" };
}
