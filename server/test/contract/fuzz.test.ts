// Every operation of the description, asked everything that its description allows and much that it does not. There is no
// 5xx, every answer comes, and each is one that the description promises.
import { Agent, request } from "node:http";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Rig, serve } from "../http/rig.ts";
import { operations, validatorOf } from "./document.ts";
import { hostileBodies, requestsFor, type Sent, shownOf } from "./requests.ts";

const RUNS = Number(process.env["PURSER_FUZZ_RUNS"] ?? 200);
/** What an answer may take here at most; a request that is not answered by then hangs. */
const PATIENCE_MS = 10_000;

let rig: Rig;
let end: () => Promise<void> = () => Promise.resolve();
const keys: { authorization: string; tenant: string }[] = [];
const agent = new Agent({ keepAlive: true });

beforeAll(async () => {
  rig = await serve((close) => (end = close));
  const { purser, makeKey } = rig;
  // The second revision, which an example names.
  await purser.publishCatalog({ actor: "test", catalog: { ...purser.catalog, capabilities: {} } });
  // As the examples have them, which are replays then.
  const acme = { name: "Acme", timeZone: "Europe/Rome", currency: "EUR", metadata: { crm: 17 } };
  await purser.createTenant({ tenant: "acme", ...acme, actor: "test" });
  await purser.subscribe({ tenant: "acme", plan: "pro", idempotencyKey: "subscribe-shown", actor: "test" });
  await purser.createTenant({ tenant: "lab", mode: "test", clockAt: new Date("2026-01-01T00:00:00Z"), actor: "test" });
  // What the examples of holds, reversals and voids name.
  const credits = { tenant: "acme", feature: "messaging.credits", amount: 1 } as const;
  await purser.consume(rig.pool, { ...credits, amount: 50, idempotencyKey: "consume-1" });
  for (const idempotencyKey of ["reserve-1", "reserve-2"]) {
    const expiresAt = new Date("2040-01-01T00:00:00Z");
    await purser.reserve(rig.pool, { ...credits, idempotencyKey, expiresAt });
  }
  await purser.issueGrant(rig.pool, { ...credits, dedupeKey: "issueGrant-1" });
  // One whose projects are counted, beside one whose projects are claimed.
  await purser.createTenant({ tenant: "counting", plan: "pro", actor: "test" });
  await purser.reportCount(rig.pool, { tenant: "counting", feature: "projects.max", count: 1 });
  for (const [tenant, options] of [
    ["acme", {}],
    ["lab", { mode: "test" }],
    ["acme", { tenant: "acme" }],
    ["counting", { tenant: "counting" }],
  ] as const) {
    keys.push({ authorization: `Bearer ${(await makeKey(options)).key}`, tenant });
  }
});
afterAll(async () => {
  agent.destroy();
  await end();
});

interface Heard {
  status: number;
  type: string | undefined;
  text: string;
}

function send(method: string, { path, headers, body }: Sent): Promise<Heard> {
  return new Promise((resolve, reject) => {
    // By its parts: an address that is read as a whole loses its dots before it is sent.
    const { hostname, port } = new URL(rig.url);
    const asked = request({ hostname, port, path, method, headers, agent, timeout: PATIENCE_MS }, (reply) => {
      let text = "";
      reply.setEncoding("utf8");
      reply.on("data", (data: string) => (text += data));
      reply.on("end", () => resolve({ status: reply.statusCode ?? 0, type: reply.headers["content-type"], text }));
      reply.on("error", reject);
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
    asked.on("error", reject);
    asked.end(body);
  });
}

/** What is wrong with an answer, or nothing. */
function broken({ operation }: (typeof operations)[number], { status, type = "", text }: Heard): string | undefined {
  if (status >= 500) return `${status}: ${text}`;
  const promised = operation.responses[status];
  if (promised === undefined) return `${status} is not promised: ${text}`;
  if (promised.content === undefined) return text === "" ? undefined : `${status} with a body`;
  const [media = ""] = type.split(";");
  const content = promised.content[media];
  if (content === undefined) return `${status} is ${type}`;
  const validate = validatorOf(content.schema);
  return validate(JSON.parse(text)) ? undefined : `${status}: ${JSON.stringify(validate.errors)} ${text}`;
}

// What publishes a catalogue takes away what the others ask about, so it comes last.
const inOrder = operations.toSorted((one, other) => Number(one.method === "PUT") - Number(other.method === "PUT"));

test.each(inOrder)(`J02 J04 J05 $id: ${RUNS} requests of all kinds are answered as it promises`, async (one) => {
  const statuses = new Set<number>();
  const property = fc.asyncProperty(requestsFor(one.path, one.operation, keys), async (sent) => {
    const heard = await send(one.method, sent);
    statuses.add(heard.status);
    expect(broken(one, heard)).toBeUndefined();
  });
  // First the one that is shown, which is done: so they are not all turned away at the door.
  const shown = shownOf(one, (tenant) => keys[tenant === "lab" ? 1 : 0]?.authorization ?? "");
  await fc.assert(property, {
    examples: [[shown]],
    numRuns: RUNS,
    interruptAfterTimeLimit: 50_000,
    markInterruptAsFailure: true,
  });
  expect(Math.min(...statuses)).toBeLessThan(300);
});

const withBodies = inOrder.filter(({ operation }) => operation.requestBody !== undefined);
test.each(withBodies)("J04 $id: every hostile body is refused or done, and nothing is polluted", async (one) => {
  for (const body of hostileBodies) {
    const path = one.path.replace("{tenant}", "acme");
    const headers = {
      authorization: keys[0]?.authorization ?? "",
      "content-type": "application/json",
      "idempotency-key": "hostile",
    };
    const heard = await send(one.method, { path, headers, body });
    const sent = body.slice(0, 100);
    expect({ sent, wrong: broken(one, heard) }).toEqual({ sent, wrong: undefined });
  }
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test("J04 nothing is polluted by anything of it, and the server still answers", async () => {
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  expect(await rig.ask("GET /readyz")).toMatchObject({ status: 200 });
  expect(rig.lines.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
});
