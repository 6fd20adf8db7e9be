import { z } from "zod";
import { route } from "./route.ts";
import { name, ofTenant, quantity, time } from "./wire.ts";

const grant = z.strictObject({
  grantId: z.string(),
  feature: z.string(),
  subject: z.string(),
  source: z.enum(["plan", "product", "promotion", "top_up", "override", "rollover", "manual"]),
  amount: quantity.nullable(),
  unlimited: z.boolean(),
  used: quantity,
  remaining: quantity.nullable(),
  burnOrder: z.int().nullable(),
  priority: z.int(),
  effectiveAt: time,
  expiresAt: time.nullable(),
  issuedAt: time.nullable(),
  dedupeKey: z.string(),
  metadata: z.record(z.string(), z.json()),
});

export const listGrants = route({
  method: "GET",
  path: "/v1/tenants/{tenant}/grants",
  operation: "listGrants",
  summary: "The grants that count now or will count later, in burn order, each with what it has paid for so far.",
  scope: "balances:read",
  params: ofTenant,
  query: z.strictObject({ feature: name.exactOptional() }),
  body: undefined,
  keyed: false,
  answers: { found: z.strictObject({ grants: z.array(grant) }) },
  refusals: ["tenant_unknown"],
  async handle({ purser }, { params, query }) {
    const grants = await purser.grants({ ...params, ...query });
    if (grants.length === 0 && (await purser.findTenant(params)) === undefined) return { outcome: "tenant_unknown" };
    return { outcome: "found", body: { grants } };
  },
});
