// The README's steps through the console, word for word: what it says to press is pressed and what it says is seen has to be
// there, by the labels as they stand in its text. A label that changes, in the console or in the README, fails here.
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { type Desk, openDesk } from "./rig.ts";

const beside = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const readme = beside("../../README.md");
const [, list = ""] = /^In the browser[^\n]*\n\n((?:\d+\. .*\n(?: {3}.*\n)*)+)/m.exec(readme) ?? [];
/** One step a line, as it is read. */
const steps = list
  .split(/^\d+\. /m)
  .map((step) => step.replaceAll(/\s+/g, " ").trim())
  .filter((step) => step !== "");

const label = String.raw`\*\*([^*.]+)\*\*`;
/** What the steps may say, each with what it does. The words in bold are labels; those after "see" go on to the full stop. */
const sayings: readonly (readonly [RegExp, (page: Page, words: readonly string[], said: string) => Promise<void>])[] = [
  [
    /\bopen [^.;]*`(\w+)`/i,
    async (page, [word]) => {
      const address = new RegExp(`^ +${word} +(http\\S+)`, "m").exec(desk.printed)?.[1];
      await page.goto(address ?? `nothing is printed after ${word}`);
    },
  ],
  [
    new RegExp(`\\bpress ${label}`, "i"),
    async (page, [name = ""]) => {
      const named = { name, exact: true };
      await page.getByRole("link", named).or(page.getByRole("button", named)).click();
    },
  ],
  [
    new RegExp(`\\bbehind ${label} choose ${label}`, "i"),
    async (page, [name = "", part = ""]) => {
      const balance = page.locator("article", { has: page.getByRole("heading", { name }) });
      await balance.getByRole("tab", { name: part }).click();
    },
  ],
  [
    new RegExp(`\\bchoose ${label}`, "i"),
    async (page, [name = ""]) => page.getByRole("radio", { name, exact: true }).check(),
  ],
  [
    new RegExp(`\\benter ${label} as ${label}`, "i"),
    async (page, [value = "", field = ""]) => page.getByLabel(field, { exact: true }).fill(value),
  ],
  [
    new RegExp(`\\bselect ${label} as ${label}`, "i"),
    async (page, [option = "", field = ""]) => {
      await page.getByLabel(field, { exact: true }).selectOption({ label: option });
    },
  ],
  [
    new RegExp(`\\bsee [^.]*${label}[^.]*`, "i"),
    async (page, _, said) => {
      for (const [, words = ""] of said.matchAll(new RegExp(label, "g"))) {
        const asWritten = new RegExp(words.replaceAll(/[$()*+?[\]^{|}\\]/g, "\\$&"));
        await page.locator("main").getByText(asWritten).filter({ visible: true }).first().waitFor();
      }
    },
  ],
];

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});

/** Does what a step says, in its order. Every label in it has to be a part of something that can be done or seen. */
async function follow(page: Page, step: string): Promise<void> {
  let rest = step;
  while (rest !== "") {
    const found = sayings.flatMap(([pattern, act]) => {
      const match = pattern.exec(rest);
      return match === null ? [] : { match, act };
    });
    const [next] = found.toSorted((one, other) => one.match.index - other.match.index);
    expect(rest.slice(0, next?.match.index), "words in bold that nothing is done with").not.toContain("**");
    if (next === undefined) return;
    const { match, act } = next;
    await act(page, match.slice(1), match[0]);
    rest = rest.slice(match.index + match[0].length);
  }
}

test("the README's steps through the console lead where they say", async () => {
  expect(steps.length).toBeGreaterThan(5);
  // What the steps begin with is what the README says before them to run.
  expect(readme.slice(0, readme.indexOf(list))).toContain("\nnpm start ");
  const { scripts } = JSON.parse(beside("../../package.json")) as { scripts: Record<string, string> };
  expect(scripts["start"]).toMatch(/ dev --demo$/);
  const page = await desk.open();
  for (const [i, step] of steps.entries()) {
    try {
      await follow(page, step);
    } catch (error) {
      throw new Error(`step ${i + 1} of the README, "${step}", does not lead there`, { cause: error });
    }
  }
  expect(desk.complaints).toEqual([]);
});

test("a step that says something else fails", async () => {
  const page = await desk.signedIn();
  for (const wrong of [
    "You see **Customers**.",
    "Press **Birch**.",
    "Press **Catalogue**. You see **What no plan includes**.",
    "Choose **Live** and admire **Tenants**.",
    "Enter **3** as **Quantity**.",
    "Behind **Nothing** choose **Grants**.",
  ]) {
    page.setDefaultTimeout(700);
    await expect(follow(page, wrong)).rejects.toThrow(/words in bold|Timeout/);
  }
});
