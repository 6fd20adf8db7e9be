// The console as an operator meets it: `purser dev --demo` as a process of its own, and a real browser before it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Client, createClient } from "@purser/sdk";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, expect, onTestFinished } from "vitest";
import { browserFlags, browserProgram } from "../../behaviour/fixture/browser.ts";
import { createTestDatabase } from "../../behaviour/fixture/database.ts";

const cli = fileURLToPath(new URL("../../server/dist/cli.js", import.meta.url));
export type Mode = "live" | "test";
export interface Desk {
  readonly url: string;
  /** What it said when it was ready. */
  readonly printed: string;
  /** The address that signs in once. */
  readonly link: string;
  readonly keys: Readonly<Record<Mode, string>>;
  readonly clients: Readonly<Record<Mode, Client>>;
  /** A page in a browser session of its own, closed at the end of the test. */
  open: (options?: BrowserContextOptions) => Promise<Page>;
  /** The same, signed in with a key of each of the modes. */
  signedIn: (modes?: readonly Mode[], options?: BrowserContextOptions) => Promise<Page>;
  /** What a browser complained of that it never should: broken policies, errors of scripts. */
  readonly complaints: readonly string[];
  /** Runs a command of the command line on the same database, and answers what it printed. */
  purser: (...words: readonly string[]) => Promise<string>;
}

/** One server and one browser for a file of tests; both end with it. */
export async function openDesk(): Promise<Desk> {
  const database = await createTestDatabase();
  const directory = mkdtempSync(join(tmpdir(), "purser-console-"));
  const { NODE_ENV: _, PURSER_ADMIN_URL: __, ...clean } = process.env;
  const environment = { ...clean, DATABASE_URL: database.adminUrl };
  const words = [cli, "dev", "--demo", "--port", "0", "--directory", directory];
  const server = spawn(process.execPath, words, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  let browser: Browser | undefined;
  afterAll(async () => {
    await browser?.close();
    if (server.exitCode === null) {
      server.kill("SIGTERM");
      await once(server, "close");
    }
    await database.drop();
    rmSync(directory, { recursive: true, force: true });
  });
  const out = await untilReady(server);
  const told = (pattern: RegExp) => pattern.exec(out)?.[1] ?? "";
  const url = told(/ready at (\S+)/);
  const keys = { live: told(/ {2}key +(\S+)/), test: told(/ {2}test key +(\S+)/) };
  const running = await chromium.launch({ executablePath: browserProgram(), args: browserFlags });
  browser = running;

  const complaints: string[] = [];
  const open = async (options: BrowserContextOptions = {}) => {
    const context = await running.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    onTestFinished(() => context.close());
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
    page.on("dialog", (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("console", (message) => {
      // A refusal is an answer, and the browser notes it; what it refuses to do for us is what nobody may see.
      const expected = message.text().startsWith("Failed to load resource: the server responded with a status of 4");
      if (["error", "warning"].includes(message.type()) && !expected) complaints.push(message.text());
    });
    return page;
  };
  return {
    url,
    printed: out,
    link: told(/console +(\S+)/),
    keys,
    clients: {
      live: createClient({ url, key: keys.live }),
      test: createClient({ url, key: keys.test }),
    },
    open,
    complaints,
    async signedIn(modes = ["live"], options = {}) {
      const page = await open(options);
      for (const mode of modes) await signIn(page, url, keys[mode], mode);
      return page;
    },
    async purser(...more) {
      const child = spawn(process.execPath, [cli, ...more], { env: environment, stdio: ["ignore", "pipe", "ignore"] });
      let text = "";
      child.stdout.on("data", (data: Buffer) => {
        text += data.toString();
      });
      await once(child, "close");
      expect(child.exitCode).toBe(0);
      return text;
    },
  };
}

async function untilReady(server: ChildProcess): Promise<string> {
  let text = "";
  for (const stream of [server.stdout, server.stderr]) {
    stream?.on("data", (data: Buffer) => {
      text += data.toString();
    });
  }
  while (!text.includes("Ctrl-C stops it")) {
    await Promise.race([once(server.stdout ?? server, "data"), once(server, "exit")]);
    if (server.exitCode !== null) throw new Error(`purser dev ended with ${server.exitCode}: ${text}`);
  }
  return text;
}

/** Pastes a key and waits for the tenants. */
export async function signIn(page: Page, url: string, key: string, mode?: Mode): Promise<void> {
  await page.goto(`${url}/sign-in${mode === undefined ? "" : `?mode=${mode}`}`);
  await page.getByLabel("Secret key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("tbody tr").first().waitFor();
}

/** The page of a tenant, with what it shows on it. */
export async function showTenant(page: Page, { url }: Desk, tenant: string): Promise<void> {
  await page.goto(`${url}/tenants/${encodeURIComponent(tenant)}`);
  await page.getByRole("heading", { level: 2, name: "Balances" }).waitFor();
  // What is asked for with the page and comes after it: until then what stands below moves.
  await page.locator(".waiting").first().waitFor({ state: "detached" });
}
