// What stands behind a balance on the page of its tenant: grants, holds, claims, what happened and who paid for it, and why.
// What is done there is tried first; what the page says of it is held against what the server says.
import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { type Desk, openDesk, showTenant } from "./rig.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});

const credits = "messaging.credits";
const balance = (page: Page, name: string) => page.locator("article", { has: page.getByRole("heading", { name }) });
const spoken = async (part: Locator) => (await part.innerText()).replaceAll(/\s+/g, " ").trim();
const rowsOf = (part: Locator) => part.locator("tbody tr:not(.deeds)");
const allRows = async (part: Locator) =>
  (await rowsOf(part).allInnerTexts()).map((row) => row.replaceAll(/\s+/g, " ").trim());

/** Opens a part behind a balance. */
async function open(page: Page, name: string, part: string): Promise<Locator> {
  await balance(page, name).getByRole("tab", { name: part }).click();
  const panel = balance(page, name).getByRole("tabpanel");
  await panel.locator(".waiting").waitFor({ state: "detached" });
  return panel;
}

/** A live tenant on a plan of the example's. */
async function tenantOn(tenant: string, plan = "pro"): Promise<string> {
  expect(await desk.clients.live.tenants.create({ tenant, plan })).toMatchObject({ outcome: "created" });
  return tenant;
}
const balanceOf = async (tenant: string, feature = credits) =>
  (await desk.clients.live.balances({ tenant, feature })).find(({ subject }) => subject === "");

describe("holds", () => {
  test("stand there with what they set aside and until when; one is released after saying what returns", async () => {
    const page = await desk.signedIn();
    await showTenant(page, desk, "lakeside");
    const left = balance(page, "Messaging credits").locator(".left");
    expect(await spoken(left)).toBe("862 of 1,100 credits left 80 held");
    const holds = await open(page, "Messaging credits", "Holds");
    const rows = await allRows(holds);
    expect(rows[0]).toMatch(/^demo-hold-3 open 80 .* in 30 days Release$/);
    expect(rows[1]).toMatch(/^demo-hold-2 released 30 returned 30 /);
    expect(rows[2]).toMatch(/^demo-hold-1 settled at 48 60 /);

    await holds.getByRole("button", { name: "Release" }).click();
    await holds.getByText("80 credits would return. 942 would be left.").waitFor();
    expect(await balanceOf("lakeside")).toMatchObject({ held: 80, available: 862 });
    await holds.getByRole("button", { name: "Release the hold" }).click();
    await holds.getByText("80 credits returned. 942 left.").waitFor();
    await expect.poll(() => spoken(left)).toBe("942 of 1,100 credits left");
    expect(await balanceOf("lakeside")).toMatchObject({ held: 0, available: 942 });
    await expect.poll(async () => (await allRows(holds))[0]).toMatch(/^demo-hold-3 released 80 returned 80 /);
    // Whoever cannot see it is where it is told.
    expect(await page.evaluate("document.activeElement.textContent")).toContain("Released");
  });

  test("are made by a form, which says before what it would do", async () => {
    const tenant = await tenantOn("reserving");
    const page = await desk.signedIn();
    await showTenant(page, desk, tenant);
    await page.getByRole("radio", { name: "Reserve" }).check();
    await page.getByLabel("Feature", { exact: true }).selectOption({ label: "Messaging credits" });
    await page.getByLabel("Amount").fill("30");
    await page.getByLabel("For", { exact: true }).selectOption({ label: "1 day" });
    await page.getByRole("button", { name: "Preview" }).click();
    await page.locator("aside").getByText("Would set 30 aside").waitFor();
    expect(await balanceOf(tenant)).toMatchObject({ held: 0, available: 100 });
    await page.getByRole("button", { name: "Reserve" }).click();
    await page
      .locator("aside")
      .getByText(/^Set 30 aside/)
      .waitFor();
    expect(await balanceOf(tenant)).toMatchObject({ held: 30, available: 70 });
    expect((await allRows(await open(page, "Messaging credits", "Holds")))[0]).toMatch(
      / open 30 .* (in 24 hours|tomorrow) /,
    );
    await page.getByLabel("Amount").fill("71");
    await page.getByRole("button", { name: "Preview" }).click();
    await page.locator("aside").getByText("71 asked, 70 available").waitFor();
  });

  test("that somebody settled meanwhile are not released, and the page says so", async () => {
    const tenant = await tenantOn("overtaken");
    const hold = { tenant, feature: credits, amount: 10, idempotencyKey: "h" };
    expect(await desk.clients.live.reserve(hold)).toMatchObject({ outcome: "reserved" });
    const page = await desk.signedIn();
    await showTenant(page, desk, tenant);
    const holds = await open(page, "Messaging credits", "Holds");
    await desk.clients.live.settle({ tenant, holdKey: "h", amount: 4 });
    await holds.getByRole("button", { name: "Release" }).click();
    await holds.getByText("The hold has been settled meanwhile").waitFor();
    await holds.getByRole("button", { name: "Release the hold" }).click();
    await holds.getByText("The hold has been settled meanwhile").waitFor();
    expect(await balanceOf(tenant)).toMatchObject({ held: 0, available: 96 });
  });
});

describe("claims", () => {
  test("stand there by name; one is made by a form and one let go", async () => {
    const page = await desk.signedIn();
    await showTenant(page, desk, "lakeside");
    const projects = balance(page, "Active projects");
    // What is told of the tenant itself is open at once.
    await projects.getByText("Harbour Row").waitFor();
    expect((await rowsOf(projects).locator("th").allInnerTexts()).map((name) => name.trim())).toEqual([
      "The Old Brewery",
      "Harbour Row",
      "14 Mill Lane",
    ]);
    expect(await projects.getByRole("img").getAttribute("aria-label")).toContain("22 of 25 left");

    await page.getByRole("radio", { name: "Claim" }).check();
    await page.getByLabel("Resource").fill("Gasworks");
    await page.getByRole("button", { name: "Preview" }).click();
    await page.locator("aside").getByText("4 projects would be occupied. 21 would be free.").waitFor();
    expect(await balanceOf("lakeside", "projects.max")).toMatchObject({ claimed: 3 });
    await page.getByRole("button", { name: "Claim" }).click();
    await page.locator("aside").getByText("4 projects occupied. 21 free.").waitFor();
    await projects.getByText("Gasworks").waitFor();

    await rowsOf(projects).filter({ hasText: "Harbour Row" }).getByRole("button", { name: "Release" }).click();
    await projects.getByText("3 projects would be occupied. 22 would be free.").waitFor();
    expect(await balanceOf("lakeside", "projects.max")).toMatchObject({ claimed: 4 });
    await projects.getByRole("button", { name: "Let it go" }).click();
    await projects.getByText("3 projects occupied. 22 free.").waitFor();
    await rowsOf(projects).filter({ hasText: "Harbour Row" }).waitFor({ state: "detached" });
    expect(await balanceOf("lakeside", "projects.max")).toMatchObject({ claimed: 3 });
  });

  test("beyond the limit say so; a count that was reported stands in their place", async () => {
    const tenant = await tenantOn("counted", "free");
    const page = await desk.signedIn();
    await showTenant(page, desk, tenant);
    await page.getByRole("radio", { name: "Report" }).check();
    await page.getByLabel("Count").fill("5");
    await page.getByRole("button", { name: "Preview" }).click();
    await page.locator("aside").getByText("5 projects would be occupied. 0 would be free. 2 over the limit.").waitFor();
    await page.getByRole("button", { name: "Report" }).click();
    await page.locator("aside").getByText("5 projects occupied.").waitFor();
    await balance(page, "Active projects").getByText("5 projects by the count that was last reported").waitFor();
    await page.getByRole("radio", { name: "Claim" }).check();
    await page.getByLabel("Resource").fill("one");
    await page.getByRole("button", { name: "Claim" }).click();
    await page.locator("aside").getByText("These slots are counted from outside, and not claimed").waitFor();
    expect(await balanceOf(tenant, "projects.max")).toMatchObject({ claimed: 5 });
    const words = await open(page, "Active projects", "Explain");
    expect(await spoken(words)).toContain(
      "3 granted − 5 reported = 0 projects free It is over its limit by 2 projects.",
    );
  });

  test("beyond the hundred that are listed are let go by their name", async () => {
    const tenant = await tenantOn("crowded", "portfolio");
    for (let i = 1; i <= 102; i += 1) {
      await desk.clients.live.claim({ tenant, feature: "projects.max", resource: `project ${i}` });
    }
    const page = await desk.signedIn();
    await showTenant(page, desk, tenant);
    const claims = balance(page, "Active projects").getByRole("tabpanel");
    await claims.getByText("project 102").waitFor();
    expect(await rowsOf(claims).count()).toBe(10);
    await claims.getByRole("button", { name: "Show 90 more" }).click();
    expect(await rowsOf(claims).count()).toBe(100);
    await claims.getByText("The newest 100 of 102.").waitFor();
    expect(await claims.getByText("project 2", { exact: true }).count()).toBe(0);
    await claims.getByRole("button", { name: "Release another" }).click();
    await claims.getByLabel("Name").fill("project 0");
    await claims.getByText("Nothing was ever claimed in this name").waitFor();
    await claims.getByLabel("Name").fill("project 2");
    await claims.getByText("101 projects would be occupied.").waitFor();
    await claims.getByRole("button", { name: "Let it go" }).click();
    await claims.getByText("101 projects occupied.").waitFor();
    await claims.getByText("The newest 100 of 101.").waitFor();
    expect(await balanceOf(tenant, "projects.max")).toMatchObject({ claimed: 101 });
  });
});

describe("what happened", () => {
  test("says who paid for each consumption, and a part of one is given back with a reason", async () => {
    const tenant = await tenantOn("paying");
    const { live } = desk.clients;
    await live.issueGrant({ tenant, feature: credits, amount: 1000, dedupeKey: "order-7", source: "product" });
    await live.consume({ tenant, feature: credits, amount: 130, idempotencyKey: "letters" });
    const page = await desk.signedIn();
    await showTenant(page, desk, tenant);
    const history = await open(page, "Messaging credits", "History");
    const rows = rowsOf(history);
    expect((await allRows(history))[0]).toMatch(/Took 130 letters 100 Plan 30 Purchase order-7 so far 970 Reverse$/);
    await rows.first().getByRole("button", { name: "Reverse" }).click();
    await history.getByText("130 would return to the grants that paid. 1,100 would be left.").waitFor();
    await history.getByLabel("How much").fill("131");
    await history.getByText("Something in the form is not valid").waitFor();
    await history.getByLabel("How much").fill("45");
    await history.getByText("45 would return to the grants that paid. 1,015 would be left.").waitFor();
    // Without a reason nothing is given back.
    await history.getByRole("button", { name: "Give it back" }).click();
    expect(await history.getByLabel("Reason").and(page.locator(":invalid")).count()).toBe(1);
    await history.getByLabel("Reason").fill("45 were not delivered");
    expect(await balanceOf(tenant)).toMatchObject({ used: 130 });
    await history.getByRole("button", { name: "Give it back" }).click();
    await history.getByText("45 returned to the grants that paid. 1,015 left.").waitFor();
    await expect.poll(() => rows.first().innerText()).toContain("Gave 45 back");
    expect(await spoken(rows.first())).toMatch(
      /of letters “45 were not delivered” 30 to Purchase order-7 15 to Plan 1,015$|15 to Plan 30 to Purchase order-7 1,015$/,
    );
    expect(await spoken(rows.nth(1))).toContain("Took 130 45 given back letters");
    expect(await balanceOf(tenant)).toMatchObject({ used: 85, available: 1015 });
    // Of what is left of it, and no more.
    await rows.nth(1).getByRole("button", { name: "Reverse" }).click();
    await history.getByText("85 would return to the grants that paid. 1,100 would be left.").waitFor();
  });

  test("before the window began is a press away; what goes back to an ended grant lapses, or is granted anew", async () => {
    const { test: lab } = desk.clients;
    const tenant = "two-windows";
    await lab.tenants.create({ tenant, plan: "pro", mode: "test", clockAt: "2031-01-01T00:00:00Z" });
    await lab.consume({ tenant, feature: credits, amount: 40, idempotencyKey: "in-january" });
    await lab.tenants.advanceClock({ tenant, to: "2031-02-10T00:00:00Z" });
    await lab.consume({ tenant, feature: credits, amount: 5, idempotencyKey: "in-february" });
    const page = await desk.signedIn(["test"]);
    await showTenant(page, desk, tenant);
    const history = await open(page, "Messaging credits", "History");
    await history.getByText("in-february").waitFor();
    expect(await history.getByText("in-january").count()).toBe(0);
    await history.getByRole("button", { name: "Before that" }).click();
    await history.getByText("As of 31 Jan 2031, 23:59").waitFor();
    const january = rowsOf(history).filter({ hasText: "in-january" });
    await january.getByRole("button", { name: "Reverse" }).click();
    await history.getByText("40 would lapse, since their grant has ended.").waitFor();
    await history.getByLabel("Grant anew what would lapse").check();
    await history
      .getByText("40 would lapse, since their grant has ended and would be granted anew. 135 would be left.")
      .waitFor();
    await history.getByLabel("Reason").fill("it was ours to pay");
    await history.getByRole("button", { name: "Give it back" }).click();
    await history.getByText("40 lapsed, since their grant has ended and was granted anew. 135 left.").waitFor();
    const [now] = await lab.balances({ tenant, feature: credits });
    expect(now).toMatchObject({ available: 135 });
    await history.getByRole("button", { name: "Back to now" }).click();
    await history.getByRole("strong").filter({ hasText: "Gave 40 back" }).waitFor();
  });

  test("comes a page at a time", async () => {
    const tenant = await tenantOn("busy");
    const items = Array.from({ length: 30 }, (_, i) => ({ feature: credits, idempotencyKey: `use-${i + 1}` }));
    await desk.clients.live.consumeMany({ tenant, items });
    const page = await desk.signedIn();
    await showTenant(page, desk, tenant);
    const history = await open(page, "Messaging credits", "History");
    expect(await rowsOf(history).count()).toBe(20);
    await history.getByRole("button", { name: "Earlier" }).click();
    await expect.poll(() => rowsOf(history).count()).toBe(31);
    expect(await history.getByRole("button", { name: "Earlier" }).count()).toBe(0);
    const named = (await allRows(history)).map((row) => /use-\d+/.exec(row)?.[0]);
    expect(named).toEqual([...items.map(({ idempotencyKey }) => idempotencyKey).toReversed(), undefined]);
  });
});

test("a grant is voided with a reason, which stands among those that have ended", async () => {
  const tenant = await tenantOn("voiding");
  const { live } = desk.clients;
  await live.issueGrant({ tenant, feature: credits, amount: 500, dedupeKey: "order-8", source: "top_up", priority: 1 });
  await live.consume({ tenant, feature: credits, amount: 60, idempotencyKey: "c" });
  const page = await desk.signedIn();
  await showTenant(page, desk, tenant);
  const grants = balance(page, "Messaging credits").getByRole("tabpanel");
  expect((await allRows(grants))[0]).toMatch(/^next Top-up order-8 priority 1 500 60 440 .* never Void$/);
  // What the plan gives is ended by the plan alone.
  expect(await grants.getByRole("button", { name: "Void" }).count()).toBe(1);
  await grants.getByRole("button", { name: "Void" }).click();
  await grants.getByText("440 credits would lapse. 100 would be left. What was used of it, 60, stays used.").waitFor();
  await grants.getByLabel("Reason").fill("charged twice");
  expect(await balanceOf(tenant)).toMatchObject({ available: 540 });
  await grants.getByRole("button", { name: "Void the grant" }).click();
  await grants.getByText("440 credits lapsed. 100 left.").waitFor();
  await expect.poll(() => rowsOf(grants).count()).toBe(1);
  await grants.getByRole("button", { name: "Show ended grants" }).click();
  await expect.poll(() => rowsOf(grants).count()).toBe(2);
  expect((await allRows(grants))[1]).toMatch(
    /^voided Top-up order-8 priority 1 by key:[0-9a-f]+ “charged twice” 500 60 0 /,
  );
  expect(await balanceOf(tenant)).toMatchObject({ available: 100 });
});

describe("why", () => {
  test("is said in words, now and as of an instant on the tenant's own wall clock", async () => {
    const { test: lab } = desk.clients;
    const tenant = "explained";
    const made = { tenant, plan: "pro", mode: "test", timeZone: "Australia/Adelaide" } as const;
    await lab.tenants.create({ ...made, clockAt: "2031-01-01T00:00:00Z" });
    await lab.issueGrant({ tenant, feature: credits, amount: 50, dedupeKey: "gift", source: "promotion" });
    await lab.consume({ tenant, feature: credits, amount: 30, idempotencyKey: "c" });
    await lab.reserve({ tenant, feature: credits, amount: 7, idempotencyKey: "h", expiresAt: "2031-01-20T00:00:00Z" });
    await lab.tenants.advanceClock({ tenant, to: "2031-01-05T00:00:00Z" });
    await lab.voidGrant({ tenant, dedupeKey: "gift", reason: "a mistake" });
    const page = await desk.signedIn(["test"]);
    await showTenant(page, desk, tenant);
    const words = await open(page, "Messaging credits", "Explain");
    const said = await spoken(words);
    expect(said).toContain("✓ allowed Included in the plan. 100 granted − 30 used − 7 held = 63 credits left");
    expect(said).toContain("Access The plan is Pro, version 1. It is allowed from 1 Jan 2031, 10:30 until");
    expect(said).toContain("Plan counts: 30 of 100 used, 7 held, 63 left. It ends on");
    expect(said).toMatch(/Promotion gift was voided on 5 Jan 2031, 10:30: 0 of 50 used\. By key:\w+: “a mistake”\./);
    expect(said).toContain("Holds h sets 7 aside until 20 Jan 2031, 10:30.");

    // A minute before it was voided, in Adelaide.
    await words.getByLabel("As of").fill("2031-01-05T10:29");
    await words.getByRole("button", { name: "Explain" }).click();
    await words.getByText("150 granted").waitFor();
    expect(await spoken(words)).toContain("Promotion gift counts: 0 of 50 used, 50 left. It never ends.");
    expect(await words.getByRole("img").getAttribute("aria-label")).toContain("113 of 150 left, 7 held, 30 used");
    // All that stands behind the balance is of then, and nothing of it is offered to be done.
    const holds = await open(page, "Messaging credits", "Holds");
    await holds.getByText("As of 5 Jan 2031, 10:29").waitFor();
    expect(await holds.getByRole("button", { name: "Release" }).count()).toBe(0);
    const grants = await open(page, "Messaging credits", "Grants");
    expect(await grants.getByRole("button", { name: "Void" }).count()).toBe(0);
    await grants.getByRole("button", { name: "Back to now" }).click();
    await rowsOf(grants).filter({ hasText: "gift" }).waitFor({ state: "detached" });

    await open(page, "Messaging credits", "Explain");
    await words.getByLabel("As of").fill("2030-01-01T00:00");
    await words.getByRole("button", { name: "Explain" }).click();
    await words.getByText("The tenant had not been made then.").waitFor();
  });

  test("is asked for when somebody looks, and again after it could not be loaded", async () => {
    const page = await desk.signedIn();
    const asked: string[] = [];
    page.on("request", (request) => {
      if (request.url().endsWith("/explanation?limit=20")) asked.push(request.url().split("/").at(-2) ?? "");
    });
    let broken = true;
    await page.route("**/annuity.calculations.monthly/explanation*", (route) =>
      broken ? route.abort() : route.continue(),
    );
    await showTenant(page, desk, "fairview");
    await balance(page, "Active projects").getByText("No slot is occupied").waitFor();
    expect(asked).toEqual(["projects.max"]);
    const calculations = balance(page, "Annuity calculations");
    await calculations.getByRole("tab", { name: "History" }).click();
    await calculations.getByText("The server does not answer").waitFor();
    broken = false;
    await calculations.getByRole("button", { name: "Try again" }).click();
    await calculations.getByText("demo-use-1").waitFor();
    // The browser tells of the request that this test broke.
    const lost = desk.complaints.filter((one) => one.includes("net::ERR_FAILED"));
    expect(desk.complaints).toEqual(lost);
    (desk.complaints as string[]).length = 0;
  });
});

test("no browser had anything to complain of", () => {
  expect(desk.complaints).toEqual([]);
});
