// What every answer carries beside its body: traces, tags, links, and problems that lead to their explanation.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { namesTag } from "../../src/conditional.ts";
import { readTraceparent } from "../../src/trace.ts";
import { type Rig, refused, serve } from "../http/rig.ts";

let rig: Rig;
let end: () => Promise<void> = () => Promise.resolve();
const credits = "messaging.credits";

beforeAll(async () => {
  rig = await serve((close) => (end = close));
  await rig.purser.createTenant({ tenant: "acme", plan: "pro", actor: "test" });
});
afterAll(() => end());

const trace = "0af7651916cd43dd8448eb211c80319c";
const span = "b7ad6b7169203331";

describe("traceparent", () => {
  test.each<[header: string | undefined, traceId: string | undefined, sampled?: boolean]>([
    [`00-${trace}-${span}-01`, trace, true],
    [`00-${trace}-${span}-00`, trace, false],
    [`00-${trace}-${span}-fe`, trace, false],
    // A later version may say more; what this one knows of it is taken.
    [`cc-${trace}-${span}-01-what-the-future-will-be`, trace, true],
    [`cc-${trace}-${span}-01`, trace, true],
    [`00-${trace}-${span}-01-more`, undefined],
    [`cc-${trace}-${span}-01.more`, undefined],
    [`ff-${trace}-${span}-01`, undefined],
    [`00-${"0".repeat(32)}-${span}-01`, undefined],
    [`00-${trace}-${"0".repeat(16)}-01`, undefined],
    [`00-${trace.toUpperCase()}-${span}-01`, undefined],
    [`00-${trace.slice(1)}-${span}-01`, undefined],
    [`00-${trace}-${span}`, undefined],
    [` 00-${trace}-${span}-01`, undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%j is %j", (header, traceId, sampled = false) => {
    expect(readTraceparent(header)).toEqual(traceId === undefined ? undefined : { traceId, sampled });
  });

  test("goes on in the answer, the problem and the log", async () => {
    const reply = await rig.ask("GET /v1/tenants/nobody", { headers: { traceparent: `00-${trace}-${span}-01` } });
    const own = reply.headers.get("x-request-id");
    expect(reply).toMatchObject({ ...refused(404, "tenant_unknown"), body: { traceId: trace } });
    expect(reply.headers.get("traceparent")).toBe(`00-${trace}-${own}-01`);
    await expect.poll(() => rig.lines.filter((line) => line.includes(trace)).length).toBe(1);
  });

  test("begins where there is none, once for each request, and before there is a route", async () => {
    const ids = new Set<unknown>();
    for (const path of ["/v1/tenants/nobody", "/v1/tenants/nobody", "/nothing", "/v1/tenants/%ZZ"]) {
      const { body, headers } = await rig.ask(`GET ${path}`, { headers: { traceparent: "nonsense" } });
      expect(body["traceId"]).toMatch(/^[0-9a-f]{32}$/);
      expect(headers.get("traceparent")).toBe(`00-${String(body["traceId"])}-${headers.get("x-request-id")}-00`);
      ids.add(body["traceId"]);
    }
    expect(ids.size).toBe(4);
  });
});

describe("a problem", () => {
  test("has a type that leads to its explanation on the same server", async () => {
    const { body } = await rig.ask("GET /v1/tenants/nobody");
    expect(body["type"]).toBe("/docs#problem-tenant_unknown");
    const page = await (await fetch(new URL(String(body["type"]), rig.url))).text();
    expect(page).toContain('id="problem-tenant_unknown"');
  });
});

describe("ETag", () => {
  const readings = [
    "/v1/catalog",
    "/v1/catalog/revisions",
    "/v1/catalog/revisions/1",
    "/v1/tenants",
    "/v1/tenants/acme",
    "/v1/tenants/acme/entitlements",
    `/v1/tenants/acme/entitlements/${credits}`,
    "/v1/tenants/acme/balances",
    "/v1/tenants/acme/grants",
  ];
  const raw = (path: string, tag: string) =>
    fetch(rig.url + path, { headers: { authorization: `Bearer ${rig.everything}`, "if-none-match": tag } });

  test.each(readings)("%s has one that holds while nothing changes", async (path) => {
    const { headers } = await rig.ask(`GET ${path}`);
    const tag = headers.get("etag") ?? "";
    // The catalogue's is strong: a publication says with it what it is built on.
    expect(tag).toMatch(/catalog(\/revisions\/1)?$/.test(path) ? /^"\d+"$/ : /^W\/"[\w-]{22}"$/);
    expect(headers.get("cache-control")).toBe("private, no-cache");
    const again = await raw(path, tag);
    expect(again.status).toBe(304);
    expect(again.headers.get("etag")).toBe(tag);
    expect(again.headers.get("vary")).toContain("authorization");
    expect(await again.text()).toBe("");
    expect((await raw(path, `"other", ${tag}`)).status).toBe(304);
    expect((await raw(path, "*")).status).toBe(304);
    expect((await raw(path, '"other"')).status).toBe(200);
  });

  test("changes with what it is a tag of", async () => {
    const { ask, purser } = await serve();
    await purser.createTenant({ tenant: "acme", plan: "pro", actor: "test" });
    const tags = async () =>
      Promise.all(readings.map(async (path) => (await ask(`GET ${path}`)).headers.get("etag") ?? ""));
    const before = await tags();
    await ask("POST /v1/tenants/acme/consume", { body: { feature: credits }, idempotencyKey: "k" });
    const after = await tags();
    const changed = readings.filter((_, i) => before[i] !== after[i]);
    expect(changed).toEqual([
      "/v1/tenants/acme/entitlements",
      `/v1/tenants/acme/entitlements/${credits}`,
      "/v1/tenants/acme/balances",
      "/v1/tenants/acme/grants",
    ]);
  });

  /** Asks for what changed since an answer, and answers the status and the tag. */
  const since = async (url: string, key: string, path: string, tag: string) => {
    const reply = await fetch(url + path, { headers: { authorization: `Bearer ${key}`, "if-none-match": tag } });
    return { path, status: reply.status, tag: reply.headers.get("etag") ?? "" };
  };

  test("changes with the clock of a test tenant, which is part of every answer", async () => {
    const { ask, purser, makeKey, url } = await serve();
    const { key } = await makeKey({ mode: "test" });
    await purser.createTenant({
      tenant: "lab",
      mode: "test",
      plan: "pro",
      clockAt: new Date("2031-05-01T00:00:00Z"),
      actor: "test",
    });
    const ofTenant = readings
      .filter((path) => path.startsWith("/v1/tenants"))
      .map((path) => path.replace("acme", "lab"));
    // A minute later no number is another, and in a month every one is; the trial of the plan has ended by then.
    for (const to of ["2031-05-01T00:01:00Z", "2031-06-01T00:00:00Z"]) {
      const before = await Promise.all(ofTenant.map((path) => since(url, key, path, "")));
      for (const { path, tag } of before) expect(await since(url, key, path, tag)).toEqual({ path, tag, status: 304 });
      expect(await ask("POST /v1/tenants/lab/clock", { key, body: { to } })).toMatchObject({ status: 200 });
      for (const { path, tag } of before) {
        // The grants tell no time but their own.
        const stays = path.endsWith("/grants") && to === "2031-05-01T00:01:00Z";
        expect(await since(url, key, path, tag)).toMatchObject({ path, status: stays ? 304 : 200 });
      }
    }
    expect((await ask("GET /v1/tenants/lab", { key })).body).toMatchObject({ asOf: "2031-06-01T00:00:00.000Z" });
  });

  test("changes where nothing but time changed a live tenant", async () => {
    const { purser, pool, url, everything } = await serve();
    await purser.createTenant({ tenant: "acme", plan: "pro", actor: "test" });
    const expiresAt = new Date(Date.now() + 2500);
    await purser.issueGrant(pool, { tenant: "acme", feature: credits, amount: 7, expiresAt, dedupeKey: "short" });
    const paths = readings.filter((path) => /balances|grants|entitlements/.test(path));
    const before = await Promise.all(paths.map((path) => since(url, everything, path, "")));
    for (const { path, tag } of before) {
      expect(await since(url, everything, path, tag)).toEqual({ path, tag, status: 304 });
    }
    expect(Date.now(), "asked before it expired").toBeLessThan(expiresAt.getTime());
    await new Promise((resolve) => setTimeout(resolve, expiresAt.getTime() - Date.now() + 50));
    for (const { path, tag } of before) expect(await since(url, everything, path, tag)).toMatchObject({ status: 200 });
  });

  test("tells nobody anything who may not ask", async () => {
    const { headers } = await rig.ask("GET /v1/tenants/acme");
    const other = await rig.makeKey({ tenant: "acme", scopes: [] });
    const reply = await fetch(`${rig.url}/v1/tenants/acme`, {
      headers: { authorization: `Bearer ${other.key}`, "if-none-match": headers.get("etag") ?? "" },
    });
    expect(reply.status).toBe(403);
    expect(reply.headers.get("etag")).toBeNull();
  });

  test.each([
    [undefined, false],
    ['W/"a"', true],
    ['"a"', true],
    ['"b" , W/"a"', true],
    ["*", true],
    ['"b"', false],
    ["a", false],
    ["W/a", false],
    ["", false],
    ["\0", false],
  ])("If-None-Match %j", (header, named) => {
    expect(namesTag(header, 'W/"a"')).toBe(named);
  });
});

describe("J02 unknown query parameters and J05 pages", () => {
  test("J02 every operation refuses a parameter that it does not know, and says which", async () => {
    for (const path of ["/healthz", "/readyz", "/v1/catalog", "/v1/tenants/acme", "/v1/tenants/acme/balances"]) {
      for (const name of ["offset", "filter[name][$ne]", "__proto__", "Limit", "expand"]) {
        const call = `GET ${path}?${encodeURIComponent(name)}=1`;
        expect({ call, ...(await rig.ask(call)) }).toMatchObject({ call, ...refused(422, "invalid_input", name) });
      }
    }
  });

  test("J05 a list tells every line once, whatever its pages, in the header as in the body", async () => {
    const { ask, purser, url } = await serve();
    const { catalog } = purser;
    const features = { ...catalog.features, minutes: { kind: "credits", name: "Minutes", per: "subject" } };
    await purser.publishCatalog({ actor: "test", catalog: { ...catalog, features } });
    await purser.createTenant({ tenant: "acme", plan: "pro", actor: "test" });
    const subjects = Array.from({ length: 51 }, (_, i) => `user ${i}/\u00e9?#%`);
    for (const [i, subject] of subjects.entries()) {
      await ask("POST /v1/tenants/acme/grants", {
        body: { feature: "minutes", amount: 1, subject },
        idempotencyKey: `g${i}`,
      });
    }
    const whole = await ask("GET /v1/tenants/acme/balances");
    expect(whole.body["nextCursor"]).toBeNull();
    expect(whole.headers.get("link")).toBeNull();
    for (const [list, lines] of [
      ["balances", 51],
      ["grants", 51],
      ["entitlements", 20],
    ] as const) {
      const all = (await ask(`GET /v1/tenants/acme/${list}`)).body[list] as Record<string, unknown>[];
      const told: Record<string, unknown>[] = [];
      let next: string | undefined = `/v1/tenants/acme/${list}?limit=7`;
      while (next !== undefined) {
        const page: Awaited<ReturnType<typeof ask>> = await ask(`GET ${next}`);
        told.push(...(page.body[list] as Record<string, unknown>[]));
        const cursor = page.body["nextCursor"] as string | null;
        const link = page.headers.get("link");
        next = link === null ? undefined : /^<([^>]+)>; rel="next"$/.exec(link)?.[1];
        expect(next === undefined ? null : new URL(next, url).searchParams.get("cursor")).toBe(cursor);
      }
      const named = (line: Record<string, unknown>) =>
        JSON.stringify([line["feature"], line["subject"], line["grantId"]]);
      expect(told.map(named)).toEqual(all.map(named));
      expect(told.length).toBeGreaterThanOrEqual(lines);
    }
  });

  test("J05 a limit beyond the most, and a cursor that no page gave, are named", async () => {
    const other = Buffer.from(JSON.stringify(["a"])).toString("base64url");
    for (const list of ["balances", "grants", "entitlements"]) {
      for (const limit of ["0", "1001", "1000000000", "1e9", "-1", "all"]) {
        expect(await rig.ask(`GET /v1/tenants/acme/${list}?limit=${limit}`)).toMatchObject(
          refused(422, "invalid_input", "limit"),
        );
      }
      const wrong = list === "entitlements" ? "WyJhIiwiYiJd" : other;
      for (const cursor of ["x", wrong, "bnVsbA", "W10", "%00", encodeURIComponent("W1wiYVwiXQ==")]) {
        expect(await rig.ask(`GET /v1/tenants/acme/${list}?cursor=${cursor}`)).toMatchObject(
          refused(422, "invalid_input", "cursor"),
        );
      }
    }
  });
});

test("S002-4 the result of a check has feature, whether it is enabled, tier, reason, cached, resolved at, and TTL", async () => {
  const before = Date.now();
  const { body } = await rig.ask("POST /v1/tenants/acme/check", { body: { feature: credits } });
  expect(body).toMatchObject({
    feature: credits,
    allowed: true,
    tier: "pro",
    reason: "INCLUDED",
    cached: false,
    cacheTtlRemaining: 0,
  });
  const resolvedAt = Date.parse(String(body["asOf"]));
  expect(Math.abs(resolvedAt - before)).toBeLessThan(60_000);
  const denied = await rig.ask("POST /v1/tenants/acme/check", { body: { feature: "ccp-14" } });
  expect(denied.body).toMatchObject({ feature: "ccp-14", allowed: false, tier: "pro", reason: "TIER_INSUFFICIENT" });
});

test("S002-8 in shape: the list answers the features and the tenant's tier", async () => {
  expect((await rig.ask("GET /v1/tenants/acme/entitlements")).body).toMatchObject({
    tier: "pro",
    entitlements: expect.arrayContaining([expect.objectContaining({ feature: "ccp-01", allowed: true })]),
  });
});
