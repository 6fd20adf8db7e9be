import { findRevision, newestRevision } from "../store/catalog.ts";
import type { Session } from "../store/database.ts";

/** What is on sale, or was, as it was published. */
export interface PublishedCatalog {
  readonly revision: number;
  readonly publishedBy: string;
  readonly publishedAt: Date;
  /** Valid when it was published, by the rules of the version that published it. */
  readonly content: unknown;
}

/** Revisions are numbered from 1 by an `integer`; there is none beyond. */
const LAST = 2_147_483_647;

/** The newest revision of the catalogue, or the one that is named; undefined where there is none. */
export async function publishedCatalog(
  session: Session,
  { revision }: { readonly revision?: number | undefined } = {},
): Promise<PublishedCatalog | undefined> {
  if (revision !== undefined && !(Number.isInteger(revision) && revision > 0 && revision <= LAST)) return undefined;
  const row = revision === undefined ? await newestRevision(session) : await findRevision(session, revision);
  if (row === undefined) return undefined;
  return {
    revision: row.revision,
    publishedBy: row.published_by,
    publishedAt: row.published_at,
    content: row.content,
  };
}
