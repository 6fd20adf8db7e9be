// The commands that end by themselves: what they print, where, and what they end with.
import { createServer } from "node:net";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "pg";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createBlankDatabase, createTestDatabase } from "../../../behaviour/fixture/database.ts";
import { compile, purser, temporaryDirectory } from "./rig.ts";

beforeAll(compile);

async function ask(url: string, query: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<unknown[]>({ text: query, rowMode: "array" })).rows.map(([value]) => value);
  } finally {
    await client.end();
  }
}

const schemas = "SELECT nspname FROM pg_namespace WHERE nspname = 'purser'";
const nowhere = { DATABASE_URL: "postgresql://nobody:hunter2@127.0.0.1:1/none" };

describe("usage", () => {
  test.each<[args: string[], environment: Record<string, string>, code: number, err: RegExp]>([
    [[], {}, 2, /A command is needed[\s\S]*purser dev/],
    [["frobnicate"], {}, 2, /There is no command "frobnicate"[\s\S]*purser dev/],
    [["keys"], {}, 2, /There is no command "keys"[\s\S]*keys create/],
    [["toString"], {}, 2, /There is no command/],
    [["dev", "--frobnicate"], {}, 2, /frobnicate[\s\S]*usage: purser dev/],
    [["dev", "--port", "much"], {}, 2, /--port is 0 to 65535/],
    [["dev", "--port"], {}, 2, /--port/],
    [["migrate", "now"], {}, 2, /now[\s\S]*usage: purser migrate/],
    [["migrate", "--dry-run", "--print"], {}, 2, /do not go together/],
    [["migrate"], {}, 2, /needs DATABASE_URL/],
    [["serve"], {}, 2, /needs DATABASE_URL/],
    [["serve"], { DATABASE_URL: " " }, 2, /DATABASE_URL is set but blank/],
    [["serve"], { ...nowhere, PURSER_PORT: "99999" }, 2, /PURSER_PORT must be a port/],
    [["serve"], { ...nowhere, PURSER_ALLOW_PRIVILEGED_ROLE: "true" }, 2, /takes only "yes"/],
    [["dev"], { DATABASE_URL: "" }, 2, /DATABASE_URL is set but blank/],
    [["serve"], nowhere, 1, /ECONNREFUSED/],
    [["migrate"], nowhere, 1, /ECONNREFUSED/],
    [["keys", "create", "--scopes", "all"], nowhere, 2, /needs --name/],
    [["keys", "create", "--name", "a"], nowhere, 2, /needs --scopes/],
    [["keys", "create", "--name", "a", "--scopes", "all,consume"], nowhere, 2, /no scope "all"/],
    [["keys", "create", "--name", "a", "--scopes", "everything"], nowhere, 2, /no scope "everything"/],
    [["keys", "revoke"], nowhere, 2, /needs the key's id/],
    [["explain", "acme"], nowhere, 2, /needs a tenant and a feature/],
    [["explain", "acme", "reports", "--at", "yesterday"], nowhere, 2, /--at is a time with an offset/],
    [["verify", "acme"], nowhere, 2, /acme/],
    [["verify"], nowhere, 1, /ECONNREFUSED/],
  ])("%j with %j ends with %i", async (args, environment, code, err) => {
    const end = await purser(args, environment).ended;
    expect(end).toEqual({ code, out: "", err: expect.stringMatching(err) });
    expect(end.err).not.toContain("hunter2");
  });

  test.each(["help", "--help", "-h"])("%s is printed and is no error", async (word) => {
    const { code, out, err } = await purser([word]).ended;
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const said of ["purser dev", "keys create", "Exit codes", "DATABASE_URL", "PURSER_ALLOW_PRIVILEGED_ROLE"])
      expect(out).toContain(said);
  });

  test.each([
    [["push", "--help"], "usage: purser push [--config"],
    [["keys", "create", "-h"], "usage: purser keys create --name N"],
  ])("%j prints the usage of the command and is no error", async (args, usage) => {
    expect(await purser(args).ended).toEqual({ code: 0, out: expect.stringContaining(usage), err: "" });
  });
});

describe("migrate", () => {
  test("--dry-run says what would be done and does nothing; migrate does it, once", async () => {
    const database = await createBlankDatabase();
    onTestFinished(() => database.drop());
    const environment = { DATABASE_URL: database.serviceUrl, PURSER_ADMIN_URL: database.adminUrl };
    const dry = await purser(["migrate", "--dry-run"], environment).ended;
    expect(dry).toMatchObject({
      code: 0,
      out: expect.stringMatching(/would be applied .*0001_[\s\S]*Dry run: nothing was changed/),
    });
    expect(await ask(database.adminUrl, schemas)).toEqual([]);

    const real = await purser(["migrate"], environment).ended;
    expect(real).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^applied .*0001_[\s\S]*GRANT purser_service TO/),
    });
    expect(await ask(database.adminUrl, schemas)).toEqual(["purser"]);
    const again = await purser(["migrate"], environment).ended;
    expect(again).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Up to date: schema version \d+\. .*\n  GRANT purser_service TO .*\n$/),
    });
  });

  test("--print needs no database and is a script that psql can run", async () => {
    const { code, out, err } = await purser(["migrate", "--print"]).ended;
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const database = await createBlankDatabase();
    onTestFinished(() => database.drop());
    const script = join(temporaryDirectory(), "purser.sql");
    await writeFile(script, out);
    await promisify(execFile)("psql", [
      "-X",
      "-q",
      "-1",
      "-v",
      "ON_ERROR_STOP=1",
      "-d",
      database.adminUrl,
      "-f",
      script,
    ]);
    const after = await purser(["migrate", "--dry-run"], { DATABASE_URL: database.adminUrl }).ended;
    expect(after.out).toMatch(/^Up to date/);
  });

  test("a refusal ends with 3 and says why", async () => {
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    await ask(
      database.adminUrl,
      "INSERT INTO purser.schema_migrations (name, checksum, applied_at) VALUES ('migrations/9999_future.sql', 'x', now())",
    );
    const { code, err } = await purser(["migrate"], { DATABASE_URL: database.adminUrl }).ended;
    expect({ code, err }).toEqual({ code: 3, err: expect.stringContaining("newer than this version") });
  });
});

describe("serve", () => {
  const port = { PURSER_PORT: "0" };

  test("as a superuser it refuses and says what to do, unless told otherwise", async () => {
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const environment = { ...port, DATABASE_URL: database.adminUrl };
    const refused = await purser(["serve"], environment).ended;
    expect(refused).toMatchObject({
      code: 3,
      out: "",
      err: expect.stringMatching(/refused: .*is a superuser.*GRANT purser_service/),
    });
    const allowed = purser(["serve"], { ...environment, PURSER_ALLOW_PRIVILEGED_ROLE: "yes" });
    await allowed.until(/Purser serves at/);
    expect(allowed.err()).toMatch(/warning: .*is a superuser/);
  });

  test("as a member of purser_service it serves, logs JSON lines, and stops in order when told", async () => {
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const running = purser(["serve"], { ...port, DATABASE_URL: database.serviceUrl });
    await running.until(/Purser serves at .*\)/);
    const url = /serves at (\S+)/.exec(running.err())?.[1] ?? "";
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: "ready", catalogRevision: null });
    expect((await fetch(`${url}/v1/catalog`)).status).toBe(401);
    // Numbers about a business are for whoever was meant to see them.
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    running.process.kill("SIGTERM");
    const { code, out } = await running.ended;
    expect(code).toBe(0);
    const lines = out.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ route: "/readyz", status: 200 }),
    );
    expect(out).not.toContain(new URL(database.serviceUrl).password);
  });

  test("on a port that is taken it ends with 1", async () => {
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const squatter = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => squatter.once("listening", resolve));
    onTestFinished(() => void squatter.close());
    const address = squatter.address();
    const taken = typeof address === "object" && address !== null ? address.port : 0;
    const end = await purser(["serve"], { PURSER_PORT: String(taken), DATABASE_URL: database.serviceUrl }).ended;
    expect(end).toMatchObject({ code: 1, err: expect.stringContaining(`Port ${taken} on 127.0.0.1 is taken`) });
  });
});

test("keys: made, alone on standard output, and revoked by id", async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const environment = { DATABASE_URL: database.serviceUrl };
  const made = await purser(["keys", "create", "--name", "ci", "--scopes", "consume, balances:read"], environment)
    .ended;
  expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^purser_live_[0-9a-f]{16}_[0-9a-f]{64}\n$/) });
  const keyId = made.out.split("_")[2] ?? "";
  expect(
    await ask(database.adminUrl, "SELECT array_to_string(scopes, ' ') || ' ' || created_by FROM purser.api_keys"),
  ).toEqual(["consume balances:read purser keys"]);
  const missing = await purser(["keys", "create", "--name", "x", "--scopes", "all", "--tenant", "nobody"], environment)
    .ended;
  expect(missing).toMatchObject({ code: 1, out: "", err: "There is no tenant nobody.\n" });
  const soon = ["keys", "create", "--name", "x", "--scopes", "all", "--expires", "soon"];
  expect(await purser(soon, environment).ended).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^--expires is not/),
  });
  expect(await purser(["keys", "revoke", keyId], environment).ended).toMatchObject({
    code: 0,
    out: `Revoked ${keyId}.\n`,
  });
  expect(await purser(["keys", "revoke", keyId], environment).ended).toMatchObject({ code: 1, out: "" });
});
