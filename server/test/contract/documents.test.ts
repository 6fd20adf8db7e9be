// What the server tells about itself: the description, the reference and its metrics.
import { createPurser, type Tally } from "@purser/engine";
import { Pool } from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { createTestDatabase } from "../../../behaviour/fixture/database.ts";
import { renderReference } from "../../src/docs.ts";
import { describeServer } from "../../src/documents.ts";
import { createApiKey, createServer, exampleCatalog, openPurser, scopes } from "../../src/index.ts";
import { readSettings } from "../../src/settings.ts";
import { operations } from "./document.ts";

async function open(metrics: boolean, tallies?: () => readonly Tally[]) {
  const database = await createTestDatabase();
  const pool = new Pool({ connectionString: database.serviceUrl, max: 3 });
  const published = createPurser({ catalog: exampleCatalog, database: pool });
  await published.publishCatalog({ actor: "test" });
  await published.createTenant({ tenant: "a-tenant-of-ours", plan: "pro", actor: "test" });
  const purser = openPurser(pool);
  const made = await createApiKey(purser, { name: "test", scopes, actor: "test" });
  const app = createServer({ purser, database: pool, logLevel: "silent", metrics, tallies });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  onTestFinished(async () => {
    await app.close();
    await pool.end();
    await database.drop();
  });
  /** One balance that has been due for more than an hour. */
  const makeDue = async () => {
    const admin = new Pool({ connectionString: database.adminUrl, max: 1 });
    await admin.query(
      "UPDATE purser.balances SET next_change_at = now() - interval '61 min' WHERE feature = 'messaging.credits'",
    );
    await admin.end();
  };
  return { url, makeDue, key: made.outcome === "created" ? made.key : "" };
}

describe("/openapi.json and /docs", () => {
  test("are there for everybody, zipped where that is taken, and not sent twice", async () => {
    const { url } = await open(false);
    expect(await (await fetch(`${url}/openapi.json`)).json()).toEqual(describeServer());
    for (const path of ["/openapi.json", "/docs"]) {
      const plain = await fetch(url + path, { headers: { "accept-encoding": "identity" } });
      expect(plain.headers.get("content-encoding")).toBeNull();
      const refusing = await fetch(url + path, { headers: { "accept-encoding": "gzip;q=0, br" } });
      expect(refusing.headers.get("content-encoding")).toBeNull();
      const zipped = await fetch(url + path, { headers: { "accept-encoding": "gzip" } });
      expect(zipped.headers.get("content-encoding")).toBe("gzip");
      expect(Number(zipped.headers.get("content-length"))).toBeLessThan(32_768);
      expect(await zipped.text()).toBe(await plain.text());
      const tag = plain.headers.get("etag") ?? "";
      expect((await fetch(url + path, { headers: { "if-none-match": tag } })).status).toBe(304);
      expect((await fetch(url + path, { method: "POST" })).status).toBe(405);
      expect((await fetch(url + path, { method: "HEAD" })).status).toBe(200);
    }
  });

  test("the page may load nothing and run nothing, and needs neither", async () => {
    const { url } = await open(false);
    const reply = await fetch(`${url}/docs`);
    const policy = reply.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    const page = await reply.text();
    expect(page).not.toMatch(/<script|<img|<link|<iframe|\son\w+=|javascript:|url\(|@import|style="/i);
    // Neither does it name another host, but for what a newcomer types.
    expect(page.match(/https?:\/\/[^\s<"]+/g)).toEqual(["http://127.0.0.1:4242"]);
  });

  test("the page has every operation, schema and problem, and every link on it leads somewhere", async () => {
    const { url } = await open(false);
    const page = await (await fetch(`${url}/docs`)).text();
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(links.filter((id) => !ids.includes(id))).toEqual([]);
    expect(ids).toEqual(expect.arrayContaining(operations.map(({ id }) => `op-${id}`)));
    const demanded = operations.flatMap(({ operation }) => operation.security.flatMap(({ key = [] }) => key));
    for (const scope of demanded) expect(page).toContain(`the scope <code>${scope}</code>`);
  });

  test("what a description says cannot become markup", () => {
    const hostile = `<img src=x onerror=alert(1)> & "quoted" 'text'`;
    const text = JSON.stringify(describeServer()).replaceAll(
      "Whether this process runs.",
      JSON.stringify(hostile).slice(1, -1),
    );
    const page = renderReference(JSON.parse(text), "");
    expect(page).not.toContain("<img");
    expect(page).toContain("&lt;img src=x onerror=alert(1)&gt; &amp; &quot;quoted&quot; &#39;text&#39;");
  });
});

describe("/metrics", () => {
  test("is not there unless it was asked for", async () => {
    const { url } = await open(false);
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
  });

  test("counts requests, outcomes and reasons, tells of the pool and the process, and of nobody in particular", async () => {
    const { url, key } = await open(true);
    const ask = (path: string, body?: object, idempotencyKey = "") =>
      fetch(`${url}/v1/tenants/a-tenant-of-ours${path}`, {
        headers: {
          authorization: `Bearer ${key}`,
          "content-type": "application/json",
          ...(idempotencyKey === "" ? {} : { "idempotency-key": idempotencyKey }),
        },
        ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      });
    const credits = { feature: "messaging.credits", amount: 60, subject: "ann-of-theirs" };
    await ask("/consume", credits, "one");
    await ask("/consume", credits, "one");
    await ask("/consume", credits, "two");
    // Tried only: a request, and no consumption.
    await ask("/consume?dryRun=true", { ...credits, amount: 1 }, "three");
    await ask("/check", { feature: "ccp-14" });
    await ask("/entitlements/ccp-01");
    await ask("/nothing");
    await fetch(`${url}/no-such-address`);
    const reply = await fetch(`${url}/metrics`);
    expect(reply.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const text = await reply.text();
    for (const line of [
      'purser_consumptions_total{outcome="consumed"} 1',
      'purser_consumptions_total{outcome="replayed"} 1',
      'purser_consumptions_total{outcome="insufficient_balance"} 1',
      'purser_decisions_total{reason="TIER_INSUFFICIENT"} 1',
      'purser_decisions_total{reason="INCLUDED"} 1',
      'purser_http_requests_total{operation="consume",status="200"} 3',
      'purser_http_requests_total{operation="consume",status="402"} 1',
      'purser_http_requests_total{operation="none",status="404"} 2',
      'purser_http_request_duration_seconds_count{operation="check"} 1',
      'purser_pool_connections{state="in_use"} 0',
      "purser_pool_waiting 0",
      "purser_due_balances 0",
      "purser_due_lag_seconds 0",
    ]) {
      expect(text.split("\n")).toContain(line);
    }
    expect(text).toMatch(/^purser_pool_connections\{state="idle"\} [1-3]$/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_seconds /m);
    expect(text).not.toMatch(/of-ours|of-theirs|purser_live|messaging|ccp-/);
  });

  test("tells what is due, for how long, and what the worker of this process has done", async () => {
    let ticks = 0;
    const { url, makeDue } = await open(true, () => [{ duty: "boundary", ticks, done: 7, failures: 1 }]);
    await makeDue();
    for (const asked of [1, 2]) {
      ticks = asked;
      const text = await (await fetch(`${url}/metrics`)).text();
      for (const line of [
        "purser_due_balances 1",
        `purser_duty_ticks_total{duty="boundary"} ${asked}`,
        'purser_duty_done_total{duty="boundary"} 7',
        'purser_duty_failures_total{duty="boundary"} 1',
      ]) {
        expect(text.split("\n")).toContain(line);
      }
      expect(Number(/^purser_due_lag_seconds ([\d.]+)$/m.exec(text)?.[1])).toBeGreaterThan(3600);
    }
  });

  test.each<[given: Record<string, string>, metrics: boolean | undefined]>([
    [{}, undefined],
    [{ PURSER_METRICS: "yes" }, true],
    [{ PURSER_METRICS: "no" }, false],
  ])("%j", (given, metrics) => {
    expect(readSettings(given)).toMatchObject({ metrics });
  });

  test("the setting takes yes and no, and nothing that could be either", () => {
    const settings = readSettings({ PURSER_METRICS: "true" });
    expect(settings).toEqual({ problems: ['PURSER_METRICS takes only "yes" or "no"'] });
  });
});
