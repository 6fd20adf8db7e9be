// For everybody: no violation of WCAG AA that axe finds, on any page, in either scheme, wide or narrow; and all of it
// without a mouse.
import axe from "axe-core";
import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { type Desk, openDesk, showTenant } from "./rig.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = (await page.evaluate(
    `axe.run({ runOnly: ${JSON.stringify(tags)} }).then((all) => all.violations)`,
  )) as Violation[];
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
}

/** How far the page is wider than the window. */
const overflow = async (page: Page) =>
  Number(await page.evaluate("document.documentElement.scrollWidth - window.innerWidth"));

async function act(page: Page, tab: string, button: string): Promise<void> {
  await page.getByRole("radio", { name: tab }).check();
  await page.getByRole("button", { name: button, exact: true }).click();
  await page.locator("aside .notice").waitFor();
}

/** A part of what stands behind the credits of the tenant that has all of it. */
async function behind(page: Page, part: string): Promise<Locator> {
  await showTenant(page, desk, "lakeside");
  const credits = page.locator("article", { has: page.getByRole("heading", { name: "Messaging credits" }) });
  await credits.getByRole("tab", { name: part }).click();
  return credits.getByRole("tabpanel");
}

/** Every page, each in the states that look different. */
const states: readonly (readonly [string, (page: Page) => Promise<void>])[] = [
  ["tenants", (page) => page.locator("tbody tr").first().waitFor()],
  [
    "no tenants found",
    async (page) => {
      await page.goto(`${desk.url}/tenants?prefix=zz`);
      await page.getByText("No tenant's id begins with this").waitFor();
    },
  ],
  ["a tenant", (page) => showTenant(page, desk, "elm-and-oak")],
  [
    "a check denied",
    async (page) => {
      await showTenant(page, desk, "birch-street");
      await act(page, "Check", "Check");
    },
  ],
  [
    "a consumption refused",
    async (page) => {
      await showTenant(page, desk, "cedar-row");
      await page.getByRole("radio", { name: "Consume" }).check();
      await page.getByLabel("Feature", { exact: true }).selectOption({ label: "Annuity calculations" });
      await act(page, "Consume", "Consume");
    },
  ],
  [
    "a form with something wrong",
    async (page) => {
      await showTenant(page, desk, "acme");
      await page.getByRole("radio", { name: "Grant" }).check();
      await page.getByLabel("Amount").fill("-1");
      await act(page, "Grant", "Grant");
    },
  ],
  [
    "what is held, and about to be released",
    async (page) => {
      const panel = await behind(page, "Holds");
      await panel.getByRole("button", { name: "Release" }).first().click();
      await page.locator(".preview").getByText("would return").waitFor();
    },
  ],
  [
    "what happened, and about to be given back",
    async (page) => {
      const panel = await behind(page, "History");
      await panel.getByRole("button", { name: "Reverse" }).first().click();
      await page.locator(".preview").getByText("would return").waitFor();
      await panel.getByLabel("How much").fill("x");
      await page.locator(".preview .notice").waitFor();
    },
  ],
  [
    "the grants with those that have ended, and one about to be voided",
    async (page) => {
      const panel = await behind(page, "Grants");
      await panel.getByRole("button", { name: "Show ended grants" }).click();
      await panel.getByRole("button", { name: "Void" }).click();
      await page.locator(".preview").getByText("would lapse").waitFor();
    },
  ],
  [
    "why, as of an instant",
    async (page) => {
      const panel = await behind(page, "Explain");
      await panel.getByText("granted").waitFor();
      await panel.getByLabel("As of").fill("2040-01-01T00:00");
      await panel.getByRole("button", { name: "Explain" }).click();
      await panel.getByText("As of 1 Jan 2040").waitFor();
      await panel.locator(".waiting").waitFor({ state: "detached" });
    },
  ],
  [
    "a preview, and a count that was reported",
    async (page) => {
      await showTenant(page, desk, "kestrel");
      await page.getByText("by the count that was last reported").waitFor();
      await act(page, "Report", "Preview");
    },
  ],
  [
    "a claim",
    async (page) => {
      await showTenant(page, desk, "lakeside");
      await page.getByRole("radio", { name: "Claim" }).check();
      await page.getByLabel("Resource").fill("14 Mill Lane");
      await act(page, "Claim", "Claim");
    },
  ],
  [
    "a tenant that does not exist",
    async (page) => {
      await page.goto(`${desk.url}/tenants/nobody`);
      await page.getByText("There is no such tenant").waitFor();
    },
  ],
  [
    "a test tenant with its clock",
    async (page) => {
      await page.goto(`${desk.url}/tenants/time-traveller`);
      await page.getByRole("button", { name: "Advance the clock" }).waitFor();
    },
  ],
  [
    "the catalogue with something wrong",
    async (page) => {
      await page.goto(`${desk.url}/catalogue`);
      await page
        .getByLabel("The catalogue")
        .fill('{ "tiers": {}, "features": {}, "plans": { "pro": { "tier": "gold" } } }');
      await page.getByRole("button", { name: "Check and compare" }).click();
      await page.locator(".problems li").first().waitFor();
    },
  ],
  [
    "the catalogue with a revision",
    async (page) => {
      await page.goto(`${desk.url}/catalogue`);
      await page.getByRole("button", { name: "View revision 1" }).click();
      await page.getByRole("region", { name: "Revision 1" }).waitFor();
    },
  ],
  [
    "the catalogue with what would change",
    async (page) => {
      await page.goto(`${desk.url}/catalogue`);
      const editor = page.getByLabel("The catalogue");
      await editor.fill(
        (await editor.inputValue())
          .replaceAll('"name": "Pro"', '"name": "Professional"')
          .replace('"amount": 20,', '"amount": 10,'),
      );
      await page.getByRole("button", { name: "Check and compare" }).click();
      await page.getByRole("region", { name: "What would change" }).waitFor();
    },
  ],
];

describe.each([
  ["light", 1280],
  ["dark", 1280],
  ["light", 360],
  ["dark", 360],
] as const)("in %s at %i px", (colorScheme, width) => {
  test("signing in, and every page", async () => {
    const options = { colorScheme, viewport: { width, height: 800 } };
    const stranger = await desk.open(options);
    await stranger.goto(`${desk.url}/`);
    await stranger.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await violations(stranger)).toEqual([]);
    const page = await desk.signedIn(["test", "live"], options);
    for (const [name, reach] of states) {
      await reach(page);
      const found = { name, violations: await violations(page), overflow: Math.max(0, await overflow(page)) };
      expect(found).toEqual({ name, violations: [], overflow: 0 });
    }
    // Every page there is, each looked through by axe: on a busy machine that takes its time.
  }, 240_000);
});

test("the colours follow the system until somebody says otherwise, and remember it", async () => {
  const page = await desk.signedIn(["live"], { colorScheme: "dark" });
  const ground = () => page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
  const dark = await ground();
  await page.getByRole("button", { name: "Colours: as the system" }).click();
  const light = await ground();
  expect(light).not.toBe(dark);
  await page.reload();
  await page.getByRole("button", { name: "Colours: light" }).waitFor();
  expect(await ground()).toBe(light);
  await page.getByRole("button", { name: "Colours: light" }).click();
  expect(await ground()).toBe(dark);
});

describe("without a mouse", () => {
  /** Presses Tab until what is asked for has the focus; every stop on the way shows that it has it. */
  async function tabTo(page: Page, wanted: string): Promise<void> {
    const stops: unknown[] = [];
    for (let i = 0; i < 60; i += 1) {
      await page.keyboard.press("Tab");
      const stop = (await page.evaluate(`(() => {
        const at = document.activeElement;
        const shown = [at, at.nextElementSibling, at.parentElement].some((one) => one && getComputedStyle(one).outlineStyle !== "none");
        const name = at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent;
        return at === document.body ? null : { name: name.trim(), shown };
      })()`)) as { name: string; shown: boolean } | null;
      // Between the last stop and the first one again.
      if (stop === null) continue;
      stops.push(stop);
      expect(stop.shown, `the focus shows on ${JSON.stringify(stop)}`).toBe(true);
      if (stop.name === wanted) return;
    }
    throw new Error(`${wanted} was not reached: ${JSON.stringify(stops)}`);
  }

  test("from signing in to a consumption and its outcome", async () => {
    const page = await desk.open();
    await page.goto(`${desk.url}/sign-in`);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await tabTo(page, "Secret key");
    await page.keyboard.insertText(desk.keys.live);
    await page.keyboard.press("Enter");
    await page.locator("tbody tr").first().waitFor();
    // The heading has the focus now; the frame stands before it.
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Tenants");
    await tabTo(page, "Acme Property");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 2, name: "Balances" }).waitFor();
    await expect.poll(() => page.evaluate("document.activeElement.textContent")).toBe("Acme Property");
    await tabTo(page, "Check");
    await page.keyboard.press("ArrowRight");
    expect(await page.getByRole("radio", { name: "Consume" }).isChecked()).toBe(true);
    await tabTo(page, "Feature");
    await page.keyboard.type("Messaging");
    await tabTo(page, "Amount");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("7");
    await page.keyboard.press("Enter");
    await page.getByText("Took 7").waitFor();
    // Told to whoever cannot see it.
    expect(await page.getByRole("status").filter({ hasText: "Took 7" }).count()).toBe(1);
  });

  test("through what stands behind a balance by the arrows, to a release and back to where one was", async () => {
    const page = await desk.signedIn();
    await showTenant(page, desk, "lakeside");
    const credits = page.locator("article", { has: page.getByRole("heading", { name: "Messaging credits" }) });
    await credits.getByRole("tab", { name: "Grants" }).focus();
    const focused = () => page.evaluate("document.activeElement.textContent.trim()");
    for (const [key, name] of [
      ["ArrowRight", "Holds 80"],
      ["ArrowRight", "History"],
      ["End", "Explain"],
      ["ArrowRight", "Grants"],
      ["ArrowLeft", "Explain"],
      ["Home", "Grants"],
      ["ArrowRight", "Holds 80"],
    ]) {
      await page.keyboard.press(key ?? "");
      expect(await focused()).toBe(name);
      expect(await credits.getByRole("tab", { selected: true }).innerText()).toBe(name);
    }
    await credits.getByText("demo-hold-3").waitFor();
    await tabTo(page, "Release");
    await page.keyboard.press("Enter");
    await expect.poll(focused).toBe("Release the hold");
    await credits.getByText("80 credits would return").waitFor();
    await tabTo(page, "Cancel");
    await page.keyboard.press("Enter");
    await expect.poll(focused).toBe("Release");
    await page.keyboard.press("Enter");
    await expect.poll(focused).toBe("Release the hold");
    await page.keyboard.press("Enter");
    await credits.getByText("80 credits returned").waitFor();
    await expect.poll(focused).toContain("Released");
  });

  test("over the frame in one step, and to the other pages", async () => {
    const page = await desk.signedIn();
    await page.reload();
    await page.locator("tbody tr").first().waitFor();
    await page.evaluate("document.activeElement.blur()");
    await tabTo(page, "Skip to the content");
    await page.keyboard.press("Enter");
    expect(await page.evaluate("document.activeElement.tagName")).toBe("H1");
    await page.keyboard.press("Shift+Tab");
    await tabTo(page, "Find by the beginning of the id");
    await page.keyboard.type("kes");
    await expect.poll(() => page.locator("tbody tr").count()).toBe(1);
  });
});

test("no browser had anything to complain of", () => {
  expect(desk.complaints).toEqual([]);
});
