// Everything that can be wrong with a request: the status, the code and the field it names. Nothing is written by any.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ask, type Rig, refused, serve } from "./rig.ts";

let rig: Rig;
let end: () => Promise<void> = () => Promise.resolve();
let before = "";
let testKey = "";

beforeAll(async () => {
  rig = await serve((close) => (end = close));
  const { purser } = rig;
  await purser.createTenant({ tenant: "acme", name: "Acme", plan: "free", actor: "test" });
  await purser.createTenant({ tenant: "pro", plan: "pro", actor: "test" });
  await purser.createTenant({ tenant: "none", actor: "test" });
  await purser.createTenant({ tenant: "lab", mode: "test", clockAt: new Date("2031-01-01T00:00:00Z"), actor: "test" });
  testKey = (await rig.makeKey({ mode: "test" })).key;
  const used = { tenant: "pro", feature: "messaging.credits", amount: 5, idempotencyKey: "used" } as const;
  await purser.consume(rig.pool, used);
  await purser.issueGrant(rig.pool, { tenant: "pro", feature: "messaging.credits", amount: 5, dedupeKey: "used" });
  before = await rig.everyRow();
});
afterAll(() => end());

type Case = [what: string, body: unknown, status: number, code: string, ...fields: string[]];
const credits = "messaging.credits";
const lone = "\ud800";

function cases(call: string, rows: Case[], more: () => Ask = () => ({})): void {
  test.each(rows)(`${call}: %s`, async (what, body, status, code, ...fields) => {
    const sent = typeof body === "string" ? { raw: body } : { body };
    const reply = await rig.ask(call, {
      idempotencyKey: `key-${what}`.replaceAll(/[^\x20-\x7e]/g, "?"),
      ...sent,
      ...more(),
    });
    expect(reply).toMatchObject(refused(status, code, ...fields));
    expect(await rig.everyRow(), "nothing is written").toBe(before);
  });
}

describe("D04 J01: consume", () => {
  cases("POST /v1/tenants/pro/consume", [
    ["an unknown feature", { feature: "no.such" }, 404, "feature_unknown", "feature"],
    ["a flag", { feature: "ccp-01" }, 422, "wrong_kind", "feature"],
    ["a value", { feature: "support.response_hours" }, 422, "wrong_kind", "feature"],
    ["a capacity", { feature: "projects.max" }, 422, "wrong_kind", "feature"],
    ["a capability of a capacity", { feature: "projects.create" }, 422, "wrong_kind", "feature"],
    ["more than there is", { feature: credits, amount: 101 }, 402, "insufficient_balance"],
    ["no feature", {}, 422, "invalid_input", "feature"],
    ["an empty feature", { feature: "" }, 422, "invalid_input", "feature"],
    ["a feature of null", { feature: null }, 422, "invalid_input", "feature"],
    ["a feature that is a number", { feature: 7 }, 422, "invalid_input", "feature"],
    ["a feature that is long", { feature: "f".repeat(201) }, 422, "invalid_input", "feature"],
    ["zero", { feature: credits, amount: 0 }, 422, "invalid_input", "amount"],
    ["minus zero", '{"feature":"messaging.credits","amount":-0}', 422, "invalid_input", "amount"],
    ["a negative amount", { feature: credits, amount: -1 }, 422, "invalid_input", "amount"],
    ["a negative text", { feature: credits, amount: "-1" }, 422, "invalid_input", "amount"],
    ["seven fractional digits", { feature: credits, amount: 0.1234567 }, 422, "invalid_input", "amount"],
    ["seven of them as text", { feature: credits, amount: "1.1234567" }, 422, "invalid_input", "amount"],
    ["sixteen digits", { feature: credits, amount: "1234567890.123456" }, 422, "invalid_input", "amount"],
    ["1e15", { feature: credits, amount: 1e15 }, 422, "invalid_input", "amount"],
    ["1e999", '{"feature":"messaging.credits","amount":1e999}', 422, "invalid_input", "amount"],
    [
      "digits that a number drops",
      '{"feature":"messaging.credits","amount":1.00000000000000001}',
      422,
      "invalid_input",
      "amount",
    ],
    ["exponents as text", { feature: credits, amount: "1e1" }, 422, "invalid_input", "amount"],
    ["hexadecimals", { feature: credits, amount: "0x10" }, 422, "invalid_input", "amount"],
    ["NaN", { feature: credits, amount: "NaN" }, 422, "invalid_input", "amount"],
    ["an empty amount", { feature: credits, amount: "" }, 422, "invalid_input", "amount"],
    ["blanks", { feature: credits, amount: " 1" }, 422, "invalid_input", "amount"],
    ["an amount of null", { feature: credits, amount: null }, 422, "invalid_input", "amount"],
    ["a true amount", { feature: credits, amount: true }, 422, "invalid_input", "amount"],
    ["an amount in a list", { feature: credits, amount: [1] }, 422, "invalid_input", "amount"],
    ["unlimited", { feature: credits, amount: "unlimited" }, 422, "invalid_input", "amount"],
    ["a subject of null", { feature: credits, subject: null }, 422, "invalid_input", "subject"],
    ["a long subject", { feature: credits, subject: "s".repeat(201) }, 422, "invalid_input", "subject"],
    ["a subject with NUL", { feature: credits, subject: "a\0b" }, 422, "invalid_input", "subject"],
    ["half a surrogate pair", { feature: credits, subject: lone }, 422, "invalid_input", "subject"],
    ["NUL in a feature", { feature: "a\0" }, 422, "invalid_input", "feature"],
    ["NUL in metadata", { feature: credits, metadata: { a: { b: "\0" } } }, 422, "invalid_input", "metadata"],
    ["NUL in a name", { feature: credits, metadata: { "a\0": 1 } }, 422, "invalid_input", "metadata"],
    ["half a pair in a name", { feature: credits, metadata: { [lone]: 1 } }, 422, "invalid_input", "metadata"],
    ["metadata of null", { feature: credits, metadata: null }, 422, "invalid_input", "metadata"],
    ["metadata in a list", { feature: credits, metadata: [] }, 422, "invalid_input", "metadata"],
    ["metadata as text", { feature: credits, metadata: "a" }, 422, "invalid_input", "metadata"],
    ["large metadata", { feature: credits, metadata: { a: "x".repeat(16_384) } }, 422, "invalid_input", "metadata"],
    [
      "deep metadata",
      { feature: credits, metadata: { a: { a: { a: { a: { a: {} } } } } } },
      422,
      "invalid_input",
      "metadata",
    ],
    ["__proto__", '{"feature":"messaging.credits","__proto__":{"amount":1}}', 422, "invalid_input", "__proto__"],
    [
      "constructor below",
      '{"feature":"messaging.credits","metadata":{"constructor":1}}',
      422,
      "invalid_input",
      "metadata",
    ],
    ["a name twice", '{"feature":"messaging.credits","amount":1,"amount":50}', 422, "invalid_input", "amount"],
    [
      "a name twice, once escaped",
      '{"feature":"messaging.credits","amount":1,"\\u0061mount":50}',
      422,
      "invalid_input",
      "amount",
    ],
    ["an unknown field", { feature: credits, tenant: "acme" }, 422, "invalid_input", "tenant"],
    ["two unknown fields", { feature: credits, a: 1, b: 2 }, 422, "invalid_input", "a", "b"],
    ["two things wrong", { amount: null, subject: 7 }, 422, "invalid_input", "feature", "amount", "subject"],
    [
      "a time without offset",
      { feature: credits, occurredAt: "2031-01-01T00:00:00" },
      422,
      "invalid_input",
      "occurredAt",
    ],
    ["a day", { feature: credits, occurredAt: "2031-01-01" }, 422, "invalid_input", "occurredAt"],
    ["no such day", { feature: credits, occurredAt: "2031-02-30T00:00:00Z" }, 422, "invalid_input", "occurredAt"],
    [
      "microseconds",
      { feature: credits, occurredAt: "2031-01-01T00:00:00.123456Z" },
      422,
      "invalid_input",
      "occurredAt",
    ],
    ["a time as a number", { feature: credits, occurredAt: 0 }, 422, "invalid_input", "occurredAt"],
    ["an empty time", { feature: credits, occurredAt: "" }, 422, "invalid_input", "occurredAt"],
    [
      "a year of six digits",
      { feature: credits, occurredAt: "+275760-09-13T00:00:00Z" },
      422,
      "invalid_input",
      "occurredAt",
    ],
    ["a list", [], 422, "invalid_input"],
    ["a text", '"messaging.credits"', 422, "invalid_input"],
    ["null", "null", 422, "invalid_input"],
    ["no JSON", "{feature}", 400, "malformed_json"],
    ["half of it", '{"feature":', 400, "malformed_json"],
    ["nothing", "", 400, "malformed_json"],
    ["NaN as a word", '{"amount":NaN}', 400, "malformed_json"],
  ]);

  test("what the plan does not have, and what is used up", async () => {
    const consume = (tenant: string, feature: string, amount: number) =>
      rig.ask(`POST /v1/tenants/${tenant}/consume`, { body: { feature, amount }, idempotencyKey: "refused" });
    expect(await consume("acme", credits, 1)).toMatchObject(refused(402, "not_included"));
    const limit = await consume("acme", "annuity.calculate", 21);
    expect(limit).toMatchObject(refused(402, "limit_reached"));
    expect(limit.body).toMatchObject({ available: 20 });
    expect(await consume("none", credits, 1)).toMatchObject(refused(402, "subscription_inactive"));
    expect(await consume("nobody", credits, 1)).toMatchObject(refused(404, "tenant_unknown", "tenant"));
    expect(await rig.everyRow()).toBe(before);
  });

  test("a key that is missing, unusable or used for something else", async () => {
    const consume = (body: object, options: Ask) => rig.ask("POST /v1/tenants/pro/consume", { body, ...options });
    const one = { feature: credits, amount: 5 };
    expect(await consume(one, {})).toMatchObject(refused(400, "idempotency_key_missing", "Idempotency-Key"));
    expect(await consume(one, { idempotencyKey: "" })).toMatchObject(
      refused(400, "idempotency_key_missing", "Idempotency-Key"),
    );
    for (const idempotencyKey of ["k".repeat(201), "caf\u00e9", "a\tb"]) {
      expect(await consume(one, { idempotencyKey })).toMatchObject(refused(422, "invalid_input", "Idempotency-Key"));
    }
    expect(await consume({ ...one, amount: 6 }, { idempotencyKey: "used" })).toMatchObject(
      refused(409, "idempotency_conflict", "amount"),
    );
    expect(await consume(one, { idempotencyKey: "used" })).toMatchObject({ status: 200, body: { replayed: true } });
    expect(await rig.everyRow()).toBe(before);
  });
});

describe("D04 D05: grants", () => {
  cases("POST /v1/tenants/pro/grants", [
    ["an unknown feature", { feature: "no.such", amount: 1 }, 404, "feature_unknown", "feature"],
    ["a flag", { feature: "ccp-01", amount: 1 }, 422, "wrong_kind", "feature"],
    ["neither amount nor unlimited", { feature: credits }, 422, "invalid_input", "amount"],
    ["both", { feature: credits, amount: 1, unlimited: true }, 422, "invalid_input", "amount"],
    ["zero and unlimited", { feature: credits, amount: 0, unlimited: true }, 422, "invalid_input", "amount"],
    ["not unlimited", { feature: credits, unlimited: false }, 422, "invalid_input", "unlimited"],
    ["unlimited of null", { feature: credits, unlimited: null }, 422, "invalid_input", "unlimited"],
    ["zero", { feature: credits, amount: 0 }, 422, "invalid_input", "amount"],
    ["null", { feature: credits, amount: null }, 422, "invalid_input", "amount"],
    ["empty", { feature: credits, amount: "" }, 422, "invalid_input", "amount"],
    ["too precise", { feature: credits, amount: "0.0000001" }, 422, "invalid_input", "amount"],
    ["a priority out of range", { feature: credits, amount: 1, priority: 1001 }, 422, "invalid_input", "priority"],
    ["half a priority", { feature: credits, amount: 1, priority: 0.5 }, 422, "invalid_input", "priority"],
    [
      "an end that is past",
      { feature: credits, amount: 1, expiresAt: "2001-01-01T00:00:00Z" },
      422,
      "invalid_input",
      "expiresAt",
    ],
    ["the plan's own source", { feature: credits, amount: 1, source: "plan" }, 422, "invalid_input", "source"],
    [
      "large metadata",
      { feature: credits, amount: 1, metadata: { a: "x".repeat(16_384) } },
      422,
      "invalid_input",
      "metadata",
    ],
  ]);

  test("a key that is missing, the engine's own, or used for something else", async () => {
    const grant = (amount: number, options: Ask) =>
      rig.ask("POST /v1/tenants/pro/grants", { body: { feature: credits, amount }, ...options });
    expect(await grant(5, {})).toMatchObject(refused(400, "idempotency_key_missing", "Idempotency-Key"));
    expect(await grant(5, { idempotencyKey: "allowance:1" })).toMatchObject(
      refused(422, "invalid_input", "Idempotency-Key"),
    );
    expect(await grant(6, { idempotencyKey: "used" })).toMatchObject(refused(409, "idempotency_conflict", "amount"));
    expect(await rig.everyRow()).toBe(before);
  });
});

describe("refresh", () => {
  cases("POST /v1/tenants/pro/refresh", [
    ["no feature", {}, 422, "invalid_input", "feature"],
    ["a subject with NUL", { feature: credits, subject: "\0" }, 422, "invalid_input", "subject"],
    ["an unknown field", { feature: credits, amount: 1 }, 422, "invalid_input", "amount"],
    ["an unknown feature", { feature: "no.such" }, 404, "feature_unknown", "feature"],
  ]);
});

describe("check", () => {
  cases("POST /v1/tenants/pro/check", [
    ["no feature", {}, 422, "invalid_input", "feature"],
    ["zero", { feature: credits, amount: 0 }, 422, "invalid_input", "amount"],
    ["too precise", { feature: credits, amount: "1.0000001" }, 422, "invalid_input", "amount"],
    ["a subject with NUL", { feature: credits, subject: "\0" }, 422, "invalid_input", "subject"],
    ["an unknown field", { feature: credits, at: "2031-01-01T00:00:00Z" }, 422, "invalid_input", "at"],
  ]);
});

describe("tenants", () => {
  cases("POST /v1/tenants", [
    ["no id", {}, 422, "invalid_input", "tenant"],
    ["an empty id", { tenant: "" }, 422, "invalid_input", "tenant"],
    ["an id of null", { tenant: null }, 422, "invalid_input", "tenant"],
    ["a long id", { tenant: "t".repeat(201) }, 422, "invalid_input", "tenant"],
    ["an id with NUL", { tenant: "a\0" }, 422, "invalid_input", "tenant"],
    ["half a surrogate pair", { tenant: lone }, 422, "invalid_input", "tenant"],
    ["an id that no address can hold", { tenant: ".." }, 422, "invalid_input", "tenant"],
    ["another mode", { tenant: "x", mode: "demo" }, 422, "invalid_input", "mode"],
    ["no time zone", { tenant: "x", timeZone: "Mars/Olympus" }, 422, "invalid_input", "timeZone"],
    ["no currency", { tenant: "x", currency: "eur" }, 422, "invalid_input", "currency"],
    ["a clock for a live tenant", { tenant: "x", clockAt: "2031-01-01T00:00:00Z" }, 422, "invalid_input", "clockAt"],
    ["a long name", { tenant: "x", name: "n".repeat(501) }, 422, "invalid_input", "name"],
    ["a name of null", { tenant: "x", name: null }, 422, "invalid_input", "name"],
    ["an unknown plan", { tenant: "x", plan: "gold" }, 404, "plan_unknown", "plan"],
    ["somebody else's field", { tenant: "x", slot: 1 }, 422, "invalid_input", "slot"],
    ["the same id with another name", { tenant: "acme", name: "Other" }, 409, "idempotency_conflict", "name"],
  ]);

  cases("POST /v1/tenants/none/subscription", [
    ["an unknown plan", { plan: "gold" }, 404, "plan_unknown", "plan"],
    ["no plan", {}, 422, "invalid_input", "plan"],
    ["a version that is too large", { plan: "pro", version: 2 ** 31 }, 422, "invalid_input", "version"],
    ["an unknown version", { plan: "pro", version: 7 }, 404, "plan_unknown", "plan"],
    ["an anchor that is none", { plan: "pro", billingAnchor: "soon" }, 422, "invalid_input", "billingAnchor"],
  ]);
  cases("POST /v1/tenants/pro/subscription", [["a second one", { plan: "free" }, 409, "already_subscribed"]]);
  cases("POST /v1/tenants/nobody/subscription", [["no tenant", { plan: "free" }, 404, "tenant_unknown", "tenant"]]);

  cases("POST /v1/tenants/pro/clock", [
    ["a live tenant", { to: "2031-01-01T00:00:00Z" }, 409, "not_a_test_tenant", "tenant"],
    ["no time", {}, 422, "invalid_input", "to"],
  ]);
  cases(
    "POST /v1/tenants/lab/clock",
    [
      ["backwards", { to: "2030-12-31T23:59:59Z" }, 422, "invalid_input", "to"],
      ["nowhere", { to: "infinity" }, 422, "invalid_input", "to"],
    ],
    () => ({ key: testKey }),
  );
});

test.each<[path: string, status: number, code: string, ...fields: string[]]>([
  ["/v1/tenants/nobody", 404, "tenant_unknown", "tenant"],
  ["/v1/tenants/nobody/balances", 404, "tenant_unknown", "tenant"],
  ["/v1/tenants/nobody/entitlements", 404, "tenant_unknown", "tenant"],
  ["/v1/tenants/nobody/entitlements/ccp-01", 404, "tenant_unknown", "tenant"],
  ["/v1/tenants/pro/entitlements/no.such", 404, "feature_unknown", "feature"],
  ["/v1/tenants/a%00b", 422, "invalid_input", "tenant"],
  ["/v1/tenants/a%00b/balances", 422, "invalid_input", "tenant"],
  [`/v1/tenants/${"t".repeat(201)}`, 422, "invalid_input", "tenant"],
  [`/v1/tenants/${"%F0%9F%98%80".repeat(101)}`, 422, "invalid_input", "tenant"],
  ["/v1/tenants/%ED%A0%80", 400, "malformed_url"],
  ["/v1/tenants/%ZZ", 400, "malformed_url"],
  ["/v1/tenants?limit=0", 422, "invalid_input", "limit"],
  ["/v1/tenants?limit=1001", 422, "invalid_input", "limit"],
  ["/v1/tenants?limit=", 422, "invalid_input", "limit"],
  ["/v1/tenants?limit=1e2", 422, "invalid_input", "limit"],
  ["/v1/tenants?limit=1&limit=2", 422, "invalid_input", "limit"],
  ["/v1/tenants?cursor=", 422, "invalid_input", "cursor"],
  ["/v1/tenants?cursor=!", 422, "invalid_input", "cursor"],
  ["/v1/tenants?cursor=AA", 422, "invalid_input", "cursor"],
  ["/v1/tenants?offset=1", 422, "invalid_input", "offset"],
  ["/v1/tenants?__proto__=1", 422, "invalid_input", "__proto__"],
  ["/v1/tenants/pro/balances?feature=%00", 422, "invalid_input", "feature"],
  ["/v1/nothing", 404, "route_unknown"],
  ["/v1/tenants/", 422, "invalid_input", "tenant"],
])("GET %s", async (path, status, code, ...fields) => {
  expect(await rig.ask(`GET ${path}`)).toMatchObject(refused(status, code, ...fields));
});

test("bodies of another kind, or too large", async () => {
  const consume = (options: Ask) => rig.ask("POST /v1/tenants/pro/consume", { idempotencyKey: "b", ...options });
  const raw = JSON.stringify({ feature: credits });
  const form = { "content-type": "application/x-www-form-urlencoded" };
  expect(await consume({ raw, headers: form })).toMatchObject(refused(415, "media_type_unsupported"));
  expect(await consume({ raw, headers: { "content-type": "text/plain" } })).toMatchObject(
    refused(415, "media_type_unsupported"),
  );
  expect(await consume({})).toMatchObject(refused(400, "malformed_json"));
  expect(await consume({ raw: raw.padEnd(65_537) })).toMatchObject(refused(413, "body_too_large"));
  // Latin-1, which is not UTF-8: read leniently, two different ids would be one.
  const latin = Buffer.from('{"feature":"messaging.credits","subject":"caf\u00e9"}', "latin1");
  expect(await consume({ raw: latin })).toMatchObject(refused(400, "malformed_json"));
  expect(await consume({ raw: "[".repeat(60_000) })).toMatchObject(refused(400, "malformed_json"));
  expect(await consume({ raw: "[".repeat(30_000) + "]".repeat(30_000) })).toMatchObject(refused(422, "invalid_input"));
  expect(await rig.everyRow()).toBe(before);
  expect(({} as { amount?: number }).amount).toBeUndefined();
});

test("absent, empty and null are three things where they differ, and one where they do not", async () => {
  const { ask, purser } = await serve();
  await purser.createTenant({ tenant: "acme", plan: "pro", actor: "test" });
  const consume = async (idempotencyKey: string, more: object) =>
    (await ask("POST /v1/tenants/acme/consume", { body: { feature: credits, ...more }, idempotencyKey })).body[
      "amount"
    ];
  expect(await consume("absent is one", {})).toBe(1);
  expect(await consume("a number", { amount: 2 })).toBe(2);
  expect(await consume("a text", { amount: "2.50" })).toBe(2.5);
  expect(await consume("the smallest", { amount: 0.000001 })).toBe(0.000001);
  expect(await consume("the smallest", { amount: "0.0000010" })).toBeUndefined();
  expect(await consume("an empty subject is the tenant", { subject: "" })).toBe(1);

  const grant = async (idempotencyKey: string, more: object) =>
    (await ask("POST /v1/tenants/acme/grants", { body: { feature: credits, ...more }, idempotencyKey })).body;
  expect(await grant("some", { amount: 1 })).toMatchObject({ outcome: "granted", available: expect.any(Number) });
  expect(await grant("unlimited", { unlimited: true })).toMatchObject({ outcome: "granted", available: null });
  expect(await consume("from unlimited", { amount: 1_000_000 })).toBe(1_000_000);
  const { body } = await ask("GET /v1/tenants/acme/entitlements/messaging.credits");
  expect(body).toMatchObject({ unlimited: true, limit: null, remaining: null, allowed: true });
});
