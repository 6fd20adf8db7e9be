// The page as somebody of the workspace meets it: the process that the one command starts, and a real browser before it.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Pool } from "pg";
import { chromium } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { browserFlags, browserProgram } from "../../../behaviour/fixture/browser.ts";
import { createTestDatabase } from "../../../behaviour/fixture/database.ts";

const workspace = fileURLToPath(new URL("..", import.meta.url));
const { DATABASE_URL: _, NODE_ENV: __, ...environment } = process.env;

async function start(settings: Record<string, string> = {}): Promise<string> {
  const compiler = join(workspace, "../../node_modules/typescript/bin/tsc");
  await promisify(execFile)(process.execPath, [compiler, "-b", workspace]);
  const directory = await mkdtemp(join(tmpdir(), "purser-annuity-"));
  const words = [join(workspace, "dist/index.js")];
  const env = { ...environment, PORT: "0", ...settings };
  const app = spawn(process.execPath, words, { cwd: directory, env, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(async () => {
    app.kill("SIGTERM");
    if (app.exitCode === null) await once(app, "close");
    expect(app.exitCode).toBe(0);
    await rm(directory, { recursive: true, force: true });
  });
  let said = "";
  for await (const chunk of app.stdout) {
    said += String(chunk);
    const [, url] = /Open (\S+);/.exec(said) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(`the example ended before it was ready: ${said}`);
}

test("S001-21: a block of the page shows the limits, and follows what is done beside it", async () => {
  const url = await start();
  const browser = await chromium.launch({ executablePath: browserProgram(), args: browserFlags });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  const wrong: string[] = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  await page.goto(url);
  const limits = () =>
    page.$$eval("#limitations tr", (rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));
  const change = expect.stringMatching(/\d/);
  await expect.poll(limits).toEqual([
    ["annuity.calculations.monthly", "5", "0", change, "open"],
    ["projects.max", "3", "0", "", "open"],
    ["workspace.access", "yes", "", "", "open"],
  ]);
  for (const name of ["<b>One</b>", "Two", "Three"]) {
    await page.fill("[name=name]", name);
    await page.click("text=Create");
    await expect.poll(() => page.textContent("#projects")).toContain(name);
  }
  await expect.poll(limits).toContainEqual(["projects.max", "3", "3", "", "limit reached"]);
  await page.fill("[name=name]", "Four");
  await page.click("text=Create");
  await expect.poll(() => page.textContent("#told")).toBe("limit reached");
  await page.click("button:text('archive') >> nth=0");
  await expect.poll(limits).toContainEqual(["projects.max", "3", "2", "", "open"]);
  await page.click("button:text-is('Calculate')");
  await expect.poll(() => page.textContent("#calculations")).toContain("12462.21");
  await expect.poll(limits).toContainEqual(["annuity.calculations.monthly", "5", "1", change, "open"]);
  expect(wrong).toEqual([]);
});

test("a database that closes the application's idle connections does not end it", async () => {
  const database = await createTestDatabase();
  onTestFinished(database.drop);
  const url = await start({ DATABASE_URL: database.adminUrl });
  const admin = new Pool({ connectionString: database.adminUrl, max: 1 });
  onTestFinished(() => admin.end());
  const limits = async () => (await fetch(`${url}/limitations`, { headers: { "x-workspace": "demo" } })).status;
  expect(await limits()).toBe(200);
  const { rowCount } = await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
  );
  expect(rowCount).toBeGreaterThan(0);
  await expect.poll(limits).toBe(200);
});
