// The catalogue as code, as people use it: diff, push, pull and import, each a process of its own.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createPurser } from "@purser/engine";
import { Pool } from "pg";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createTestDatabase } from "../../../behaviour/fixture/database.ts";
import { exampleCatalog } from "../../src/index.ts";
import { compile, purser, temporaryDirectory } from "./rig.ts";

beforeAll(compile);

const clone = fileURLToPath(new URL("../../..", import.meta.url));

/** A database, and the command line on it in a directory of its own. */
async function desk() {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const pool = new Pool({ connectionString: database.serviceUrl, max: 2 });
  pool.on("error", () => undefined);
  onTestFinished(() => pool.end());
  const directory = temporaryDirectory();
  const run = (...args: string[]) => purser(args, { DATABASE_URL: database.serviceUrl }).ended;
  const file = (name: string, text?: string) => {
    const path = join(directory, name);
    if (text !== undefined) writeFileSync(path, text);
    return path;
  };
  return { run, file, engine: createPurser({ catalog: exampleCatalog, database: pool }) };
}

const tiny = (amount: number) => `import { defineCatalog } from "@purser/engine";
const tiers = { free: { rank: 0, name: "Free" } } as const;
export default defineCatalog({
  tiers,
  features: { calls: { kind: "metered", name: "Calls" } },
  plans: { free: { name: "Free", tier: "free", inclusions: { calls: { amount: ${amount}, every: "day" } } } },
} satisfies object);
`;

describe("diff and push", () => {
  test("nothing published, then published, then equal, then different: 2, 0, 0, 2", async () => {
    const { run, file } = await desk();
    const config = file("my.config.ts", tiny(5));
    expect(await run("diff", "--config", config)).toMatchObject({
      code: 2,
      err: "",
      out: expect.stringMatching(/features\n {2}\+ calls\n[\s\S]*plan free: version 1/),
    });
    expect(await run("push", "--config", config, "--dry-run")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/Dry run: nothing was published. It would be revision 1.\n$/),
    });
    expect(await run("push", "--config", config, "--yes")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/Published revision 1.\n$/),
    });
    const same = "No difference: revision 1 says the same.\n";
    expect(await run("diff", "--config", config)).toEqual({ code: 0, out: same, err: "" });
    expect(await run("push", "--config", config)).toEqual({ code: 0, out: same, err: "" });
    file("my.config.ts", tiny(6));
    expect(await run("diff", "--config", config)).toMatchObject({
      code: 2,
      out: "plans\n  ~ free\n      inclusions.calls.amount: 5 → 6\nnew versions\n  plan free: 1 → 2\ntenants, if they were moved to the new terms (publishing alone moves nobody)\n  free: 0 hold it; 0 gain, 0 lose, 0 over the limit\n",
    });
  });

  test("without a terminal push does not ask and does not publish", async () => {
    const { run, file, engine } = await desk();
    const end = await run("push", "--config", file("a.config.ts", tiny(5)));
    expect(end).toMatchObject({ code: 3, err: expect.stringContaining("say --yes") });
    expect(await engine.publishedCatalog()).toBeUndefined();
  });

  test("a file that says nothing takes everything off sale only where that is said", async () => {
    const { run, file, engine } = await desk();
    await engine.publishCatalog({ actor: "test" });
    const config = file("a.json", JSON.stringify({ tiers: {}, features: {}, plans: {} }));
    expect(await run("push", "--config", config, "--yes")).toMatchObject({
      code: 3,
      err: "This would take every plan and product off sale. Where that is meant, say --emptying.\n",
    });
    expect(await run("push", "--config", config, "--dry-run")).toMatchObject({ code: 0 });
    expect(await engine.catalogRevisions()).toHaveLength(1);
    expect(await run("push", "--config", config, "--yes", "--emptying")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/plans\n {2}- enterprise[\s\S]*Published revision 2.\n$/),
    });
  });

  test("names the tenants that it touches; --json is the whole of it", async () => {
    const { run, file, engine } = await desk();
    const config = file("a.config.ts", tiny(5));
    await run("push", "--config", config, "--yes");
    for (const tenant of ["busy", "idle"]) await engine.createTenant({ tenant, plan: "free", actor: "test" });
    file("a.config.ts", tiny(2));
    expect(await run("diff", "--config", config)).toMatchObject({
      code: 2,
      out: expect.stringMatching(
        /free: 2 hold it; 0 gain, 2 lose, 0 over the limit\n.*-calls\n {6}lose: busy, idle\n$/,
      ),
    });
    const { code, out } = await run("diff", "--config", config, "--json");
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      outcome: "compared",
      revision: 1,
      diff: { equal: false, changes: [{ path: "plans.free.inclusions.calls.amount", from: 5, to: 2 }] },
      plans: [{ plan: "free", holders: 2, lose: { count: 2, tenants: ["busy", "idle"] } }],
    });
  });

  test("what is removed says who keeps it, where somebody can hold it", async () => {
    const { run, file, engine } = await desk();
    const config = (names: readonly string[]) =>
      file(
        "a.json",
        JSON.stringify({
          tiers: Object.fromEntries(names.map((name, rank) => [name, { rank, name }])),
          features: { calls: { kind: "metered", name: "Calls" } },
          plans: Object.fromEntries(names.map((name) => [name, { name, tier: name, inclusions: {} }])),
        }),
      );
    await run("push", "--config", config(["free", "enterprise", "portfolio"]), "--yes");
    await engine.createTenant({ tenant: "rich", plan: "enterprise", actor: "test" });
    expect(await run("diff", "--config", config(["free"]))).toMatchObject({
      code: 2,
      out: [
        "tiers",
        "  - enterprise",
        "  - portfolio",
        "plans",
        "  - enterprise   (off sale; who holds it keeps it: 1 tenant)",
        "  - portfolio   (off sale; no tenant holds it)",
        "",
      ].join("\n"),
    });
  });

  test.each<[what: string, name: string, text: string | undefined, err: RegExp]>([
    ["no file", "none.ts", undefined, /There is no .*none.ts/],
    ["no TypeScript", "a.ts", "export default {", /cannot be read/],
    ["no JSON", "a.json", "{", /cannot be read/],
    ["no default export", "a.ts", "export const catalog = {};", /no catalogue as its default export/],
    ["an error on the way", "a.mjs", 'throw new Error("no luck");', /cannot be read: no luck/],
    [
      "a wrong place",
      "a.json",
      JSON.stringify({ tiers: {}, features: {}, plans: { a: { name: "A", tier: "x" } } }),
      /plans\.a\.inclusions: /,
    ],
    [
      "a tier that is not there",
      "a.json",
      JSON.stringify({ tiers: {}, features: {}, plans: { a: { name: "A", tier: "x", inclusions: {} } } }),
      /plans\.a\.tier: there is no tier x/,
    ],
  ])("%s ends with 1 and says where", async (_what, name, text, err) => {
    const { run, file } = await desk();
    const path = file(name, text);
    expect(await run("diff", "--config", path)).toMatchObject({ code: 1, out: "", err: expect.stringMatching(err) });
    expect(await run("push", "--config", path, "--yes")).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(err),
    });
  });

  test("wrong usage of diff is no difference", async () => {
    expect(await purser(["diff", "--frobnicate"]).ended).toMatchObject({
      code: 1,
      err: expect.stringContaining("usage: purser diff"),
    });
    expect(await purser(["push", "--frobnicate"]).ended).toMatchObject({ code: 2 });
    expect(await purser(["diff"], { DATABASE_URL: " " }).ended).toMatchObject({ code: 1 });
  });

  test("the clone's own purser.config.ts is the example catalogue", async () => {
    const { run, engine } = await desk();
    await engine.publishCatalog({ actor: "test" });
    expect(await run("diff", "--config", join(clone, "purser.config.ts"))).toMatchObject({ code: 0 });
  });
});

describe("pull", () => {
  test.each(["purser.config.ts", "purser.config.json"])(
    "%s: then diff is empty, a second pull writes nothing, and another file is kept",
    async (name) => {
      const { run, file, engine } = await desk();
      const path = file(name);
      expect(await run("pull", "--config", path)).toMatchObject({ code: 1, err: "No catalogue has been published.\n" });
      await engine.publishCatalog({ actor: "test" });
      expect(await run("pull", "--config", path)).toMatchObject({ code: 0, out: `Wrote revision 1 to ${path}.\n` });
      const written = readFileSync(path, "utf8");
      expect(await run("diff", "--config", path)).toMatchObject({ code: 0 });
      expect(await run("push", "--config", path)).toMatchObject({
        code: 0,
        out: expect.stringContaining("No difference"),
      });
      expect(await run("pull", "--config", path)).toMatchObject({ code: 0, out: expect.stringContaining("already") });

      const mine = `${written}\n`;
      file(name, mine);
      expect(await run("pull", "--config", path)).toMatchObject({ code: 3, err: expect.stringContaining("--force") });
      expect(readFileSync(path, "utf8")).toBe(mine);
      expect(await run("pull", "--config", path, "--force")).toMatchObject({ code: 0 });
      expect(readFileSync(path, "utf8")).toBe(written);
    },
  );

  test("what it writes compiles, and is written as the formatter would", async () => {
    const { run, file, engine } = await desk();
    await engine.publishCatalog({ actor: "test" });
    const path = file("purser.config.ts");
    await run("pull", "--config", path);
    file("package.json", '{ "type": "module" }');
    const node = (script: string, ...args: string[]) =>
      execFileSync(process.execPath, [join(clone, "node_modules", script), ...args], { encoding: "utf8" });
    file(
      "tsconfig.json",
      JSON.stringify({
        extends: join(clone, "tsconfig.base.json"),
        compilerOptions: {
          composite: false,
          noEmit: true,
          allowImportingTsExtensions: true,
          rewriteRelativeImportExtensions: false,
          types: [],
          paths: { "@purser/engine": [join(clone, "engine/dist/index.d.ts")] },
        },
        include: ["*.ts"],
      }),
    );
    expect(node("typescript/bin/tsc", "-p", file("tsconfig.json"))).toBe("");
    const formatted = execFileSync(join(clone, "node_modules/.bin/biome"), ["format", "--stdin-file-path=pulled.ts"], {
      cwd: clone,
      input: readFileSync(path),
      encoding: "utf8",
    });
    expect(readFileSync(path, "utf8")).toBe(formatted);
  });
});

describe("import", () => {
  const source = {
    plans: [{ key: "pro", entitlements: [{ code: "projects.max", schemaVersion: "v1", valueJson: { limit: 30 } }] }],
    tenants: [
      {
        tenant: "acme",
        plan: { plan: "pro" },
        purchases: [{ id: 1, product: "messaging.pack.1000", purchasedAt: "2026-01-01T00:00:00Z" }],
      },
    ],
  };

  test("dry, for real, and again", async () => {
    const { run, file, engine } = await desk();
    await engine.publishCatalog({ actor: "test" });
    const path = file("old.json", JSON.stringify(source));
    const told =
      /^catalogue {3}revision 2, with 1 plan and 0 products of the file\ntenants {5}1 made, 1 put on their plan\ngrants {6}1 issued/;
    expect(await run("import", path, "--dry-run")).toMatchObject({ code: 0, out: expect.stringMatching(told) });
    expect(await engine.findTenant({ tenant: "acme" })).toBeUndefined();
    expect(await run("import", path)).toMatchObject({ code: 0, out: expect.stringMatching(told) });
    expect(await engine.check({ tenant: "acme", feature: "projects.max" })).toMatchObject({ limit: 30 });
    expect(await run("import", path)).toEqual({
      code: 0,
      err: "",
      out: "Nothing to do: all of it is in force, in revision 2.\n",
    });
  });

  test("what is wrong is named by path and row, and nothing is imported", async () => {
    const { run, file, engine } = await desk();
    const path = file("old.json", JSON.stringify({ ...source, products: [{ key: "new", entitlements: [] }] }));
    expect(await run("import", path)).toMatchObject({ code: 3, err: expect.stringContaining("purser push") });
    await engine.publishCatalog({ actor: "test" });
    expect(await run("import", path)).toEqual({
      code: 3,
      out: "",
      err: `Nothing was imported from ${path}:\n  products.0.entitlements: a granting product with no inclusion   [product new]\n`,
    });
    expect(await engine.catalogRevisions()).toHaveLength(1);
    expect(await run("import")).toMatchObject({ code: 2 });
    expect(await run("import", file("none.json"))).toMatchObject({ code: 1 });
  });
});
