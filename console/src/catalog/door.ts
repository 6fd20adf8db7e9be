// Asking the server about a catalogue that somebody is editing, and publishing it.
import { type ProblemField, PurserError } from "@purser/sdk";
import { askServer, type Mode } from "../session.tsx";

/** One place at which a catalogue is wrong. */
export interface CatalogProblem {
  readonly path: string;
  /** Of the place in the catalogue. */
  readonly pointer: string;
  readonly problem: string;
}

interface Tenants {
  readonly count: number;
  /** The first of them. */
  readonly tenants: readonly string[];
}
interface SectionDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}
export interface Comparison {
  readonly revision: number;
  readonly equal: boolean;
  readonly sections: Readonly<Record<string, SectionDiff>>;
  readonly changes: readonly { readonly path: string; readonly from?: unknown; readonly to?: unknown }[];
  readonly versions: readonly {
    readonly of: "plan" | "product";
    readonly key: string;
    readonly from: number;
    readonly to: number;
  }[];
  /** Null where the session may not name tenants. */
  readonly plans:
    | readonly {
        readonly plan: string;
        readonly holders: number;
        readonly gain: Tenants;
        readonly lose: Tenants;
        readonly over: Tenants;
      }[]
    | null;
}

export type Judged = { readonly problems: readonly CatalogProblem[] } | { readonly comparison: Comparison };

/** What is wrong with a catalogue, or else what publishing it would change. */
export async function judgeCatalog(mode: Mode, catalog: unknown): Promise<Judged> {
  const validity = (await askServer(mode, "POST", "/v1/catalog/validate", { catalog })) as {
    valid: boolean;
    problems: CatalogProblem[];
  };
  if (!validity.valid) return { problems: validity.problems };
  return { comparison: (await askServer(mode, "POST", "/v1/catalog/diff", { catalog })) as Comparison };
}

export type Publication =
  | { readonly outcome: "published" | "unchanged"; readonly revision: number }
  | { readonly outcome: "refused"; readonly detail: string; readonly problems: readonly CatalogProblem[] };

/** Publishes on top of the revision that the comparison was made with, and of no other. */
export async function publishCatalog(mode: Mode, catalog: unknown, revision: number): Promise<Publication> {
  try {
    const headers = { "if-match": `"${revision}"` };
    return (await askServer(mode, "PUT", "/v1/catalog", { catalog }, headers)) as Publication;
  } catch (error) {
    if (!(error instanceof PurserError) || error.code === "network_failed") throw error;
    const detail =
      error.code === "revision_conflict"
        ? "Somebody published another catalogue meanwhile. Load it, and make your change on top."
        : error.message.slice(error.code.length + 2);
    return { outcome: "refused", detail, problems: error.errors.map(asProblem) };
  }
}

const asProblem = ({ field, pointer = "", detail }: ProblemField): CatalogProblem => ({
  path: field,
  pointer: pointer.replace(/^#?\/catalog/, ""),
  problem: detail,
});
