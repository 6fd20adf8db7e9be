// The README's own code, word for word: what a newcomer pastes has to run.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createBlankDatabase, type TestDatabase } from "./fixture/database.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");
const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code ?? "");
const block = (beginning: string) => {
  const found = blocks.find((code) => code.startsWith(beginning));
  if (found === undefined) throw new Error(`the README has no code that begins with ${beginning}`);
  return found;
};

let directory: string;
let database: TestDatabase;
let admin: Client;
beforeAll(async () => {
  database = await createBlankDatabase();
  admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
  directory = mkdtempSync(join(tmpdir(), "purser-quickstart-"));
  mkdirSync(join(directory, "node_modules", "@purser"), { recursive: true });
  mkdirSync(join(directory, "node_modules", "@types"));
  symlinkSync(join(root, "engine"), join(directory, "node_modules", "@purser", "engine"));
  for (const name of ["pg", "@types/pg", "@types/node"]) {
    symlinkSync(join(root, "node_modules", name), join(directory, "node_modules", name));
  }
  const compilerOptions = {
    strict: true,
    target: "es2023",
    module: "nodenext",
    types: ["node"],
    skipLibCheck: true,
    rewriteRelativeImportExtensions: true,
    outDir: "out",
  };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }));
});
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await admin.end();
  await database.drop();
});

test("the README's catalogue, deployment and application run as they stand", async () => {
  // The lines around the README's are what it takes for granted: a table of the application's and a request.
  const own = block("await purser.withConsumption(");
  const application = `${block("// your application, as its own role")}
const [tenant, requestId, id, title] = ["acme", "request-1", 1, "Annuities"];
${own}
${own}
const rows = (await pool.query("SELECT id, title FROM reports")).rows;
console.log(JSON.stringify({ outcome, rows, left: await purser.balances({ tenant, feature: "reports" }) }));
await pool.end();
`;
  writeFileSync(join(directory, "purser.config.ts"), block("// purser.config.ts"));
  writeFileSync(join(directory, "deploy.ts"), block("// deploy.ts"));
  writeFileSync(join(directory, "application.ts"), application);
  execFileSync(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", directory], {
    stdio: "inherit",
  });

  const run = (file: string, environment: Record<string, string>) =>
    execFileSync(process.execPath, [join(directory, "out", file)], {
      cwd: directory,
      env: { ...process.env, ...environment },
      encoding: "utf8",
    });
  const deployed = run("deploy.js", { PURSER_ADMIN_URL: database.adminUrl });
  expect(run("deploy.js", { PURSER_ADMIN_URL: database.adminUrl })).toBe(deployed);

  // As the deployment says: an administrator grants, once.
  const role = `quickstart_${database.name.slice(-12)}`;
  await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'quickstart'`);
  try {
    await admin.query(deployed.replace("<your application's role>", role));
    await admin.query("CREATE TABLE public.reports (id int PRIMARY KEY, title text)");
    await admin.query(`GRANT ALL ON public.reports TO ${role}`);
    const url = new URL(database.adminUrl);
    url.username = role;
    url.password = "quickstart";
    const said = JSON.parse(run("application.js", { DATABASE_URL: url.href })) as Record<string, unknown>;
    expect(said).toMatchObject({
      outcome: { outcome: "consumed", replayed: false, amount: 1, available: 9 },
      rows: [{ id: 1, title: "Annuities" }],
      left: [{ granted: 10, used: 2, available: 8 }],
    });
  } finally {
    await admin.query(`DROP OWNED BY ${role}`);
    await admin.query(`DROP ROLE ${role}`);
  }
});
