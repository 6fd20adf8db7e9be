import type { CatalogProblem } from "@purser/engine";
import { z } from "zod";
import type { ProblemField } from "../answer.ts";
import type { Caller } from "../auth.ts";
import { changed, comparison, published, small, wrong } from "./catalog-examples.ts";
import { cursorAfter, nextCursor, page } from "./paging.ts";
import { nothing, route } from "./route.ts";
import { time } from "./wire.ts";

/** A catalogue of a thousand features on ten plans has its place here, and what a value says in JSON. */
const largest = { bytes: 2_097_152, depth: 16 };
/** What is wrong with a catalogue is told so far. */
const PROBLEMS_TOLD = 100;

const catalog = z.json().meta({
  description:
    "As `defineCatalog` takes it. A plan or product without `inclusions` keeps those it was published with; an empty object or list clears them.",
});
const body = z.strictObject({ catalog }).meta({ id: "CatalogRequest" });
const publication = z
  .strictObject({
    catalog,
    emptying: z
      .boolean("must be true or false")
      .meta({ description: "Confirms that nothing is on sale afterwards: a catalogue without plans and products." })
      .exactOptional(),
  })
  .meta({ id: "PublishCatalogRequest" });

export const publishedShape = z
  .strictObject({
    revision: z.int(),
    publishedBy: z.string().meta({ description: "Who published it: a key by its id, or a name that was given." }),
    publishedAt: time,
    catalog: z.json().meta({ description: "With every default written out." }),
  })
  .meta({ id: "PublishedCatalog", description: "A revision of the catalogue: what is on sale, or was." });

export const getCatalog = route({
  method: "GET",
  path: "/v1/catalog",
  operation: "getCatalog",
  summary: "The published catalogue: tiers, features, capabilities, plans and products.",
  description: "Its `ETag` names the revision; `If-Match` of a publication takes it.",
  scope: "catalog:read",
  params: nothing,
  query: nothing,
  body: undefined,
  keyed: false,
  answers: {
    found: publishedShape,
  },
  refusals: ["catalog_unpublished"],
  strongTag: (answer) => tagOf("revision" in answer ? Number(answer.revision) : 0),
  example: { answer: published },
  async handle({ purser }) {
    const newest = await purser.publishedCatalog();
    if (newest === undefined) return { outcome: "catalog_unpublished" };
    const { content, ...revision } = newest;
    return { outcome: "found", body: { ...revision, catalog: content } };
  },
});

export const tagOf = (revision: number) => `"${revision}"`;

export const publishCatalog = route({
  method: "PUT",
  path: "/v1/catalog",
  operation: "publishCatalog",
  summary: "Publishes a catalogue as the next revision: all of it or nothing. The same again changes nothing.",
  description:
    "What it does not name goes off sale, the demo's catalogue too where this example is run; who holds a plan keeps the version they hold. One without plans and products, where there are some, has to be confirmed by `emptying`. With `If-Match` it is published on top of that revision only; `\"0\"` is the one before the first. A key of one tenant, or of test mode, publishes nothing: the catalogue is everybody's.",
  scope: "catalog:write",
  params: nothing,
  query: nothing,
  body: publication,
  keyed: false,
  conditional: true,
  largest,
  answers: {
    published: z
      .strictObject({
        outcome: z
          .enum(["published", "unchanged"])
          .meta({ description: "`unchanged`: the newest revision says this already." }),
        revision: z.int(),
      })
      .meta({ id: "CatalogPublished" }),
  },
  refusals: ["other_tenant", "other_mode", "revision_conflict"],
  example: { body: { catalog: small }, answer: { outcome: "published", revision: 2 } },
  async handle({ purser }, { body: given, ifMatch, caller }) {
    if (caller.tenant !== null) {
      return { outcome: "other_tenant", detail: "This key is for one tenant, and the catalogue is everybody's." };
    }
    if (caller.mode !== "live") {
      return {
        outcome: "other_mode",
        field: "catalog",
        detail: "The catalogue is for live tenants too: use a live key.",
      };
    }
    const [newest] = await purser.catalogRevisions({ count: 1 });
    const expectedRevision = ifMatch === undefined ? undefined : expected(ifMatch, newest?.revision);
    const outcome = await purser.publishCatalog({ ...given, actor: caller.actor, expectedRevision });
    if (outcome.outcome === "invalid_input") return { outcome: "invalid_input", errors: errorsOf(outcome.problems) };
    if (outcome.outcome === "revision_conflict") {
      return { outcome: "revision_conflict", detail: `The newest revision is ${outcome.revision}.` };
    }
    return { outcome: "published", body: outcome };
  },
});

/** The newest revision where one of the tags names it; else one that is not the newest, whatever was meant. */
function expected(tags: readonly string[], newest: number | undefined): number {
  if (newest !== undefined && tags.includes("*")) return newest;
  return tags.includes(tagOf(newest ?? 0)) ? (newest ?? 0) : -1;
}

const catalogProblem = z
  .strictObject({
    path: z.string().meta({ description: "For people, as in `plans.pro.inclusions.projects.max.amount`." }),
    pointer: z.string().meta({ description: "The same place in the catalogue as a JSON pointer." }),
    problem: z.string(),
  })
  .meta({ id: "CatalogProblem" });

export const validateCatalog = route({
  method: "POST",
  path: "/v1/catalog/validate",
  operation: "validateCatalog",
  summary: "Whether a catalogue could be published now, and every place at which it is wrong. Changes nothing.",
  scope: "catalog:read",
  params: nothing,
  query: nothing,
  body,
  keyed: false,
  largest,
  answers: {
    decided: z
      .strictObject({
        valid: z.boolean(),
        problems: z.array(catalogProblem).meta({ description: `The first ${PROBLEMS_TOLD} of them.` }),
      })
      .meta({ id: "CatalogValidity" }),
  },
  refusals: [],
  example: {
    body: { catalog: wrong },
    answer: {
      valid: false,
      problems: [{ path: "plans.free.tier", pointer: "/plans/free/tier", problem: "there is no tier gold" }],
    },
  },
  async handle({ purser }, { body: given }) {
    const compared = await purser.diffCatalog({ catalog: given.catalog, tenants: 0 });
    const problems = compared.outcome === "invalid_input" ? compared.problems.slice(0, PROBLEMS_TOLD) : [];
    return { outcome: "decided", body: { valid: compared.outcome === "compared", problems } };
  },
});

const keys = z.array(z.string());
const sectionDiff = z
  .strictObject({
    added: keys,
    removed: keys.meta({ description: "No longer named: what can be held goes off sale, and who holds it keeps it." }),
    changed: keys,
  })
  .meta({ id: "CatalogSectionDiff" });
const change = z
  .strictObject({ path: z.string(), from: z.json().exactOptional(), to: z.json().exactOptional() })
  .meta({ id: "CatalogChange", description: "A side that is absent says nothing." });
const newVersion = z
  .strictObject({ of: z.enum(["plan", "product"]), key: z.string(), from: z.int(), to: z.int() })
  .meta({ id: "CatalogNewVersion" });
const tenantCount = { count: z.int(), tenants: z.array(z.string()).meta({ description: "The first of them." }) };
const tenants = z.strictObject(tenantCount).meta({ id: "TenantCount" });
const overLimit = z
  .strictObject({
    tenant: z.string(),
    feature: z.string(),
    subject: z.string(),
    uses: z.number(),
    limit: z.number().meta({ description: "That it would have, everything else that was granted counted." }),
  })
  .meta({ id: "OverLimit" });
const versionEffect = z
  .strictObject({ version: z.int(), gains: keys, loses: keys, changes: keys })
  .meta({ id: "VersionEffect", description: "Feature by feature, for those who hold this version." });
const planEffect = z
  .strictObject({
    plan: z.string(),
    holders: z.int(),
    gain: tenants,
    lose: tenants,
    over: z.strictObject({ ...tenantCount, cases: z.array(overLimit) }).meta({ id: "TenantsOver" }),
    versions: z.array(versionEffect),
  })
  .meta({
    id: "PlanEffect",
    description:
      "What moving a changed plan's holders to its new terms would mean; of a plan that goes off sale, how many keep it.",
  });

export const diffCatalog = route({
  method: "POST",
  path: "/v1/catalog/diff",
  operation: "diffCatalog",
  summary: "What publishing a catalogue would change, and which tenants it would touch. Changes nothing.",
  description:
    "Tenants are those of the key's mode that hold a changed plan or one that goes off sale, a page at a time: what is counted and named is of this page. They are told to keys with the scope `tenants:read` that are for all tenants; to others `plans` is null.",
  scope: "catalog:read",
  params: nothing,
  query: z.strictObject(page(1, 1000)),
  body,
  keyed: false,
  largest,
  answers: {
    compared: z
      .strictObject({
        revision: z.int().meta({ description: "That it was compared with; 0 where none was published." }),
        equal: z.boolean(),
        emptying: z.boolean().meta({ description: "Nothing would be on sale any more; to publish that is confirmed." }),
        sections: z
          .strictObject({
            tiers: sectionDiff,
            features: sectionDiff,
            capabilities: sectionDiff,
            plans: sectionDiff,
            products: sectionDiff,
          })
          .meta({ id: "CatalogSections" }),
        changes: z.array(change).meta({ description: "Every change inside the changed entries." }),
        versions: z.array(newVersion),
        plans: z.array(planEffect).nullable(),
        nextCursor,
      })
      .meta({ id: "CatalogComparison" }),
  },
  refusals: [],
  example: { body: { catalog: changed }, answer: comparison },
  async handle({ purser }, { body: given, query: { limit = 1000, cursor }, caller }) {
    const tells = mayNameTenants(caller);
    const compared = await purser.diffCatalog({
      catalog: given.catalog,
      tenants: tells ? limit : 0,
      after: cursor?.[0],
      mode: caller.mode,
    });
    if (compared.outcome === "invalid_input") return { outcome: "invalid_input", errors: errorsOf(compared.problems) };
    const { revision, diff, plans, nextTenant } = compared;
    const next = nextTenant === null ? null : cursorAfter([nextTenant]);
    return { outcome: "compared", body: { revision, ...diff, plans: tells ? plans : null, nextCursor: next } };
  },
});

/** Whom a change touches is for who may list tenants. */
const mayNameTenants = ({ tenant, scopes }: Caller) => tenant === null && scopes.includes("tenants:read");

function errorsOf(problems: readonly CatalogProblem[]): ProblemField[] {
  return problems.slice(0, PROBLEMS_TOLD).map(({ path, pointer, problem }) => ({
    in: "body",
    field: path === "" ? "catalog" : path,
    pointer: `#/catalog${pointer}`,
    detail: problem,
  }));
}
