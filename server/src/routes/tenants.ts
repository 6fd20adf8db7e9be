import { isStorable, type Tenant } from "@purser/engine";
import { z } from "zod";
import type { OpenPurser } from "../open-purser.ts";
import { nothing, route } from "./route.ts";
import { instant, metadata, mode, name, ofTenant, tenantId, time } from "./wire.ts";

const subscription = z.strictObject({
  plan: z.string(),
  planVersion: z.int(),
  status: z.enum(["trialing", "active", "past_due", "paused", "suspended", "canceled", "expired"]),
  since: time,
  until: time.nullable(),
});

const tenant = z.strictObject({
  tenant: z.string(),
  name: z.string(),
  mode,
  timeZone: z.string(),
  currency: z.string(),
  version: z.int(),
  createdAt: time,
  metadata: z.record(z.string(), z.json()),
  /** What time it is for the tenant, and the subscription it has then. */
  asOf: time,
  subscription: subscription.nullable(),
});

/** Adds to each tenant where it stands. */
async function standing(purser: OpenPurser, tenants: readonly Tenant[]): Promise<object[]> {
  const stands = await purser.standings({ tenants: tenants.map(({ tenant: id }) => id) });
  return tenants.map((one) => ({ ...one, ...stands.get(one.tenant) }));
}

export const createTenant = route({
  method: "POST",
  path: "/v1/tenants",
  operation: "createTenant",
  summary: "Makes a tenant, on a plan where one is named. Its id is its idempotency key: the same again is a replay.",
  scope: "tenants:write",
  params: nothing,
  query: nothing,
  body: z.strictObject({
    tenant: tenantId,
    name: z.string().max(500).exactOptional(),
    mode: mode.exactOptional(),
    timeZone: z.string().max(100).exactOptional(),
    currency: z.string().max(3).exactOptional(),
    metadata: metadata.exactOptional(),
    clockAt: instant.exactOptional(),
    plan: name.exactOptional(),
  }),
  keyed: false,
  answers: { created: z.strictObject({ outcome: z.literal("created"), replayed: z.boolean(), tenant: z.string() }) },
  refusals: ["other_mode", "plan_unknown", "idempotency_conflict"],
  async handle({ purser }, { body, caller }) {
    // A key makes tenants of its own mode: they are the only ones it reaches.
    if ((body.mode ?? caller.mode) !== caller.mode) {
      return { outcome: "other_mode", field: "mode", detail: `This is a ${caller.mode} key.` };
    }
    if (body.plan !== undefined && !caller.scopes.includes("subscriptions:write")) {
      return { outcome: "scope_missing", detail: "To name a plan needs the scope subscriptions:write as well." };
    }
    const outcome = await purser.createTenant({ ...body, mode: caller.mode, actor: caller.actor });
    if (outcome.outcome === "created") {
      return { outcome: "created", body: { ...outcome, tenant: body.tenant.normalize("NFC") } };
    }
    return "field" in outcome && outcome.field === "clock" ? { ...outcome, field: "clockAt" } : outcome;
  },
});

const LIMIT = "must be a whole number from 1 to 1000";

export const listTenants = route({
  method: "GET",
  path: "/v1/tenants",
  operation: "listTenants",
  summary: "The tenants of the key's mode in the order of their ids, a page at a time.",
  scope: "tenants:read",
  params: nothing,
  query: z.strictObject({
    limit: z
      .string(LIMIT)
      .regex(/^([1-9]\d{0,2}|1000)$/, LIMIT)
      .transform(Number)
      .exactOptional(),
    cursor: z
      .string("must be the nextCursor of a page")
      .transform(tenantAt)
      .refine((after) => after !== undefined, "must be the nextCursor of a page")
      .exactOptional(),
    /** With what the ids begin. */
    prefix: name.exactOptional(),
  }),
  body: undefined,
  keyed: false,
  answers: { found: z.strictObject({ tenants: z.array(tenant), nextCursor: z.string().nullable() }) },
  refusals: [],
  async handle({ purser }, { query: { limit = 100, cursor = "", prefix }, caller }) {
    // One more than asked for tells whether there is another page.
    const found = await purser.listTenants({ after: cursor, count: limit + 1, mode: caller.mode, prefix });
    const tenants = found.slice(0, limit);
    const last = tenants.at(-1);
    const nextCursor = found.length > limit && last !== undefined ? cursorAfter(last.tenant) : null;
    return { outcome: "found", body: { tenants: await standing(purser, tenants), nextCursor } };
  },
});

/** Clients must not make cursors of their own, hence not the plain id. */
function cursorAfter(id: string): string {
  return Buffer.from(id, "utf8").toString("base64url");
}

function tenantAt(cursor: string): string | undefined {
  const id = Buffer.from(cursor, "base64url").toString("utf8");
  return id.length > 0 && id.length <= 200 && isStorable(id) && cursorAfter(id) === cursor ? id : undefined;
}

export const getTenant = route({
  method: "GET",
  path: "/v1/tenants/{tenant}",
  operation: "getTenant",
  summary: "One tenant.",
  scope: "tenants:read",
  params: ofTenant,
  query: nothing,
  body: undefined,
  keyed: false,
  answers: { found: tenant },
  refusals: ["tenant_unknown"],
  async handle({ purser }, { params }) {
    const found = await purser.findTenant(params);
    if (found === undefined) return { outcome: "tenant_unknown" };
    const [body = found] = await standing(purser, [found]);
    return { outcome: "found", body };
  },
});

export const advanceClock = route({
  method: "POST",
  path: "/v1/tenants/{tenant}/clock",
  operation: "advanceClock",
  summary: "Moves a test tenant's clock forward. To the same instant again changes nothing, so it needs no key.",
  scope: "clock:write",
  params: ofTenant,
  query: nothing,
  body: z.strictObject({ to: instant }),
  keyed: false,
  answers: { advanced: z.strictObject({ outcome: z.literal("advanced"), now: time }) },
  refusals: ["tenant_unknown", "not_a_test_tenant"],
  async handle({ purser }, { params, body }) {
    const outcome = await purser.advanceClock({ ...params, ...body });
    return outcome.outcome === "advanced" ? { outcome: "advanced", body: outcome } : outcome;
  },
});
