// The engine over whatever catalogue is published: the server knows its keys only while it runs.
import { type CatalogInput, createPurser, type Purser } from "@purser/engine";
import type { Pool } from "pg";

/**
 * A catalogue of which the compiler knows no key. A kind of `never` fits every list of kinds, so that any text may be
 * consumed or asked about; what it is decides the database.
 */
interface OpenCatalog extends Omit<CatalogInput, "features"> {
  readonly features: {
    readonly [key: string]: Omit<CatalogInput["features"][string], "kind"> & { readonly kind: never };
  };
}

export type OpenPurser = Purser<OpenCatalog>;

/** The engine on a pool with no catalogue of its own: every word is looked up in the published one, when it is used. */
export function openPurser(database: Pool): OpenPurser {
  return createPurser<OpenCatalog>({ catalog: { tiers: {}, features: {}, plans: {} }, database });
}
