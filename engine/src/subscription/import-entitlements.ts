import { contentOf } from "../catalog/checked-catalog.ts";
import { type ImportProblem, importedCatalog } from "../catalog/import-entitlements.ts";
import { publishCatalog } from "../catalog/publish-catalog.ts";
import { newestRevision } from "../store/catalog.ts";
import type { Session } from "../store/database.ts";
import { type ImportedTenants, importTenants } from "./import-tenants.ts";

export type ImportOutcome =
  | ({
      /** `unchanged`: everything that the source says was there already. */
      readonly outcome: "imported" | "unchanged";
      /** The revision of the catalogue that has the typed inclusions. */
      readonly revision: number;
      readonly plans: number;
      readonly products: number;
      /** Products of the source that grant nothing, and were left out. */
      readonly notGranting: readonly string[];
      /** Places of the source that mean nothing here. */
      readonly ignored: readonly string[];
    } & ImportedTenants)
  | { readonly outcome: "catalog_unpublished" }
  | { readonly outcome: "revision_conflict"; readonly revision: number }
  | { readonly outcome: "invalid_input"; readonly field: string; readonly problems: readonly ImportProblem[] };

/** Carries a refusal out of a transaction in which something was written before it was found. */
export class ImportRefused extends Error {
  readonly outcome: ImportOutcome;

  constructor(outcome: ImportOutcome) {
    super(outcome.outcome);
    this.name = "ImportRefused";
    this.outcome = outcome;
  }
}

/**
 * Turns another system's JSON entitlements into typed inclusions, publishes them, and gives its tenants their plan, their
 * purchases and what they had used: all of it or, by throwing `ImportRefused`, nothing. The features must be published: they
 * are the definitions. The source is read here and never again.
 */
export async function importEntitlements(
  tx: Session,
  input: { readonly source: unknown; readonly actor: string },
): Promise<ImportOutcome> {
  const published = contentOf(await newestRevision(tx));
  if (published === undefined) return { outcome: "catalog_unpublished" };
  const read = importedCatalog(published, input.source);
  if ("problems" in read) return refused(read.problems);
  const { catalog, source, notGranting, ignored } = read;
  const publishing = await publishCatalog(tx, { catalog, actor: input.actor });
  if (publishing.outcome === "invalid_input") {
    throw new ImportRefused(
      refused(publishing.problems.map((problem) => ({ ...problem, row: "the catalogue with it" }))),
    );
  }
  if (publishing.outcome === "revision_conflict") throw new ImportRefused(publishing);
  const { done, problems } = await importTenants(tx, {
    tenants: source.tenants,
    kindOf: (feature) => (Object.hasOwn(catalog.features, feature) ? catalog.features[feature]?.kind : undefined),
    actor: input.actor,
  });
  if (problems.length > 0) throw new ImportRefused(refused(problems));
  const changed = done.tenants + done.subscriptions + done.grants + done.consumptions > 0;
  return {
    outcome: changed || publishing.outcome === "published" ? "imported" : "unchanged",
    revision: publishing.revision,
    plans: source.plans.length,
    products: source.products.length - notGranting.length,
    notGranting,
    ignored,
    ...done,
  };
}

function refused(problems: readonly ImportProblem[]): ImportOutcome {
  return { outcome: "invalid_input", field: problems[0]?.path ?? "source", problems };
}
