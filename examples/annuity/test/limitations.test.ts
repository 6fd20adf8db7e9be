// S001-20: where the database is away the last answer is told again, and that it is an older one.
import { createPurser } from "@purser/engine";
import { Pool } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { catalog } from "../src/catalog.ts";
import { limitationsReader } from "../src/limitations.ts";
import { openWorkspace } from "./workspace.ts";

test("stale", async () => {
  const at = await openWorkspace();
  onTestFinished(() => at.close());
  await at.open("away");
  const { connectionString } = at.pool.options as { connectionString: string };
  const pool = new Pool({ connectionString });
  const times = [new Date("2026-01-01T00:00:00Z"), new Date("2026-01-01T00:01:00Z")];
  const limitationsOf = limitationsReader(
    createPurser({ catalog, database: pool }),
    () => times.shift() ?? new Date(0),
  );
  const fresh = await limitationsOf("away");
  expect(fresh).toMatchObject({ generatedAt: "2026-01-01T00:00:00.000Z", stale: false });
  await pool.end();
  expect(await limitationsOf("away")).toEqual({ ...fresh, stale: true });
  await expect(limitationsOf("somebody else")).rejects.toThrow(/pool/);
});
