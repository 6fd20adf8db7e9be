// Signing in over real HTTP: what a cookie is, who may use it, and when it ends.
import { describe, expect, test } from "vitest";
import { createSignInCode } from "../../src/console/sign-in.ts";
import { createServer } from "../../src/index.ts";
import { type Rig, serve } from "../http/rig.ts";

interface Asked {
  cookie?: string | undefined;
  headers?: Record<string, string>;
  body?: unknown;
}

/** As a page of the console asks, unless the headers say otherwise. */
async function call(url: string, { cookie, headers, body }: Asked = {}, method = "GET") {
  const response = await fetch(url, {
    method,
    headers: {
      "sec-fetch-site": "same-origin",
      ...(cookie === undefined ? {} : { cookie }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const said = (await response.json()) as { code?: string; sessions?: { mode: string; keyId: string }[] };
  return { status: response.status, code: said.code, said, set: response.headers.getSetCookie() };
}

/** What a browser would send back. */
const kept = (set: readonly string[]) => set.map((one) => one.split(";")[0]).join("; ");
const signIn = (rig: Rig, key: string, more: Asked = {}) =>
  call(`${rig.url}/console/session`, { body: { key }, ...more }, "POST");

async function signedIn() {
  const rig = await serve();
  const { set } = await signIn(rig, rig.everything);
  const cookie = kept(set);
  return { rig, cookie, tenants: `${rig.url}/v1/tenants` };
}

test("a key is exchanged for a cookie that no script reads and no other site sends", async () => {
  const rig = await serve();
  const { status, set, said } = await signIn(rig, ` ${rig.everything}\n`);
  expect(status).toBe(200);
  expect(said.sessions).toMatchObject([{ mode: "live", name: "test", tenant: null }]);
  expect(set).toHaveLength(1);
  expect(set[0]).toMatch(/^purser_live=[0-9a-f.]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
  expect(set[0]).not.toContain(rig.everything.split("_")[3]);
  expect(await call(`${rig.url}/v1/tenants`, { cookie: kept(set) })).toMatchObject({ status: 200 });

  const secure = await signIn(rig, rig.everything, { headers: { origin: "https://console.example" } });
  expect(secure.set[0]).toMatch(/^__Host-purser_live=.*; Secure$/);
  expect(await call(`${rig.url}/v1/tenants`, { cookie: kept(secure.set) })).toMatchObject({ status: 200 });
});

test("a key of each mode can be signed in at once, and the page says which it asks with", async () => {
  const { rig, cookie, tenants } = await signedIn();
  const { key } = await rig.makeKey({ mode: "test" });
  const second = await signIn(rig, key, { cookie });
  expect(second.said.sessions?.map(({ mode }) => mode)).toEqual(["live", "test"]);
  const both = `${cookie}; ${kept(second.set)}`;
  await rig.purser.createTenant({ tenant: "lab", mode: "test", actor: "test" });
  expect(await call(tenants, { cookie: both })).toMatchObject({ said: { tenants: [] } });
  expect(await call(tenants, { cookie: both, headers: { "purser-mode": "test" } })).toMatchObject({
    said: { tenants: [{ tenant: "lab" }] },
  });
  expect(await call(tenants, { cookie, headers: { "purser-mode": "test" } })).toMatchObject({ status: 401 });
});

test("what the key may not do, its session may not do", async () => {
  const rig = await serve();
  const { key } = await rig.makeKey({ scopes: ["tenants:read"] });
  const cookie = kept((await signIn(rig, key)).set);
  expect(await call(`${rig.url}/v1/tenants`, { cookie })).toMatchObject({ status: 200 });
  const body = { tenant: "new" };
  expect(await call(`${rig.url}/v1/tenants`, { cookie, body }, "POST")).toMatchObject({ code: "scope_missing" });
});

describe("a session ends", () => {
  test("when its key is revoked, at once", async () => {
    const { rig, cookie, tenants } = await signedIn();
    await rig.purser.apiKeys.revoke(rig.everything.split("_")[2] ?? "");
    expect(await call(tenants, { cookie })).toMatchObject({ status: 401, code: "unauthenticated" });
    expect(await call(`${rig.url}/console/session`, { cookie })).toMatchObject({ said: { sessions: [] } });
  });

  test("when somebody signs out, everywhere, and the cookie is taken back", async () => {
    const { rig, cookie, tenants } = await signedIn();
    const out = await call(`${rig.url}/console/session`, { cookie }, "DELETE");
    expect(out).toMatchObject({ status: 200, said: { sessions: [] } });
    expect(out.set[0]).toMatch(/^purser_live=; Path=\/; Max-Age=0; HttpOnly; SameSite=Strict$/);
    expect(await call(tenants, { cookie })).toMatchObject({ status: 401 });
  });

  test("when the same browser signs in anew", async () => {
    const { rig, cookie, tenants } = await signedIn();
    await signIn(rig, rig.everything, { cookie });
    expect(await call(tenants, { cookie })).toMatchObject({ status: 401 });
  });

  test("after twelve hours", async () => {
    const { rig, cookie, tenants } = await signedIn();
    const [left] = (
      await rig.admin.query("SELECT round(extract(epoch FROM ends_at - opened_at)) AS s FROM purser.console_sessions")
    ).rows;
    expect(Math.abs(Number(left.s) - 12 * 60 * 60)).toBeLessThan(5);
    await rig.admin.query("UPDATE purser.console_sessions SET ends_at = now()");
    expect(await call(tenants, { cookie })).toMatchObject({ status: 401 });
  });

  test("and nothing of it is kept; nor was it ever a key", async () => {
    const { rig, cookie } = await signedIn();
    const count = async (table: string) =>
      Number((await rig.admin.query(`SELECT count(*) AS rows FROM purser.${table}`)).rows[0].rows);
    const keys = await count("api_keys");
    expect(await count("console_sessions")).toBe(1);
    await signIn(rig, rig.everything, { cookie });
    expect(await count("console_sessions")).toBe(1);
    // Of those that ended by themselves, the next one to sign in lets go.
    const dead = await rig.makeKey();
    await signIn(rig, dead.key);
    await rig.purser.apiKeys.revoke(dead.keyId);
    await rig.admin.query("UPDATE purser.console_sessions SET ends_at = now() WHERE key_id <> $1", [dead.keyId]);
    expect(await count("console_sessions")).toBe(2);
    const { set } = await signIn(rig, rig.everything);
    expect(await count("console_sessions")).toBe(1);
    await call(`${rig.url}/console/session`, { cookie: kept(set) }, "DELETE");
    expect(await count("console_sessions")).toBe(0);
    expect(await count("api_keys")).toBe(keys + 1);
  });
});

describe("what is no session", () => {
  test("a key as a cookie, a session as a key, one carried over to another key, one that was tampered with", async () => {
    const { rig, cookie, tenants } = await signedIn();
    const [sessionId = "", keyId = "", secret = ""] = (cookie.split("=")[1] ?? "").split(".");
    const other = await rig.makeKey();
    for (const forged of [
      rig.everything,
      `${sessionId}.${other.keyId}.${secret}`,
      `${keyId}.${keyId}.${rig.everything.split("_")[3]}`,
      `${sessionId}.${keyId}.${"0".repeat(64)}`,
      `${sessionId}.${keyId}`,
      "",
    ]) {
      expect(await call(tenants, { cookie: `purser_live=${forged}` })).toMatchObject({ status: 401 });
    }
    const asKey = { authorization: `Bearer purser_live_${sessionId}_${secret}` };
    expect(await call(tenants, { headers: asKey })).toMatchObject({ status: 401 });
    expect(await signIn(rig, `purser_live_${sessionId}_${secret}`)).toMatchObject({ status: 401 });
    expect(await call(tenants, { cookie })).toMatchObject({ status: 200 });
  });

  test("a request that shows a key is judged by the key, whatever cookie came along", async () => {
    const { cookie, tenants } = await signedIn();
    const headers = { authorization: `Bearer purser_live_${"0".repeat(16)}_${"0".repeat(64)}` };
    expect(await call(tenants, { cookie, headers })).toMatchObject({ status: 401 });
  });
});

describe("a cookie changes nothing unless a page of the console asks", () => {
  const elsewhere = "https://evil.example";
  test.each([
    ["another site", { "sec-fetch-site": "cross-site", origin: elsewhere }],
    ["another origin of this site", { "sec-fetch-site": "same-site" }],
    ["an address that somebody typed", { "sec-fetch-site": "none" }],
    ["another site, in a browser that does not say so", { "sec-fetch-site": undefined, origin: elsewhere }],
    ["a sandboxed frame", { "sec-fetch-site": undefined, origin: "null" }],
    ["nobody knows", { "sec-fetch-site": undefined }],
  ])("%s", async (_, { "sec-fetch-site": site, ...headers }) => {
    const { rig, cookie, tenants } = await signedIn();
    const from = { ...headers, ...(site === undefined ? {} : { "sec-fetch-site": site }) };
    const before = await rig.everyRow();
    for (const [url, body] of [
      [tenants, { tenant: "forged" }],
      [`${rig.url}/console/session`, { key: rig.everything }],
    ] as const) {
      const response = await fetch(url, {
        method: "POST",
        headers: { ...from, cookie, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      expect(await response.json()).toMatchObject({ status: 403, code: "cross_origin" });
    }
    const form = await fetch(tenants, {
      method: "POST",
      headers: { ...from, cookie },
      body: new URLSearchParams("a=b"),
    });
    expect(form.status).toBe(403);
    const out = await fetch(`${rig.url}/console/session`, { method: "DELETE", headers: { ...from, cookie } });
    expect(out.status).toBe(403);
    expect(await rig.everyRow()).toBe(before);
  });

  test("a browser that does not say is believed by its origin", async () => {
    const { rig, cookie, tenants } = await signedIn();
    const response = await fetch(tenants, {
      method: "POST",
      headers: { origin: rig.url, cookie, "content-type": "application/json" },
      body: JSON.stringify({ tenant: "by-origin" }),
    });
    expect(response.status).toBe(201);
  });
});

test("ten failed attempts in a minute are enough, and a wrong body says what is wrong", async () => {
  const rig = await serve();
  const wrong = `purser_live_${"0".repeat(16)}_${"0".repeat(64)}`;
  expect(await call(`${rig.url}/console/session`, { body: { kye: "x" } }, "POST")).toMatchObject({
    code: "invalid_input",
  });
  for (let i = 0; i < 10; i += 1) expect(await signIn(rig, wrong)).toMatchObject({ code: "unauthenticated" });
  expect(await signIn(rig, wrong)).toMatchObject({ status: 429, code: "too_many_attempts" });
  expect(await signIn(rig, rig.everything)).toMatchObject({ status: 429 });
});

test("the printed code signs in with both keys, once", async () => {
  const rig = await serve();
  const code = createSignInCode([rig.everything, (await rig.makeKey({ mode: "test" })).key]);
  const app = createServer({ purser: rig.purser as never, database: rig.pool, logLevel: "silent", signIn: code });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const redeem = (text: string) => call(`${url}/console/session`, { body: { code: text } }, "POST");
  try {
    expect(await redeem("0".repeat(32))).toMatchObject({ status: 401 });
    const first = await redeem(code.code);
    expect(first.said.sessions?.map(({ mode }) => mode)).toEqual(["live", "test"]);
    expect(first.set).toHaveLength(2);
    expect(await redeem(code.code)).toMatchObject({ status: 401 });
  } finally {
    await app.close();
  }
});
