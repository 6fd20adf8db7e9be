// The page on importing, word for word: its files are saved under the names that it gives them, its commands are run, and each
// has to print what the page says.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createPurser } from "@purser/engine";
import { Pool } from "pg";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { createTestDatabase } from "../../../behaviour/fixture/database.ts";
import { exampleCatalog } from "../../src/index.ts";
import { compile, temporaryDirectory } from "./rig.ts";

beforeAll(compile);

const path = (from: string) => fileURLToPath(new URL(from, import.meta.url));
const page = readFileSync(path("../../../docs/importing.md"), "utf8");

test("the page's file is imported as it stands, and every command of the page says what the page says", async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const pool = new Pool({ connectionString: database.serviceUrl, max: 2 });
  pool.on("error", () => undefined);
  onTestFinished(() => pool.end());
  const purser = createPurser({ catalog: exampleCatalog, database: pool });
  await purser.publishCatalog({ actor: "test" });

  const directory = temporaryDirectory();
  const files = [...page.matchAll(/`(\w+\.json)`:\n\n```json\n([\s\S]*?)```/g)];
  expect(files.map(([, name]) => name)).toEqual(["old.json", "bad.json"]);
  for (const [, name = "", text = ""] of files) writeFileSync(join(directory, name), text);

  const commands = [...page.matchAll(/```console\n\$ (.*)\n([\s\S]*?)```/g)];
  expect(commands).toHaveLength(4);
  // In the clone `npx purser` is this.
  const shim = `npx() { shift; "${process.execPath}" "${path("../../dist/cli.js")}" "$@"; }`;
  const env = { ...process.env, DATABASE_URL: database.serviceUrl };
  for (const [, command = "", said] of commands) {
    const { stdout } = spawnSync("sh", ["-c", `${shim}\n{ ${command}; } 2>&1`], {
      cwd: directory,
      env,
      encoding: "utf8",
    });
    expect({ command, said: stdout }).toEqual({ command, said });
  }

  const left = async (feature: string) => (await purser.balances({ tenant: "millbrook", feature }))[0]?.available;
  const [, credits, calculations] = /now has ([\d.]+) credits left[^]*?has (\d+) calculations\s+left/.exec(page) ?? [];
  expect(await left("messaging.credits")).toBe(Number(credits));
  expect(await left("annuity.calculations.monthly")).toBe(Number(calculations));
  const window = await purser.check({ tenant: "millbrook", feature: "annuity.calculations.monthly" });
  expect(page).toContain("began on the fifteenth");
  expect("resetsAt" in window && window.resetsAt?.getUTCDate()).toBe(15);
  expect(await purser.check({ tenant: "millbrook", feature: "projects.max" })).toMatchObject({ unlimited: true });
  expect(await purser.check({ tenant: "northgate", feature: "projects.max" })).toMatchObject({ limit: 2 });
});
