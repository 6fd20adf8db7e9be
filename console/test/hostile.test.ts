// H08: what tenants and catalogues supply is text, wherever it is shown. Every payload in every field that a page shows.
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { type Desk, openDesk, showTenant, signIn } from "./rig.ts";

const payloads = [
  `<img src=x onerror="alert(1)">`,
  `<script>alert(1)</script>`,
  `"><svg onload=alert(1)>`,
  `javascript:alert(1)`,
  `data:text/html,<script>alert(1)</script>`,
  `//evil.example/x`,
  `a/b?c=d#e%2F%00`,
  `{{constructor.constructor("alert(1)")()}}`,
  "${alert(1)}`'\\",
  "\u202Etxt.exe\u202C",
  "pay\u200Bpal",
  "line\nbreak\u0007",
  "e\u0301clair 日本語 עברית 👩‍👧",
  "W".repeat(200),
  "constructor",
] as const;

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
  await furnish();
});

async function furnish(): Promise<void> {
  const { live } = desk.clients;
  for (const [i, text] of payloads.entries()) {
    const metadata = { [`of ${text}`]: text, list: [text] };
    expect(await live.tenants.create({ tenant: text, name: text, metadata })).toMatchObject({ outcome: "created" });
    const grant = { tenant: text, feature: "messaging.credits", amount: 5, metadata: { product: text } };
    expect(await live.issueGrant({ ...grant, dedupeKey: `product-${i}` })).toMatchObject({ outcome: "granted" });
    const ascii = text.replaceAll(/[^\x21-\x7e]/g, "~").slice(0, 200);
    expect(await live.issueGrant({ ...grant, metadata: {}, dedupeKey: ascii })).toMatchObject({ outcome: "granted" });
  }
  // The catalogue's own words, too.
  const [said, ...more] = payloads;
  const catalog = {
    tiers: { free: { rank: 0, name: said }, pro: { rank: 1, name: said } },
    features: {
      sso: { kind: "flag", name: more[0], minimumTier: "pro" },
      hours: { kind: "value", name: more[1] },
      seats: { kind: "metered", name: more[9], unit: said, per: "subject" },
      slots: { kind: "capacity", name: more[3], unit: more[8] },
      "messaging.credits": { kind: "credits", name: more[2], unit: more[8] },
    },
    plans: {
      free: {
        name: said,
        tier: "free",
        inclusions: { hours: { value: said }, seats: { amount: 3, every: "month", per: "subject" }, slots: 50 },
      },
      pro: { name: more[1], tier: "pro", inclusions: { hours: { value: { [said]: said } } } },
    },
    products: { pack: { name: more[0], inclusions: { "messaging.credits": 10 } } },
  };
  const response = await fetch(`${desk.url}/v1/catalog`, {
    method: "PUT",
    headers: { authorization: `Bearer ${desk.keys.live}`, "content-type": "application/json" },
    body: JSON.stringify({ catalog }),
  });
  expect(await response.json()).toMatchObject({ outcome: "published" });
  await live.tenants.create({ tenant: "subjects", plan: "free" });
  for (const [i, subject] of payloads.entries()) {
    const used = await live.consume({ tenant: "subjects", feature: "seats", subject, idempotencyKey: `subject-${i}` });
    expect(used.outcome).toBe("consumed");
  }
  await furnishBehind();
}

/** What stands behind the balances of one tenant, with a payload wherever somebody else supplies a text. */
async function furnishBehind(): Promise<void> {
  const { live } = desk.clients;
  const of = { tenant: "behind", feature: "messaging.credits" };
  await live.tenants.create({ tenant: of.tenant, plan: "free" });
  await live.issueGrant({ ...of, amount: 1000, dedupeKey: "all" });
  for (const [i, text] of payloads.entries()) {
    const ascii = `${i} ${text.replaceAll(/[^\x21-\x7e]/g, "~")}`.slice(0, 200);
    const done = [
      await live.claim({ tenant: of.tenant, feature: "slots", resource: text }),
      await live.consume({ ...of, amount: 3, subject: text, idempotencyKey: `c${ascii}`.slice(0, 200) }),
      await live.reverseConsumption({
        tenant: of.tenant,
        consumptionKey: `c${ascii}`.slice(0, 200),
        amount: 1,
        reason: text,
        idempotencyKey: `r${i}`,
      }),
      await live.reserve({ ...of, amount: 2, subject: text, idempotencyKey: `h${ascii}`.slice(0, 200) }),
      await live.issueGrant({ ...of, amount: 5, dedupeKey: `g${ascii}`.slice(0, 200) }),
      await live.voidGrant({ tenant: of.tenant, dedupeKey: `g${ascii}`.slice(0, 200), reason: text }),
    ];
    expect(done.map(({ outcome }) => outcome)).toEqual([
      "claimed",
      "consumed",
      "reversed",
      "reserved",
      "granted",
      "voided",
    ]);
  }
}

const odd = ["\u202E", "\u202C", "\u200B", "\n", "\u0007"];
/** As the pages spell it: what would not be seen is named. */
function spelled(text: string): string {
  const name = (one: string) => `U+${one.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  return odd.reduce((said, one) => said.replaceAll(one, name(one)), text.normalize("NFC"));
}

/** That nothing on the page became anything but text, and nothing sticks out. */
async function isPlain(page: Page): Promise<void> {
  const found = await page.evaluate(`({
    elements: [...document.querySelectorAll("img, iframe, object, embed, base, style, script:not([src^='/assets/'])")].map((one) => one.outerHTML),
    handlers: [...document.querySelectorAll("*")].filter((one) => [...one.attributes].some(({ name }) => name.startsWith("on"))).length,
    links: [...document.querySelectorAll("a")].map((one) => one.getAttribute("href")).filter((to) => !/^(\\/(?!\\/)|#content$)/.test(to)),
    overflow: Math.max(0, document.documentElement.scrollWidth - window.innerWidth),
  })`);
  expect(found).toEqual({ elements: [], handlers: 0, links: [], overflow: 0 });
}

async function watched(options = {}): Promise<Page> {
  const page = await desk.open(options);
  // What the policy had to stop was on its way already.
  await page.addInitScript(
    `addEventListener("securitypolicyviolation", (event) => console.error("violated: " + event.violatedDirective))`,
  );
  await signIn(page, desk.url, desk.keys.live);
  return page;
}

test.each([1280, 360])("in the list of tenants, at %i px", async (width) => {
  const page = await watched({ viewport: { width, height: 800 } });
  await page.getByRole("searchbox").fill("");
  const shown = await page.locator("tbody").innerText();
  await isPlain(page);
  const all: string[] = [shown];
  while (await page.getByRole("button", { name: "Next" }).isEnabled()) {
    await page.getByRole("button", { name: "Next" }).click();
    await page.waitForTimeout(300);
    all.push(await page.locator("tbody").innerText());
    await isPlain(page);
  }
  for (const text of payloads) expect(all.join("\n")).toContain(spelled(text));
});

test.each([1280, 360])("on a tenant's own page, at %i px", async (width) => {
  const page = await watched({ viewport: { width, height: 800 } });
  for (const text of payloads) {
    await showTenant(page, desk, text);
    expect(await page.getByRole("heading", { level: 1 }).innerText()).toBe(spelled(text));
    await page.locator("summary").click();
    expect(await page.locator(".facts pre").innerText()).toContain("list");
    expect(await page.locator("table.grants").innerText()).toContain(spelled(text));
    const title = await page.title();
    expect(odd.filter((one) => title.includes(one))).toEqual([]);
    await isPlain(page);
  }
});

test("an id leads to its own page, whatever stands in it", async () => {
  const page = await watched();
  await page.getByRole("searchbox").fill("a/b");
  await page.getByRole("link", { name: "a/b?c=d#e%2F%00" }).click();
  await page.getByRole("heading", { level: 2, name: "Balances" }).waitFor();
  expect(await page.getByRole("heading", { level: 1 }).innerText()).toBe("a/b?c=d#e%2F%00");
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "a/b?c=d#e%2F%00" }).waitFor();
});

test("subjects, and the outcome of a form about one", async () => {
  const page = await watched();
  await showTenant(page, desk, "subjects");
  const balances = await page.getByRole("region", { name: "Balances" }).innerText();
  for (const text of payloads) expect(balances).toContain(spelled(text));
  await page.getByRole("radio", { name: "Consume" }).check();
  await page.getByLabel("Feature", { exact: true }).selectOption("seats");
  await page.getByLabel("Amount").fill("4");
  await page.getByLabel("Subject").fill(payloads[0]);
  await page.getByRole("button", { name: "Consume" }).click();
  await page.locator("aside .notice").getByText("4 asked, 2 available").waitFor();
  await isPlain(page);
});

test.each([1280, 360])("what stands behind a balance, and what is done to it, at %i px", async (width) => {
  const page = await watched({ viewport: { width, height: 800 } });
  await showTenant(page, desk, "behind");
  const behind = (feature: string) => page.locator("article", { has: page.locator("h3", { hasText: feature }) });
  const show = async (feature: string, part: string, found: readonly string[]) => {
    const panel = behind(feature).getByRole("tabpanel");
    await behind(feature).getByRole("tab", { name: part }).click();
    await panel.locator(".waiting").waitFor({ state: "detached" });
    const more = panel.getByRole("button", { name: /^(Earlier|Show \d+ more)$/ });
    while ((await more.count()) > 0) {
      const before = await panel.locator("tr").count();
      await more.click();
      await expect.poll(() => panel.locator("tr").count()).toBeGreaterThan(before);
    }
    const said = await panel.innerText();
    for (const text of found) expect(said).toContain(spelled(text));
    await isPlain(page);
    return panel;
  };
  const slots = await show("slots", "Claims", payloads);
  await slots.getByRole("row").filter({ hasText: payloads[0] }).getByRole("button", { name: "Release" }).click();
  await slots.getByText("would be occupied").waitFor();
  await isPlain(page);
  await slots.getByRole("button", { name: "Cancel" }).click();
  await show("slots", "Explain", []);

  const holds = await show("messaging.credits", "Holds", payloads);
  await holds.getByRole("button", { name: "Release" }).nth(3).click();
  await holds.getByText("would return").waitFor();
  await isPlain(page);
  const history = await show("messaging.credits", "History", payloads);
  await history.getByRole("button", { name: "Reverse" }).first().click();
  await history.getByLabel("Reason").fill(payloads[0]);
  await history.getByText("would return").waitFor();
  await isPlain(page);
  const grants = await show("messaging.credits", "Grants", ["all"]);
  await grants.getByRole("button", { name: "Show ended grants" }).click();
  await show("messaging.credits", "Grants", payloads);
  await show("messaging.credits", "Explain", payloads);
});

test("the catalogue: its names, its values, its problems and its differences", async () => {
  const page = await watched();
  await page.goto(`${desk.url}/catalog`);
  await page.locator("table.matrix").waitFor();
  expect(await page.locator("table.matrix").innerText()).toContain(payloads[0]);
  await isPlain(page);
  const editor = page.getByLabel("The catalogue");
  await editor.fill((await editor.inputValue()).replaceAll('"name": "<script>', '"name": "<b>bold</b><script>'));
  await page.getByRole("button", { name: "Check and compare" }).click();
  await page.getByRole("region", { name: "Every change" }).waitFor();
  expect(await page.getByRole("region", { name: "Every change" }).innerText()).toContain("<b>bold</b>");
  await isPlain(page);
  await editor.fill(JSON.stringify({ tiers: { [payloads[0]]: {} }, features: {}, plans: {} }));
  await page.getByRole("button", { name: "Check and compare" }).click();
  await page.locator(".problems li").first().waitFor();
  await isPlain(page);
});

test.each(["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/tenants/../../x"])(
  "after signing in nobody is sent to %s",
  async (to) => {
    const page = await desk.open();
    await page.goto(`${desk.url}/sign-in?to=${encodeURIComponent(to)}`);
    await page.getByLabel("Secret key").fill(desk.keys.live);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator("tbody tr").first().waitFor();
    expect(page.url()).toBe(`${desk.url}/tenants`);
  },
);

test("no browser had anything to complain of", () => {
  expect(desk.complaints).toEqual([]);
});
