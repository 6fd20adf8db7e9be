// The worked examples of engine/sql/examples, each played on a database of its own, as a host application would: by a
// role that is a member of purser_service. `vitest --update` records again what runs; read the difference before you keep
// it, because these records are the law.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { expect, test } from "vitest";
import { createTestDatabase } from "../../../behaviour/fixture/database.ts";
import { asWritten, play } from "./examples/story.ts";

const folder = fileURLToPath(new URL("../../sql/examples/", import.meta.url));
const stories = readdirSync(folder).filter((name) => name.endsWith(".sql"));
const recordOf = (name: string) => `${folder}${name}.out`;

async function onFreshDatabase<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
  const database = await createTestDatabase();
  const client = new Client({ connectionString: database.serviceUrl, types: asWritten });
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end();
    await database.drop();
  }
}

test("the stories are where this test looks for them, and none has lost its record", () => {
  expect(stories.length).toBeGreaterThan(20);
  const records = readdirSync(folder).filter((name) => name.endsWith(".out"));
  expect(records).toEqual(stories.map((name) => `${name}.out`));
});

test.each(stories)("%s", async (name) => {
  const record = await onFreshDatabase((client) => play(client, folder + name));
  await expect(record).toMatchFileSnapshot(recordOf(name));
});
