// A dry run over HTTP: the answer that the command itself would give, and not one row of it.
import { expect, test } from "vitest";
import { routes } from "../../src/routes/index.ts";
import { type Ask, refused, type Reply, serve } from "./rig.ts";

const path = "/v1/tenants/acme";
const credits = { feature: "messaging.credits", amount: 5 };
const slot = { feature: "projects.max", resource: "project-1" };
const body = (of: object, idempotencyKey?: string): Ask => ({
  body: of,
  ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
});

/** Every command on a balance, in an order in which each has something to do. */
const commands: readonly (readonly [operation: string, call: string, Ask?])[] = [
  ["consume", `POST ${path}/consume`, body(credits, "c")],
  ["consumeMany", `POST ${path}/consume-many`, body({ items: [{ ...credits, idempotencyKey: "m" }] })],
  ["issueGrant", `POST ${path}/grants`, body({ ...credits, amount: 1000 }, "g")],
  ["reserve", `POST ${path}/holds`, body({ ...credits, expiresAt: "2040-01-01T00:00:00Z" }, "h")],
  ["extend", `POST ${path}/holds/h/extend`, body({ expiresAt: "2041-01-01T00:00:00Z" })],
  ["settle", `POST ${path}/holds/h/settle`, body({ amount: 3 })],
  ["reserve", `POST ${path}/holds`, body({ ...credits, expiresAt: "2040-01-01T00:00:00Z" }, "i")],
  ["release", `POST ${path}/holds/i/release`],
  ["reverseConsumption", `POST ${path}/consumptions/c/reverse`, body({ amount: 2, reason: "It failed." }, "r")],
  ["voidGrant", `POST ${path}/grants/g/void`, body({ reason: "Cancelled." })],
  ["claim", `POST ${path}/claims`, body(slot)],
  ["releaseClaim", `POST ${path}/claims/release`, body(slot)],
  ["reportCount", `PUT ${path}/counts/projects.max`, body({ count: 4 })],
  ["refreshBalance", `POST ${path}/refresh`, body({ feature: "messaging.credits" })],
];

/** An answer without what is never the same twice: the id of what was made, and when. */
const lasting = ({ status, body: said }: Reply) => ({
  status,
  said: JSON.stringify(said, (name, value: unknown) =>
    /^(grantId|recordedAt|reportedAt)$/.test(name) ? undefined : value,
  ),
});

test("every command on a balance tells what it would answer and leaves nothing", async () => {
  const { ask, everyRow } = await serve();
  await ask("POST /v1/tenants", { body: { tenant: "acme", plan: "pro" } });
  for (const [operation, call, given] of commands) {
    const before = await everyRow();
    const tried = await ask(`${call}?dryRun=true`, given);
    expect([operation, (await everyRow()) === before]).toEqual([operation, true]);
    const done = await ask(`${call}?dryRun=false`, given);
    expect({ operation, ...lasting(tried) }).toEqual({ operation, ...lasting(done) });
    expect(done.status).toBeLessThan(300);
    // A refresh of what is not due has nothing to write.
    expect([operation, (await everyRow()) !== before]).toEqual([operation, operation !== "refreshBalance"]);
  }
  const known = routes.filter(({ query }) => query.safeParse({ dryRun: "true" }).success).map((one) => one.operation);
  expect([...new Set(commands.map(([operation]) => operation))].toSorted()).toEqual(known.toSorted());
});

test("a refusal is the same, and anything but true or false is none of both", async () => {
  const { ask, everyRow } = await serve();
  await ask("POST /v1/tenants", { body: { tenant: "acme", plan: "pro" } });
  const before = await everyRow();
  const tooMuch = body({ ...credits, amount: 101 }, "c");
  expect(await ask(`POST ${path}/consume?dryRun=true`, tooMuch)).toMatchObject({
    status: 402,
    body: { code: "insufficient_balance", available: 100 },
  });
  expect(await ask(`POST ${path}/consume?dryRun=1`, tooMuch)).toMatchObject(refused(422, "invalid_input", "dryRun"));
  // Where there is nothing to try it is refused, and not done.
  expect(await ask(`POST ${path}/check?dryRun=true`, body(credits))).toMatchObject(
    refused(422, "invalid_input", "dryRun"),
  );
  expect(await everyRow()).toBe(before);
});
