// The client's types are the server's description, to the letter.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { contractText, type Description } from "./contract-text.ts";

test("sdk/src/contract.ts is what server/openapi.json says; `npm run generate` makes it", async () => {
  const description = new URL("../../server/openapi.json", import.meta.url);
  const text = contractText(JSON.parse(readFileSync(description, "utf8")) as Description);
  await expect(text).toMatchFileSnapshot("../src/contract.ts");
});
