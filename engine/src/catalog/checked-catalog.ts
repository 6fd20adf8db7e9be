import { Fault } from "../foundation/fault.ts";
import { type FeatureKindRow, featureKinds, newestRevision, type RevisionRow } from "../store/catalog.ts";
import type { Session } from "../store/database.ts";
import { completeCatalog } from "./catalog-completion.ts";
import { type CatalogProblem, problemAt, type ValidCatalog, validateCatalog } from "./validation.ts";

/** A catalogue that could be published on top of the newest revision, or all that is wrong with it. */
export type CheckedCatalog =
  | { readonly catalog: ValidCatalog; readonly newest: RevisionRow | undefined }
  | { readonly problems: readonly CatalogProblem[] };

/** Completes a catalogue from the published one and checks it, by itself and against what was published before. */
export async function checkedCatalog(session: Session, input: unknown): Promise<CheckedCatalog> {
  const newest = await newestRevision(session);
  const checked = validateCatalog(completeCatalog(input, newest?.content));
  if ("problems" in checked) return checked;
  const problems = lostFeatures(checked.catalog, await featureKinds(session));
  return problems.length > 0 ? { problems } : { catalog: checked.catalog, newest };
}

/** Balances are kept by kind and by holder, so a feature keeps both for as long as it lives. */
function lostFeatures({ features }: ValidCatalog, known: readonly FeatureKindRow[]): CatalogProblem[] {
  return known.flatMap((was) => {
    const wanted = features[was.key];
    if (wanted === undefined) return [];
    return (["kind", "per"] as const).flatMap((field) =>
      wanted[field] === was[field]
        ? []
        : problemAt(
            ["features", was.key, field],
            `is ${was[field]} and cannot become ${wanted[field]}; take another key`,
          ),
    );
  });
}

/** What a revision said, by the rules of this version of Purser. */
export function contentOf(revision: RevisionRow | undefined): ValidCatalog | undefined {
  if (revision === undefined) return undefined;
  const checked = validateCatalog(revision.content);
  if ("catalog" in checked) return checked.catalog;
  const [problem] = checked.problems;
  throw new Fault(
    "catalog_mismatch",
    `revision ${revision.revision} of the catalogue was published by another version of Purser: ${problem?.path} ${problem?.problem}`,
  );
}
