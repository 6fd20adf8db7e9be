import { z } from "zod";
import { nothing, route } from "./route.ts";
import { time } from "./wire.ts";

export const getCatalog = route({
  method: "GET",
  path: "/v1/catalog",
  operation: "getCatalog",
  summary: "The published catalogue: tiers, features, capabilities, plans and products.",
  scope: "catalog:read",
  params: nothing,
  query: nothing,
  body: undefined,
  keyed: false,
  answers: {
    found: z.strictObject({ revision: z.int(), publishedBy: z.string(), publishedAt: time, catalog: z.json() }),
  },
  refusals: ["catalog_unpublished"],
  async handle({ purser }) {
    const published = await purser.publishedCatalog();
    if (published === undefined) return { outcome: "catalog_unpublished" };
    const { content, ...revision } = published;
    return { outcome: "found", body: { ...revision, catalog: content } };
  },
});
