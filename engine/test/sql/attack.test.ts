// Attacks on what is between the tenants, as each of the roles: writing where only reading is granted, becoming somebody
// else, changing facts, shadowing what the functions name, and text that would like to be SQL.
import { slotOf } from "@purser/engine";
import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../behaviour/fixture/database.ts";
import { readSqlFiles } from "../../src/store/sql-files.ts";
import { attempt, column, connect, rolledBack } from "./connection.ts";
import { definerCalls } from "./definer-calls.ts";
import { plantTraps, turnHostile } from "./hostile-session.ts";
import { settle } from "./two-tenants.ts";

let database: TestDatabase;
let admin: Client;
let logins: { readonly [role: string]: Client };
beforeAll(async () => {
  database = await createTestDatabase();
  admin = await connect(database.adminUrl);
  logins = {
    purser_tenant: await connect(database.tenantUrl),
    purser_readonly: await connect(database.readonlyUrl),
    purser_service: await connect(database.serviceUrl),
  };
  await settle(database, ["acme"]);
});
afterAll(async () => {
  await Promise.all([admin, ...Object.values(logins)].map((client) => client.end()));
  await database.drop();
});
const login = (role: string): Client => {
  const client = logins[role];
  if (client === undefined) throw new Error(`nobody logs in for ${role}`);
  return client;
};
const roles = ["purser_tenant", "purser_readonly", "purser_service"];

const as = <Row extends object>(client: Client, text: string, values: readonly unknown[] = []) =>
  client.query<Row>(text, [...values]).then(({ rows }) => rows);

const writes = (relation: string, first: string) => [
  `INSERT INTO ${relation} DEFAULT VALUES`,
  `UPDATE ${relation} SET ${first} = ${first}`,
  `DELETE FROM ${relation}`,
  `TRUNCATE ${relation}`,
  `TRUNCATE ${relation} CASCADE`,
  `SELECT FROM ${relation} FOR UPDATE`,
  `LOCK TABLE ${relation} IN ACCESS EXCLUSIVE MODE`,
];
const relations = (kinds: string) =>
  as<{ relation: string; first: string }>(
    admin,
    `SELECT c.oid::regclass::text AS relation, a.attname AS first FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1
     WHERE c.relnamespace = 'purser'::regnamespace AND c.relkind IN (${kinds}) ORDER BY 1`,
  );

describe("writing", () => {
  test.each(roles)(
    "S000-10, S002-11: %s adds, changes, removes, truncates and locks nothing, in no table and through no view",
    async (role) => {
      const client = login(role);
      await rolledBack(client, async () => {
        await client.query("SELECT set_config('app.tenant_id', 'acme', true)");
        for (const { relation, first } of await relations("'r', 'p'")) {
          for (const statement of writes(relation, first)) {
            expect({ statement, answer: await attempt(client, statement) }).toEqual({ statement, answer: "42501" });
          }
        }
        for (const { relation, first } of await relations("'v'")) {
          for (const statement of writes(relation, first).slice(0, 3)) {
            // A view that cannot be written through at all says so before anybody asks who is writing.
            expect(["42501", "55000"]).toContain(await attempt(client, statement));
          }
        }
      });
    },
  );

  test.each(roles)(
    "H02, H04: %s becomes nobody else, makes nothing in the schema and changes nothing about it",
    async (role) => {
      const client = login(role);
      const acts = [
        "SET ROLE purser_owner",
        "SET ROLE purser_writer",
        "SET ROLE pg_read_all_data",
        "SET SESSION AUTHORIZATION purser_owner",
        "SET session_replication_role = replica",
        "CREATE TABLE purser.mine (a int)",
        "CREATE VIEW purser.mine AS SELECT 1",
        "CREATE FUNCTION purser.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION purser.slot_of(p_tenant text) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE TYPE purser.mine AS (a int)",
        "CREATE SCHEMA AUTHORIZATION purser_owner",
        "ALTER FUNCTION purser.consume_in_slot SECURITY INVOKER",
        "ALTER FUNCTION purser.slot_of RESET ALL",
        "DROP FUNCTION purser.slot_of(text)",
        "ALTER TABLE purser.balances DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE purser.balances OWNER TO CURRENT_USER",
        "ALTER TABLE purser.balances ADD extra int",
        "ALTER VIEW purser.consumptions SET (security_invoker = false)",
        "CREATE POLICY mine ON purser.balances USING (true)",
        "ALTER POLICY own_tenant ON purser.balances USING (true)",
        "DROP POLICY own_tenant ON purser.balances",
        "CREATE TRIGGER mine BEFORE INSERT ON purser.balances EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE RULE mine AS ON INSERT TO purser.balances DO INSTEAD NOTHING",
        "CREATE INDEX mine ON purser.balances (used)",
        "CREATE TEMP TABLE mine (slot int, tenant_id text, FOREIGN KEY (slot, tenant_id) REFERENCES purser.tenants (slot, tenant_id))",
        "DROP TABLE purser.balances",
        "DROP SCHEMA purser CASCADE",
        // The grant is only warned about, and has no effect.
        "GRANT INSERT ON purser.balances TO CURRENT_USER; INSERT INTO purser.balances DEFAULT VALUES",
        "GRANT purser_writer TO CURRENT_USER",
        "GRANT EXECUTE ON FUNCTION purser.turn_balance TO CURRENT_USER",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "COPY purser.tenants FROM PROGRAM 'true'",
        "COMMENT ON TABLE purser.balances IS 'mine'",
      ];
      await rolledBack(client, async () => {
        for (const statement of acts) {
          // A key cannot reach from a temporary table into a permanent one: refused for another reason, and refused.
          const refused = statement.includes("TEMP TABLE") ? "42P16" : "42501";
          expect({ statement, answer: await attempt(client, statement) }).toEqual({ statement, answer: refused });
        }
      });
    },
  );

  test("only what reads can be called by purser_tenant and purser_readonly, and no part of a command by purser_service", async () => {
    const functions = await as<{ name: string; call: string; volatile: boolean; definer: boolean }>(
      admin,
      `SELECT p.proname AS name, p.provolatile = 'v' AS volatile, p.prosecdef AS definer,
              format('SELECT purser.%I(%s)', p.proname, (SELECT string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY place)
                FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a (t, place))) AS call
       FROM pg_proc p WHERE p.pronamespace = 'purser'::regnamespace ORDER BY 1`,
    );
    for (const [role, client] of Object.entries(logins)) {
      const answers = await rolledBack(client, async () => {
        await client.query("SET LOCAL statement_timeout = '500ms'");
        const found: { name: string; answer: string }[] = [];
        for (const { name, call } of functions) found.push({ name, answer: await attempt(client, call) });
        return found;
      });
      const ending = (code: string) => answers.filter(({ answer }) => answer === code).map(({ name }) => name);
      const closed = functions.filter(
        ({ name, volatile, definer }) =>
          volatile && (role !== "purser_service" || !(definer || ["consume", "consume_many"].includes(name))),
      );
      expect({ role, refused: ending("42501") }).toEqual({ role, refused: closed.map(({ name }) => name) });
      // It looks for the window of no instant for ever. An entry leaves here with its cause.
      expect({ role, endless: ending("57014") }).toEqual({ role, endless: [] });
    }
    expect(functions.length).toBeGreaterThan(25);
  });

  const facts =
    `grants grant_voids balance_facts burns allocations resource_snapshots usage_events value_events value_event_waivers
    ledger_entries invoices invoice_lines invoice_numbers audit_log check_audit check_audit_default command_keys
    catalog_revisions plan_versions plan_inclusions product_versions product_inclusions rates`.split(/\s+/);

  test("append-only: purser_writer itself adds a fact and never changes or removes one", async () => {
    const first = new Map((await relations("'r', 'p'")).map((row) => [row.relation, row.first]));
    await rolledBack(admin, async () => {
      await admin.query("SET LOCAL ROLE purser_writer");
      for (const fact of facts) {
        const relation = `purser.${fact}`;
        const [, ...changing] = writes(relation, first.get(relation) ?? "?");
        for (const statement of changing) {
          expect({ statement, answer: await attempt(admin, statement) }).toEqual({ statement, answer: "42501" });
        }
        // Refused for what the row lacks, not for who adds it.
        expect(await attempt(admin, `INSERT INTO ${relation} DEFAULT VALUES`)).toBe("23502");
      }
      // Projections and rows that stop counting are another matter: the same attempt, and it is allowed.
      expect(await attempt(admin, "UPDATE purser.balances SET used = used")).toBe("0 rows");
      expect(await attempt(admin, "DELETE FROM purser.open_grants")).toBe("0 rows");
      expect(await attempt(admin, "DELETE FROM purser.balances")).toBe("42501");
    });
  });

  test("append-only, S002-11: a partition made later is what its parent is as soon as the policies are applied", async () => {
    await rolledBack(admin, async () => {
      await admin.query("SET LOCAL ROLE purser_owner");
      await admin.query(
        "CREATE TABLE purser.check_audit_2030 PARTITION OF purser.check_audit FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')",
      );
      await admin.query("RESET ROLE");
      await admin.query(readSqlFiles().policies.text);
      const protectedBy = `SELECT relrowsecurity AS enabled, (SELECT count(*)::int FROM pg_policy WHERE polrelid = c.oid) AS policies
        FROM pg_class c WHERE oid = 'purser.check_audit_2030'::regclass`;
      expect(await as(admin, protectedBy)).toEqual([{ enabled: true, policies: 3 }]);
      await admin.query("SET LOCAL ROLE purser_writer");
      expect(await attempt(admin, "UPDATE purser.check_audit_2030 SET reason = ''")).toBe("42501");
      expect(await attempt(admin, "DELETE FROM purser.check_audit_2030")).toBe("42501");
    });
    expect(await column(admin, "SELECT to_regclass('purser.check_audit_2030') IS NULL")).toEqual(["true"]);
  });
});

describe("H04: a session that shadows everything it can name", () => {
  test("changes nothing about any function that runs with more rights than its caller", async () => {
    const scratch = await createTestDatabase();
    onTestFinished(scratch.drop);
    const superuser = await connect(scratch.adminUrl);
    onTestFinished(() => superuser.end());
    const attacker = await connect(scratch.serviceUrl);
    onTestFinished(() => attacker.end());
    expect(await plantTraps(superuser)).toBeGreaterThan(200);
    // Two that are not pinned show that the traps are armed: one names a function, one a table.
    await superuser.query(`
      CREATE FUNCTION purser.careless() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN length(''abc''); END';
      CREATE FUNCTION purser.trusting() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS
        'BEGIN RETURN EXISTS (SELECT FROM slot_leases); END';
      INSERT INTO purser.slot_leases VALUES ('tick', 1, gen_random_uuid(), 'infinity');
      ALTER FUNCTION purser.careless() OWNER TO purser_writer;
      ALTER FUNCTION purser.trusting() OWNER TO purser_writer`);
    const tables = await turnHostile(attacker);
    await expect(attacker.query("SELECT purser.careless()")).rejects.toMatchObject({ code: "EV001" });
    await expect(attacker.query("SELECT purser.trusting()")).rejects.toMatchObject({ code: "42501" });

    const model = await createTestDatabase();
    onTestFinished(model.drop);
    const calls = await definerCalls(model, "acme");
    const definers = "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'purser'::regnamespace";
    expect([...new Set(calls.map(({ name }) => name))].toSorted()).toEqual((await column(admin, definers)).toSorted());
    for (const { name, text, values, outcome } of calls) {
      const [row = {}] = await as<object>(attacker, text, values);
      expect({ name, outcome: Object.values(row)[0] as unknown }).toEqual({ name, outcome });
    }
    const face = "SELECT outcome FROM purser.consume($1, $2, $3, $4)";
    expect(await as(attacker, face, ["acme", "credits", 2, "another"])).toEqual([{ outcome: "consumed" }]);

    for (const table of tables) {
      const { rows } = await attacker.query(`TABLE pg_temp.${table}`);
      expect({ table, rows }).toEqual({ table, rows: [] });
    }
    const effects = `SELECT (SELECT granted - used FROM purser.balances WHERE feature = 'credits')::float AS left,
      (SELECT array_agg(amount::float ORDER BY version) FROM purser.balance_facts WHERE kind = 'consume') AS consumed,
      (SELECT count(*)::int FROM purser.subscription_periods) AS periods,
      (SELECT revoked_at IS NOT NULL FROM purser.api_keys) AS revoked, (SELECT count(*)::int FROM purser.command_keys) AS kept,
      (SELECT count(*)::int FROM purser.console_sessions) AS signed_in,
      (SELECT now_at = '2030-01-16T12:00:00Z' FROM purser.test_clocks) AS advanced`;
    expect(await as(superuser, effects)).toEqual([
      { left: 999_983, consumed: [12, 3, 2], periods: 1, revoked: true, kept: 1, signed_in: 0, advanced: true },
    ]);
    // Nor about those that read.
    const read = "SELECT allowed, remaining FROM purser.check_entitlement($1, $2)";
    expect(await as(attacker, read, ["acme", "credits"])).toEqual([{ allowed: true, remaining: "999983.000000" }]);
  });
});

const outcome = async (statement: string, values: readonly unknown[]) =>
  (await as<{ answer: string }>(login("purser_service"), statement, values))[0]?.answer;

describe("H06: text that would like to be SQL", () => {
  const texts = [
    "'; DROP TABLE purser.tenants; --",
    "' OR '1'='1",
    "$$; DROP SCHEMA purser CASCADE; $$",
    "$body$ $1 $2 ${x} %s %I %L %%",
    "\\",
    "\\'; SELECT pg_sleep(9); --",
    'quoted "name" and `tick`',
    "/* open",
    "line\nbreak\tand\rreturn",
    '{"a": [1]}',
    "\u202E\u0301 \u{1F4A9}",
    "__proto__",
    "NULL",
  ];
  const tables = "SELECT count(*)::text FROM pg_class WHERE relnamespace = 'purser'::regnamespace";
  let before: string[];
  beforeAll(async () => {
    before = await column(admin, tables);
  });
  const withField = "SELECT outcome || coalesce(' ' || field, '') AS answer FROM";

  test.each(texts)("consume: «%s» is only data", async (text) => {
    const consume = `${withField} purser.consume($1, $2, 1, $3, $4, NULL, $5)`;
    const metadata = { [`of ${text}`]: text };
    expect(await outcome(consume, [text, "credits", "k", "", null])).toBe("tenant_unknown");
    expect(await outcome(consume, ["acme", text, "k", "", null])).toBe("feature_unknown");
    expect(await outcome(consume, ["acme", "credits", text, text, JSON.stringify(metadata)])).toBe("consumed");
    const fact = `SELECT idempotency_key, acting_subject, metadata FROM purser.balance_facts
      WHERE tenant_id = 'acme' AND idempotency_key = $1`;
    expect(await as(admin, fact, [text])).toEqual([{ idempotency_key: text, acting_subject: text, metadata }]);
    expect(await column(admin, tables)).toEqual(before);
  });

  test.each(texts)("issue_grant and check_entitlement: «%s» is only data", async (text) => {
    const grant = `${withField} purser.issue_grant($1, $2, 1, $3, $4, $5, p_metadata => $6)`;
    const metadata = { [`of ${text}`]: text };
    expect(await outcome(grant, [text, "credits", "k", "", "manual", null])).toBe("tenant_unknown");
    expect(await outcome(grant, ["acme", text, "k", "", "manual", null])).toBe("feature_unknown");
    expect(await outcome(grant, ["acme", "credits", "k", "", text, null])).toBe("invalid_input source");
    expect(await outcome(grant, ["acme", "calls", text, text, "manual", JSON.stringify(metadata)])).toBe("granted");
    const granted =
      "SELECT dedupe_key, subject, metadata FROM purser.grants WHERE tenant_id = 'acme' AND dedupe_key = $1";
    expect(await as(admin, granted, [text])).toEqual([{ dedupe_key: text, subject: text, metadata }]);

    const check =
      "SELECT reason || ' ' || feature || ' ' || allowed AS answer FROM purser.check_entitlement($1, $2, 1, $3)";
    expect(await outcome(check, [text, "credits", ""])).toBe("TENANT_UNKNOWN credits false");
    expect(await outcome(check, ["acme", text, ""])).toBe(`FEATURE_UNKNOWN ${text} false`);
    expect(await outcome(check, ["acme", "credits", text])).toBe("INCLUDED credits true");
    expect(await column(admin, tables)).toEqual(before);
  });

  test.each(texts)("create_tenant: «%s» is only data, and a tenant of that name sees itself alone", async (text) => {
    const create = `${withField} purser.create_tenant($1, $2, $3, $4, $5, $6, $7, NULL, $8)`;
    const metadata = { [`of ${text}`]: text };
    const made = [slotOf(text), text, text, "live", "UTC", "EUR", JSON.stringify(metadata), text];
    const but = (place: number) => made.map((value, i) => (i === place ? text : value));
    expect(await outcome(create, but(3))).toBe("invalid_input mode");
    expect(await outcome(create, but(4))).toBe("invalid_input timeZone");
    expect(await outcome(create, but(5))).toBe("invalid_input currency");
    expect(await outcome(create, made)).toBe("created");
    const tenant = `SELECT t.tenant_id, t.name, t.metadata, l.actor, l.target FROM purser.tenants t
      JOIN purser.audit_log l USING (tenant_id, slot) WHERE t.tenant_id = $1`;
    expect(await as(admin, tenant, [text])).toEqual([
      { tenant_id: text, name: text, metadata, actor: text, target: text },
    ]);
    const client = login("purser_tenant");
    const seen = await rolledBack(client, async () => {
      await client.query("SELECT set_config('app.tenant_id', $1, true)", [text]);
      return column(client, "SELECT tenant_id FROM purser.tenants");
    });
    expect(seen).toEqual([text]);
    expect(await column(admin, tables)).toEqual(before);
  });
});
