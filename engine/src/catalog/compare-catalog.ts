import { newestVersions } from "../store/catalog.ts";
import type { Session } from "../store/database.ts";
import { affectedTenants, joined, type PlanEffect, planChanges } from "./affected-tenants.ts";
import { type CatalogDiff, diffCatalog } from "./catalog-diff.ts";
import { checkedCatalog, contentOf } from "./checked-catalog.ts";
import type { CatalogProblem } from "./validation.ts";

/** How many holders one statement looks at. */
const PAGE = 500;

export interface CompareInput {
  /** Typed or JSON; what publishing it would do is what is compared. */
  readonly catalog: unknown;
  /** How many tenants that hold a changed plan to look at; all of them where it is not said, 0 for none. */
  readonly tenants?: number | undefined;
  /** Goes on after this tenant: the `nextTenant` of the answer before. */
  readonly after?: string | undefined;
  /** Names and counts tenants of one mode only. */
  readonly mode?: "live" | "test" | undefined;
}

export type CompareOutcome =
  | {
      readonly outcome: "compared";
      /** The newest revision, which it was compared with; 0 where none was published. */
      readonly revision: number;
      readonly diff: CatalogDiff;
      /** The changed plans and those that go off sale, with the tenants that hold them. */
      readonly plans: readonly PlanEffect[];
      /** The last tenant that was looked at, where there are more; else null. */
      readonly nextTenant: string | null;
    }
  | { readonly outcome: "invalid_input"; readonly field: string; readonly problems: readonly CatalogProblem[] };

/**
 * Compares a catalogue with the newest published one, and says whom its changes would touch if those who hold a changed plan
 * were moved to its new terms. Publishing alone moves nobody. Changes nothing.
 */
export async function compareCatalog(session: Session, input: CompareInput): Promise<CompareOutcome> {
  const checked = await checkedCatalog(session, input.catalog);
  if ("problems" in checked) {
    return { outcome: "invalid_input", field: checked.problems[0]?.path ?? "catalog", problems: checked.problems };
  }
  const published = contentOf(checked.newest);
  const diff = diffCatalog(published, checked.catalog, await newestVersions(session));
  const changes = await planChanges(session, published, checked.catalog);
  let plans: readonly PlanEffect[] = [];
  let [after, next]: [string, string | undefined] = [input.after ?? "", undefined];
  for (let left = input.tenants ?? Infinity; left > 0; left -= PAGE) {
    const page = await affectedTenants(session, changes, { after, count: Math.min(PAGE, left), mode: input.mode });
    plans = joined(plans, page.plans);
    next = page.next;
    if (next === undefined) break;
    after = next;
  }
  return {
    outcome: "compared",
    revision: checked.newest?.revision ?? 0,
    diff,
    plans,
    nextTenant: next ?? null,
  };
}
