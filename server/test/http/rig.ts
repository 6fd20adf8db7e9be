// A server on a database of its own and real HTTP to it. Every answer is held against what its route promises.
import { createPurser } from "@purser/engine";
import { Pool } from "pg";
import { expect, onTestFinished } from "vitest";
import { createTestDatabase } from "../../../behaviour/fixture/database.ts";
import { createApiKey, createServer, exampleCatalog, openPurser, type Scope, scopes } from "../../src/index.ts";
import { routes } from "../../src/routes/index.ts";
import { problem } from "../../src/routes/wire.ts";

export interface Reply {
  status: number;
  body: Record<string, unknown>;
  headers: Headers;
}

export interface Ask {
  key?: string | undefined;
  idempotencyKey?: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, instead. */
  raw?: string | Uint8Array;
  headers?: Record<string, string>;
}

/** The problem that a refusal is, without its sentences. */
export const refused = (status: number, code: string, ...fields: string[]) => ({
  status,
  body: expect.objectContaining({
    status,
    code,
    ...(fields.length === 0
      ? {}
      : { errors: fields.map((field) => expect.objectContaining({ field, detail: expect.any(String) })) }),
  }),
});

/** A new server; everything is closed at the end of the test that called, or when the suite says so. */
export async function serve(finished: (end: () => Promise<void>) => void = onTestFinished, settings = "") {
  const database = await createTestDatabase();
  const pool = new Pool({ connectionString: database.serviceUrl, max: 5, options: settings });
  pool.on("error", () => undefined);
  const admin = new Pool({ connectionString: database.adminUrl, max: 1 });
  admin.on("error", () => undefined);
  const catalogued = createPurser({ catalog: exampleCatalog, database: pool });
  await catalogued.publishCatalog({ actor: "test" });
  const purser = openPurser(pool);
  const lines: string[] = [];
  const app = createServer({ purser, database: pool, log: { write: (line) => void lines.push(line) } });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  finished(async () => {
    await app.close();
    await Promise.all([pool.end(), admin.end()]);
    await database.drop();
  });

  const makeKey = async (options: { scopes?: readonly Scope[]; tenant?: string; mode?: "live" | "test" } = {}) => {
    const made = await createApiKey(purser, { name: "test", scopes, actor: "test", ...options });
    if (made.outcome !== "created") throw new Error(made.outcome);
    return made;
  };
  const everything = (await makeKey()).key;

  const ask = async (call: string, options: Ask = {}): Promise<Reply> => {
    const [method = "GET", path = "/"] = call.split(" ");
    const { body, raw, idempotencyKey, headers } = options;
    const key = "key" in options ? options.key : everything;
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(sent === undefined ? {} : { "content-type": "application/json" }),
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
    });
    const reply = {
      status: response.status,
      body: (await response.json()) as Record<string, unknown>,
      headers: response.headers,
    };
    holdToContract(method, path, reply);
    return reply;
  };

  /** Every row of every table that a request could write, for comparing before and after. */
  const everyRow = async (): Promise<string> => {
    const { rows } = await admin.query<{ relname: string }>(
      `SELECT relname FROM pg_class WHERE relnamespace = 'purser'::regnamespace AND relkind = 'r' ORDER BY 1`,
    );
    const texts = rows.map(async ({ relname }) => {
      const found = await admin.query(
        `SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') AS t FROM purser.${relname} t`,
      );
      return `${relname}\n${found.rows[0].t}`;
    });
    return (await Promise.all(texts)).join("\n");
  };

  return { url, ask, makeKey, everyRow, purser: catalogued, pool, admin, lines, database, app, everything };
}

export type Rig = Awaited<ReturnType<typeof serve>>;

function holdToContract(method: string, path: string, { status, body, headers }: Reply): void {
  const type = headers.get("content-type");
  if (status >= 400) {
    expect(type).toBe("application/problem+json");
    expect(problem.parse(body).status).toBe(status);
    return;
  }
  expect(type).toMatch(/^application\/json/);
  const parts = new URL(path, "http://x").pathname.split("/");
  const route = routes.find((one) => {
    const wanted = one.path.split("/");
    const fits = (part: string, i: number) => part.startsWith("{") || part === parts[i];
    return one.method === method && wanted.length === parts.length && wanted.every(fits);
  });
  const shapes = Object.values(route?.answers ?? {});
  expect(shapes.length, `${method} ${path} is a route`).toBe(1);
  shapes[0]?.parse(body);
}
