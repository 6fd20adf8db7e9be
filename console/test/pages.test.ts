import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { type Desk, openDesk, showTenant } from "./rig.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});

const rows = (page: Page) => page.locator("tbody tr");
const notice = (page: Page) => page.locator("aside .notice");
const balance = (page: Page, name: string) => page.locator("article", { has: page.getByRole("heading", { name }) });

async function consume(page: Page, feature: string, amount: string): Promise<void> {
  await page.getByRole("radio", { name: "Consume" }).check();
  await page.getByLabel("Feature", { exact: true }).selectOption({ label: feature });
  await page.getByLabel("Amount").fill(amount);
  await page.getByRole("button", { name: "Consume" }).click();
}

describe("tenants", () => {
  test("each with its plan and status; found by the beginning of the id", async () => {
    const page = await desk.signedIn();
    expect(await rows(page).count()).toBe(12);
    const acme = rows(page).filter({ hasText: "Acme Property" });
    await expect.poll(async () => (await acme.innerText()).split(/\s+/)).toContain("Pro");
    expect(await acme.innerText()).toContain("trialing");
    expect(await page.locator("thead th").allInnerTexts()).toEqual(["Tenant", "Plan", "Status", "Time zone"]);
    expect(await rows(page).filter({ hasText: "Granite" }).innerText()).toContain("no subscription");
    await page.getByRole("searchbox").fill("el");
    await expect.poll(() => rows(page).count()).toBe(1);
    expect(page.url()).toBe(`${desk.url}/tenants?prefix=el`);
    await page.getByRole("searchbox").fill("nothing-like-it");
    await page.getByText("No tenant's id begins with this").waitFor();
  });

  test("come a page at a time, forth and back", async () => {
    for (let i = 0; i < 30; i += 1) {
      await desk.clients.live.tenants.create({ tenant: `many-${String(i).padStart(2, "0")}` });
    }
    const page = await desk.signedIn();
    await page.getByRole("searchbox").fill("many-");
    await page.getByText("many-24").waitFor();
    expect(await rows(page).count()).toBe(25);
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByText("many-29").waitFor();
    expect(await rows(page).count()).toBe(5);
    expect(await page.getByRole("button", { name: "Next" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Previous" }).click();
    await page.getByText("many-00").waitFor();
  });

  test("of the other mode are a switch away, and an address of theirs changes over by itself", async () => {
    const page = await desk.signedIn(["test", "live"]);
    expect(await rows(page).count()).toBeGreaterThan(10);
    expect(await page.locator("thead th").allInnerTexts()).not.toContain("Its clock");
    await page.getByRole("radio", { name: "Test" }).check();
    await page.getByRole("columnheader", { name: "Its clock" }).waitFor();
    await page.getByRole("radio", { name: "Live" }).check();
    await page.goto(`${desk.url}/tenants/time-traveller`);
    await page.getByRole("heading", { level: 1, name: "Time Traveller" }).waitFor();
    expect(await page.getByRole("radio", { name: "Test" }).isChecked()).toBe(true);
  });
});

describe("a tenant", () => {
  test("stands there with its plan, balances by grant, and features with reasons", async () => {
    const page = await desk.signedIn();
    await showTenant(page, desk, "elm-and-oak");
    const facts = await page.locator(".facts").innerText();
    expect(facts).toMatch(/Plan\s+Pro version 1/);
    expect(facts).toMatch(/Time zone\s+UTC/);
    const credits = balance(page, "Messaging credits");
    expect(await credits.locator(".left").innerText()).toBe("840 of 1,100 credits left");
    expect(await credits.getByRole("img").getAttribute("aria-label")).toBe(
      "Messaging credits: 840 of 1,100 left, 260 used",
    );
    const grants = await credits.locator("tbody tr").allInnerTexts();
    expect(grants[0]?.split(/\s+/).slice(0, 6)).toEqual(["used", "up", "Plan", "100", "100", "0"]);
    expect(grants[1]?.split(/\s+/).slice(0, 6)).toEqual([
      "next",
      "Purchase",
      "messaging.pack.1000",
      "1,000",
      "160",
      "840",
    ]);
    const features = page.locator("table.features");
    const sso = features.locator("tr", { hasText: "Single sign-on" });
    expect((await sso.innerText()).replaceAll(/\s+/g, " ")).toContain(
      "denied Needs the tier Enterprise unlocked by Enterprise",
    );
    expect(facts).toMatch(/Trial ends\s.*\sthen active/s);
    const row = async (name: string) =>
      (await features.locator("tr", { hasText: name }).innerText()).replaceAll(/\s+/g, " ");
    expect(await row("First response of support")).toContain("24 hours");
    expect(await row("Annuity calculations")).toMatch(/trial ends .*, then active/);
    const headings = await features.locator(".kind").allInnerTexts();
    expect(headings.map((one) => one.split(":")[0]?.trim())).toEqual([
      "Credits",
      "Metered",
      "Capacity",
      "Values",
      "Flags",
    ]);
    const time = credits.locator("time").first();
    expect(await time.getAttribute("title")).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.* UTC$/);
  });

  test("shows times on its own wall clock and UTC beside them", async () => {
    const clockAt = "2031-01-31T23:30:00Z";
    await desk.clients.test.tenants.create({
      tenant: "adelaide",
      mode: "test",
      timeZone: "Australia/Adelaide",
      clockAt,
    });
    const page = await desk.signedIn(["test"]);
    await showTenant(page, desk, "adelaide");
    const clock = page.locator(".facts time").first();
    expect(await clock.innerText()).toBe("1 Feb 2031, 10:00");
    expect(await clock.getAttribute("title")).toBe("2031-01-31 23:30:00 UTC");
    await page.getByText("Nothing that counts").waitFor();
  });

  test("that does not exist is said to, and so is an address of nothing", async () => {
    const page = await desk.signedIn();
    await page.goto(`${desk.url}/tenants/nobody`);
    await page.getByText("There is no such tenant").waitFor();
    await page.goto(`${desk.url}/tenants/a/b`);
    await page.getByText("Nothing stands at this address").waitFor();
    await expect.poll(() => page.title()).toBe("No such page · Purser");
  });

  test("whose data cannot be loaded says so, and loads at the next attempt", async () => {
    const page = await desk.signedIn();
    let broken = true;
    await page.route("**/v1/tenants/acme/balances*", (route) => (broken ? route.abort() : route.continue()));
    await page.goto(`${desk.url}/tenants/acme`);
    await page.getByRole("alert").getByText("The server does not answer").waitFor();
    broken = false;
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("heading", { name: "Balances" }).waitFor();
    const lost = desk.complaints.filter((one) => one.includes("net::ERR_FAILED"));
    expect(desk.complaints).toEqual(lost);
    (desk.complaints as string[]).length = 0;
  });
});

describe("trying it", () => {
  test("a check says why, and what would unlock it", async () => {
    const page = await desk.signedIn();
    await showTenant(page, desk, "birch-street");
    await page.getByLabel("Feature", { exact: true }).selectOption({ label: "Single sign-on" });
    await page.getByRole("button", { name: "Check" }).click();
    await notice(page).waitFor();
    const said = (await notice(page).innerText()).replaceAll(/\s+/g, " ");
    expect(said).toBe("Denied Needs the tier Enterprise. Unlocked by Enterprise. Reason TIER_INSUFFICIENT");
  });

  test("a consumption changes the balance on the page, and pressing again is another one", async () => {
    const page = await desk.signedIn();
    await showTenant(page, desk, "dovetail");
    const left = balance(page, "Messaging credits").locator(".left");
    expect(await left.innerText()).toContain("65 of 100");
    await consume(page, "Messaging credits", "12.5");
    await notice(page).getByText("Took 12.5").waitFor();
    await expect.poll(() => left.innerText()).toContain("52.5 of 100");
    expect(await notice(page).innerText()).toContain("52.5 left.");
    await page.getByRole("button", { name: "Consume" }).click();
    await expect.poll(() => left.innerText()).toContain("40 of 100");
  });

  test("the same key again takes nothing, and says so", async () => {
    const page = await desk.signedIn();
    await showTenant(page, desk, "fairview");
    for (const title of ["Took 3", "Nothing was taken now"]) {
      await page.getByRole("radio", { name: "Consume" }).check();
      await page.getByLabel("Idempotency key").fill("by-hand");
      await consume(page, "Annuity calculations", "3");
      await notice(page).getByText(title).waitFor();
    }
    await expect
      .poll(() => balance(page, "Annuity calculations").locator(".left").innerText())
      .toContain("3,757 of 5,000");
  });

  test("on a narrow page what came of it is brought into view", async () => {
    const height = 600;
    const page = await desk.signedIn(["live"], { viewport: { width: 390, height } });
    await showTenant(page, desk, "cedar-row");
    await page.getByRole("radio", { name: "Consume" }).check();
    // As a thumb has it: the button is the last that can be seen.
    const button = page.getByRole("button", { name: "Consume" });
    await button.evaluate((element) => element.scrollIntoView({ block: "end" }));
    await button.press("Enter");
    await notice(page).getByText("Not enough is left").waitFor();
    await expect
      .poll(async () => {
        const { y, height: tall } = (await notice(page).boundingBox()) ?? { y: -1, height: 0 };
        return y >= 0 && y + tall <= height;
      })
      .toBe(true);
  });

  test("a refusal is explained, and what is not valid is named beside its field", async () => {
    const page = await desk.signedIn();
    await showTenant(page, desk, "cedar-row");
    await consume(page, "Annuity calculations", "2");
    await notice(page).getByText("Not enough is left: 2 asked, 0 available").waitFor();
    const said = (await notice(page).innerText()).replaceAll(/\s+/g, " ");
    expect(said).toContain("Unlocked by Pro, Pro Plus, Portfolio, Enterprise.");
    expect(said).toContain("Outcome limit_reached. Nothing happened");
    await consume(page, "Annuity calculations", "");
    expect(await page.getByLabel("Amount").and(page.locator(":invalid")).count()).toBe(1);
    await consume(page, "Annuity calculations", "many");
    await notice(page).getByText("Something in the form is not valid").waitFor();
    expect(await page.getByLabel("Amount").getAttribute("aria-invalid")).toBe("true");
  });

  test("a grant stands among the grants at once, with its end", async () => {
    const page = await desk.signedIn();
    await showTenant(page, desk, "granite");
    await page.getByText("Nothing that counts").waitFor();
    await page.getByRole("radio", { name: "Grant" }).check();
    await page.getByLabel("Feature", { exact: true }).selectOption({ label: "Messaging credits" });
    await page.getByLabel("Amount").fill("250");
    await page.getByLabel("Source").selectOption({ label: "Promotion" });
    await page.getByLabel("Expires").selectOption({ label: "in 7 days" });
    await page.getByRole("button", { name: "Grant", exact: true }).click();
    await notice(page).getByText("Granted").waitFor();
    const [row] = await balance(page, "Messaging credits").locator("tbody tr").allInnerTexts();
    expect(row?.replaceAll(/\s+/g, " ")).toMatch(/^next Promotion .* 250 0 250 .* in 7 days Void$/);
  });

  test("a test tenant's clock moves, and its windows with it", async () => {
    const page = await desk.signedIn(["test"]);
    await showTenant(page, desk, "time-traveller");
    const left = balance(page, "Messaging credits").locator(".left");
    expect(await left.innerText()).toContain("60 of 100");
    await page.getByLabel("Advance the clock by").selectOption({ label: "31 days" });
    await page.getByRole("button", { name: "Advance the clock" }).click();
    await expect.poll(() => left.innerText()).toContain("100 of 100");
    expect(await page.locator(".facts").innerText()).toContain("20 Feb 2031");
    const live = await desk.signedIn();
    await showTenant(live, desk, "acme");
    expect(await live.getByRole("button", { name: "Advance the clock" }).count()).toBe(0);
  });
});

test("no browser had anything to complain of", () => {
  expect(desk.complaints).toEqual([]);
});
