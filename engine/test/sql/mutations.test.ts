// The proof is proven: what a slip of the pen could do to the SQL is done to it, and somebody has to notice.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../behaviour/fixture/database.ts";
import { asWritten, play } from "./examples/story.ts";
import { mutations } from "./mutations.ts";
import { connected, isRace, raced } from "./races.ts";

const sql = fileURLToPath(new URL("../../sql/", import.meta.url));

/** Whether the story's record comes out. */
async function told(database: TestDatabase, story: string): Promise<boolean> {
  const client = await connected(database.serviceUrl, asWritten);
  try {
    const file = `${sql}examples/${story}.sql`;
    return (await play(client, file)) === readFileSync(`${file}.out`, "utf8");
  } finally {
    await client.end();
  }
}

async function holds(database: TestDatabase, by: string): Promise<boolean> {
  return isRace(by) ? raced(database, by) : told(database, by);
}

describe("as it is written", () => {
  test.each([...new Set(mutations.map(({ noticedBy }) => noticedBy))])("%s comes out", async (by) => {
    const database = await createTestDatabase();
    onTestFinished(database.drop);
    expect(await holds(database, by)).toBe(true);
  });
});

describe("changed in one place", () => {
  test.each(mutations)("$of: '$from' → '$to' is noticed by $noticedBy", async ({ of, from, to, noticedBy }) => {
    const text = readFileSync(`${sql}functions/${of}.sql`, "utf8");
    expect(text.split(from)).toHaveLength(2);
    const database = await createTestDatabase();
    onTestFinished(database.drop);
    const admin = await connected(database.adminUrl);
    onTestFinished(() => admin.end());
    await admin.query(text.replace(from, to));
    expect(await holds(database, noticedBy)).toBe(false);
  });
});
