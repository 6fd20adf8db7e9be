// The schema as a whole, in one file that a review can read: a change of it that nobody meant shows here.
import { Client } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { createTestDatabase } from "../../../behaviour/fixture/database.ts";
import { schemaText } from "./schema-text.ts";

test("engine/sql/schema.sql is what the migrations make", async () => {
  const { adminUrl, drop } = await createTestDatabase();
  onTestFinished(drop);
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  onTestFinished(() => client.end());
  await expect(await schemaText(client)).toMatchFileSnapshot("../../sql/schema.sql");
});
