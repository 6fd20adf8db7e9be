// The server around its routes: methods, ids, the log, a database that goes away, and an orderly end.
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { expect, test } from "vitest";
import { routes } from "../../src/routes/index.ts";
import { refused, serve } from "./rig.ts";

test("a method that an address does not take is told which it takes", async () => {
  const { ask } = await serve();
  const reply = await ask("DELETE /v1/tenants", { key: undefined });
  expect(reply).toMatchObject(refused(405, "method_not_allowed"));
  expect(reply.headers.get("allow")).toBe("POST, GET");
  expect(await ask("PUT /v1/tenants/acme/consume")).toMatchObject(refused(405, "method_not_allowed"));
});

test("every operation has a name of its own, a summary and a scope from the list, or is about health", () => {
  expect(new Set(routes.map(({ operation }) => operation)).size).toBe(routes.length);
  for (const route of routes) {
    expect(route.summary).toMatch(/^[A-Z].*[.?]$/);
    expect(route.scope === undefined).toBe(!route.path.startsWith("/v1/"));
  }
});

test("a log line has the id, method, route, status and duration of a request, and nothing else of it", async () => {
  const { ask, lines } = await serve();
  const { headers } = await ask("POST /v1/tenants/confidential/consume?also=confidential", {
    idempotencyKey: "confidential-key",
    body: { feature: "confidential" },
    headers: { "user-agent": "confidential" },
  });
  await expect.poll(() => lines.length).toBe(2);
  const line: Record<string, unknown> = JSON.parse(lines[1] ?? "");
  expect(line).toEqual({
    level: 30,
    time: expect.any(Number),
    pid: expect.any(Number),
    hostname: expect.any(String),
    reqId: headers.get("x-request-id"),
    traceId: headers.get("traceparent")?.split("-")[1],
    method: "POST",
    route: "/v1/tenants/:tenant/consume",
    status: 422,
    ms: expect.any(Number),
    msg: "request",
  });
  expect(lines.join("")).not.toContain("confidential");
});

test("a fault is a 500 that tells nothing, and its log line no values", async () => {
  const { ask, lines, admin, purser } = await serve();
  await purser.createTenant({ tenant: "acme", plan: "pro", actor: "test" });
  await admin.query(
    "ALTER TABLE purser.balance_facts ADD CONSTRAINT no_confidential CHECK (acting_subject <> 'confidential')",
  );
  const reply = await ask("POST /v1/tenants/acme/consume", {
    body: { feature: "messaging.credits", subject: "confidential" },
    idempotencyKey: "k",
  });
  expect(reply).toMatchObject(refused(500, "internal"));
  expect(JSON.stringify(reply.body)).not.toMatch(/constraint|confidential|balance_facts/);
  const logged = lines.find((line) => line.includes("a fault")) ?? "";
  expect(JSON.parse(logged)).toMatchObject({ err: { code: "23514", message: "" } });
  expect(lines.join("")).not.toContain("confidential");
});

test("a balance that stays locked is 503 with a time to wait, and the same key works afterwards", async () => {
  const { ask, admin, purser } = await serve(undefined, "-c lock_timeout=100ms");
  await purser.createTenant({ tenant: "acme", plan: "pro", actor: "test" });
  const consume = () =>
    ask("POST /v1/tenants/acme/consume", { body: { feature: "messaging.credits" }, idempotencyKey: "k" });
  await consume();
  const holder = await admin.connect();
  await holder.query("BEGIN");
  await holder.query("SELECT FROM purser.balances FOR UPDATE");
  const body = { feature: "messaging.credits" };
  const busy = await ask("POST /v1/tenants/acme/consume", { body, idempotencyKey: "while locked" });
  await holder.query("COMMIT");
  holder.release();
  expect(busy).toMatchObject(refused(503, "busy"));
  expect(busy.headers.get("retry-after")).toBe("1");
  expect(await ask("POST /v1/tenants/acme/consume", { body, idempotencyKey: "while locked" })).toMatchObject({
    status: 200,
    body: { replayed: false },
  });
});

test("without its database it lives and is not ready; with it again it is", async () => {
  const { ask, database } = await serve();
  const elsewhere = new URL(database.adminUrl);
  elsewhere.pathname = "/postgres";
  const letIn = async (whether: boolean) => {
    const client = new Client({ connectionString: elsewhere.href });
    await client.connect();
    await client.query(`ALTER DATABASE ${database.name} ALLOW_CONNECTIONS ${whether}`);
    await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [database.name]);
    await client.end();
  };
  await letIn(false);
  for (const call of ["GET /readyz", "GET /v1/catalog", "POST /v1/tenants/acme/consume"]) {
    const reply = await ask(call, {
      idempotencyKey: "k",
      ...(call.startsWith("POST") ? { body: { feature: "a" } } : {}),
    });
    expect({ call, ...reply }).toMatchObject({ call, ...refused(503, "unavailable") });
    expect(reply.headers.get("retry-after")).toBe("1");
  }
  expect(await ask("GET /healthz")).toMatchObject({ status: 200 });
  await letIn(true);
  await expect.poll(async () => (await ask("GET /readyz")).status).toBe(200);
});

test("told to stop, it answers what it has begun and takes nothing new", async () => {
  const { app, ask, url, admin, purser } = await serve();
  await purser.createTenant({ tenant: "acme", plan: "pro", actor: "test" });
  const body = { feature: "messaging.credits" };
  await ask("POST /v1/tenants/acme/consume", { body, idempotencyKey: "first" });
  const holder = await admin.connect();
  await holder.query("BEGIN");
  await holder.query("SELECT FROM purser.balances FOR UPDATE");
  const begun = ask("POST /v1/tenants/acme/consume", { body, idempotencyKey: "second" });
  await sleep(200);
  const closed = app.close();
  await sleep(100);
  await expect(fetch(`${url}/healthz`)).rejects.toThrow("fetch failed");
  await holder.query("COMMIT");
  holder.release();
  expect(await begun).toMatchObject({ status: 200, body: { available: 98 } });
  await closed;
});

test("what is not HTTP gets a problem and the line is cut", async () => {
  const { url } = await serve();
  const talk = (said: string) =>
    new Promise<string>((resolve) => {
      let heard = "";
      const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(said));
      socket.on("data", (data) => (heard += data.toString()));
      socket.on("close", () => resolve(heard));
    });
  expect(await talk("hello\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 .*application\/problem\+json.*"code":"bad_request"/s);
  expect(await talk(`GET / HTTP/1.1\r\nHost: x\r\nA: ${"a".repeat(20_000)}\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 431 .*"code":"headers_too_large"/s,
  );
});
