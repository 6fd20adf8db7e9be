import { createServer as createBareServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient } from "@purser/sdk";
import { createApiKey, createServer, openPurser, scopes } from "@purser/server";
import type { Bar, Contender } from "../bar.ts";
import type { Ground } from "../ground.ts";

/**
 * One caller's latency of a consume and a check over HTTP, beside a bare node:http route that reads a body, parses it, makes
 * the bare call on the same database and answers JSON.
 */
export async function httpBars({ pool, acknowledge, checkConsumed, atEnd }: Ground): Promise<Bar[]> {
  const served = await openPurser(pool);
  const made = await createApiKey(served.purser, { name: "bench", mode: "live", scopes: [...scopes], actor: "bench" });
  if (made.outcome !== "created") throw new Error(made.outcome);
  const server = createServer({ ...served, database: pool, logLevel: "silent" });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  const client = createClient({ url, key: made.key });

  const bareServer = createBareServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as { key?: string };
      const call =
        body.key === undefined
          ? pool.query({ name: "bare_check_http", text: "SELECT public.bare_check(1) AS available", values: [] })
          : pool.query({
              name: "bare_http",
              text: "SELECT public.bare_consume(1, 1, $1) AS available",
              values: [body.key],
            });
      call.then(
        ({ rows }) => reply.setHeader("content-type", "application/json").end(JSON.stringify(rows[0])),
        () => reply.writeHead(500).end(),
      );
    });
  });
  await new Promise<void>((resolve) => bareServer.listen(0, "127.0.0.1", resolve));
  atEnd(async () => {
    await server.close();
    await new Promise((resolve) => bareServer.close(resolve));
  });
  const bareUrl = `http://127.0.0.1:${(bareServer.address() as AddressInfo).port}/`;
  const bare = (name: string, body: () => object): Contender => ({
    name,
    async once() {
      const reply = await fetch(bareUrl, { method: "POST", body: JSON.stringify(body()) });
      if (!reply.ok) throw new Error(String(reply.status));
      await reply.json();
    },
  });

  let keys = 0;
  const nextKey = () => {
    keys += 1;
    return `http-${keys}`;
  };
  const question = { tenant: "acme", feature: "messaging.credits" };
  return [
    {
      name: "consume.http",
      what: "POST /v1/tenants/{tenant}/consume, beside a bare node:http route with the bare call",
      calls: 300,
      rounds: 7,
      bare: bare("bare route", () => ({ key: nextKey() })),
      ours: {
        name: "consume",
        async once() {
          const { outcome } = await client.consume({ ...question, idempotencyKey: nextKey() });
          if (outcome !== "consumed") throw new Error(outcome);
          acknowledge();
        },
      },
      check: checkConsumed,
    },
    {
      name: "check.http",
      what: "POST /v1/tenants/{tenant}/check, beside a bare node:http route that reads one number",
      calls: 300,
      rounds: 7,
      bare: bare("bare route", () => ({})),
      ours: {
        name: "check",
        async once() {
          if (!(await client.check(question)).allowed) throw new Error("denied");
        },
      },
      check: () => Promise.resolve(undefined),
    },
  ];
}
