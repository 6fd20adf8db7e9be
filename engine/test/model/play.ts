// Plays a run on the model and on PostgreSQL at once, and says where they differ.
import { Client } from "pg";
import type { TestDatabase } from "../../../behaviour/fixture/database.ts";
import { asWritten } from "../sql/examples/story.ts";
import type { Action, Run } from "./actions.ts";
import type { Args } from "./answer.ts";
import { type Call, callFor, type Scene } from "./choose.ts";
import { callSql, plainRow, type Signatures, signaturesOf } from "./database.ts";
import { catalogue } from "./ground.ts";
import type { Heard } from "./listen.ts";
import { commands, copyOf, emptyModel, putBack } from "./model.ts";
import { balanceRow, eachBalance, formerEndsOf, lineageRows, untouchedRow } from "./rows.ts";
import type { Answer, Model } from "./state.ts";

/** What PostgreSQL answers and the model has no opinion on. */
const ignored = new Set(["grant_id", "override_id", "restriction_id", "tenant_version", "unlocked_by"]);
/** Refusals that come before any amount; whether the numbers are told all the same is nobody's business. */
const refusals = new Set(
  [
    "invalid_input idempotency_conflict tenant_unknown feature_unknown wrong_kind subject_required tenant_suspended",
    "feature_disabled restricted subscription_inactive trial_expired payment_past_due grace_period_expired",
    "tier_insufficient not_included batch_refused claim_unknown count_reported claims_kept",
  ].flatMap((line) => line.split(" ")),
);
const numbers = new Set(["available", "unlimited", "resets_at", "claimed", "over_limit", "version"]);
/** Columns in which nothing and no are the same. */
const flags = new Set(["replayed", "unlimited", "late", "allowed"]);

const connect = async (database: TestDatabase): Promise<Client> => {
  const client = new Client({ connectionString: database.serviceUrl, types: asWritten });
  // It may still be closing when its database is dropped, and says so; nobody is to hear of it.
  client.on("error", () => undefined);
  await client.connect();
  await client.query("SET TIME ZONE 'UTC'");
  return client;
};

/** What is told of a run is for reading; the run itself is printed whole. */
const shortened = (value: string): string => (value.length > 200 ? `${value.slice(0, 200)} …` : value);

/** When a hold has ended early, its former end may still be told as the next instant to look; nothing is due then. */
type FormerEnds = ReadonlySet<string>;

function compare(what: string, expected: Answer, answered: Answer, formerEnds: FormerEnds): void {
  const refused = refusals.has(answered["outcome"] ?? "");
  const wrong = Object.keys(answered).filter((column) => {
    if (ignored.has(column) || (refused && numbers.has(column))) return false;
    const [model, sql] = [expected[column] ?? null, answered[column] ?? null];
    // What time it is for a tenant that there is not.
    if (column === "as_of" && model === null) return false;
    if (column === "next_change_at" && formerEnds.has(sql ?? "")) return false;
    if (column === "resets_at" && answered["replayed"] === "t") return false;
    return flags.has(column) ? (model ?? "f") !== (sql ?? "f") : model !== sql;
  });
  if (wrong.length === 0) return;
  const both = (column: string) =>
    `  ${column}: the model says ${expected[column] ?? "NULL"}, PostgreSQL ${answered[column] ?? "NULL"}`;
  throw new Error(`${what} differs\n${wrong.map(both).join("\n")}`);
}

/** One database, on which one run after the other is played, each with tenants of its own. */
export class Table {
  /** Every command with every outcome that was seen. */
  readonly reached = new Set<string>();
  readonly signatures: Signatures;
  private readonly database: TestDatabase;
  private client: Client;
  private runs = 0;

  private constructor(database: TestDatabase, signatures: Signatures, client: Client) {
    this.database = database;
    this.signatures = signatures;
    this.client = client;
  }

  static async at(database: TestDatabase): Promise<Table> {
    const client = await connect(database);
    return new Table(database, await signaturesOf(client), client);
  }

  static async open(database: TestDatabase): Promise<Table> {
    const table = await Table.at(database);
    const { client } = table;
    const [published] = await callSql(client, table.signatures, "publish_catalog", catalogue);
    if (published?.["outcome"] !== "published") throw new Error(`not published: ${JSON.stringify(published)}`);
    return table;
  }

  close(): Promise<void> {
    return this.client.end();
  }

  ask(command: string, args: Args): Promise<Answer[]> {
    return callSql(this.client, this.signatures, command, args);
  }

  /** Throws where the model and PostgreSQL differ, with everything that was asked until then. */
  async play(run: Run): Promise<void> {
    this.runs += 1;
    const model = emptyModel();
    commands["publish_catalog"]?.(model, catalogue);
    const names = run.tenants.map((_, i) => `run-${this.runs}-${i}`);
    const { rows } = await this.client.query<{ slot: string }>(
      "SELECT purser.slot_of(id) AS slot FROM unnest($1::text[]) id",
      [names],
    );
    let keys = 0;
    const newKey = () => {
      keys += 1;
      return `key-${keys}`;
    };
    const scene = {
      run,
      model,
      names,
      slots: rows.map(({ slot }) => slot),
      history: [],
      signatures: this.signatures,
      newKey,
    };
    const told: string[] = [];
    try {
      for (const [i, { zone, start, plan }] of run.tenants.entries()) {
        const [id, slot] = [names[i] ?? "", scene.slots[i] ?? ""];
        const who = { p_slot: slot, p_tenant: id, p_name: id, p_mode: "test", p_time_zone: zone, p_currency: "EUR" };
        const args = { ...who, p_metadata: null, p_clock_at: start, p_actor: "model" };
        await this.call(model, { command: "create_tenant", args }, told);
        if (plan !== null)
          await this.act(scene, { do: "write_plan_state", tenant: i, plan, status: "active", quantity: 1 }, told);
      }
      for (const action of run.actions) await this.act(scene, action, told);
      await this.compareStanding(model, names);
    } catch (fault) {
      await this.client.query("ROLLBACK");
      throw new Error(`${fault instanceof Error ? fault.message : String(fault)}\n\n${told.join("\n")}`, {
        cause: fault,
      });
    }
  }

  /** Asks one after the other of a model that knows nothing yet, and compares as `play` does. */
  async follow(calls: (slotOf: (tenant: string) => string) => Call[]): Promise<void> {
    const { rows } = await this.client.query<{ tenant: string; slot: string }>(
      "SELECT id AS tenant, purser.slot_of(id) AS slot FROM unnest($1::text[]) id",
      [calls(() => "").flatMap(({ args }) => args["p_tenant"] ?? [])],
    );
    const slots = new Map(rows.map(({ tenant, slot }) => [tenant, slot]));
    const [model, told]: [Model, string[]] = [emptyModel(), []];
    commands["publish_catalog"]?.(model, catalogue);
    try {
      for (const call of calls((tenant) => slots.get(tenant) ?? "")) await this.call(model, call, told);
      await this.compareStanding(model, [...model.tenants.keys()]);
    } catch (fault) {
      throw new Error(`${fault instanceof Error ? fault.message : String(fault)}\n\n${told.join("\n")}`, {
        cause: fault,
      });
    }
  }

  /** Asks the model what PostgreSQL was asked before, and compares its answers and what is there at the end. */
  async retell(asked: readonly Heard[]): Promise<void> {
    const model = emptyModel();
    const told: string[] = [];
    try {
      for (const { command, args, answers } of asked) this.hear(model, { command, args }, answers, told);
      await this.compareStanding(model, [...model.tenants.keys()]);
    } catch (fault) {
      throw new Error(`${fault instanceof Error ? fault.message : String(fault)}\n\n${told.join("\n")}`, {
        cause: fault,
      });
    }
  }

  private async act(scene: Scene & { history: Call[] }, action: Action, told: string[]): Promise<void> {
    const { model, history } = scene;
    if (action.do === "reconnect") {
      await this.client.end();
      this.client = await connect(this.database);
    } else if (action.do === "transaction") {
      const [before, calls] = [copyOf(model), history.length];
      told.push("BEGIN");
      await this.client.query("BEGIN");
      for (const inner of action.actions) if (inner.do !== "reconnect") await this.act(scene, inner, told);
      await this.client.query(action.commit ? "COMMIT" : "ROLLBACK");
      told.push(action.commit ? "COMMIT" : "ROLLBACK");
      if (action.commit) return;
      putBack(model, before);
      history.length = calls;
    } else {
      const call = callFor(scene, action);
      if (call === undefined) return;
      if (action.do !== "again" && action.do !== "hostile") history.push(call);
      await this.call(model, call, told);
      if (action.do === "advance_test_clock") await this.refreshAll(scene, action.tenant % scene.names.length, told);
    }
  }

  /** For a tenant whose boundaries are written down as soon as they come. */
  private async refreshAll({ run, model, names }: Scene, i: number, told: string[]): Promise<void> {
    if (!run.tenants[i]?.prompt || !this.signatures.has("refresh")) return;
    const id = names[i] ?? "";
    for (const { feature, subject } of model.tenants.get(id)?.balances.values() ?? [])
      await this.call(
        model,
        { command: "refresh", args: { p_tenant: id, p_feature: feature, p_subject: subject } },
        told,
      );
  }

  private async call(model: Model, call: Call, told: string[]): Promise<void> {
    this.hear(model, call, await this.ask(call.command, call.args), told);
  }

  private hear(model: Model, { command, args }: Call, answered: readonly Answer[], told: string[]): void {
    const asked = Object.entries(args).map(
      ([name, value]) => `${name} => ${value === null ? "NULL" : `'${shortened(value)}'`}`,
    );
    told.push(`SELECT * FROM purser.${command}(${asked.join(", ")});`);
    told.push(...answered.map((answer) => `--> ${JSON.stringify(answer)}`));
    const expected = commands[command]?.(model, args) ?? [];
    if (expected.length !== answered.length)
      throw new Error(`${command}: ${answered.length} rows, not ${expected.length}`);
    for (const [i, answer] of answered.entries()) {
      compare(command, expected[i] ?? {}, answer, formerEndsOf(model));
      this.reached.add(`${command} ${answer["outcome"] ?? answer["reason"] ?? ""}`);
      if (answer["replayed"] === "t") this.reached.add(`${command} replayed`);
    }
  }

  /** At the end of a run every balance is as the model says, and the invariants hold. */
  private async compareStanding(model: Model, names: readonly string[]): Promise<void> {
    const { rows } = await this.client.query<Answer>(
      "SELECT * FROM purser.balances_current WHERE tenant_id = ANY($1) ORDER BY tenant_id, feature, subject",
      [names],
    );
    const place = (one: Answer) => [one["tenant_id"], one["subject"], one["feature"]].map((part) => part ?? "");
    const expected = new Map(
      eachBalance(model, (tenant, balance) => balanceRow(model, tenant, balance)).map((one) => [
        place(one).join("\n"),
        one,
      ]),
    );
    const formerEnds = formerEndsOf(model);
    for (const found of rows.map(plainRow)) {
      const [id = "", subject = "", feature = ""] = place(found);
      const own = expected.get(place(found).join("\n"));
      // A refusal may have made a balance that nobody has drawn on yet; its version is its own affair.
      const untouched = { ...untouchedRow(model, id, subject, feature), version: found["version"] ?? null };
      compare(`balance ${place(found).join(" ")}`, own ?? untouched, found, formerEnds);
      expected.delete(place(found).join("\n"));
    }
    if (expected.size > 0) throw new Error(`PostgreSQL has no balance ${[...expected.keys()].join(", ")}`);
    await this.compareLineage(model, names);
    const verify = "SELECT v.* FROM unnest($1::text[]) id, purser.verify(id) v";
    const broken = await this.client.query(verify, [names]);
    if (broken.rows.length > 0) throw new Error(`broken invariants: ${JSON.stringify(broken.rows)}`);
  }

  /** Which grant paid for which consumption, stretch by stretch. */
  private async compareLineage(model: Model, names: readonly string[]): Promise<void> {
    const { rows } = await this.client.query<Answer>(
      `SELECT l.tenant_id, l.subject, l.feature, l.idempotency_key, l.position, l.source, l.amount, l.provisional,
              CASE WHEN l.source NOT IN ('plan', 'override', 'rollover') THEN l.dedupe_key END AS dedupe_key,
              g.effective_at, g.expires_at
       FROM purser.consumption_lineage l JOIN purser.grants g USING (tenant_id, grant_id)
       WHERE l.tenant_id = ANY($1) AND l.amount > 0`,
      [names],
    );
    const inOrder = (answers: readonly Answer[]) =>
      answers
        .map((one) =>
          [
            "tenant_id",
            "feature",
            "subject",
            "idempotency_key",
            "position",
            "amount",
            "dedupe_key",
            "source",
            "effective_at",
            "expires_at",
            "provisional",
          ]
            .map((column) => `${column} ${one[column] ?? ""}`)
            .join(", "),
        )
        .toSorted();
    const [found, expected] = [inOrder(rows.map(plainRow)), inOrder(lineageRows(model))];
    const missing = expected.filter((line) => !found.includes(line));
    const tooMuch = found.filter((line) => !expected.includes(line));
    if (missing.length + tooMuch.length === 0 && found.length === expected.length) return;
    throw new Error(["lineage differs; the model says", ...missing, "PostgreSQL says", ...tooMuch].join("\n  "));
  }
}
