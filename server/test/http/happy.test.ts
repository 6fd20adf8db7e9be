// What each route answers when all is well. That the answers have the promised shape is checked by the rig.
import { expect, test } from "vitest";
import { serve } from "./rig.ts";

test("a tenant's first month", async () => {
  const { ask } = await serve();
  const path = "/v1/tenants/acme";
  expect(await ask("GET /healthz", { key: undefined })).toMatchObject({ status: 200, body: { status: "ok" } });
  expect(await ask("GET /readyz", { key: undefined })).toMatchObject({ status: 200, body: { catalogRevision: 1 } });
  expect(await ask("GET /v1/catalog")).toMatchObject({
    status: 200,
    body: { revision: 1, publishedBy: "test", catalog: { plans: { pro: { tier: "pro" } } } },
  });

  const create = () => ask("POST /v1/tenants", { body: { tenant: "acme", name: "Acme", metadata: { crm: 17 } } });
  expect(await create()).toMatchObject({ status: 201, body: { outcome: "created", replayed: false, tenant: "acme" } });
  expect(await create()).toMatchObject({ status: 201, body: { outcome: "created", replayed: true } });
  expect(await ask(`GET ${path}`)).toMatchObject({
    status: 200,
    body: { tenant: "acme", name: "Acme", mode: "live", timeZone: "UTC", currency: "USD", metadata: { crm: 17 } },
  });

  const subscribe = () => ask(`POST ${path}/subscription`, { body: { plan: "pro" }, idempotencyKey: "sub" });
  expect(await subscribe()).toMatchObject({
    status: 201,
    body: { outcome: "subscribed", plan: "pro", replayed: false },
  });
  expect(await subscribe()).toMatchObject({ status: 201, body: { replayed: true } });

  const credits = { feature: "messaging.credits", amount: "2.5", subject: "ann", metadata: { note: "hi" } };
  const consume = () =>
    ask(`POST ${path}/consume`, {
      body: { ...credits, occurredAt: "2031-01-01T12:00:00.5+02:00" },
      idempotencyKey: "c",
    });
  expect(await consume()).toMatchObject({
    status: 200,
    body: { outcome: "consumed", replayed: false, amount: 2.5, overage: 0, available: 97.5 },
  });
  expect(await consume()).toMatchObject({ status: 200, body: { replayed: true, available: 97.5 } });

  const grant = () =>
    ask(`POST ${path}/grants`, {
      body: { feature: "messaging.credits", amount: 1000, source: "product", priority: 0 },
      idempotencyKey: "g",
    });
  const granted = await grant();
  expect(granted).toMatchObject({ status: 201, body: { outcome: "granted", replayed: false, available: 1097.5 } });
  expect(await grant()).toMatchObject({ body: { replayed: true, grantId: granted.body["grantId"] } });

  expect(await ask(`GET ${path}/balances?feature=messaging.credits`)).toMatchObject({
    status: 200,
    body: { balances: [{ feature: "messaging.credits", granted: 1100, used: 2.5, available: 1097.5, subject: "" }] },
  });
  expect(await ask(`GET ${path}/entitlements/messaging.credits`)).toMatchObject({
    status: 200,
    body: { allowed: true, reason: "INCLUDED", remaining: 1097.5 },
  });
  const all = await ask(`GET ${path}/entitlements`);
  expect(all.body["entitlements"]).toHaveLength(19);
});

const denied = (reason: string) => ({ status: 200, body: { allowed: false, reason } });

test("a denial is an answer", async () => {
  const { ask, purser } = await serve();
  await purser.createTenant({ tenant: "acme", plan: "free", actor: "test" });
  const check = (body: object, tenant = "acme") => ask(`POST /v1/tenants/${tenant}/check`, { body });
  expect(await check({ feature: "annuity.calculate" })).toMatchObject({
    status: 200,
    body: { allowed: true, remaining: 20 },
  });
  expect(await check({ feature: "annuity.calculate", amount: 21 })).toMatchObject(denied("LIMIT_REACHED"));
  expect(await check({ feature: "messaging.credits" })).toMatchObject(denied("NOT_INCLUDED"));
  const higher = await check({ feature: "ccp-14" });
  expect(higher).toMatchObject(denied("TIER_INSUFFICIENT"));
  expect(higher.body).toMatchObject({ requiredTier: "enterprise", unlockedBy: ["enterprise"] });
  expect(await check({ feature: "no.such" })).toMatchObject(denied("FEATURE_UNKNOWN"));
  expect(await check({ feature: "ccp-01" }, "nobody")).toMatchObject(denied("TENANT_UNKNOWN"));
});

test("a refusal that buying can lift names what would, as the check does; others do not", async () => {
  const { ask, purser } = await serve();
  await purser.createTenant({ tenant: "acme", plan: "free", actor: "test" });
  await purser.createTenant({ tenant: "none", actor: "test" });
  const refusal = async (verb: string, question: object, tenant = "acme", more = {}) => {
    const body = { ...question, ...more };
    const of = `POST /v1/tenants/${tenant}`;
    const asked = await ask(`${of}/check`, { body: question });
    const refused = await ask(`${of}/${verb}`, {
      body,
      ...(verb === "claims" ? {} : { idempotencyKey: "key" }),
    });
    expect(refused).toMatchObject({ status: 402, body: { code: String(asked.body["reason"]).toLowerCase() } });
    expect(refused.body["unlockedBy"]).toEqual(asked.body["unlockedBy"]);
    return refused.body;
  };
  const [metered, credits] = ["annuity.calculations.monthly", "messaging.credits"];
  for (const verb of ["consume", "holds"]) {
    expect(await refusal(verb, { feature: "annuity.calculate", amount: 21 })).toMatchObject({
      code: "limit_reached",
      detail: "Not enough is left of the limit: 20 available.",
      available: 20,
      unlockedBy: ["pro", "pro_plus", "portfolio", "enterprise"],
    });
    expect(await refusal(verb, { feature: credits })).toMatchObject({ code: "not_included" });
    expect(await refusal(verb, { feature: metered }, "none")).toMatchObject({ code: "subscription_inactive" });
  }
  for (const resource of ["a", "b", "c"])
    await ask("POST /v1/tenants/acme/claims", { body: { feature: "projects.create", resource } });
  expect(await refusal("claims", { feature: "projects.create" }, "acme", { resource: "d" })).toMatchObject({
    code: "limit_reached",
    available: 0,
    unlockedBy: ["pro", "pro_plus", "portfolio", "enterprise"],
  });
  for (const body of [{ feature: "no.such" }, { feature: "ccp-01" }, { feature: metered, amount: -1 }]) {
    const refused = await ask("POST /v1/tenants/acme/consume", { body, idempotencyKey: "key" });
    expect([refused.status >= 404, refused.body["unlockedBy"]]).toEqual([true, undefined]);
  }
});

test("a test tenant's clock moves everything of it", async () => {
  const { ask, makeKey } = await serve();
  const { key } = await makeKey({ mode: "test" });
  const path = "/v1/tenants/lab";
  await ask("POST /v1/tenants", { key, body: { tenant: "lab", clockAt: "2031-01-01T00:00:00Z", plan: "pro" } });
  const consume = (amount: number) =>
    ask(`POST ${path}/consume`, {
      key,
      body: { feature: "messaging.credits", amount },
      idempotencyKey: `use-${amount}`,
    });
  expect(await consume(100)).toMatchObject({ status: 200 });
  expect(await consume(1)).toMatchObject({ status: 402, body: { code: "insufficient_balance", available: 0 } });
  const advance = () => ask(`POST ${path}/clock`, { key, body: { to: "2031-02-01T01:00:00+01:00" } });
  expect(await advance()).toMatchObject({
    status: 200,
    body: { outcome: "advanced", now: "2031-02-01T00:00:00.000Z" },
  });
  expect(await advance()).toMatchObject({ status: 200 });
  const refresh = (feature: string) => ask(`POST ${path}/refresh`, { key, body: { feature } });
  expect(await refresh("messaging.credits")).toMatchObject({ status: 200, body: { outcome: "refreshed", version: 3 } });
  expect(await refresh("messaging.credits")).toMatchObject({ status: 200, body: { outcome: "unchanged", version: 3 } });
  // A capability stands for its feature; a flag has no balance.
  expect(await refresh("annuity.calculate")).toMatchObject({ status: 200, body: { outcome: "refreshed" } });
  expect(await refresh("ccp-01")).toMatchObject({ status: 200, body: { outcome: "unchanged", version: null } });
  expect(await consume(1)).toMatchObject({ status: 200, body: { available: 99 } });
});

test("every page of a long list, once each", async () => {
  const { ask, purser } = await serve();
  const wanted = Array.from({ length: 7 }, (_, i) => `t-${i}`).concat("t é/?#% ");
  for (const tenant of wanted) await purser.createTenant({ tenant, actor: "test" });
  const found: string[] = [];
  let cursor: string | null = "";
  do {
    const page = await ask(`GET /v1/tenants?limit=3${cursor === "" ? "" : `&cursor=${cursor}`}`);
    found.push(...(page.body["tenants"] as { tenant: string }[]).map(({ tenant }) => tenant));
    cursor = page.body["nextCursor"] as string | null;
  } while (cursor !== null);
  expect(found).toEqual(wanted.toSorted());
  expect((await ask("GET /v1/tenants?limit=1000")).body).toMatchObject({ nextCursor: null });
  expect((await ask(`GET /v1/tenants/${encodeURIComponent("t é/?#% ")}`)).status).toBe(200);
});

test("a balance is explained page by page of its facts, at an instant too, and verified", async () => {
  const { ask, makeKey, purser, pool } = await serve();
  await purser.createTenant({
    tenant: "lab",
    mode: "test",
    clockAt: new Date("2031-05-01T00:00:00Z"),
    plan: "pro",
    actor: "test",
  });
  const { key } = await makeKey({ mode: "test" });
  const feature = "messaging.credits" as const;
  for (const idempotencyKey of ["a", "b", "c"])
    await purser.consume(pool, { tenant: "lab", feature, amount: 10, idempotencyKey });
  await purser.advanceClock({ tenant: "lab", to: new Date("2031-05-02T00:00:00Z") });
  await purser.consume(pool, { tenant: "lab", feature, amount: 10, idempotencyKey: "d" });

  const path = `GET /v1/tenants/lab/balances/${feature}/explanation`;
  const first = await ask(`${path}?limit=2`, { key });
  expect(first).toMatchObject({ status: 200, body: { available: 60, facts: [{ key: "d" }, { key: "c" }] } });
  const cursor = String(first.body["nextCursor"]);
  const second = await ask(`${path}?limit=1000&cursor=${cursor}`, { key });
  expect(second.body).toMatchObject({
    facts: [{ key: "b", lineage: [{ amount: 10, source: "plan" }] }, { key: "a" }, {}],
  });
  expect(second.body["nextCursor"]).toBeNull();
  const then = await ask(`${path}?at=2031-05-01T12:00:00Z`, { key });
  expect(then.body).toMatchObject({ at: "2031-05-01T12:00:00.000Z", available: 70, facts: [{ key: "c" }, {}, {}, {}] });
  expect((await ask("GET /v1/tenants/nobody/balances/x/explanation", { key })).status).toBe(404);
  expect((await ask("GET /v1/tenants/lab/balances/nothing/explanation", { key })).status).toBe(404);

  const sound = { tenants: 1, broken: [], overdue: [] };
  expect((await ask("GET /v1/tenants/lab/verification", { key })).body).toEqual(sound);
  // A page of all tenants is one of the key's mode.
  expect((await ask("GET /v1/verification", { key })).body).toEqual({ ...sound, nextCursor: null });
  expect((await ask("GET /v1/verification")).body).toMatchObject({ tenants: 0 });
});
