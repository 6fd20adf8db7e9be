// Who may call what: every guarded route × {no key, a wrong key, a revoked one, one without the scope, one of another
// tenant, one of the other mode}. Nothing is written by any of them.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scopes } from "../../src/index.ts";
import { type Rig, refused, serve } from "./rig.ts";
import { guarded } from "./samples.ts";

let rig: Rig;
let end: () => Promise<void> = () => Promise.resolve();
let before = "";
const keys: Record<string, string> = {};

beforeAll(async () => {
  rig = await serve((close) => (end = close));
  const { purser, makeKey } = rig;
  for (const tenant of ["acme", "rival"]) await purser.createTenant({ tenant, plan: "pro", actor: "test" });
  await purser.createTenant({ tenant: "lab", plan: "pro", mode: "test", actor: "test" });
  const revoked = await makeKey();
  await purser.apiKeys.revoke(revoked.keyId);
  keys["revoked"] = revoked.key;
  keys["rival's"] = (await makeKey({ tenant: "rival" })).key;
  keys["acme's"] = (await makeKey({ tenant: "acme" })).key;
  keys["test"] = (await makeKey({ mode: "test" })).key;
  keys["without scopes"] = (await makeKey({ scopes: [] })).key;
  for (const { operation, scope } of guarded) {
    keys[`all but ${operation}`] = (await makeKey({ scopes: scopes.filter((one) => one !== scope) })).key;
  }
  before = await rig.everyRow();
});
afterAll(() => end());

const secretOf = (key: string) => key.slice(-64);
const wrongKeys = (good: string): [string, string | undefined][] => [
  ["no key", undefined],
  ["another secret", good.replace(secretOf(good), "0".repeat(64))],
  ["an unknown id", good.replace(/_[0-9a-f]{16}_/, `_${"0".repeat(16)}_`)],
  ["another mode in its name", good.replace("purser_live_", "purser_test_")],
  ["a key cut short", good.slice(0, -1)],
  ["a key with something after it", `${good}0`],
  ["no key at all", "hunter2"],
];

describe.each(guarded)("$operation", ({ operation, scope, call, rest }) => {
  test("401 without a key that is in force", async () => {
    for (const [what, key] of [...wrongKeys(rig.everything), ["a revoked key", keys["revoked"]] as const]) {
      const reply = await rig.ask(call("acme"), { ...rest, key });
      expect({ what, ...reply }).toMatchObject({ what, ...refused(401, "unauthenticated") });
      expect(reply.headers.get("www-authenticate")).toMatch(/^Bearer realm="purser"/);
    }
    const basic = { authorization: `Basic ${Buffer.from("a:b").toString("base64")}` };
    expect(await rig.ask(call("acme"), { ...rest, key: undefined, headers: basic })).toMatchObject(
      refused(401, "unauthenticated"),
    );
  });

  test("403 without the scope", async () => {
    for (const key of [keys[`all but ${operation}`], keys["without scopes"]]) {
      const reply = await rig.ask(call("acme"), { ...rest, key });
      expect(reply).toMatchObject(refused(403, "scope_missing"));
      expect(reply.headers.get("www-authenticate")).toContain(`scope="${scope}"`);
    }
  });

  test("nothing was written", async () => {
    expect(await rig.everyRow()).toBe(before);
  });
});

test.each(guarded.filter(({ path }) => path.startsWith("/v1/tenants")))(
  "$operation: 403 with another tenant's key, the same whether or not there is such a tenant",
  async ({ call, rest }) => {
    const there = await rig.ask(call("acme"), { ...rest, key: keys["rival's"] });
    const notThere = await rig.ask(call("nobody"), { ...rest, key: keys["rival's"] });
    expect(there).toMatchObject(refused(403, "other_tenant"));
    expect(notThere.body).toEqual({ ...there.body, traceId: expect.any(String) });
    expect(await rig.everyRow()).toBe(before);
  },
);

test.each(guarded.filter(({ path }) => path.includes("{tenant}")))(
  "$operation: 403 with a key of the other mode",
  async ({ call, rest }) => {
    const withTestKey = await rig.ask(call("acme"), { ...rest, key: keys["test"] });
    expect(withTestKey).toMatchObject(refused(403, "other_mode", "tenant"));
    expect(await rig.ask(call("lab"), { ...rest })).toMatchObject(refused(403, "other_mode", "tenant"));
    expect(await rig.everyRow()).toBe(before);
  },
);

describe("a key that fits", () => {
  test("of one tenant reaches that tenant, in any spelling of its id, and what is everybody's", async () => {
    const { ask, purser, makeKey } = await serve();
    await purser.createTenant({ tenant: "caf\u00e9", plan: "pro", actor: "test" });
    const { key } = await makeKey({ tenant: "cafe\u0301" });
    for (const spelling of ["caf%C3%A9", "cafe%CC%81"]) {
      expect(await ask(`GET /v1/tenants/${spelling}`, { key })).toMatchObject({
        status: 200,
        body: { tenant: "caf\u00e9" },
      });
    }
    expect(await ask("GET /v1/catalog", { key })).toMatchObject({ status: 200 });
    expect(await ask("GET /v1/tenants", { key })).toMatchObject(refused(403, "other_tenant"));
  });

  test("of test mode makes and lists test tenants only", async () => {
    const { ask, makeKey } = await serve();
    const { key } = await makeKey({ mode: "test" });
    expect(await ask("POST /v1/tenants", { body: { tenant: "live-one" } })).toMatchObject({ status: 201 });
    expect(await ask("POST /v1/tenants", { key, body: { tenant: "lab" } })).toMatchObject({ status: 201 });
    expect(await ask("POST /v1/tenants", { key, body: { tenant: "x", mode: "live" } })).toMatchObject(
      refused(403, "other_mode", "mode"),
    );
    const names = async (asked: object) => ((await ask("GET /v1/tenants", asked)).body["tenants"] as object[]).length;
    expect([await names({ key }), await names({})]).toEqual([1, 1]);
  });

  test("to name a plan for a new tenant it takes both scopes", async () => {
    const { ask, makeKey } = await serve();
    const { key } = await makeKey({ scopes: ["tenants:write"] });
    expect(await ask("POST /v1/tenants", { key, body: { tenant: "a", plan: "pro" } })).toMatchObject(
      refused(403, "scope_missing"),
    );
    expect(await ask("POST /v1/tenants", { key, body: { tenant: "a" } })).toMatchObject({ status: 201 });
  });

  test("is refused from the moment it is revoked, and from the moment it expires", async () => {
    const { ask, makeKey, purser, admin } = await serve();
    const [one, other] = [await makeKey(), await makeKey()];
    expect(await ask("GET /v1/catalog", { key: one.key })).toMatchObject({ status: 200 });
    await purser.apiKeys.revoke(one.keyId);
    expect(await ask("GET /v1/catalog", { key: one.key })).toMatchObject(refused(401, "unauthenticated"));
    await admin.query("UPDATE purser.api_keys SET expires_at = clock_timestamp() WHERE key_id = $1", [other.keyId]);
    expect(await ask("GET /v1/catalog", { key: other.key })).toMatchObject(refused(401, "unauthenticated"));
  });

  test("its secret is nowhere in the database and nowhere in the log", async () => {
    const { ask, everything, everyRow, lines } = await serve();
    await ask("GET /v1/catalog");
    await ask("GET /v1/tenants/secret-tenant?subject=x", { headers: { cookie: "session=1" } });
    const written = (await everyRow()) + lines.join("");
    expect(written).toContain(everything.slice(12, 28));
    expect(written).not.toContain(secretOf(everything));
    expect(lines.join("")).not.toContain("secret-tenant");
  });
});
