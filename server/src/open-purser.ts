// The engine over whatever catalogue is published: the server knows its keys only while it runs.
import { type CatalogInput, createPurser, type Purser, validateCatalog } from "@purser/engine";
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

export interface PublishedPurser {
  readonly purser: OpenPurser;
  /** Takes over the newest published catalogue. Capabilities are resolved by it; everything else is read in SQL. */
  readonly refresh: () => Promise<void>;
}

const empty: OpenCatalog = { tiers: {}, features: {}, plans: {} };

/** The engine on a pool, with the catalogue that is published there, if one is. */
export async function openPurser(database: Pool): Promise<PublishedPurser> {
  let revision = 0;
  let current = empty;
  // The engine keeps the object it was given, so that object looks the newest catalogue up.
  const catalog: OpenCatalog = {
    get tiers() {
      return current.tiers;
    },
    get features() {
      return current.features;
    },
    get capabilities() {
      return current.capabilities ?? {};
    },
    get plans() {
      return current.plans;
    },
    get products() {
      return current.products ?? {};
    },
  };
  const purser = createPurser<OpenCatalog>({ catalog, database });
  const refresh = async () => {
    const published = await purser.publishedCatalog();
    if (published === undefined || published.revision === revision) return;
    const checked = validateCatalog(published.content);
    // One of a newer version of Purser, with words that this one does not know: its features still work by their keys.
    if (!("catalog" in checked)) return;
    current = checked.catalog as unknown as OpenCatalog;
    revision = published.revision;
  };
  await refresh();
  return { purser, refresh };
}
