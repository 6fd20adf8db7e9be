import { quantityFrom } from "../foundation/quantity.ts";
import { asName } from "../foundation/text.ts";
import { findWord } from "../store/capabilities.ts";
import type { Session } from "../store/database.ts";
import type { CapabilityInput } from "./catalog.ts";

/**
 * The capability that the published catalogue has under a key: a feature where a feature has the key, as in SQL, and
 * undefined where nothing has it. Read afresh, so that what another process published counts at once.
 */
export async function findCapability(
  session: Session,
  key: string,
): Promise<"is a feature" | Required<Pick<CapabilityInput, "feature" | "amount">> | undefined> {
  // What is no name is asked nowhere: whoever consumes it is told so.
  const name = asName(key);
  const row = name === undefined ? undefined : await findWord(session, name);
  if (row?.is_feature === true) return "is a feature";
  if (row === undefined || row.feature === null || row.amount === null) return undefined;
  return { feature: row.feature, amount: quantityFrom(row.amount) };
}
