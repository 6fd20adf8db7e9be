// I05: who may migrate, and what it is told where it may not. Membership means other things from PostgreSQL 16 on.
import { beforeEach, expect, test } from "vitest";
import { migrate } from "../../src/store/migrate.ts";
import { ask, run, wholeSchema } from "./migrate-rig.ts";
import { ownCluster } from "./own-cluster.ts";

const cluster = ownCluster();
const password = "of a test";
const admin = () => cluster.url("postgres");

beforeEach(cluster.clear);

/** A login role that is no superuser, and a database; gives the URL of the one in the other. */
async function host(role: string, attributes: string, database: string, owner = role): Promise<string> {
  await run(admin(), `CREATE ROLE ${role} LOGIN ${attributes} PASSWORD '${password}'`);
  await cluster.database(database, `TEMPLATE template0 OWNER ${owner}`);
  return cluster.url(database, { role, password });
}

test("I05 a role with CREATEROLE that owns its database migrates it, and again", async () => {
  const url = await host("app_admin", "CREATEROLE", "app");
  const dry = await migrate({ url, dryRun: true });
  expect(await ask(url, "SELECT rolname FROM pg_roles WHERE rolname ~ '^purser_'")).toEqual([]);
  expect(await migrate({ url })).toEqual(dry);
  expect(await migrate({ url })).toMatchObject({ applied: [], reapplied: [], dropped: [] });
  const bySuperuser = await cluster.database("usual");
  await migrate({ url: bySuperuser });
  expect(await wholeSchema(cluster.url("app"))).toBe(await wholeSchema(bySuperuser));
  // It may grant what it made, as it is told to.
  await run(url, "CREATE ROLE app_login LOGIN; GRANT purser_service TO app_login");
  expect(await ask(url, "SELECT pg_has_role('app_login', 'purser_service', 'USAGE')")).toEqual([true]);
});

test("I05 where another role made ours, it says what an administrator must run, and that is enough", async () => {
  await migrate({ url: await cluster.database("first") });
  const url = await host("app_admin", "", "app");
  const refusal = await migrate({ url }).catch((error: unknown) => error);
  const grant = "GRANT purser_owner, purser_writer TO app_admin;";
  expect(refusal).toMatchObject({ code: "role_not_granted", message: expect.stringContaining(grant) });
  await run(admin(), grant);
  expect((await migrate({ url })).applied).not.toEqual([]);
  expect(await wholeSchema(cluster.url("app"))).toBe(await wholeSchema(cluster.url("first")));
});

test("I05 where our roles are missing and it may not create any, it says so", async () => {
  const url = await host("app_admin", "", "app");
  await expect(migrate({ url })).rejects.toMatchObject({
    code: "role_missing",
    message: expect.stringContaining("ALTER ROLE app_admin CREATEROLE;"),
  });
  expect(await ask(url, "SELECT rolname FROM pg_roles WHERE rolname ~ '^purser_'")).toEqual([]);
});

test("I05 where several things are missing, it names them all at once", async () => {
  await migrate({ url: await cluster.database("first") });
  const url = await host("app_admin", "", "app", "postgres");
  await expect(migrate({ url })).rejects.toMatchObject({
    code: "role_not_granted",
    message: expect.stringMatching(/GRANT purser_owner[^]*GRANT CREATE ON DATABASE app TO app_admin;/),
  });
});

test("I05 where it may not create a schema, it says so", async () => {
  const url = await host("app_admin", "CREATEROLE", "app", "postgres");
  await expect(migrate({ url })).rejects.toMatchObject({
    code: "schema_not_permitted",
    message: expect.stringContaining("GRANT CREATE ON DATABASE app TO app_admin;"),
  });
  await run(admin(), "GRANT CREATE ON DATABASE app TO app_admin");
  expect((await migrate({ url })).applied).not.toEqual([]);
});
