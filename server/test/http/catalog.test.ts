// The catalogue over HTTP: what is valid, what would change, publishing on top of what was read.
import { expect, test } from "vitest";
import { exampleCatalog } from "../../src/index.ts";
import { refused, serve } from "./rig.ts";

/** The example catalogue with another number of projects on a plan. */
const withProjects = (amount: unknown, plan: "free" | "pro" = "pro") => ({
  ...exampleCatalog,
  plans: {
    ...exampleCatalog.plans,
    [plan]: {
      ...exampleCatalog.plans[plan],
      inclusions: { ...exampleCatalog.plans[plan].inclusions, "projects.max": amount },
    },
  },
});

test("read, compared, published on top of what was read, and a conflict where somebody was faster", async () => {
  const { ask } = await serve();
  const read = await ask("GET /v1/catalog");
  const tag = read.headers.get("etag") ?? "";
  expect(tag).toBe('"1"');
  const catalog = withProjects(30);
  expect(await ask("POST /v1/catalog/diff", { body: { catalog } })).toMatchObject({
    status: 200,
    body: {
      revision: 1,
      equal: false,
      changes: [{ path: "plans.pro.inclusions.projects.max.amount", from: 25, to: 30 }],
      versions: [{ of: "plan", key: "pro", from: 1, to: 2 }],
    },
  });
  const put = (body: object, ifMatch?: string) =>
    ask("PUT /v1/catalog", {
      body: { catalog: body },
      ...(ifMatch === undefined ? {} : { headers: { "if-match": ifMatch } }),
    });
  expect(await put(catalog, tag)).toMatchObject({ status: 200, body: { outcome: "published", revision: 2 } });
  // The answer was lost and the request is sent again: it is done already.
  expect(await put(catalog, tag)).toMatchObject({ status: 200, body: { outcome: "unchanged", revision: 2 } });
  for (const stale of [tag, '"7"', 'W/"2"', "2", '"x"', ""]) {
    const reply = await put(withProjects(31), stale);
    expect({ stale, ...reply }).toMatchObject({ stale, ...refused(412, "revision_conflict") });
    expect(reply.body["detail"]).toBe("The newest revision is 2.");
  }
  expect(await put(withProjects(31), '"1", "2"')).toMatchObject({ body: { outcome: "published", revision: 3 } });
  expect(await put(withProjects(32), "*")).toMatchObject({ body: { outcome: "published", revision: 4 } });
  expect(await put(withProjects(33))).toMatchObject({ body: { outcome: "published", revision: 5 } });
  const now = await ask("GET /v1/catalog", { headers: { "if-none-match": tag } });
  expect(now).toMatchObject({ status: 200, body: { revision: 5, publishedBy: expect.stringMatching(/^key:/) } });
  expect(now.headers.get("etag")).toBe('"5"');
});

test("the first catalogue is published on top of none", async () => {
  const { ask, admin } = await serve();
  await admin.query("TRUNCATE purser.catalog_revisions");
  const put = (ifMatch: string) =>
    ask("PUT /v1/catalog", { body: { catalog: exampleCatalog }, headers: { "if-match": ifMatch } });
  expect(await put("*")).toMatchObject({ status: 412 });
  expect(await put('"1"')).toMatchObject({ status: 412 });
  expect(await put('"0"')).toMatchObject({ status: 200, body: { revision: 1 } });
});

test("every problem has its path and its pointer, by each of the three", async () => {
  const { ask, everyRow } = await serve();
  const before = await everyRow();
  const catalog = { ...withProjects(-1), capabilities: { "a.b": { feature: "no/such" } } };
  const validity = await ask("POST /v1/catalog/validate", { body: { catalog } });
  expect(validity).toMatchObject({ status: 200, body: { valid: false } });
  const problems = validity.body["problems"] as { path: string; pointer: string; problem: string }[];
  expect(problems.map(({ pointer }) => pointer)).toEqual([
    "/capabilities/a.b/feature",
    "/plans/pro/inclusions/projects.max/amount",
  ]);
  for (const call of ["POST /v1/catalog/diff", "PUT /v1/catalog"]) {
    const reply = await ask(call, { body: { catalog } });
    expect(reply).toMatchObject(refused(422, "invalid_input", ...problems.map(({ path }) => path)));
    const errors = reply.body["errors"] as { pointer: string; detail: string }[];
    expect(errors.map(({ pointer }) => pointer)).toEqual(problems.map(({ pointer }) => `#/catalog${pointer}`));
    expect(errors.map(({ detail }) => detail)).toEqual(problems.map(({ problem }) => problem));
  }
  const otherKind = {
    ...exampleCatalog,
    features: { ...exampleCatalog.features, "projects.max": { kind: "value", name: "P" } },
  };
  for (const path of ["validate", "diff"]) {
    const reply = await ask(`POST /v1/catalog/${path}`, { body: { catalog: otherKind } });
    expect(JSON.stringify(reply.body)).toContain("projects.max");
  }
  for (const wrong of [
    {},
    { catalog: null },
    { catalog: 7 },
    { catalog: [] },
    { catalog: exampleCatalog, force: true },
  ]) {
    for (const call of ["POST /v1/catalog/diff", "PUT /v1/catalog"]) {
      expect(await ask(call, { body: wrong })).toMatchObject(refused(422, "invalid_input"));
    }
  }
  expect(await ask("POST /v1/catalog/validate", { body: { catalog: exampleCatalog } })).toMatchObject({
    status: 200,
    body: { valid: true, problems: [] },
  });
  expect(await everyRow()).toBe(before);
});

test("S001-6: inclusions that JSON leaves out stay, empty ones are cleared", async () => {
  const { ask } = await serve();
  const { inclusions: _, ...pro } = exampleCatalog.plans.pro;
  const [kept] = Object.keys(exampleCatalog.products);
  const catalog = {
    ...exampleCatalog,
    plans: { ...exampleCatalog.plans, pro, free: { ...exampleCatalog.plans.free, inclusions: [] } },
    products: Object.fromEntries(
      Object.keys(exampleCatalog.products).map((key) => [
        key,
        key === kept ? { name: "Kept" } : { name: "Cleared", inclusions: {} },
      ]),
    ),
  };
  expect(await ask("POST /v1/catalog/diff", { body: { catalog } })).toMatchObject({
    body: {
      sections: {
        plans: { changed: ["free"] },
        products: { changed: Object.keys(exampleCatalog.products).toSorted() },
      },
    },
  });
  await ask("PUT /v1/catalog", { body: { catalog } });
  const published = (await ask("GET /v1/catalog")).body["catalog"] as typeof exampleCatalog;
  expect(Object.keys(published.plans.pro.inclusions)).toHaveLength(
    Object.keys(exampleCatalog.plans.pro.inclusions).length,
  );
  expect(published.plans.free.inclusions).toEqual({});
  const left = Object.entries(published.products).map(([key, { inclusions }]) => [key, Object.keys(inclusions).length]);
  expect(Object.fromEntries(left)).toEqual(
    Object.fromEntries(Object.keys(exampleCatalog.products).map((key) => [key, key === kept ? 1 : 0])),
  );
});

test("the tenants it touches: of the key's mode, page by page, and only for who may list tenants", async () => {
  const { ask, makeKey, purser } = await serve();
  for (const tenant of ["a", "b", "c"]) await purser.createTenant({ tenant, plan: "free", actor: "test" });
  await purser.createTenant({ tenant: "lab", mode: "test", plan: "free", actor: "test" });
  const body = { catalog: withProjects(1, "free") };
  const diff = (query: string, key?: string) =>
    ask(`POST /v1/catalog/diff${query}`, { body, ...(key === undefined ? {} : { key }) });
  const named = (reply: Awaited<ReturnType<typeof diff>>) =>
    (reply.body["plans"] as { lose: { tenants: string[] } }[]).flatMap(({ lose }) => lose.tenants);
  const whole = await diff("");
  expect([named(whole), whole.body["nextCursor"]]).toEqual([["a", "b", "c"], null]);
  const first = await diff("?limit=2");
  expect(named(first)).toEqual(["a", "b"]);
  const second = await diff(`?limit=2&cursor=${String(first.body["nextCursor"])}`);
  expect([named(second), second.body["nextCursor"]]).toEqual([["c"], null]);
  expect(named(await diff("", (await makeKey({ mode: "test" })).key))).toEqual(["lab"]);
  for (const key of [await makeKey({ tenant: "a" }), await makeKey({ scopes: ["catalog:read"] })]) {
    const reply = await diff("", key.key);
    expect(reply).toMatchObject({ status: 200, body: { plans: null, nextCursor: null, equal: false } });
    expect(JSON.stringify(reply.body)).not.toContain('"b"');
  }
});

test("who may publish: a live key for all tenants that has the scope", async () => {
  const { ask, makeKey, purser, everyRow } = await serve();
  await purser.createTenant({ tenant: "acme", plan: "free", actor: "test" });
  const keys = {
    other_tenant: await makeKey({ tenant: "acme" }),
    other_mode: await makeKey({ mode: "test" }),
    scope_missing: await makeKey({ scopes: ["catalog:read", "tenants:read"] }),
  };
  const before = await everyRow();
  for (const [code, { key }] of Object.entries(keys)) {
    expect(await ask("PUT /v1/catalog", { key, body: { catalog: withProjects(9) } })).toMatchObject(refused(403, code));
  }
  expect(await everyRow()).toBe(before);
  const { key } = await makeKey({ scopes: ["catalog:write"] });
  expect(await ask("PUT /v1/catalog", { key, body: { catalog: withProjects(9) } })).toMatchObject({ status: 200 });
});

test("revisions: newest first, page by page, each as it was published", async () => {
  const { ask, makeKey } = await serve();
  for (const amount of [30, 31, 32, 33]) await ask("PUT /v1/catalog", { body: { catalog: withProjects(amount) } });
  type Line = { revision: number; publishedBy: string; publishedAt: string; contentHash: string };
  const told: Line[] = [];
  let next: string | undefined = "/v1/catalog/revisions?limit=2";
  const sizes: number[] = [];
  while (next !== undefined) {
    const reply: Awaited<ReturnType<typeof ask>> = await ask(`GET ${next}`);
    const lines = reply.body["revisions"] as Line[];
    sizes.push(lines.length);
    told.push(...lines);
    next = /^<([^>]+)>; rel="next"$/.exec(reply.headers.get("link") ?? "")?.[1];
    expect(next === undefined).toBe(reply.body["nextCursor"] === null);
  }
  expect(sizes).toEqual([2, 2, 1]);
  expect(told.map(({ revision }) => revision)).toEqual([5, 4, 3, 2, 1]);
  expect(told.map(({ publishedBy }) => publishedBy)).toEqual([
    ...Array.from({ length: 4 }, () => expect.stringMatching(/^key:[0-9a-f]{16}$/)),
    "test",
  ]);
  expect(new Set(told.map(({ contentHash }) => contentHash)).size).toBe(5);
  expect((await ask("GET /v1/catalog/revisions")).body).toEqual({ revisions: told, nextCursor: null });

  expect((await ask("GET /v1/catalog/revisions/5")).body).toEqual((await ask("GET /v1/catalog")).body);
  for (const { revision, publishedAt } of told) {
    const reply = await ask(`GET /v1/catalog/revisions/${revision}`);
    expect(reply).toMatchObject({ status: 200, body: { revision, publishedAt } });
    expect(reply.headers.get("etag")).toBe(`"${revision}"`);
    const { catalog } = reply.body as { catalog: typeof exampleCatalog };
    expect(catalog.plans.pro.inclusions["projects.max"]).toMatchObject({ amount: [25, 30, 31, 32, 33][revision - 1] });
    // What publishing it again would change.
    const again = await ask("POST /v1/catalog/diff", { body: { catalog } });
    expect(again.body).toMatchObject({ revision: 5, equal: revision === 5 });
  }
  for (const [revision, status, code, field] of [
    ["6", 404, "revision_unknown", "revision"],
    ["2147483647", 404, "revision_unknown", "revision"],
    ["2147483648", 422, "invalid_input", "revision"],
    ["0", 422, "invalid_input", "revision"],
    ["01", 422, "invalid_input", "revision"],
    ["1e0", 422, "invalid_input", "revision"],
    ["newest", 422, "invalid_input", "revision"],
  ] as const) {
    expect(await ask(`GET /v1/catalog/revisions/${revision}`)).toMatchObject(refused(status, code, field));
  }
  for (const key of ["0", "2147483648", "x", "-1"]) {
    const cursor = Buffer.from(JSON.stringify([key])).toString("base64url");
    expect(await ask(`GET /v1/catalog/revisions?cursor=${cursor}`)).toMatchObject(
      refused(422, "invalid_input", "cursor"),
    );
  }
  // The catalogue is everybody's, and so is what it was.
  for (const mode of ["live", "test"] as const) {
    const { key } = await makeKey({ mode, scopes: ["catalog:read"] });
    expect(await ask("GET /v1/catalog/revisions/1", { key })).toMatchObject({ status: 200 });
  }
});

test("where nothing was published there are no revisions", async () => {
  const { ask, admin } = await serve();
  await admin.query("TRUNCATE purser.catalog_revisions");
  expect(await ask("GET /v1/catalog/revisions")).toMatchObject({
    status: 200,
    body: { revisions: [], nextCursor: null },
  });
  expect(await ask("GET /v1/catalog/revisions/1")).toMatchObject({ status: 404, body: { code: "revision_unknown" } });
});

test("nothing is left on sale only where that is confirmed, and the comparison says so before", async () => {
  const { ask, everyRow } = await serve();
  const { tiers, features, plans, products } = exampleCatalog;
  const empty = { tiers: {}, features: {}, plans: {} };
  const put = (catalog: object, more: object = {}) => ask("PUT /v1/catalog", { body: { catalog, ...more } });
  const emptying = async (catalog: object) =>
    (await ask("POST /v1/catalog/diff", { body: { catalog } })).body["emptying"];
  const before = await everyRow();
  for (const catalog of [empty, { tiers, features, plans: {} }, { tiers, features, plans: {}, products: {} }]) {
    expect(await emptying(catalog)).toBe(true);
    for (const more of [{}, { emptying: false }]) {
      const reply = await put(catalog, more);
      expect(reply).toMatchObject(refused(422, "invalid_input", "catalog"));
      expect(reply.body["errors"]).toMatchObject([
        { pointer: "#/catalog", detail: expect.stringContaining("confirm it with emptying") },
      ]);
    }
  }
  expect(await everyRow()).toBe(before);
  // Products alone can be sold, and so can plans.
  for (const [i, catalog] of [
    { tiers, features, plans: {}, products },
    { tiers, features, plans },
  ].entries()) {
    expect(await emptying(catalog)).toBe(false);
    expect(await put(catalog)).toMatchObject({ status: 200, body: { outcome: "published", revision: i + 2 } });
  }
  expect(await put(empty, { emptying: true })).toMatchObject({ status: 200, body: { revision: 4 } });
  // Where nothing is on sale nothing is taken off.
  expect(await put({ tiers, features, plans: {} })).toMatchObject({ status: 200, body: { revision: 5 } });
  expect(await emptying(empty)).toBe(false);
});

test("a thousand features have room in a body, and values in JSON; more than that is refused", async () => {
  const { ask } = await serve();
  const names = Array.from({ length: 1000 }, (_, i) => `feature.${i}`);
  const large = {
    tiers: { free: { rank: 0, name: "Free" } },
    features: Object.fromEntries(names.map((name) => [name, { kind: "value", name: `The feature of number ${name}` }])),
    plans: {
      free: {
        name: "Free",
        tier: "free",
        inclusions: Object.fromEntries(names.map((name) => [name, { value: { a: { b: [1] } } }])),
      },
    },
  };
  expect(JSON.stringify(large).length).toBeGreaterThan(65_536);
  expect(await ask("POST /v1/catalog/diff", { body: { catalog: large } })).toMatchObject({ status: 200 });
  expect(await ask("PUT /v1/catalog", { body: { catalog: large } })).toMatchObject({ status: 200 });
  const raw = JSON.stringify({ catalog: large }).padEnd(2_097_153);
  expect(await ask("PUT /v1/catalog", { raw })).toMatchObject(refused(413, "body_too_large"));
  const deep = "[".repeat(20) + "]".repeat(20);
  expect(await ask("PUT /v1/catalog", { raw: `{"catalog":${deep}}` })).toMatchObject(
    refused(422, "invalid_input", "catalog"),
  );
});
