import { newestRevision } from "../store/catalog.ts";
import type { Session } from "../store/database.ts";

/** What is on sale, as it was published. */
export interface PublishedCatalog {
  readonly revision: number;
  readonly publishedBy: string;
  readonly publishedAt: Date;
  /** Valid when it was published, by the rules of the version that published it. */
  readonly content: unknown;
}

/** The newest revision of the catalogue, or undefined where none was published. */
export async function publishedCatalog(session: Session): Promise<PublishedCatalog | undefined> {
  const row = await newestRevision(session);
  if (row === undefined) return undefined;
  return {
    revision: row.revision,
    publishedBy: row.published_by,
    publishedAt: row.published_at,
    content: row.content,
  };
}
