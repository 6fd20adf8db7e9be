// Two tenants who use the same words for everything, of one slot, so that only their ids tell them apart; and attacks on
// what is between them, as each of the roles.
import { slotOf } from "@purser/engine";
import { type Client, Pool } from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../behaviour/fixture/database.ts";
import { attempt, connect, rolledBack } from "./connection.ts";
import { fillEveryTable, otherTables, tenantTables, tenantViews } from "./every-table.ts";
import { neighbourOf, settle } from "./two-tenants.ts";

const a = "acme";
const b = neighbourOf(a);
const slot = slotOf(a);

let database: TestDatabase;
let admin: Client;
let service: Client;
let tenant: Client;
let reader: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  [admin, service, tenant, reader] = await Promise.all([
    connect(database.adminUrl),
    connect(database.serviceUrl),
    connect(database.tenantUrl),
    connect(database.readonlyUrl),
  ]);
  await settle(database, [a, b]);
});
afterAll(async () => {
  await Promise.all([admin, service, tenant, reader].map((client) => client.end()));
  await database.drop();
});

const as = <Row extends object>(client: Client, text: string, values: unknown[] = []) =>
  client.query<Row>(text, values).then(({ rows }) => rows);

const consume = async (who: string, feature: string, amount: number, key: string, subject = "alice") =>
  (
    await as<{ outcome: string; replayed: boolean; field: string | null; available: string }>(
      service,
      "SELECT outcome, replayed, field, available::float AS available FROM purser.consume($1, $2, $3, $4, $5)",
      [who, feature, amount, key, subject],
    )
  )[0];

describe("S000-10, S002-11, H05: the same keys in two tenants, as purser_service", () => {
  test("an idempotency key is used once by each, and means its own consumption", async () => {
    const done = { outcome: "consumed", replayed: false, field: null };
    expect(await consume(a, "credits", 5, "order")).toEqual({ ...done, available: 999_995 });
    expect(await consume(b, "credits", 7, "order")).toEqual({ ...done, available: 999_993 });
    expect(await consume(a, "credits", 5, "order")).toEqual({ ...done, replayed: true, available: 999_995 });
    expect(await consume(b, "credits", 5, "order")).toMatchObject({ outcome: "idempotency_conflict", field: "amount" });
    const facts =
      "SELECT tenant_id, amount::int FROM purser.balance_facts WHERE idempotency_key = 'order' ORDER BY amount";
    expect(await as(admin, facts)).toEqual([
      { tenant_id: a, amount: 5 },
      { tenant_id: b, amount: 7 },
    ]);
  });

  test("what one subject used up, its namesake still has", async () => {
    expect(await consume(a, "calls", 100, "all")).toMatchObject({ outcome: "consumed", available: 0 });
    expect(await consume(a, "calls", 1, "more")).toMatchObject({ outcome: "limit_reached" });
    expect(await consume(b, "calls", 1, "more")).toMatchObject({ outcome: "consumed", available: 99 });
  });

  test("a dedupe key grants to each once", async () => {
    const grant =
      "SELECT outcome, replayed, grant_id FROM purser.issue_grant($1, 'calls', $2, 'bonus', p_subject => 'bob')";
    const given = [...(await as(service, grant, [a, 10])), ...(await as(service, grant, [b, 20]))];
    expect(given).toMatchObject([
      { outcome: "granted", replayed: false },
      { outcome: "granted", replayed: false },
    ]);
    expect(await as(service, grant, [a, 10])).toEqual([{ ...given[0], replayed: true }]);
    const left = "SELECT remaining::int FROM purser.check_entitlement($1, 'calls', 1, 'bob')";
    expect([...(await as(service, left, [a])), ...(await as(service, left, [b]))]).toEqual([
      { remaining: 110 },
      { remaining: 120 },
    ]);
  });

  test("one tenant's clock is not the other's", async () => {
    const ends = "SELECT now_at FROM purser.test_clocks WHERE tenant_id = $1";
    const before = await as(admin, ends, [a]);
    const moved = "SELECT outcome FROM purser.advance_test_clock($1, purser.tenant_now($2, $1) + interval '400 days')";
    expect(await as(service, moved, [b, slot])).toEqual([{ outcome: "advanced" }]);
    expect(await as(admin, ends, [a])).toEqual(before);
    expect(await consume(a, "calls", 1, "later")).toMatchObject({ outcome: "limit_reached" });
    expect(await consume(b, "calls", 100, "later")).toMatchObject({ outcome: "consumed", available: 0 });
  });

  test("a tenant is not found in another slot", async () => {
    const wrong = "SELECT outcome FROM purser.consume_in_slot($1, $2, 'credits', 1, 'elsewhere', '', NULL, NULL)";
    expect(await as(service, wrong, [(slot + 1) % 1024, a])).toEqual([{ outcome: "tenant_unknown" }]);
    expect(await as(admin, "SELECT FROM purser.balance_facts WHERE idempotency_key = 'elsewhere'")).toEqual([]);
  });
});

/** How many rows of each tenant a session sees in a table; of a tenant that names itself first. */
const seen = (client: Client, relation: string) =>
  as<{ tenant_id: string; rows: number }>(
    client,
    `SELECT tenant_id, count(*)::int AS rows FROM ${relation} GROUP BY tenant_id ORDER BY tenant_id`,
  );
const named = (name: string) => tenant.query("SELECT set_config('app.tenant_id', $1, true)", [name]);

describe("reading as a tenant", () => {
  let tables: string[];
  let views: string[];
  let readable: string[];
  beforeAll(async () => {
    await fillEveryTable(admin, [a, b]);
    [tables, views] = [await tenantTables(admin), await tenantViews(admin)];
    const hidden = /\.(api_keys|provider_references|webhook_endpoints|invoice_numbers)$/;
    readable = [...tables.filter((name) => !hidden.test(name)), ...views];
  });

  test.each([a, b])(
    "S000-10, S002-11: %s sees its own rows in every table and view, all of them, and no others",
    async (me) => {
      for (const relation of readable) {
        const all = await seen(admin, relation);
        expect({ relation, tenants: all.map(({ tenant_id }) => tenant_id) }).toEqual({
          relation,
          tenants: [a, b].toSorted(),
        });
        const mine = await rolledBack(tenant, async () => {
          await named(me);
          return seen(tenant, relation);
        });
        expect({ relation, mine }).toEqual({ relation, mine: all.filter(({ tenant_id }) => tenant_id === me) });
      }
    },
  );

  test("S002-11, H07: directories, secrets and machinery are not for tenants; the catalogue is", async () => {
    const allowed = await rolledBack(tenant, async () => {
      await named(a);
      const found: string[] = [];
      for (const relation of [...tables, ...(await otherTables(admin))]) {
        const answer = await attempt(tenant, `SELECT FROM ${relation}`);
        if (answer !== "42501") found.push(relation);
      }
      return found;
    });
    const catalogue =
      "capabilities catalog_revisions features plan_inclusions plan_versions plans product_inclusions product_versions products rates tiers usage_event_types value_event_types";
    const expected = [
      ...readable.filter((name) => !views.includes(name)),
      ...catalogue.split(" ").map((name) => `purser.${name}`),
    ];
    expect(allowed.toSorted()).toEqual(expected.toSorted());
  });

  const settings = ["__SERVICE__", "", "*", "%", "null", `${b}' OR 1=1`, `${b}' OR '1'='1' --`, `${b} `, ` ${b}`];
  test.each([...settings, b.toUpperCase(), `${a},${b}`, `{${a},${b}}`, "${app.tenant_id}"])(
    "H03, S000-10: app.tenant_id = «%s» shows nothing",
    async (value) => {
      await rolledBack(tenant, async () => {
        await named(value);
        for (const relation of readable)
          expect({ relation, rows: await seen(tenant, relation) }).toEqual({ relation, rows: [] });
      });
    },
  );

  test("H03: unset, or with other settings of the service, nothing either; row security cannot be turned off", async () => {
    const fresh = await connect(database.tenantUrl);
    onTestFinished(() => fresh.end());
    for (const setting of [
      "app.role = 'service'",
      "app.is_service = 'true'",
      "app.bypass_rls = 'on'",
      "purser.service = '1'",
    ]) {
      await fresh.query(`SET ${setting}`);
      for (const relation of readable)
        expect({ relation, rows: await seen(fresh, relation) }).toEqual({ relation, rows: [] });
    }
    await rolledBack(fresh, async () => {
      await fresh.query("SET LOCAL row_security = off");
      for (const relation of tables) expect(await attempt(fresh, `SELECT FROM ${relation}`)).toBe("42501");
    });
  });

  test("H05: a question about another tenant is answered like one about a tenant that does not exist", async () => {
    const [{ at } = { at: null }] = await as<{ at: Date }>(
      admin,
      "SELECT now_at AS at FROM purser.test_clocks WHERE tenant_id = $1",
      [b],
    );
    const questions = [
      "check_entitlement($1, 'credits')",
      "has_entitlement($1, 'credits')",
      "entitlement_value($1, 'credits')",
      "balance_now($2, $1, '', 'credits')",
      "resolve_entitlement($2, $1, '', 'credits', $3)",
      "allowance_now($2, $1, '', 'credits', $3)",
      "grants_after_turn($2, $1, '', 'credits', $3)",
      "turned_balance($2, $1, '', 'credits', $3)",
    ];
    const answer = async (client: Client, question: string, who: string) =>
      rolledBack(client, async () => {
        if (client === tenant) await named(a);
        return as(
          client,
          `SELECT to_jsonb(whole) - 'as_of' AS answer
           FROM (SELECT one.* FROM purser.${question} one, (SELECT $1::text, $2::int, $3::timestamptz) used) whole`,
          [who, slot, at],
        );
      });
    for (const question of questions) {
      const [of, nobody] = [await answer(tenant, question, b), await answer(tenant, question, "nobody")];
      expect({ question, of }).toEqual({ question, of: nobody });
      expect({ question, of: await answer(service, question, b) }).not.toEqual({ question, of: nobody });
    }
    const late = "SELECT purser.tenant_now($1, $2) > clock_timestamp() + interval '1 day' AS late";
    expect(await as(service, late, [slot, b])).toEqual([{ late: true }]);
    expect(await as(tenant, late, [slot, b])).toEqual([{ late: false }]);
  });

  test("S002-11: neither a cheap function of the tenant's own nor the planner's statistics tell of other tenants' rows", async () => {
    await admin.query("ANALYZE");
    const spied = async (client: Client) => {
      const heard = new Set<string>();
      client.on("notice", ({ message = "" }) => heard.add(message));
      await rolledBack(client, async () => {
        await client.query(`CREATE FUNCTION pg_temp.spy(text) RETURNS boolean LANGUAGE plpgsql COST 0.000001 AS
          'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END'`);
        await client.query("SELECT set_config('app.tenant_id', $1, true)", [a]);
        const from = client === tenant ? readable : tables;
        for (const relation of from) await client.query(`SELECT FROM ${relation} WHERE pg_temp.spy(tenant_id)`);
      });
      client.removeAllListeners("notice");
      return [...heard].toSorted();
    };
    expect(await spied(tenant)).toEqual([a]);
    expect(await spied(service)).toEqual([a, b].toSorted());
    const statistics = `SELECT tablename FROM pg_stats WHERE schemaname = 'purser' AND attname = 'tenant_id'`;
    expect(await as(tenant, statistics)).toEqual([]);
    expect((await as(admin, statistics)).length).toBeGreaterThan(20);
  });

  test("H01: a pooled connection takes no tenant along: after commit, error, cancellation and rollback it sees nothing", async () => {
    const pool = new Pool({ connectionString: database.tenantUrl, max: 1 });
    onTestFinished(() => pool.end());
    const backends = new Set<unknown>();
    const inTransaction = async (who: string | undefined, last: string, end: string) => {
      const client = await pool.connect();
      try {
        await client.query("BEGIN");
        if (who !== undefined) await client.query(`SET LOCAL app.tenant_id = '${who}'`);
        const { rows } = await client.query<{ tenant_id: string }>(
          "SELECT DISTINCT tenant_id FROM purser.balances_current",
        );
        backends.add((await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows[0]?.pid);
        await client.query(last).catch((error: unknown) => error);
        await client.query(end);
        return rows.map(({ tenant_id }) => tenant_id);
      } finally {
        client.release();
      }
    };
    const ways = [
      ["SELECT 1", "COMMIT"],
      ["SELECT 1", "ROLLBACK"],
      ["SELECT 1 / 0", "ROLLBACK"],
      ["SELECT 1 / 0", "COMMIT"],
      ["SET LOCAL statement_timeout = 1; SELECT pg_sleep(5)", "ROLLBACK"],
      ["SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(5)", "COMMIT"],
      ["SAVEPOINT s; SET LOCAL app.tenant_id = 'x'; ROLLBACK TO SAVEPOINT s", "COMMIT"],
    ] as const;
    for (const [last, end] of ways) {
      for (const who of [a, b]) {
        expect({ last, end, rows: await inTransaction(who, last, end) }).toEqual({ last, end, rows: [who] });
        const { rows } = await pool.query("SELECT current_setting('app.tenant_id', true) AS setting");
        expect({ last, end, rows }).toEqual({ last, end, rows: [{ setting: "" }] });
        expect(await inTransaction(undefined, "SELECT 1", "COMMIT")).toEqual([]);
        expect((await pool.query("SELECT FROM purser.balances_current")).rowCount).toBe(0);
      }
    }
    expect(backends.size).toBe(1);
  });

  test("purser_readonly and purser_service see every tenant; readers see no secrets", async () => {
    const secret = /\.(api_keys|console_sessions|webhook_endpoints|webhook_inbox|schema_migrations|schema_files)$/;
    for (const relation of [...tables, ...views]) {
      const all = await seen(admin, relation);
      expect({ relation, rows: await seen(service, relation) }).toEqual({ relation, rows: all });
    }
    for (const relation of [...tables, ...views].filter((name) => !secret.test(name))) {
      const all = await seen(admin, relation);
      expect({ relation, rows: await seen(reader, relation) }).toEqual({ relation, rows: all });
    }
    await rolledBack(reader, async () => {
      for (const relation of [...tables, ...(await otherTables(admin))]) {
        const answer = await attempt(reader, `SELECT FROM ${relation}`);
        expect({ relation, refused: answer === "42501" }).toEqual({ relation, refused: secret.test(relation) });
      }
    });
  });
});
