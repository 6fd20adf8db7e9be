import { z } from "zod";
import { cursorAfter, nextCursor, page } from "./paging.ts";
import { reasonShape } from "./decision.ts";
import { route } from "./route.ts";
import { feature, instant, ofTenant, quantity, subject, time } from "./wire.ts";

const source = z.enum(["plan", "product", "promotion", "top_up", "override", "rollover", "manual"]);

const grant = z
  .strictObject({
    grantId: z.string(),
    dedupeKey: z.string(),
    source,
    status: z.enum(["counts", "resting", "not_yet", "expired", "voided", "masked", "replaced"]).meta({
      description:
        "`resting` while an unlimited grant pays; `masked` by an override or a restriction; `replaced` when its plan was changed.",
    }),
    amount: quantity.nullable().meta({ description: "Null while unlimited." }),
    unlimited: z.boolean(),
    used: quantity,
    held: quantity.meta({ description: "What open holds keep of it, also where it has ended." }),
    remaining: quantity.nullable().meta({ description: "Null while unlimited; 0 where it has ended." }),
    priority: z.int(),
    effectiveAt: time,
    expiresAt: time.nullable(),
    endedAt: time.nullable(),
    endedBy: z.string().nullable().meta({ description: "Who voided or masked it." }),
    reason: z.string().nullable(),
  })
  .meta({ id: "ExplainedGrant", description: "A grant behind a balance, and why it counted then or did not." });

const hold = z
  .strictObject({
    holdKey: z.string(),
    status: z.enum(["open", "settled", "released", "expired"]),
    amount: quantity,
    funded: quantity.meta({ description: "What was there to be set aside." }),
    settled: quantity.nullable(),
    unfunded: quantity,
    restored: quantity.nullable().meta({ description: "Of one that was released: what returned." }),
    lapsed: quantity.nullable().meta({ description: "What had nothing to return to." }),
    late: z.boolean().meta({ description: "Settled after it had expired." }),
    actingSubject: z.string().nullable(),
    reservedAt: time,
    expiresAt: time,
    endedAt: time.nullable(),
  })
  .meta({ id: "ExplainedHold" });

const claim = z
  .strictObject({ resource: z.string(), claimedAt: time, beyondLimit: z.boolean() })
  .meta({ id: "ExplainedClaim" });

const paid = z
  .strictObject({
    grantId: z.string(),
    dedupeKey: z.string(),
    source,
    amount: quantity,
    lapsed: quantity.meta({ description: "Of what was given back: what nobody can have any more." }),
    provisional: z.boolean().meta({ description: "Fixed once its interval has closed." }),
  })
  .meta({ id: "Paid", description: "What one grant paid for, or was given back." });

const fact = z
  .strictObject({
    version: z.int().meta({ description: "The version of the balance that it made." }),
    kind: z.string(),
    amount: quantity,
    overage: quantity,
    balanceAfter: quantity.nullable().meta({ description: "Null while unlimited." }),
    key: z.string().nullable(),
    reference: z.string().nullable().meta({
      description: "What it is about: a grant's dedupe key, a hold, a claim's resource, a reversed consumption's key.",
    }),
    actingSubject: z.string().nullable(),
    recordedAt: time,
    occurredAt: time.nullable(),
    reason: z.string().nullable().meta({ description: "Why it was reversed or voided, where that was said." }),
    lineage: z.array(paid),
  })
  .meta({ id: "Fact", description: "One change of a balance." });

const explanation = z
  .strictObject({
    at: time,
    feature: z.string(),
    subject: z.string().meta({ description: "Under whom the balance is kept; `''` is the tenant itself." }),
    allowed: z.boolean(),
    reason: reasonShape,
    source: z.string().nullable(),
    restrictedBy: z.string().nullable(),
    plan: z.string().nullable(),
    planVersion: z.int().nullable(),
    validFrom: time.nullable().meta({ description: "Since when access was as it is told here." }),
    validUntil: time.nullable().meta({ description: "Until when, by what is known today." }),
    kind: z.string().nullable(),
    enforcement: z.string().nullable(),
    unlimited: z.boolean(),
    granted: quantity.nullable(),
    used: quantity.nullable(),
    held: quantity.nullable(),
    available: quantity.nullable(),
    overage: quantity.nullable(),
    claimed: z.int().nullable().meta({ description: "Slots occupied, of a capacity." }),
    reported: z.boolean().meta({ description: "Whether they are a count that was reported, and no claims." }),
    overLimit: quantity.nullable(),
    windowStartsAt: time.nullable(),
    windowEndsAt: time.nullable(),
    version: z.int().meta({ description: "Of the balance then; 0 where nothing had happened to it." }),
    grants: z.array(grant).meta({ description: "Those that count or will, then the last that ended." }),
    holds: z.array(hold),
    claims: z.array(claim).meta({ description: "The newest hundred." }),
    facts: z.array(fact).meta({ description: "What happened since the window began, newest first, a page at a time." }),
    nextCursor,
  })
  .meta({
    id: "Explanation",
    description: "Why a balance is what it is. Numbers are null where the feature has none or is unlimited.",
  });

/** A version of a balance in a cursor; anything else is not one of ours. */
const versionIn = (cursor: readonly string[] | undefined): number | undefined =>
  cursor === undefined ? undefined : Number(/^[1-9]\d{0,14}$/.exec(cursor[0] ?? "")?.[0] ?? 1);

export const explainBalance = route({
  method: "GET",
  path: "/v1/tenants/{tenant}/balances/{feature}/explanation",
  operation: "explainBalance",
  summary: "Why a balance is what it is, now or at an instant that has passed.",
  description:
    "Recomputed from immutable rows: access with its reason, the grants with why each counts or not, holds, claims, and what happened since the window began. Of an instant to come it says what will be the case where nothing else happens. A page is one of `facts`.",
  noun: "Balances",
  scope: "balances:read",
  params: ofTenant.extend({ feature }),
  query: z.strictObject({
    subject: subject.exactOptional(),
    at: instant.exactOptional().meta({ description: "Now where it is not said." }),
    ...page(1, 50),
  }),
  body: undefined,
  keyed: false,
  answers: { found: explanation },
  refusals: ["tenant_unknown", "feature_unknown"],
  lasting: (answer) => {
    const { at: _, ...lasting } = answer as z.output<typeof explanation>;
    return lasting;
  },
  example: {
    params: { tenant: "acme", feature: "messaging.credits" },
    query: { limit: "1" },
    answer: {
      at: "2031-05-01T00:00:00.000Z",
      feature: "messaging.credits",
      subject: "",
      allowed: true,
      reason: "INCLUDED",
      source: "plan",
      restrictedBy: null,
      plan: "pro",
      planVersion: 1,
      validFrom: "2031-05-01T00:00:00.000Z",
      validUntil: "2031-05-15T00:00:00.000Z",
      kind: "credits",
      enforcement: "hard",
      unlimited: false,
      granted: 100,
      used: 12,
      held: 0,
      available: 88,
      overage: 0,
      claimed: 0,
      reported: false,
      overLimit: 0,
      windowStartsAt: "2031-05-01T00:00:00.000Z",
      windowEndsAt: "2031-05-31T00:00:00.000Z",
      version: 10,
      grants: [
        {
          grantId: "0e84e7c7-e442-4143-8961-78a6cd072199",
          dedupeKey: "allowance:acme:83add79a-0109-43f2-92df-3d6847e961a4::0",
          source: "plan",
          status: "counts",
          amount: 100,
          unlimited: false,
          used: 12,
          held: 0,
          remaining: 88,
          priority: 100,
          effectiveAt: "2031-05-01T00:00:00.000Z",
          expiresAt: "2031-05-31T00:00:00.000Z",
          endedAt: null,
          endedBy: null,
          reason: null,
        },
        {
          grantId: "01977c2e-8a00-4c5e-9d0b-2f6f3c1d5a77",
          dedupeKey: "issueGrant-1",
          source: "product",
          status: "voided",
          amount: 1000,
          unlimited: false,
          used: 0,
          held: 0,
          remaining: 0,
          priority: 100,
          effectiveAt: "2031-05-01T00:00:00.000Z",
          expiresAt: null,
          endedAt: "2031-05-01T00:00:00.000Z",
          endedBy: "key:0011223344556677",
          reason: "The order was cancelled.",
        },
      ],
      holds: [
        {
          holdKey: "reserve-2",
          status: "released",
          amount: 5,
          funded: 5,
          settled: null,
          unfunded: 0,
          restored: 5,
          lapsed: 0,
          late: false,
          actingSubject: null,
          reservedAt: "2031-05-01T00:00:00.000Z",
          expiresAt: "2031-05-01T00:15:00.000Z",
          endedAt: "2031-05-01T00:00:00.000Z",
        },
        {
          holdKey: "reserve-1",
          status: "settled",
          amount: 40,
          funded: 40,
          settled: 12,
          unfunded: 0,
          restored: null,
          lapsed: null,
          late: false,
          actingSubject: null,
          reservedAt: "2031-05-01T00:00:00.000Z",
          expiresAt: "2031-05-01T00:15:00.000Z",
          endedAt: "2031-05-01T00:00:00.000Z",
        },
      ],
      claims: [],
      facts: [
        {
          version: 10,
          kind: "void",
          amount: 1000,
          overage: 0,
          balanceAfter: 88,
          key: null,
          reference: "issueGrant-1",
          actingSubject: null,
          recordedAt: "2031-05-01T00:00:00.000Z",
          occurredAt: null,
          reason: "The order was cancelled.",
          lineage: [],
        },
      ],
      nextCursor: "WyIxMCJd",
    },
  },
  async handle({ purser }, { params, query: { limit = 50, cursor, ...asked } }) {
    if ((await purser.findTenant(params)) === undefined) return { outcome: "tenant_unknown" };
    const told = await purser.explain({ ...params, ...asked, before: versionIn(cursor), count: limit });
    if (told.outcome === "invalid_input") return told;
    if (told.reason === "FEATURE_UNKNOWN") return { outcome: "feature_unknown" };
    const { outcome: _, nextBefore, ...body } = told;
    return {
      outcome: "found",
      body: { ...body, nextCursor: nextBefore === null ? null : cursorAfter([String(nextBefore)]) },
    };
  },
});
