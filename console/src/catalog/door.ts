// A catalogue that somebody is editing: judged by the server, and published.
import type { CatalogComparison, CatalogProblem, Client } from "@purser/sdk";

export type Judged = { readonly problems: readonly CatalogProblem[] } | { readonly comparison: CatalogComparison };

/** What is wrong with a catalogue, or else what publishing it would change. */
export async function judgeCatalog(client: Client, catalog: unknown): Promise<Judged> {
  const { valid, problems } = await client.catalog.validate({ catalog });
  return valid ? { comparison: await client.catalog.compare({ catalog }) } : { problems };
}

/**
 * Publishes on top of the revision that it was compared with, and of no other; what the comparison says was seen, and
 * confirmed where it takes everything off sale. Answers the revision, or why not.
 */
export async function publishCatalog(
  client: Client,
  catalog: unknown,
  { revision, emptying }: CatalogComparison,
): Promise<{ readonly revision: number } | { readonly refused: string }> {
  const answer = await client.catalog.publish({ catalog, emptying, expectedRevision: revision });
  if (answer.outcome === "revision_conflict") {
    return { refused: "Somebody published another catalogue meanwhile. Load it, and make your change on top." };
  }
  return "detail" in answer ? { refused: answer.detail } : { revision: answer.revision };
}
