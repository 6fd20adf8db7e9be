// What the client sends and what it makes of the answers, against a server that says what a test tells it to.
import { createServer } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { createClient, PurserError } from "../src/index.ts";

interface Seen {
  method: string | undefined;
  url: string | undefined;
  key: string | undefined;
  authorization: string | undefined;
  body: unknown;
}
/** An answer, or nothing: the connection is cut. */
type Said = { status: number; body: unknown; headers?: Record<string, string> } | undefined;

async function talking(...answers: Said[]) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (data: Buffer) => (text += data.toString()));
    request.on("end", () => {
      const { method, url, headers } = request;
      const key = headers["idempotency-key"] as string | undefined;
      seen.push({
        method,
        url,
        key,
        authorization: headers.authorization,
        body: text === "" ? undefined : JSON.parse(text),
      });
      const said = answers.length > 1 ? answers.shift() : answers[0];
      if (said === undefined) {
        response.destroy();
        return;
      }
      response
        .writeHead(said.status, said.headers)
        .end(typeof said.body === "string" ? said.body : JSON.stringify(said.body));
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`;
  return { seen, url, client: createClient({ url, key: "purser_live_1_2", timeoutMs: 500 }) };
}

const problem = (status: number, code: string, more: object = {}, headers: Record<string, string> = {}): Said => ({
  status,
  body: { type: "x", title: "A title", status, code, detail: `About ${code}.`, ...more },
  headers,
});
const consumed = {
  outcome: "consumed",
  replayed: false,
  amount: 1,
  overage: 0,
  available: 9,
  version: 2,
  recordedAt: "x",
};
const one = { tenant: "acme", feature: "credits", idempotencyKey: "order-1" };

test("a request says what it was told to", async () => {
  const { seen, client } = await talking({ status: 200, body: consumed });
  const occurredAt = new Date("2031-01-01T00:00:00Z");
  expect(await client.consume({ ...one, tenant: "a/b é", amount: "2.50", occurredAt })).toEqual(consumed);
  expect(seen).toEqual([
    {
      method: "POST",
      url: "/v1/tenants/a%2Fb%20%C3%A9/consume",
      key: "order-1",
      authorization: "Bearer purser_live_1_2",
      body: { feature: "credits", amount: "2.50", occurredAt: "2031-01-01T00:00:00.000Z" },
    },
  ]);
});

test("a dry run stands in the address, and not in the body", async () => {
  const { seen, client } = await talking({ status: 200, body: {} });
  await client.consume({ ...one, dryRun: true });
  await client.release({ tenant: "acme", holdKey: "order-2", dryRun: true });
  await client.consume({ ...one, dryRun: false });
  expect(seen.map(({ url, body }) => [url, body])).toEqual([
    ["/v1/tenants/acme/consume?dryRun=true", { feature: "credits" }],
    ["/v1/tenants/acme/holds/order-2/release?dryRun=true", undefined],
    ["/v1/tenants/acme/consume", { feature: "credits" }],
  ]);
});

test("every method has its address", async () => {
  const { seen, client } = await talking({ status: 200, body: { entitlements: [], balances: [], tenants: [] } });
  const tenant = "t";
  await client.check({ tenant, feature: "f" });
  await client.checkAll({ tenant });
  await client.issueGrant({ tenant, feature: "f", unlimited: true, dedupeKey: "d" });
  await client.balances({ tenant, feature: "f&g" });
  await client.balances({ tenant });
  await client.tenants.create({ tenant, plan: "pro" });
  await client.tenants.get({ tenant });
  await client.tenants.list({ limit: 5, cursor: "c" });
  await client.tenants.list();
  await client.tenants.subscribe({ tenant, plan: "pro", idempotencyKey: "s" });
  await client.tenants.advanceClock({ tenant, to: "2031-01-01T00:00:00Z" });
  expect(seen.map(({ method, url, key, body }) => [method, url, key, JSON.stringify(body)])).toEqual([
    ["POST", "/v1/tenants/t/check", undefined, '{"feature":"f"}'],
    ["GET", "/v1/tenants/t/entitlements?limit=1000", undefined, undefined],
    ["POST", "/v1/tenants/t/grants", "d", '{"feature":"f","unlimited":true}'],
    ["GET", "/v1/tenants/t/balances?feature=f%26g&limit=1000", undefined, undefined],
    ["GET", "/v1/tenants/t/balances?limit=1000", undefined, undefined],
    ["POST", "/v1/tenants", undefined, '{"tenant":"t","plan":"pro"}'],
    ["GET", "/v1/tenants/t", undefined, undefined],
    ["GET", "/v1/tenants?limit=5&cursor=c", undefined, undefined],
    ["GET", "/v1/tenants", undefined, undefined],
    ["POST", "/v1/tenants/t/subscription", "s", '{"plan":"pro"}'],
    ["POST", "/v1/tenants/t/clock", undefined, '{"to":"2031-01-01T00:00:00Z"}'],
  ]);
});

test("a list is read to its end, page after page", async () => {
  const { seen, client } = await talking(
    { status: 200, body: { balances: [{ feature: "a" }], nextCursor: "A" } },
    { status: 200, body: { balances: [{ feature: "b" }], nextCursor: "B" } },
    { status: 200, body: { balances: [], nextCursor: null } },
  );
  expect(await client.balances({ tenant: "t", feature: "f" })).toEqual([{ feature: "a" }, { feature: "b" }]);
  expect(seen.map(({ url }) => url)).toEqual([
    "/v1/tenants/t/balances?feature=f&limit=1000",
    "/v1/tenants/t/balances?feature=f&limit=1000&cursor=A",
    "/v1/tenants/t/balances?feature=f&limit=1000&cursor=B",
  ]);
});

test("line by line, the next page is asked for only when it is wanted", async () => {
  const { seen, client } = await talking(
    { status: 200, body: { tenants: [{ tenant: "a" }, { tenant: "b" }], nextCursor: "B" } },
    { status: 200, body: { tenants: [{ tenant: "c" }], nextCursor: null } },
  );
  const told: [tenant: string, asked: number][] = [];
  for await (const { tenant } of client.tenants.each({ prefix: "p" })) told.push([tenant, seen.length]);
  expect(told).toEqual([
    ["a", 1],
    ["b", 1],
    ["c", 2],
  ]);
  expect(seen.map(({ url }) => url)).toEqual([
    "/v1/tenants?prefix=p&limit=1000",
    "/v1/tenants?prefix=p&limit=1000&cursor=B",
  ]);
  const { seen: asked, client: other } = await talking({ status: 200, body: { grants: [{}, {}], nextCursor: "x" } });
  for await (const _ of other.eachGrant({ tenant: "t" })) break;
  expect(asked).toHaveLength(1);
  const { client: third } = await talking({ status: 200, body: { revisions: [{ revision: 1 }], nextCursor: null } });
  for await (const { revision } of third.catalog.eachRevision()) expect(revision).toBe(1);
});

test("a refusal that is expected is a value, with what the server said about it", async () => {
  const field = { in: "body", field: "amount", pointer: "#/amount", detail: "d" };
  const { client } = await talking(
    problem(402, "limit_reached", { available: 3 }),
    problem(422, "invalid_input", { errors: [field] }),
    problem(409, "idempotency_conflict", { errors: [{ ...field, in: "header", field: "Idempotency-Key" }] }),
    problem(404, "tenant_unknown"),
    problem(404, "tenant_unknown"),
  );
  expect(await client.consume(one)).toEqual({ outcome: "limit_reached", detail: "About limit_reached.", available: 3 });
  expect(await client.consume(one)).toMatchObject({ outcome: "invalid_input", field: "amount" });
  const grant = { tenant: "acme", feature: "credits", amount: 1, dedupeKey: "d" };
  expect(await client.issueGrant(grant)).toMatchObject({ outcome: "idempotency_conflict", field: "dedupeKey" });
  expect(await client.tenants.get({ tenant: "acme" })).toBeUndefined();
  await expect(client.balances({ tenant: "acme" })).rejects.toMatchObject({ code: "tenant_unknown", status: 404 });
});

test("what is not expected is thrown, with its code and the fields at fault", async () => {
  const errors = [{ in: "path", field: "tenant", detail: "d" }];
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const { client } = await talking(problem(403, "scope_missing", { errors, traceId }), problem(500, "internal"), {
    status: 200,
    body: "<html>",
  });
  const thrown = await client.consume(one).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(PurserError);
  expect(thrown).toMatchObject({
    code: "scope_missing",
    status: 403,
    errors,
    traceId,
    message: "scope_missing: About scope_missing.",
  });
  await expect(client.consume(one)).rejects.toMatchObject({ code: "internal", errors: [] });
  await expect(client.consume(one)).rejects.toMatchObject({ code: "no_problem", status: 200 });
});

test("a lost answer, and a server that says later, are asked again with the same key", async () => {
  const later = problem(503, "unavailable", {}, { "retry-after": "0" });
  const { seen, client } = await talking(
    undefined,
    later,
    { status: 502, body: "gateway" },
    { status: 200, body: consumed },
  );
  expect(await client.consume(one)).toEqual(consumed);
  expect(seen.map(({ key }) => key)).toEqual(["order-1", "order-1", "order-1", "order-1"]);
});

test("not for ever: busy is the outcome in the end, and no answer an error", async () => {
  const busy = await talking(problem(503, "busy"));
  expect(await busy.client.consume(one)).toEqual({ outcome: "busy", detail: "About busy." });
  expect(busy.seen).toHaveLength(4);
  const cut = await talking(undefined);
  const twice = createClient({ url: cut.url, key: "k", attempts: 2 });
  await expect(twice.consume(one)).rejects.toMatchObject({ code: "network_failed", status: 0 });
  expect(cut.seen).toHaveLength(2);
});

test("what is refused is not asked again", async () => {
  const { seen, client } = await talking(problem(422, "invalid_input"));
  await client.consume(one);
  expect(seen).toHaveLength(1);
});

test("what would arrive as something else is refused before it is sent", async () => {
  const { seen, client } = await talking({ status: 200, body: consumed });
  for (const tenant of ["", ".", "..", "\ud800"]) {
    expect(await client.consume({ ...one, tenant })).toMatchObject({ outcome: "invalid_input", field: "tenant" });
    await expect(client.balances({ tenant })).rejects.toMatchObject({ code: "invalid_input", status: 0 });
  }
  for (const idempotencyKey of ["", "é", "a\nb"]) {
    expect(await client.consume({ ...one, idempotencyKey })).toMatchObject({
      outcome: "invalid_input",
      field: "idempotencyKey",
    });
  }
  expect(seen).toEqual([]);
});

test("another fetch may be given", async () => {
  const asked: string[] = [];
  const fetch = (address: string | URL | Request) => {
    asked.push(String(address instanceof Request ? address.url : address));
    return Promise.resolve(Response.json({ entitlements: [] }));
  };
  const client = createClient({ url: "https://purser.example/", key: "k", fetch });
  expect(await client.checkAll({ tenant: "t" })).toEqual([]);
  expect(asked).toEqual(["https://purser.example/v1/tenants/t/entitlements?limit=1000"]);
});
