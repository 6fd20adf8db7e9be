// Every worked example is told twice: PostgreSQL's answers are recorded beside it, and the reference model, asked the same in
// the same order, has to give the same answers and to end with the same balances and the same lineage.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { createTestDatabase } from "../../../behaviour/fixture/database.ts";
import { asWritten, play } from "../sql/examples/story.ts";
import { heard, listenTo } from "./listen.ts";
import { commands } from "./model.ts";
import { Table } from "./play.ts";

const folder = fileURLToPath(new URL("../../sql/examples/", import.meta.url));
const stories = readdirSync(folder).filter((name) => name.endsWith(".sql"));
/** Only asked what it is, of nothing that a story changes. */
const unheard = new Set(["window_at"]);

test.each(stories)("%s", async (story) => {
  const database = await createTestDatabase();
  onTestFinished(database.drop);
  const admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
  onTestFinished(() => admin.end());
  const { rows } = await admin.query<{ name: string }>(
    "SELECT proname AS name FROM pg_catalog.pg_proc WHERE pronamespace = 'purser'::regnamespace",
  );
  const there = new Set(rows.map(({ name }) => name));
  await listenTo(
    admin,
    Object.keys(commands).filter((command) => there.has(command) && !unheard.has(command)),
  );
  const teller = new Client({ connectionString: database.serviceUrl, types: asWritten });
  await teller.connect();
  await play(teller, folder + story);
  await teller.end();
  const table = await Table.at(database);
  onTestFinished(() => table.close());
  // What is asked of the past is for past.test.ts.
  const asked = (await heard(admin)).filter(
    ({ command, args }) => command !== "check_entitlement" || args["p_at"] === null,
  );
  expect(asked.length).toBeGreaterThan(1);
  await expect(table.retell(asked)).resolves.toBeUndefined();
});
