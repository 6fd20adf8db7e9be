import { canonicalHash, canonicalJson, type Json } from "../foundation/canonical.ts";
import { now } from "../foundation/clock.ts";
import { featureKinds, newestRevision, newestVersions, publishCatalog as publish } from "../store/catalog.ts";
import type { Session } from "../store/database.ts";
import { catalogRows } from "./catalog-rows.ts";
import { type CatalogProblem, validateCatalog } from "./validation.ts";

export type PublishOutcome =
  | { readonly outcome: "published" | "unchanged"; readonly revision: number }
  | { readonly outcome: "revision_conflict"; readonly revision: number }
  | { readonly outcome: "invalid_input"; readonly field: string; readonly problems: readonly CatalogProblem[] };

/**
 * Publishes a catalogue: all of it or nothing. A plan or product whose terms changed gets a new version; those who hold an
 * older one keep it. The same catalogue again is `unchanged`. `revision_conflict`: somebody published since the newest
 * revision was read; look at theirs and publish again.
 */
export async function publishCatalog(
  tx: Session,
  input: { readonly catalog: unknown; readonly actor: string },
): Promise<PublishOutcome> {
  const checked = validateCatalog(input.catalog);
  if ("problems" in checked) return invalid(checked.problems);
  const content = checked.catalog as Json;
  const contentHash = canonicalHash(content).toString("hex");
  const newest = await newestRevision(tx);
  if (newest?.content_hash === contentHash) return { outcome: "unchanged", revision: newest.revision };

  // Balances are kept by kind, so a feature keeps the one it was published with for as long as it lives.
  const changedKinds = (await featureKinds(tx)).flatMap(({ key, kind }) => {
    const wanted = checked.catalog.features[key];
    return wanted === undefined || wanted.kind === kind
      ? []
      : [{ path: `features.${key}.kind`, problem: `is ${kind} and cannot become ${wanted.kind}; take another key` }];
  });
  if (changedKinds.length > 0) return invalid(changedKinds);

  const known = await newestVersions(tx);
  const at = now();
  const { outcome, revision } = await publish(tx, {
    expectedRevision: newest?.revision ?? 0,
    contentHash,
    content: canonicalJson(content),
    rows: JSON.stringify(catalogRows(checked.catalog, known, at)),
    actor: input.actor,
    at,
  });
  return outcome === "published" ? { outcome, revision } : { outcome: "revision_conflict", revision };
}

function invalid(problems: readonly CatalogProblem[]): PublishOutcome {
  return { outcome: "invalid_input", field: problems[0]?.path ?? "catalog", problems };
}
