import { revisionsBefore } from "../store/catalog.ts";
import type { Session } from "../store/database.ts";

/** That the catalogue was published: who, when, and what, by its hash. Revisions are only ever added. */
export interface CatalogRevision {
  readonly revision: number;
  readonly publishedBy: string;
  readonly publishedAt: Date;
  /** SHA-256 over the canonical content, in hexadecimal. */
  readonly contentHash: string;
}

/** Revisions, newest first: all of them, or at most `count`; those before one of them where it is named. */
export async function catalogRevisions(
  session: Session,
  input: { readonly before?: number | undefined; readonly count?: number | undefined },
): Promise<CatalogRevision[]> {
  return (await revisionsBefore(session, input.before ?? null, input.count ?? null)).map((row) => ({
    revision: row.revision,
    publishedBy: row.published_by,
    publishedAt: row.published_at,
    contentHash: row.content_hash,
  }));
}
