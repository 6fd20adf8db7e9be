// What another process publishes is used at once, and what is used are the typed rows that publishing wrote.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createPurser } from "@purser/engine";
import { Pool } from "pg";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { exampleCatalog } from "../../src/index.ts";
import { compile, purser as commandLine, temporaryDirectory } from "../cli/rig.ts";
import { serve } from "./rig.ts";

beforeAll(compile);

const credits = "messaging.credits";
const withCapabilities = (capabilities: object) => ({ ...exampleCatalog, capabilities });

/** A server, and a way to publish that it knows nothing of: `purser push` as a process of its own. */
async function besideAnotherProcess() {
  const { ask, purser, admin, database } = await serve();
  await purser.createTenant({ tenant: "acme", plan: "pro", actor: "test" });
  const file = join(temporaryDirectory(), "catalog.json");
  let used = 0;
  return {
    ask,
    admin,
    publish: async (catalog: object) => {
      writeFileSync(file, JSON.stringify(catalog));
      const words = ["push", "--yes", "--config", file];
      expect(await commandLine(words, { DATABASE_URL: database.serviceUrl }).ended).toMatchObject({ code: 0 });
    },
    consume: (feature: string, more: object = {}) =>
      ask("POST /v1/tenants/acme/consume", { body: { feature, ...more }, idempotencyKey: `${feature} ${(used += 1)}` }),
  };
}

test("a capability that another process publishes, changes and takes away counts from the next request on", async () => {
  const { ask, publish, consume } = await besideAnotherProcess();
  const check = async (feature: string) =>
    (await ask("POST /v1/tenants/acme/check", { body: { feature } })).body["feature"];
  expect(await consume("bulk.send")).toMatchObject({ status: 404, body: { code: "feature_unknown" } });

  await publish(withCapabilities({ "bulk.send": { feature: credits, amount: 25 } }));
  expect(await consume("bulk.send")).toMatchObject({ status: 200, body: { amount: 25, available: 75 } });
  expect(await check("bulk.send")).toBe(credits);

  await publish(withCapabilities({ "bulk.send": { feature: credits, amount: 10 } }));
  expect(await consume("bulk.send")).toMatchObject({ status: 200, body: { amount: 10, available: 65 } });
  expect(await consume("bulk.send", { amount: 2 })).toMatchObject({ status: 200, body: { amount: 2, available: 63 } });

  await publish(withCapabilities({ "bulk.send": { feature: "annuity.calculations.monthly" } }));
  expect(await consume("bulk.send")).toMatchObject({ status: 200, body: { amount: 1, available: 499 } });

  await publish(withCapabilities({}));
  expect(await consume("bulk.send")).toMatchObject({ status: 404, body: { code: "feature_unknown" } });
  expect(await check("bulk.send")).toBe("bulk.send");
});

test("a key that is a feature's stays one, also off sale and where a capability takes the same key", async () => {
  const { ask, publish, consume } = await besideAnotherProcess();
  expect(await consume(credits)).toMatchObject({ status: 200, body: { available: 99 } });
  const { [credits]: _, ...features } = exampleCatalog.features;
  const without = <Entry extends { inclusions: object }>(entries: Record<string, Entry>) =>
    Object.fromEntries(
      Object.entries(entries).map(([key, { inclusions, ...entry }]) => {
        const { [credits]: __, ...others } = inclusions as Record<string, unknown>;
        return [key, { ...entry, inclusions: others }];
      }),
    );
  await publish({
    ...exampleCatalog,
    features,
    plans: without(exampleCatalog.plans),
    products: without(exampleCatalog.products),
    capabilities: { [credits]: { feature: "annuity.calculations.monthly", amount: 7 } },
  });
  expect(await consume(credits)).toMatchObject({ status: 200, body: { amount: 1, available: 98 } });
  const { body } = await ask("POST /v1/tenants/acme/check", { body: { feature: credits } });
  expect(body).toMatchObject({ feature: credits, remaining: 98 });
});

test("a capability and its feature are one question: a replay is found under either word", async () => {
  const { ask } = await besideAnotherProcess();
  const consume = (feature: string) =>
    ask("POST /v1/tenants/acme/consume", { body: { feature }, idempotencyKey: "one" });
  expect(await consume("annuity.calculate")).toMatchObject({ status: 200, body: { replayed: false, available: 499 } });
  for (const word of ["annuity.calculate", "annuity.calculations.monthly"]) {
    expect(await consume(word)).toMatchObject({ status: 200, body: { replayed: true, available: 499 } });
  }
});

test("S001-22: the JSON that was published is read by nothing that decides", async () => {
  const { consume, admin, ask } = await besideAnotherProcess();
  const poisoned = withCapabilities({ "annuity.calculate": { feature: credits, amount: 50 } });
  const ways = [
    "UPDATE purser.catalog_revisions SET content = $1",
    "DELETE FROM purser.catalog_revisions WHERE $1 <> ''",
  ];
  for (const [i, statement] of ways.entries()) {
    await admin.query(statement, [JSON.stringify(poisoned)]);
    expect(await consume("annuity.calculate")).toMatchObject({ status: 200, body: { amount: 1, available: 499 - i } });
    expect(await ask("GET /readyz")).toMatchObject({ status: 200, body: { catalogRevision: i === 0 ? 1 : null } });
  }
});

test("an application with a catalogue of its own uses the published words that it does not have itself", async () => {
  const { purser, pool } = await serve();
  await purser.publishCatalog({ actor: "test", catalog: withCapabilities({ later: { feature: credits, amount: 3 } }) });
  await purser.createTenant({ tenant: "acme", plan: "pro", actor: "test" });
  const [tenant, feature] = ["acme", "later" as "annuity.calculate"];
  const fresh = new Pool({ ...pool.options, max: 1 });
  onTestFinished(() => fresh.end());
  const old = createPurser({ catalog: exampleCatalog, database: fresh });
  expect(await old.tryConsume(fresh, { tenant, feature, idempotencyKey: "a" })).toMatchObject({ amount: 3 });
  const done = await old.withConsumption(fresh, { tenant, feature, idempotencyKey: "b" }, async () => "written");
  expect(done).toMatchObject({ outcome: "consumed", amount: 3, available: 94, result: "written" });
  for (const word of ["a\0", "", "constructor", "__proto__", 7]) {
    const outcome = await old.tryConsume(fresh, { tenant, feature: word as typeof feature, idempotencyKey: "c" });
    expect(["invalid_input", "feature_unknown"]).toContain(outcome.outcome);
  }
});
