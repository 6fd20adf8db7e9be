// As many writes at once as there are connections, and more: none waits for a connection that another one holds.
import { createPurser } from "@purser/engine";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Application, applicationOn, libraries } from "../../../behaviour/fixture/hosts.ts";
import { createWorkbench, smallCatalog, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench({ max: 2 });
  await bench.rows("CREATE TABLE public.reports (id text PRIMARY KEY)");
  await bench.rows("GRANT ALL ON public.reports TO PUBLIC");
});
afterAll(() => bench.close());

describe.each(libraries)("on %s", (library) => {
  let app: Application;
  let tenant = "";
  beforeAll(async () => {
    app = applicationOn(library, bench.purser, bench.pool);
    tenant = await bench.testTenant(`small-${library}`, "pro");
  });
  const input = (idempotencyKey: string) => ({ tenant, feature: "reports", idempotencyKey });
  const inside = { name: "Fault", code: "inside_write" };

  test("I02: 50 writes at once on a pool of two all end", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        app.withConsumption(input(`many-${i}`), async (tx) => {
          await tx.insert(`${library}-${i}`);
          await tx.consume({ ...input(`views-${i}`), feature: "views" });
        }),
      ),
    );
    expect(outcomes.filter(({ outcome }) => outcome === "consumed")).toHaveLength(50);
    expect(await bench.rows("SELECT count(*)::int FROM public.reports WHERE id LIKE $1", [`${library}-%`])).toEqual([
      { count: 50 },
    ]);
  });

  test("I02: a write that asks the engine for another connection is told so, and not only when the pool is dry", async () => {
    const asking: readonly (() => Promise<unknown>)[] = [
      () => app.tryConsume(input("inner")),
      () => app.withConsumption(input("inner"), () => Promise.resolve()),
      () => bench.purser.check({ tenant, feature: "reports" }),
      () => bench.purser.balances({ tenant }),
      () => bench.purser.createTenant({ tenant: "inner", actor: "test" }),
    ];
    for (const [i, ask] of asking.entries()) {
      await expect(app.withConsumption(input(`asking-${i}`), ask)).rejects.toMatchObject(inside);
      const within = app.transaction(async (tx) => {
        await tx.withConsumption(input(`within-${i}`), async () => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          return ask();
        });
      });
      await expect(within).rejects.toMatchObject(inside);
    }
    // The one that was caught and ignored undid nothing else.
    const ignoring = await app.withConsumption(input("ignoring"), async (tx) => {
      await expect(app.tryConsume(input("inner"))).rejects.toMatchObject(inside);
      await tx.insert(`ignoring-${library}`);
    });
    expect(ignoring).toMatchObject({ outcome: "consumed" });
  });

  test("what a write started and did not wait for may ask when the write has ended, and another engine always", async () => {
    let later: Promise<unknown> = Promise.resolve();
    let ended: () => void = () => undefined;
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const elsewhere = createPurser({ catalog: smallCatalog, database: bench.pool });
    await app.withConsumption(input("starting"), async () => {
      later = end.then(() => bench.purser.check({ tenant, feature: "reports" }));
      await elsewhere.check({ tenant, feature: "reports" });
    });
    ended();
    expect(await later).toMatchObject({ allowed: true });
  });
});
