// The SDK's page, word for word, against a real server.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type House, openHouse } from "./doors.ts";
import { codeOf, newcomer } from "./fixture/newcomer.ts";

const block = codeOf("sdk/README.md");
const here = newcomer({ "@purser/sdk": "sdk" });

let house: House;
beforeAll(async () => {
  house = await openHouse();
  await house.tenant("acme", "pro");
});
afterAll(() => house.close());

test("the page's code compiles, runs and prints what the page says", async () => {
  const message = block("// message.ts");
  here.write("message.ts", message);
  here.write("errors.ts", block("// errors.ts"));
  here.compile();
  const environment = { PURSER_URL: house.http.url, PURSER_KEY: house.http.key };
  const page = readFileSync(new URL("../sdk/README.md", import.meta.url), "utf8");
  const [, printed] = /```text\n([\s\S]*?)```/.exec(page) ?? [];
  expect(await here.run("message.ts", environment)).toBe(printed);
  // The comment beside what it prints.
  const [, said = ""] = /\/\/ (unauthenticated .*)/.exec(page) ?? [];
  expect(await here.run("errors.ts", environment)).toBe(`${said}\n`);
});

test("the README's service compiles and runs as it stands", async () => {
  here.write("service.ts", codeOf("README.md")("// another service"));
  here.compile();
  const printed = await here.run("service.ts", { PURSER_URL: house.http.url, PURSER_KEY: house.http.key });
  expect(printed).toMatch(/^messaging\.credits \d+$/m);
});
