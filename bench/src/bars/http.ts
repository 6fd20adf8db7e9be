import { createServer as createBareServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient } from "@purser/sdk";
import { createApiKey, createServer, openPurser, scopes } from "@purser/server";
import type { Bar, Contender } from "../bar.ts";
import type { Ground } from "../ground.ts";

const question = { tenant: "acme", feature: "messaging.credits" };

/**
 * One caller's latency of a consume and a check over HTTP, beside a bare node:http route that reads a body, parses it, makes
 * the bare call on the same database and answers JSON.
 */
export async function httpBars({ pool, acknowledge, checkConsumed, atEnd }: Ground): Promise<Bar[]> {
  const purser = openPurser(pool);
  const made = await createApiKey(purser, { name: "bench", mode: "live", scopes: [...scopes], actor: "bench" });
  if (made.outcome !== "created") throw new Error(made.outcome);
  const server = createServer({ purser, database: pool, logLevel: "silent" });
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

  // The same server without the database: reads the body, parses it, answers a recorded answer of ours. What is between
  // this and ours is authentication, validation and the decision; what is between it and the bare call is the database.
  const recorded = { consume: "", check: "" };
  const onlyHttp = createBareServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { name } = JSON.parse(Buffer.concat(chunks).toString()) as { name: "consume" | "check" };
      reply.setHeader("content-type", "application/json").end(recorded[name]);
    });
  });
  await new Promise<void>((resolve) => onlyHttp.listen(0, "127.0.0.1", resolve));
  atEnd(() => new Promise((resolve) => onlyHttp.close(() => resolve())));
  const onlyUrl = `http://127.0.0.1:${(onlyHttp.address() as AddressInfo).port}/`;
  const only = (name: "consume" | "check"): Contender => ({
    name: "bare node:http route",
    async once() {
      const reply = await fetch(onlyUrl, {
        method: "POST",
        body: JSON.stringify({ name, ...question, key: "http-1" }),
      });
      await reply.json();
    },
  });

  let keys = 0;
  const nextKey = () => {
    keys += 1;
    return `http-${keys}`;
  };
  const consume: Contender = {
    name: "consume",
    async once() {
      const answer = await client.consume({ ...question, idempotencyKey: nextKey() });
      if (answer.outcome !== "consumed") throw new Error(answer.outcome);
      recorded.consume ||= JSON.stringify(answer);
      acknowledge();
    },
  };
  const check: Contender = {
    name: "check",
    async once() {
      const answer = await client.check(question);
      if (!answer.allowed) throw new Error("denied");
      recorded.check ||= JSON.stringify(answer);
    },
  };
  await consume.once();
  await check.once();
  const sound = () => Promise.resolve(undefined);
  const size = { calls: 300, rounds: 7 };
  return [
    {
      name: "consume.http.route",
      what: "POST …/consume, beside a bare node:http route that parses and answers JSON of the same size, no database",
      ...size,
      bare: only("consume"),
      ours: consume,
      check: checkConsumed,
    },
    {
      name: "check.http.route",
      what: "POST …/check, beside the same",
      ...size,
      bare: only("check"),
      ours: check,
      check: sound,
    },
    {
      name: "consume.http",
      what: "POST /v1/tenants/{tenant}/consume, beside a bare node:http route with the bare call",
      ...size,
      bare: bare("bare route", () => ({ key: nextKey() })),
      ours: consume,
      check: checkConsumed,
    },
    {
      name: "check.http",
      what: "POST /v1/tenants/{tenant}/check, beside a bare node:http route that reads one number",
      ...size,
      bare: bare("bare route", () => ({})),
      ours: check,
      check: sound,
    },
  ];
}
