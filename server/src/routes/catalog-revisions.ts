import { z } from "zod";
import { publishedShape, tagOf } from "./catalog.ts";
import { published as example, revisions as exampleRevisions } from "./catalog-examples.ts";
import { cursorAfter, nextCursor, page } from "./paging.ts";
import { nothing, route } from "./route.ts";
import { time } from "./wire.ts";

const REVISION = "must be a whole number from 1 to 2147483647";
const isRevision = (text: string) => /^[1-9]\d{0,9}$/.test(text) && Number(text) <= 2_147_483_647;

const revision = z
  .strictObject({
    revision: z.int(),
    publishedBy: z.string(),
    publishedAt: time,
    contentHash: z.string().meta({ description: "SHA-256 over the canonical content, in hexadecimal." }),
  })
  .meta({ id: "CatalogRevision", description: "That the catalogue was published: who and when. Never changed." });

export const listCatalogRevisions = route({
  method: "GET",
  path: "/v1/catalog/revisions",
  operation: "listCatalogRevisions",
  summary: "Every publication of the catalogue, newest first, a page at a time.",
  scope: "catalog:read",
  params: nothing,
  query: z.strictObject(page(1, 100)),
  body: undefined,
  keyed: false,
  answers: {
    found: z.strictObject({ revisions: z.array(revision), nextCursor }).meta({ id: "CatalogRevisionPage" }),
  },
  refusals: [],
  example: { query: { limit: "1" }, answer: exampleRevisions },
  async handle({ purser }, { query: { limit = 100, cursor } }) {
    const [before] = cursor ?? [];
    if (before !== undefined && !isRevision(before)) {
      const error = { in: "query", field: "cursor", detail: "must be the nextCursor of a page" } as const;
      return { outcome: "invalid_input", errors: [error] };
    }
    // One more than asked for tells whether there is another page.
    const from = before === undefined ? {} : { before: Number(before) };
    const found = await purser.catalogRevisions({ ...from, count: limit + 1 });
    const revisions = found.slice(0, limit);
    const last = revisions.at(-1);
    const next = found.length > limit && last !== undefined ? cursorAfter([String(last.revision)]) : null;
    return { outcome: "found", body: { revisions, nextCursor: next } };
  },
});

export const getCatalogRevision = route({
  method: "GET",
  path: "/v1/catalog/revisions/{revision}",
  operation: "getCatalogRevision",
  summary: "The catalogue as one of its revisions had it.",
  description: "To see what publishing it again would change, send its `catalog` to be compared.",
  scope: "catalog:read",
  params: z.strictObject({
    revision: z
      .string(REVISION)
      .refine(isRevision, REVISION)
      .transform(Number)
      .meta({ wire: { type: "integer", minimum: 1, maximum: 2_147_483_647 } }),
  }),
  query: nothing,
  body: undefined,
  keyed: false,
  answers: { found: publishedShape },
  refusals: ["revision_unknown"],
  // A revision never changes.
  strongTag: (answer) => tagOf("revision" in answer ? Number(answer.revision) : 0),
  example: { params: { revision: "2" }, answer: example },
  async handle({ purser }, { params }) {
    const found = await purser.publishedCatalog(params);
    if (found === undefined) return { outcome: "revision_unknown" };
    const { content, ...said } = found;
    return { outcome: "found", body: { ...said, catalog: content } };
  },
});
