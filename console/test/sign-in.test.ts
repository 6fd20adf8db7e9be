import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Desk, openDesk, signIn } from "./rig.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});

const tenants = { level: 1, name: "Tenants" } as const;

test("the printed link signs in with both keys, once, and its code does not stay in the address", async () => {
  const page = await desk.open();
  await page.goto(desk.link);
  await page.getByRole("heading", tenants).waitFor();
  expect(page.url()).toBe(`${desk.url}/tenants`);
  await page.getByRole("radio", { name: "Test" }).check();
  await page.getByRole("link", { name: "Time Traveller" }).waitFor();

  const another = await desk.open();
  await another.goto(desk.link);
  await another.getByText("This link was used before").first().waitFor();
  expect(another.url()).toBe(`${desk.url}/sign-in`);
});

test("a wrong key is refused in words, and the right one leads to where the way was barred", async () => {
  const page = await desk.open();
  await page.goto(`${desk.url}/tenants/acme`);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  const field = page.getByLabel("Secret key");
  await field.fill(`purser_live_${"0".repeat(16)}_${"0".repeat(64)}`);
  await field.press("Enter");
  await page.getByRole("alert").getByText("This key is not one of ours").waitFor();
  expect(await field.getAttribute("aria-invalid")).toBe("true");
  expect(await page.context().cookies()).toEqual([]);
  await field.fill(desk.keys.live);
  await field.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Acme Property" }).waitFor();
});

test("the cookie is out of reach of scripts and other sites, and the key is nowhere in the page", async () => {
  const page = await desk.signedIn();
  const cookies = await page.context().cookies();
  const flags = { httpOnly: true, sameSite: "Strict", path: "/", secure: false };
  expect(cookies).toMatchObject([{ name: "purser_live", ...flags }]);
  const hours = ((cookies[0]?.expires ?? 0) - Date.now() / 1000) / 3600;
  expect(Math.abs(hours - 12)).toBeLessThan(0.1);
  expect(await page.evaluate("document.cookie")).toBe("");
  const kept = await page.evaluate(
    "document.documentElement.outerHTML + JSON.stringify([{ ...localStorage }, { ...sessionStorage }])",
  );
  expect(kept).not.toContain(desk.keys.live.split("_")[3]);
});

test("signing out ends the session on the server as well", async () => {
  const page = await desk.signedIn(["live", "test"]);
  const stolen = await page.context().cookies();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  expect(await page.context().cookies()).toEqual([]);
  const other = await desk.open();
  await other.context().addCookies(stolen);
  await other.goto(`${desk.url}/tenants`);
  await other.getByRole("heading", { name: "Sign in" }).waitFor();
});

test("a mode without a session asks for its key and keeps the other one", async () => {
  const page = await desk.signedIn(["live"]);
  await page.getByRole("radio", { name: "Test" }).click();
  await page.getByRole("heading", { name: "Sign in for test tenants" }).waitFor();
  await page.getByRole("link", { name: "Back to the live tenants" }).click();
  await page.getByRole("link", { name: "Acme Property" }).waitFor();
  expect((await page.context().cookies()).map(({ name }) => name)).toEqual(["purser_live"]);
});

test("a key for one tenant leads to that tenant, and what it may not ask is said", async () => {
  const made = async (...scopes: string[]) => {
    const words = ["keys", "create", "--name", "acme", "--tenant", "acme", "--scopes", scopes.join(",")];
    return /purser_live_\S+/.exec(await desk.purser(...words))?.[0] ?? "";
  };
  const page = await desk.open();
  await page.goto(`${desk.url}/`);
  await page.getByLabel("Secret key").fill(await made("tenants:read", "entitlements:read", "balances:read"));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 2, name: "Balances" }).waitFor();
  expect(page.url()).toBe(`${desk.url}/tenants/acme`);
  // Without the catalogue a feature has its key for a name.
  await page.locator("table.features").getByText("ccp-01").waitFor();
  await page.goto(`${desk.url}/tenants/granite`);
  await page.getByRole("alert").getByText("This key is for one tenant").waitFor();

  const other = await desk.open();
  await other.goto(`${desk.url}/`);
  await other.getByLabel("Secret key").fill(await made("tenants:read"));
  await other.getByRole("button", { name: "Sign in" }).click();
  await other.getByRole("alert").getByText("This needs the scope").waitFor();
});

describe("another page changes nothing with an operator's session", () => {
  /** A page that posts to the console by itself, by script and as a form. */
  async function hostilePage(host: string): Promise<string> {
    const action = `${desk.url}/v1/tenants/acme/grants`;
    const server = createServer((_, response) => {
      response.setHeader("content-type", "text/html").end(`
        <form method="post" enctype="text/plain" action="${action}">
          <input name='{"feature":"messaging.credits","amount":7,"x":"' value='"}'>
        </form>
        <script>
          fetch("${action}", { method: "POST", credentials: "include", mode: "no-cors", body: "{}" })
            .finally(() => document.querySelector("form").submit());
        </script>`);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    onTestFinished(() => void server.close());
    return `http://${host}:${(server.address() as AddressInfo).port}/`;
  }

  test.each([
    ["another port of this machine, from where the cookie does come along", "127.0.0.1", 403],
    ["another site, from where it does not", "localhost", 401],
  ])("%s", async (_, host, status) => {
    const page = await desk.signedIn();
    const before = await desk.clients.live.grants({ tenant: "acme" });
    const answers: number[] = [];
    page.on("response", (response) => {
      if (response.request().method() === "POST") answers.push(response.status());
    });
    await page.goto(await hostilePage(host));
    await page.waitForURL(/\/grants$/);
    await page.getByText('"code"').waitFor();
    expect(answers).toEqual([status, status]);
    expect(await page.textContent("body")).toContain(status === 403 ? "cross_origin" : "unauthenticated");
    expect(await desk.clients.live.grants({ tenant: "acme" })).toEqual(before);
  });
});

test("the pages tell the browser what it may load, and that nobody may frame them", async () => {
  const page = await desk.open();
  const response = await page.goto(`${desk.url}/tenants/acme`);
  const headers = (await response?.allHeaders()) ?? {};
  expect(headers).toMatchObject({
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
  });
  expect(headers["content-security-policy"]).toMatch(/^default-src 'self';.*frame-ancestors 'none'/);
  expect(headers["content-security-policy"]).not.toContain("unsafe");
  const script = await page.locator("script").getAttribute("src");
  const asset = await fetch(new URL(script ?? "", desk.url), { headers: { "accept-encoding": "gzip" } });
  expect(asset.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect(asset.headers.get("content-encoding")).toBe("gzip");
  // What the first page loads, packed; read before fetch unpacks it.
  const bytes = Number(asset.headers.get("content-length"));
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(200_000);
  expect(await page.locator("script, link[rel=modulepreload]").count()).toBe(1);
});

test("revoking the key ends the session at the next request", async () => {
  const page = await desk.open();
  await signIn(page, desk.url, desk.keys.test, "test");
  await desk.purser("keys", "revoke", desk.keys.test.split("_")[2] ?? "");
  await page.getByRole("link", { name: "Time Traveller" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  expect(await page.getByText("Time Traveller").count()).toBe(0);
});

test("no browser had anything to complain of", () => {
  expect(desk.complaints).toEqual([]);
});
