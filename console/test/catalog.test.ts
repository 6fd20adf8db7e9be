import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { type Desk, openDesk } from "./rig.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});

const editor = (page: Page) => page.getByLabel("The catalogue");
const judge = (page: Page) => page.getByRole("button", { name: "Check and compare" }).click();
const publish = (page: Page) => page.getByRole("button", { name: "Publish" });

async function openCatalog(modes: readonly ("live" | "test")[] = ["live"]): Promise<Page> {
  const page = await desk.signedIn(modes);
  await page.goto(`${desk.url}/catalogue`);
  await page.locator("table.matrix").waitFor();
  return page;
}

/** Puts another text in the place of one that stands in the editor. */
async function edit(page: Page, from: string, to: string): Promise<void> {
  const text = await editor(page).inputValue();
  // The last one: a plan stands behind the tier of the same name.
  const at = text.lastIndexOf(from);
  expect(at).toBeGreaterThan(0);
  await editor(page).fill(text.slice(0, at) + to + text.slice(at + from.length));
}

test("the plans stand beside each other with what they include, in the order of their tiers", async () => {
  const page = await openCatalog();
  const heads = await page.locator("table.matrix thead th").allInnerTexts();
  expect(heads.map((one) => one.split("\n")[0]).slice(1)).toEqual([
    "Free",
    "Pro",
    "Pro Plus",
    "Portfolio",
    "Enterprise",
  ]);
  const row = async (name: string) =>
    (await page.locator("table.matrix tr", { hasText: name }).locator("td").allInnerTexts()).map((one) => one.trim());
  expect(await row("Messaging credits")).toEqual([
    "–\nnot included",
    "100 / month",
    "1,000 / month",
    "10,000 / month",
    "100,000 / month",
  ]);
  expect((await row("Single sign-on")).map((one) => one[0])).toEqual(["–", "–", "–", "–", "✓"]);
  expect(await row("Active projects")).toEqual(["3", "25", "100", "1,000", "unlimited"]);
});

test("beside the plans stand products, capabilities and tiers; /catalog leads there too", async () => {
  const page = await desk.signedIn();
  await page.goto(`${desk.url}/catalog`);
  await page.locator("table.matrix").waitFor();
  expect(page.url()).toBe(`${desk.url}/catalogue`);
  const rows = async (title: string) =>
    (await page.getByRole("table", { name: title }).locator("tbody tr").allInnerTexts()).map((row) =>
      row.replaceAll(/\s+/g, " ").trim(),
    );
  expect(await rows("Products")).toContain(
    "500 messaging credits for 30 days messaging.sprint Messaging credits: 500 for 30 days",
  );
  expect(await rows("Capabilities")).toContain("projects.create 1 Active projects projects.max");
  expect((await rows("Tiers"))[1]).toMatch(/^Pro pro 1 .*Pro$/);
  const { tiers, capabilities, plans } = JSON.parse(await editor(page).inputValue());
  expect(Object.keys(tiers)).toEqual(["free", "pro", "pro_plus", "portfolio", "enterprise"]);
  for (const section of [capabilities, plans, plans.pro.inclusions])
    expect(Object.keys(section)).toEqual(Object.keys(section).toSorted());
});

test("what is wrong is named by its path, and its line is a press away", async () => {
  const page = await openCatalog();
  await edit(page, '"tier": "portfolio"', '"tier": "platinum"');
  await judge(page);
  const problem = page.locator(".problems li").first();
  await problem.waitFor();
  expect(await problem.innerText()).toMatch(/^plans\.portfolio\.tier/);
  const said = /Line (\d+)/.exec(await problem.innerText())?.[1];
  const lines = (await editor(page).inputValue()).split("\n");
  expect(lines[Number(said) - 1]).toContain('"tier": "platinum"');
  await problem.getByRole("button").click();
  const caret = Number(await page.evaluate("document.activeElement.selectionStart"));
  expect((await editor(page).inputValue()).slice(caret)).toMatch(/^"tier": "platinum"/);
  expect(await publish(page).isDisabled()).toBe(true);
});

test("what is no JSON is said to be none, with its line", async () => {
  const page = await openCatalog();
  await editor(page).fill('{\n  "tiers": {},\n  oops\n}');
  await judge(page);
  const problem = page.locator(".problems li").first();
  await problem.waitFor();
  expect(await problem.innerText()).toMatch(/^line 3\nThis is not JSON/);
});

test("nothing is published that was not compared first, and then exactly that", async () => {
  const page = await openCatalog();
  await judge(page);
  await page.getByText("Nothing would change").waitFor();
  expect(await publish(page).isDisabled()).toBe(true);
  await edit(page, '"name": "Portfolio"', '"name": "Portfolio and more"');
  // Edited since it was compared.
  expect(await page.getByText("Nothing would change").count()).toBe(0);
  expect(await publish(page).isDisabled()).toBe(true);
  await judge(page);
  const changes = page.getByRole("region", { name: "Every change" });
  await changes.waitFor();
  expect((await changes.innerText()).replaceAll(/\s+/g, " ")).toContain('"Portfolio" "Portfolio and more"');
  expect(await publish(page).isEnabled()).toBe(true);
  await publish(page).click();
  await page.getByText("Revision 2 is published").waitFor();
  await page.locator("table.matrix").getByText("Portfolio and more").waitFor();
  expect(await page.locator("main").innerText()).toMatch(/Revision 2, published by key:[0-9a-f]{16}/);
});

test("somebody who published meanwhile is not overwritten", async () => {
  const [mine, theirs] = [await openCatalog(), await openCatalog()];
  for (const [page, name] of [
    [mine, "Mine"],
    [theirs, "Theirs"],
  ] as const) {
    await edit(page, '"name": "Pro Plus"', `"name": "${name}"`);
    await judge(page);
    await page.getByRole("region", { name: "What would change" }).waitFor();
  }
  await publish(theirs).click();
  await theirs.getByText("is published").waitFor();
  await publish(mine).click();
  await mine.getByText("Somebody published another catalogue meanwhile").waitFor();
  await mine.reload();
  await mine.locator("table.matrix").waitFor();
  expect(await mine.locator("table.matrix").innerText()).toContain("Theirs");
});

test("a change of amounts says which version begins and whom it would touch", async () => {
  const page = await openCatalog();
  await edit(page, '"amount": 20,', '"amount": 10,');
  await judge(page);
  const view = page.getByRole("region", { name: "What would change" });
  await view.waitFor();
  const said = (await view.innerText()).replaceAll(/\s+/g, " ");
  expect(said).toContain("plan free version 1 → 2");
  expect(said).toMatch(/free 2 0 2 1/);
});

test("a plan that goes off sale says how many tenants keep it, and a tier only that it is gone", async () => {
  const page = await openCatalog();
  const { tiers, plans, ...rest } = JSON.parse(await editor(page).inputValue());
  const { enterprise: _, ...kept } = plans;
  const { enterprise: __, ...ranks } = tiers;
  const without = Object.entries<{ minimumTier?: string }>(rest.features).filter(
    ([, { minimumTier }]) => minimumTier !== "enterprise",
  );
  await editor(page).fill(
    JSON.stringify({ ...rest, tiers: ranks, plans: kept, features: Object.fromEntries(without) }, undefined, 2),
  );
  await judge(page);
  const view = page.getByRole("region", { name: "What would change" });
  await view.waitFor();
  const lines = (await view.locator("li").allInnerTexts()).map((line) => line.replaceAll(/\s+/g, " ").trim());
  expect(lines).toContain("gone plans.enterprise: off sale; who holds it keeps it (1 tenant)");
  expect(lines).toContain("gone tiers.enterprise");
  expect(await page.getByRole("region", { name: "Whom it would touch" }).count()).toBe(0);
});

test("every revision is listed with when and by whom, and can be looked at and compared with what is on sale", async () => {
  const { catalog } = (await desk.clients.live.catalog.published()) ?? {};
  const text = JSON.stringify(catalog);
  for (let i = 0; i < 10; i += 1) {
    await desk.clients.live.catalog.publish({
      catalog: JSON.parse(text.replace('"name":"Enterprise"', `"name":"Enterprise ${i}"`)),
    });
  }
  const page = await openCatalog();
  const table = page.getByRole("table", { name: "Revisions" });
  await table.waitFor();
  const known = (await desk.clients.live.catalog.revisions({ limit: 1000 })).revisions;
  expect(known.length).toBeGreaterThan(10);
  const lines = async () =>
    (await table.locator("tbody tr").allInnerTexts()).map((line) => line.replaceAll(/\s+/g, " ").trim());
  const [first = ""] = await lines();
  expect(first).toMatch(
    new RegExp(`^${known[0]?.revision} on sale \\d+ \\w+ \\d{4}, \\d\\d:\\d\\d UTC key:[0-9a-f]{16} View$`),
  );
  expect(await lines()).toHaveLength(10);
  await page.getByRole("navigation", { name: "Pages of the revisions" }).getByRole("button", { name: "Next" }).click();
  await page.getByText("Page 2").waitFor();
  await table.getByRole("button", { name: "View revision 1", exact: true }).waitFor();
  expect((await lines()).at(-1)).toMatch(/^1 .* purser dev View Compare$/);

  await page.getByRole("button", { name: "View revision 1", exact: true }).click();
  const kept = page.getByRole("region", { name: "Revision 1", exact: true });
  await kept.waitFor();
  const read = JSON.parse((await kept.textContent()) ?? "");
  expect(read).toEqual((await desk.clients.live.catalog.revision({ revision: 1 }))?.catalog);

  await page.getByRole("button", { name: "Compare revision 1", exact: true }).click();
  await page.getByRole("heading", { name: "If revision 1 were published again" }).waitFor();
  const changes = page.getByRole("region", { name: "Every change" });
  await changes.waitFor();
  expect((await changes.innerText()).replaceAll(/\s+/g, " ")).toContain(
    'plans.enterprise.name "Enterprise 9" "Enterprise"',
  );
  // Nothing was published by looking.
  expect((await desk.clients.live.catalog.revisions({ limit: 1 })).revisions[0]).toEqual(known[0]);
});

test("to leave nothing on sale takes one press more", async () => {
  const page = await openCatalog();
  await editor(page).fill('{ "tiers": {}, "features": {}, "plans": {} }');
  await judge(page);
  await page.getByText("Nothing would be on sale any more").waitFor();
  expect(await publish(page).isDisabled()).toBe(true);
  await page.getByLabel("Take every plan and product off sale").check();
  expect(await publish(page).isEnabled()).toBe(true);
  // What was confirmed is what was compared.
  await editor(page).fill('{ "tiers": {}, "features": {}, "plans": { } }');
  await judge(page);
  await page.getByText("Nothing would be on sale any more").waitFor();
  expect(await publish(page).isDisabled()).toBe(true);
});

test("with a test key everything can be looked at and nothing published", async () => {
  const page = await openCatalog(["test"]);
  await edit(page, '"name": "Free"', '"name": "For nothing"');
  await judge(page);
  await page.getByRole("region", { name: "What would change" }).waitFor();
  expect(await publish(page).isDisabled()).toBe(true);
  await page.getByText("To publish takes a live key").waitFor();
});

test("no browser had anything to complain of", () => {
  expect(desk.complaints).toEqual([]);
});
