// Every example of the description, sent as it stands: a tenant is made, put on a plan, consumes and buys; then comes the
// rest of the page, which tells of that tenant.
import { expect, test } from "vitest";
import { serve } from "../http/rig.ts";
import { operations } from "./document.ts";

const story = ["createTenant", "subscribe", "consume", "issueGrant"];
/** These tell of the catalogue that the first of them publishes, which is another one than the rest stands on. */
const sequel = ["publishCatalog", "getCatalog", "listCatalogRevisions", "getCatalogRevision", "diffCatalog"];
const rank = (id: string) =>
  story.includes(id) ? story.indexOf(id) : story.length + (sequel.includes(id) ? sequel.indexOf(id) + 1 : 0);

/** What is another at every run is told by its kind. */
function lasting(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lasting);
  if (typeof value === "string") {
    return value
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "a time")
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "an id")
      .replaceAll(/key:[0-9a-f]{16}/g, "a key");
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, lasting(inner)]));
}

test("the examples run as they stand and are answered as they say", async () => {
  const { ask, makeKey, purser, pool } = await serve();
  await purser.createTenant({ tenant: "lab", mode: "test", clockAt: new Date("2031-05-01T00:00:00Z"), actor: "test" });
  const testKey = (await makeKey({ mode: "test" })).key;
  const told: string[] = [];
  for (const { id, method, path, operation } of operations.toSorted((one, other) => rank(one.id) - rank(other.id))) {
    // Somebody who holds the plan that the comparison is about.
    if (id === "diffCatalog") await purser.createTenant({ tenant: "birch", plan: "free", actor: "test" });
    // Another hold, since the one of the page has been settled by then.
    if (id === "release") {
      const hold = { tenant: "acme", feature: "messaging.credits", amount: 5, idempotencyKey: "reserve-2" } as const;
      await purser.reserve(pool, hold);
    }
    const [status = ""] = Object.keys(operation.responses);
    const { example } = operation.responses[status]?.content?.["application/json"] ?? {};
    const given = (place: string) => operation.parameters.filter((one) => one.in === place && "example" in one);
    const parameters = Object.fromEntries(given("path").map((one) => [one.name, String(one.example)]));
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ""));
    const query = given("query").map((one) => `${one.name}=${encodeURIComponent(String(one.example))}`);
    const body = operation.requestBody?.content["application/json"]?.example;
    const reply = await ask(`${method} ${filled}${query.length === 0 ? "" : `?${query.join("&")}`}`, {
      idempotencyKey: `${id}-1`,
      ...(body === undefined ? {} : { body }),
      ...(parameters["tenant"] === "lab" ? { key: testKey } : {}),
    });
    expect({ id, status: reply.status, body: lasting(reply.body) }).toEqual({
      id,
      status: Number(status),
      body: lasting(example),
    });
    told.push(id);
  }
  expect(told).toHaveLength(operations.length);
});
