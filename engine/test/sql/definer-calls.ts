// A call of every function that runs with the rights of purser_writer, in an order in which each has its effect: what the
// engine itself sends when it is driven through all of them, written down to be sent again by somebody else.
import { createPurser, slotOf, workOnce } from "@purser/engine";
import { Pool, type PoolClient } from "pg";
import type { TestDatabase } from "../../../behaviour/fixture/database.ts";
import { catalog } from "./two-tenants.ts";

export interface Call {
  readonly name: string;
  /** With every type written pg_catalog.type, so that the session's search_path is not asked for one. */
  readonly text: string;
  readonly values: readonly unknown[];
  /** The first column of its first row, where it had its effect. */
  readonly outcome: unknown;
}

const isSent = (config: unknown): config is { text: string; values: unknown[] } =>
  typeof config === "object" && config !== null && "text" in config && "values" in config;

/** What the types that SQL names by keyword are called in pg_catalog. */
const ownName: { readonly [type: string]: string } = { int: "int4", integer: "int4", bigint: "int8", boolean: "bool" };

/** What each answers first where it had its effect. */
const outcomes: { readonly [name: string]: unknown } = {
  publish_catalog: "published",
  create_tenant: "created",
  write_plan_state: "written",
  remember_command: true,
  issue_grant: "granted",
  consume_in_slot: "consumed",
  consume_many_in_slots: "consumed",
  create_api_key: "",
  revoke_api_key: true,
  open_console_session: "",
  close_console_session: true,
  advance_test_clock: "advanced",
  void_grant: "voided",
  reverse_consumption: "reversed",
  reserve: "reserved",
  extend: "extended",
  settle: "settled",
  release: "released",
  claim: "claimed",
  release_claim: "released",
  report_count: "reported",
  lock_capacity: "locked",
  lock_tenant: true,
  write_override: "written",
  write_restriction: "written",
  refresh: "refreshed",
  lease_slots: slotOf("acme"),
  turn_due_balances: 1,
  release_slots: 1,
};

/** Puts on record what is sent to a function that writes on this connection. */
function listen(client: PoolClient, heard: Call[]): void {
  const send = client.query.bind(client);
  Object.defineProperty(client, "query", {
    value: (...sent: unknown[]): unknown => {
      const [config] = sent;
      const name = isSent(config) ? /\bpurser\.(\w+)\s*\(/.exec(config.text)?.[1] : undefined;
      if (isSent(config) && name !== undefined && name in outcomes) {
        const text = config.text.replace(/::(\w+)/g, (_, type: string) => `::pg_catalog.${ownName[type] ?? type}`);
        heard.push({ name, text, values: config.values, outcome: outcomes[name] });
      }
      return Reflect.apply(send, client, sent);
    },
  });
}

const MANY = `SELECT outcome FROM purser.consume_many_in_slots($1::int[], $2::text[], $3::text[], $4::numeric[], $5::text[],
  ARRAY[''::text], NULL::timestamptz[], NULL::jsonb[], true::boolean)`;
/** Commands on a balance, as a host that knows only SQL calls them. */
const commands: readonly (readonly [string, ...unknown[]])[] = [
  ["SELECT outcome FROM purser.reserve($1::text, 'credits', 7, 'hold')"],
  ["SELECT outcome FROM purser.extend($1::text, 'hold', '2030-01-15T13:00:00Z'::timestamptz)"],
  ["SELECT outcome FROM purser.settle($1::text, 'hold', 6)"],
  ["SELECT outcome FROM purser.reserve($1::text, 'credits', 7, 'other hold')"],
  ["SELECT outcome FROM purser.release($1::text, 'other hold')"],
  ["SELECT outcome FROM purser.reverse_consumption($1::text, 'hold', 'undo')"],
  ["SELECT outcome FROM purser.void_grant($1::text, 'bonus', 'mistake', 'me')"],
  ["SELECT outcome FROM purser.claim($1::text, 'seats', 'ann')"],
  ["SELECT outcome FROM purser.lock_capacity($1::text, 'seats')"],
  ["SELECT outcome FROM purser.release_claim($1::text, 'seats', 'ann')"],
  ["SELECT outcome FROM purser.report_count($1::text, 'seats', 2)"],
  [
    `SELECT outcome FROM purser.write_override($1::text, 'access', 'allow', 'support', NULL::timestamptz,
       '2031-01-01Z'::timestamptz, 'me')`,
  ],
  [
    `SELECT outcome FROM purser.write_restriction($1::text, 'access', 'frozen', NULL::timestamptz, '2031-01-01Z'::timestamptz,
       'me')`,
  ],
];

const begins = new Date("2030-01-15T12:00:00Z");

/** Drives the engine through everything that writes, on a database of its own. */
export async function definerCalls(database: TestDatabase, tenant: string): Promise<Call[]> {
  const heard: Call[] = [];
  const pool = new Pool({ connectionString: database.serviceUrl, max: 1 });
  try {
    const client = await pool.connect();
    listen(client, heard);
    client.release();
    const purser = createPurser({ catalog, database: pool });
    await purser.publishCatalog({ actor: "me" });
    await purser.createTenant({ tenant, mode: "test", clockAt: begins, actor: "me" });
    await purser.subscribe({ tenant, plan: "free", idempotencyKey: "subscribe", actor: "me" });
    await purser.issueGrant(pool, { tenant, feature: "credits", amount: 5, dedupeKey: "bonus" });
    await purser.tryConsume(pool, {
      tenant,
      feature: "credits",
      amount: 12,
      idempotencyKey: "key",
      metadata: { a: 1 },
    });
    await pool.query({ text: MANY, values: [[slotOf(tenant)], [tenant], ["credits"], ["3"], ["of many"]] });
    for (const [text, ...values] of commands) await pool.query({ text, values: [tenant, ...values] });
    const key = { keyId: "k1", secretHash: Buffer.alloc(32, 7), name: "", mode: "live", scopes: ["read"] } as const;
    await purser.apiKeys.create({ ...key, tenant: null, actor: "me", expiresAt: null });
    await purser.apiKeys.revoke("k1");
    const session = { sessionId: "s1", secretHash: Buffer.alloc(32, 8), keyId: "k1" };
    await purser.consoleSessions.open({ ...session, endsAt: new Date("2031-01-15T12:00:00Z") });
    await purser.consoleSessions.close("s1");
    const ending = { tenant, feature: "calls", amount: 1, expiresAt: new Date("2030-01-16T12:00:00Z") } as const;
    for (const subject of ["ann", "bob"]) {
      await purser.issueGrant(pool, { ...ending, subject, dedupeKey: `ending-${subject}` });
    }
    await purser.advanceClock({ tenant, to: new Date("2030-01-16T12:00:00Z") });
    await purser.refresh(pool, { tenant, feature: "calls", subject: "ann" });
    await workOnce({ database: pool });
  } finally {
    await pool.end();
  }
  return heard;
}
