// The worked examples of engine/sql/examples, each played on a database of its own, as a host application would: by a
// role that is a member of purser_service. `vitest --update` records again what runs; read the difference before you keep
// it, because these records are the law.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { describe, expect, test } from "vitest";
import { createTestDatabase } from "../../../behaviour/fixture/database.ts";
import { asWritten, awaitedBy, play } from "./examples/story.ts";

const folder = fileURLToPath(new URL("../../sql/examples/", import.meta.url));
const stories = readdirSync(folder).filter((name) => name.endsWith(".sql"));
const awaitedIn = (name: string) => awaitedBy(readFileSync(folder + name, "utf8"));
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

describe("what runs today", () => {
  test.each(stories.filter((name) => awaitedIn(name).length === 0))("%s", async (name) => {
    const record = await onFreshDatabase((client) => play(client, folder + name));
    await expect(record).toMatchFileSnapshot(recordOf(name));
  });
});

// Worked by hand before the command existed. The day it exists, its story is played against these rows: take the first
// line away, and where the rows differ find out who is wrong.
test("what awaits its command has its record, and waits no longer than it has to", async () => {
  for (const name of stories.filter((story) => awaitedIn(story).length > 0)) {
    expect(statSync(recordOf(name)).size, `the record of ${name}`).toBeGreaterThan(0);
    expect(readFileSync(recordOf(name), "utf8").split("\n")[0], `record and story ${name} await the same`).toBe(
      readFileSync(folder + name, "utf8").split("\n")[0],
    );
    await onFreshDatabase(async (client) => {
      const { rows } = await client.query<{ name: string }>(
        `SELECT p.proname AS name FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'purser'::regnamespace`,
      );
      const missing = awaitedIn(name).filter((awaited) => !rows.some((row) => row.name === awaited.function));
      if (missing.length > 0) return;
      expect(
        awaitedIn(name).some(({ ability }) => ability !== undefined),
        `all that ${name} awaits exists`,
      ).toBe(true);
      const played = await play(client, folder + name);
      expect(played, `${name} can be played now`).not.toBe(readFileSync(recordOf(name), "utf8"));
    });
  }
});
