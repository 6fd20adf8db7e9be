import { canonicalHash, canonicalJson, type Json } from "../foundation/canonical.ts";
import { now } from "../foundation/clock.ts";
import { newestVersions, publishCatalog as publish } from "../store/catalog.ts";
import type { Session } from "../store/database.ts";
import { isEmptying, sellsNothing } from "./catalog-diff.ts";
import { catalogRows } from "./catalog-rows.ts";
import { checkedCatalog, contentOf } from "./checked-catalog.ts";
import { type CatalogProblem, problemAt } from "./validation.ts";

const UNCONFIRMED = "would take every plan and product off sale; where that is meant, confirm it with emptying";

export type PublishOutcome =
  | { readonly outcome: "published" | "unchanged"; readonly revision: number }
  | { readonly outcome: "revision_conflict"; readonly revision: number }
  | { readonly outcome: "invalid_input"; readonly field: string; readonly problems: readonly CatalogProblem[] };

export interface PublishInput {
  /** Typed or JSON. Inclusions that it leaves out stay as they are published; empty ones are cleared. */
  readonly catalog: unknown;
  /** The revision that was looked at; 0 where none was published. The newest there is where it is not said. */
  readonly expectedRevision?: number | undefined;
  /** Confirms that nothing is on sale afterwards; without it a catalogue without plans and products is `invalid_input`. */
  readonly emptying?: boolean | undefined;
  readonly actor: string;
}

/**
 * Publishes a catalogue: all of it or nothing. A plan or product whose terms changed gets a new version; those who hold an
 * older one keep it. The same catalogue again is `unchanged`, also where the revision that was expected is no longer the
 * newest, so a retry finds it done. One that takes everything off sale is `invalid_input` until it is confirmed.
 * `revision_conflict`: somebody published since; look at theirs, which is `revision`, and publish again.
 */
export async function publishCatalog(tx: Session, input: PublishInput): Promise<PublishOutcome> {
  const checked = await checkedCatalog(tx, input.catalog);
  if ("problems" in checked) return invalid(checked.problems);
  const { catalog, newest } = checked;
  const content = catalog as Json;
  const contentHash = canonicalHash(content).toString("hex");
  if (newest?.content_hash === contentHash) return { outcome: "unchanged", revision: newest.revision };
  if (sellsNothing(catalog) && input.emptying !== true && isEmptying(contentOf(newest), catalog)) {
    return invalid([problemAt([], UNCONFIRMED)]);
  }
  const expectedRevision = input.expectedRevision ?? newest?.revision ?? 0;
  const known = await newestVersions(tx);
  const at = now();
  const { outcome, revision } = await publish(tx, {
    expectedRevision,
    contentHash,
    content: canonicalJson(content),
    rows: JSON.stringify(catalogRows(catalog, known, at)),
    actor: input.actor,
    at,
  });
  if (outcome === "published" && revision !== null) return { outcome, revision };
  // Who published at this very instant is not seen yet from here, and made the next one.
  return { outcome: "revision_conflict", revision: revision ?? expectedRevision + 1 };
}

function invalid(problems: readonly CatalogProblem[]): PublishOutcome {
  return { outcome: "invalid_input", field: problems[0]?.path ?? "catalog", problems };
}
