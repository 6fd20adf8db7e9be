import { z } from "zod";
import { cursorOf, nextCursor, page } from "./paging.ts";
import { route } from "./route.ts";
import { feature, ofTenant, quantity, time } from "./wire.ts";

const grant = z
  .strictObject({
    grantId: z.string(),
    feature: z.string(),
    subject: z.string().meta({ description: "`''` is the tenant itself." }),
    source: z.enum(["plan", "product", "promotion", "top_up", "override", "rollover", "manual"]),
    amount: quantity.nullable().meta({ description: "Null while unlimited." }),
    unlimited: z.boolean(),
    used: quantity.meta({ description: "What it has paid for so far." }),
    remaining: quantity.nullable(),
    burnOrder: z.int().nullable().meta({ description: "1 is drawn next; null where it does not count yet." }),
    priority: z.int(),
    effectiveAt: time,
    expiresAt: time.nullable().meta({ description: "Null where it never ends." }),
    issuedAt: time.nullable().meta({
      description: "Null where its window has begun and nobody has drawn from it yet.",
    }),
    dedupeKey: z.string(),
    metadata: z.record(z.string(), z.json()),
  })
  .meta({
    id: "OpenGrant",
    description: "A grant that counts now or will count later, and how far it has been drawn.",
  });

export const listGrants = route({
  method: "GET",
  path: "/v1/tenants/{tenant}/grants",
  operation: "listGrants",
  summary: "The grants that count now or will count later, each with what it has paid for so far.",
  description:
    "The tenant's own first, then by subject and feature, and within these in burn order, those that do not count yet where they will be drawn; a page at a time.",
  noun: "Balances",
  scope: "balances:read",
  params: ofTenant,
  query: z.strictObject({ feature: feature.exactOptional(), ...page(3, 1000) }),
  body: undefined,
  keyed: false,
  answers: { found: z.strictObject({ grants: z.array(grant), nextCursor }).meta({ id: "GrantPage" }) },
  refusals: ["tenant_unknown"],
  example: {
    params: { tenant: "acme" },
    query: { feature: "messaging.credits" },
    answer: {
      grants: [
        {
          grantId: "0e84e7c7-e442-4143-8961-78a6cd072199",
          feature: "messaging.credits",
          subject: "",
          source: "plan",
          amount: 100,
          unlimited: false,
          used: 5,
          remaining: 95,
          burnOrder: 1,
          priority: 100,
          effectiveAt: "2031-05-01T00:00:00.000Z",
          expiresAt: "2031-05-31T00:00:00.000Z",
          issuedAt: "2031-05-01T00:00:00.000Z",
          dedupeKey: "allowance:acme:83add79a-0109-43f2-92df-3d6847e961a4::0",
          metadata: {},
        },
        {
          grantId: "01977c2e-8a00-4c5e-9d0b-2f6f3c1d5a77",
          feature: "messaging.credits",
          subject: "",
          source: "product",
          amount: 1000,
          unlimited: false,
          used: 0,
          remaining: 1000,
          burnOrder: 2,
          priority: 100,
          effectiveAt: "2031-05-01T00:00:00.000Z",
          expiresAt: null,
          issuedAt: "2031-05-01T00:00:00.000Z",
          dedupeKey: "issueGrant-1",
          metadata: {},
        },
      ],
      nextCursor: null,
    },
  },
  async handle({ purser }, { params, query: { limit = 1000, cursor, ...asked } }) {
    const found = await purser.listGrants({ ...params, ...asked, after: cursor, count: limit });
    const { lines } = found;
    if (lines.length === 0 && (await purser.findTenant(params)) === undefined) return { outcome: "tenant_unknown" };
    return { outcome: "found", body: { grants: lines, nextCursor: cursorOf(found) } };
  },
});
