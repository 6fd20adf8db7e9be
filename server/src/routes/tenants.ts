import type { Tenant } from "@purser/engine";
import { z } from "zod";
import type { OpenPurser } from "../open-purser.ts";
import { cursorOf, nextCursor, page } from "./paging.ts";
import { nothing, route } from "./route.ts";
import { instant, metadata, mode, name, ofTenant, tenantId, time } from "./wire.ts";

const subscription = z
  .strictObject({
    plan: z.string(),
    planVersion: z.int(),
    status: z.enum(["trialing", "active", "past_due", "paused", "suspended", "canceled", "expired"]),
    since: time,
    until: time.nullable(),
  })
  .meta({ id: "Standing", description: "The base subscription that is in force." });

const tenant = z
  .strictObject({
    tenant: z.string().meta({ description: "Its id, in Unicode NFC." }),
    name: z.string(),
    mode,
    timeZone: z.string().meta({ description: "IANA name; calendar windows begin at its midnight." }),
    currency: z.string().meta({ description: "ISO 4217." }),
    version: z.int().meta({ description: "Counts the changes of what the tenant may use." }),
    createdAt: time,
    metadata: z.record(z.string(), z.json()),
    asOf: time.meta({ description: "What time it is for the tenant: of a test tenant, its own clock." }),
    subscription: subscription.nullable().meta({ description: "Null where it has none at this time." }),
  })
  .meta({ id: "Tenant", description: "A customer of the application that uses Purser." });
type TenantOnTheWire = z.output<typeof tenant>;

const acme: TenantOnTheWire = {
  tenant: "acme",
  name: "Acme",
  mode: "live",
  timeZone: "Europe/Rome",
  currency: "EUR",
  version: 2,
  createdAt: "2031-05-01T00:00:00.000Z",
  metadata: { crm: 17 },
  asOf: "2031-05-01T00:00:00.000Z",
  subscription: {
    plan: "pro",
    planVersion: 1,
    status: "trialing",
    since: "2031-05-01T00:00:00.000Z",
    until: "2031-05-15T00:00:00.000Z",
  },
};

/** A tenant without the time at which it was looked at. */
function lastingOf(answer: object): object {
  const { asOf: _, ...lasting } = answer as TenantOnTheWire;
  return lasting;
}

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
  description: "To name a plan takes the scope `subscriptions:write` as well.",
  scope: "tenants:write",
  params: nothing,
  query: nothing,
  body: z
    .strictObject({
      tenant: tenantId,
      name: z.string().max(500).exactOptional(),
      mode: mode.exactOptional().meta({ description: "The key's own mode, where it is not said; no other is taken." }),
      timeZone: z.string().max(100).exactOptional().meta({ description: "IANA name; UTC where it is not said." }),
      currency: z.string().max(3).exactOptional().meta({ description: "ISO 4217; USD where it is not said." }),
      metadata: metadata.exactOptional(),
      clockAt: instant
        .exactOptional()
        .meta({ description: "Where the clock of a test tenant stands; only a test tenant has one." }),
      plan: name.exactOptional().meta({ description: "The plan that it begins on." }),
    })
    .meta({ id: "CreateTenantRequest" }),
  keyed: false,
  answers: {
    created: z
      .strictObject({ outcome: z.literal("created"), replayed: z.boolean(), tenant: z.string() })
      .meta({ id: "TenantCreated" }),
  },
  refusals: ["other_mode", "plan_unknown", "idempotency_conflict"],
  example: {
    body: {
      tenant: "acme",
      name: "Acme",
      timeZone: "Europe/Rome",
      currency: "EUR",
      metadata: { crm: 17 },
    },
    answer: { outcome: "created", replayed: false, tenant: "acme" },
  },
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

export const listTenants = route({
  method: "GET",
  path: "/v1/tenants",
  operation: "listTenants",
  summary: "The tenants of the key's mode in the order of their ids, a page at a time.",
  scope: "tenants:read",
  params: nothing,
  query: z.strictObject({
    ...page(1, 100),
    prefix: name.exactOptional().meta({ description: "With what the ids begin." }),
  }),
  body: undefined,
  keyed: false,
  answers: { found: z.strictObject({ tenants: z.array(tenant), nextCursor }).meta({ id: "TenantPage" }) },
  refusals: [],
  lasting: (answer) => {
    const { tenants, ...rest } = answer as { tenants: readonly object[] };
    return { ...rest, tenants: tenants.map(lastingOf) };
  },
  example: { query: { limit: "10" }, answer: { tenants: [acme], nextCursor: null } },
  async handle({ purser }, { query: { limit = 100, cursor, prefix }, caller }) {
    const found = await purser.listTenants({ after: cursor, count: limit, mode: caller.mode, prefix });
    return { outcome: "found", body: { tenants: await standing(purser, found.lines), nextCursor: cursorOf(found) } };
  },
});

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
  lasting: lastingOf,
  example: { params: { tenant: "acme" }, answer: acme },
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
  body: z
    .strictObject({ to: instant.meta({ description: "Not before where it stands." }) })
    .meta({ id: "AdvanceClockRequest" }),
  keyed: false,
  answers: {
    advanced: z.strictObject({ outcome: z.literal("advanced"), now: time }).meta({ id: "ClockAdvanced" }),
  },
  refusals: ["tenant_unknown", "not_a_test_tenant"],
  example: {
    params: { tenant: "lab" },
    body: { to: "2031-06-01T00:00:00Z" },
    answer: { outcome: "advanced", now: "2031-06-01T00:00:00.000Z" },
  },
  async handle({ purser }, { params, body }) {
    const outcome = await purser.advanceClock({ ...params, ...body });
    return outcome.outcome === "advanced" ? { outcome: "advanced", body: outcome } : outcome;
  },
});
