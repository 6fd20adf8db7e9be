import type { Verification } from "@purser/engine";
import { z } from "zod";
import { cursorOf, nextCursor, page } from "./paging.ts";
import { nothing, route } from "./route.ts";
import { ofTenant } from "./wire.ts";

const brokenInvariant = z
  .strictObject({
    invariant: z.string(),
    tenant: z.string(),
    subject: z.string(),
    feature: z.string(),
    version: z.int().nullable().meta({ description: "Of the balance; null where it is about none." }),
    detail: z.string().meta({ description: "What is wrong, in words." }),
  })
  .meta({ id: "BrokenInvariant", description: "One thing that should hold of a balance and does not." });

const shape = {
  tenants: z.int().meta({ description: "How many were verified." }),
  broken: z.array(brokenInvariant),
  overdue: z.array(brokenInvariant).meta({
    description: "Not broken: balances due for more than a day that nobody turned, so no worker runs.",
  }),
};

const bodyOf = ({ tenants, broken, overdue }: Verification) => ({ tenants, broken, overdue });

export const verifyTenant = route({
  method: "GET",
  path: "/v1/tenants/{tenant}/verification",
  operation: "verifyTenant",
  summary: "Recomputes every balance of a tenant from its facts, and names what does not hold.",
  description: "Nothing broken is what anybody should see. It reads all rows of the tenant.",
  noun: "Verification",
  scope: "verify",
  params: ofTenant,
  query: nothing,
  body: undefined,
  keyed: false,
  answers: { found: z.strictObject(shape).meta({ id: "Verification" }) },
  refusals: ["tenant_unknown"],
  example: { params: { tenant: "acme" }, answer: { tenants: 1, broken: [], overdue: [] } },
  async handle({ purser }, { params }) {
    const found = await purser.verify({ ...params, count: 1 });
    return found === undefined ? { outcome: "tenant_unknown" } : { outcome: "found", body: bodyOf(found) };
  },
});

export const verifyTenants = route({
  method: "GET",
  path: "/v1/verification",
  operation: "verifyTenants",
  summary: "The same for the tenants of the key's mode, a few at a time in the order of their ids.",
  description: "Reads all rows of the tenants of the page.",
  noun: "Verification",
  scope: "verify",
  params: nothing,
  query: z.strictObject(page(1, 10)),
  body: undefined,
  keyed: false,
  answers: { found: z.strictObject({ ...shape, nextCursor }).meta({ id: "VerificationPage" }) },
  refusals: [],
  example: { answer: { tenants: 1, broken: [], overdue: [], nextCursor: null } },
  async handle({ purser }, { query: { limit = 10, cursor }, caller }) {
    const found = await purser.verify({ mode: caller.mode, after: cursor, count: limit });
    const { tenants, broken, overdue, next = null } = found ?? { tenants: 0, broken: [], overdue: [] };
    return { outcome: "found", body: { tenants, broken, overdue, nextCursor: cursorOf({ next }) } };
  },
});
