import { beforeAll, expect, onTestFinished, test } from "vitest";
import { serve } from "./rig.ts";

test("a first morning", async () => {
  const { ask } = await serve();
  expect(await ask("GET /healthz", { key: undefined })).toMatchObject({ status: 200, body: { status: "ok" } });
  expect(await ask("GET /readyz", { key: undefined })).toMatchObject({ status: 200, body: { catalogRevision: 1 } });
  expect(await ask("POST /v1/tenants", { body: { tenant: "acme", name: "Acme" } })).toMatchObject({
    status: 201,
    body: { outcome: "created", replayed: false },
  });
  expect(
    await ask("POST /v1/tenants/acme/subscription", { body: { plan: "pro" }, idempotencyKey: "s1" }),
  ).toMatchObject({ status: 201, body: { outcome: "subscribed", plan: "pro" } });
  const consume = () =>
    ask("POST /v1/tenants/acme/consume", { body: { feature: "messaging.credits", amount: 5 }, idempotencyKey: "m1" });
  expect(await consume()).toMatchObject({ status: 200, body: { available: 95, replayed: false } });
  expect(await consume()).toMatchObject({ status: 200, body: { available: 95, replayed: true } });
});
