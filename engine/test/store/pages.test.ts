// Every list that the engine answers, read in pages and as a whole: nothing is cut off, left out or told twice, however many
// lines there are and whatever is added meanwhile.
import type { Page, PageInput } from "@purser/engine";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { addBalances, addFeatures, addTenants, counts, inByteOrder, names } from "../../../behaviour/fixture/many.ts";
import { createWorkbench, type Workbench } from "../workbench.ts";

// Ten thousand lines take seconds, and several times that where other tests want the processor as well.
vi.setConfig({ testTimeout: 240_000 });

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

/** All lines of a list, page after page to the last; `between` runs after each page but the last. */
async function walked<Line>(
  page: (asked: PageInput) => Promise<Page<Line>>,
  count: number,
  between: (pages: number) => Promise<unknown> = () => Promise.resolve(),
): Promise<Line[]> {
  const lines: Line[] = [];
  for (let [after, pages]: [Page<Line>["next"], number] = [[], 1]; after !== null; pages += 1) {
    const found = await page({ after, count });
    // Only the last page may be shorter, so that nobody takes a short one for the last.
    expect(found.lines.length).toSatisfy((told: number) => (found.next === null ? told <= count : told === count));
    if (found.next !== null) await between(pages);
    lines.push(...found.lines);
    after = found.next;
  }
  return lines;
}

/** Small pages of small lists, and large ones of large lists, so that no list is one page. */
const sizes = counts.map((lines) => [lines, Math.max(7, Math.floor(lines / 10) - 1)] as const);

async function live(tenant: string): Promise<string> {
  await bench.purser.createTenant({ tenant, actor: "test" });
  return tenant;
}

describe.each(sizes)("J05: %i lines in pages of %i", (lines, count) => {
  test("balances, by subject and feature", async () => {
    const tenant = await live(`balances-${lines}`);
    const subjects = names(lines - 1);
    await addBalances(bench.admin, { tenant, feature: "seats", subjects });
    await addBalances(bench.admin, { tenant, feature: "credits", subjects: [""] });
    const expected = inByteOrder(["", ...subjects]);
    const told = await walked((page) => bench.purser.listBalances({ tenant, ...page }), count);
    expect(told.map(({ subject }) => subject)).toEqual(expected);
    expect((await bench.purser.balances({ tenant })).map(({ subject }) => subject)).toEqual(expected);
    const seats = await walked((page) => bench.purser.listBalances({ tenant, feature: "seats", ...page }), count);
    expect(seats.map(({ subject }) => subject)).toEqual(inByteOrder(subjects));
    expect(new Set(seats.map(({ feature }) => feature))).toEqual(new Set(["seats"]));
  });

  test("grants of as many balances", async () => {
    const tenant = await live(`holders-${lines}`);
    const subjects = names(lines);
    await addBalances(bench.admin, { tenant, feature: "seats", subjects });
    const told = await walked((page) => bench.purser.listGrants({ tenant, ...page }), count);
    expect(told.map(({ subject }) => subject)).toEqual(inByteOrder(subjects));
    const whole = await bench.purser.grants({ tenant });
    expect(whole.map(({ grantId }) => grantId)).toEqual(told.map(({ grantId }) => grantId));
  });

  test("grants of one balance, in burn order", async () => {
    const tenant = await live(`grants-${lines}`);
    await addBalances(bench.admin, { tenant, feature: "credits", subjects: [""], grants: lines });
    const told = await walked((page) => bench.purser.listGrants({ tenant, feature: "credits", ...page }), count);
    expect(told.map(({ dedupeKey }) => dedupeKey)).toEqual(
      Array.from({ length: lines }, (_, i) => `credits//${i + 1}`),
    );
    expect(told.map(({ burnOrder }) => burnOrder)).toEqual(Array.from({ length: lines }, (_, i) => i + 1));
    expect(await bench.purser.grants({ tenant })).toHaveLength(lines);
  });

  test("tenants, of one mode and with one beginning", async () => {
    const of = `t${lines}/`;
    const tenants = names(lines, of);
    await addTenants(bench.admin, tenants);
    await addTenants(bench.admin, names(20, `${of}test`), "test");
    const told = await walked((page) => bench.purser.listTenants({ prefix: of, mode: "live", ...page }), count);
    expect(told.map(({ tenant }) => tenant)).toEqual(inByteOrder(tenants));
  });

  test("entitlements, by feature", async () => {
    const tenant = await live(`entitlements-${lines}`);
    const before = (await bench.purser.checkAll({ tenant })).map(({ feature }) => feature);
    const added = Array.from({ length: lines - before.length }, (_, i) => `f${(i % 3) * 7}_${lines}.${i}`);
    await addFeatures(bench.admin, added);
    const expected = inByteOrder([...before, ...added]);
    const told = await walked((page) => bench.purser.listEntitlements({ tenant, ...page }), count);
    expect(told.map(({ feature }) => feature)).toEqual(expected);
    expect((await bench.purser.checkAll({ tenant })).map(({ feature }) => feature)).toEqual(expected);
    expect(told).toHaveLength(lines);
  });
});

describe("J05: what is added between pages is told at most once, and nothing else is moved by it", () => {
  test("balances", async () => {
    const tenant = await live("balances-added");
    const subjects = names(51);
    await addBalances(bench.admin, { tenant, feature: "seats", subjects });
    const told = await walked(
      (page) => bench.purser.listBalances({ tenant, ...page }),
      10,
      // Before what was told and behind it, and beside a line of it.
      (pages) => addBalances(bench.admin, { tenant, feature: "seats", subjects: [`!${pages}`, `\u{1f680}${pages}`] }),
    );
    const [old, added] = [told, told].map((all, i) =>
      all.map(({ subject }) => subject).filter((subject) => subjects.includes(subject) === (i === 0)),
    );
    expect(old).toEqual(inByteOrder(subjects));
    expect(added).toEqual(["1", "2", "3", "4", "5"].map((n) => `\u{1f680}${n}`));
  });

  test("grants: one that is drawn before all of them, and one that is drawn last", async () => {
    const tenant = await live("grants-added");
    await addBalances(bench.admin, { tenant, feature: "credits", subjects: [""], grants: 51 });
    const told = await walked(
      (page) => bench.purser.listGrants({ tenant, ...page }),
      10,
      async (pages) => {
        const grant = { tenant, feature: "credits", amount: 1 } as const;
        await bench.purser.issueGrant(bench.pool, { ...grant, dedupeKey: `first-${pages}`, priority: 0 });
        await bench.purser.issueGrant(bench.pool, { ...grant, dedupeKey: `last-${pages}`, priority: 900 });
      },
    );
    const keys = told.map(({ dedupeKey }) => dedupeKey);
    expect(keys.slice(0, 51)).toEqual(Array.from({ length: 51 }, (_, i) => `credits//${i + 1}`));
    expect(keys.slice(51)).toEqual(["last-1", "last-2", "last-3", "last-4", "last-5"]);
  });

  test("tenants, the one that a page ended with erased meanwhile", async () => {
    const tenants = names(51, "added/");
    await addTenants(bench.admin, tenants);
    const expected = inByteOrder(tenants);
    const told = await walked(
      (page) => bench.purser.listTenants({ prefix: "added/", ...page }),
      10,
      async (pages) => {
        await addTenants(bench.admin, [`added/!${pages}`, `added/\u{1f680}${pages}`]);
        await bench.rows("UPDATE purser.tenants SET erased_at = now() WHERE tenant_id = $1", [
          expected[pages * 10 - 1],
        ]);
      },
    );
    expect(told.map(({ tenant }) => tenant)).toEqual([
      ...expected,
      ...["1", "2", "3", "4", "5"].map((n) => `added/\u{1f680}${n}`),
    ]);
  });

  test("entitlements", async () => {
    const tenant = await live("entitlements-added");
    const before = (await bench.purser.checkAll({ tenant })).map(({ feature }) => feature);
    const told = await walked(
      (page) => bench.purser.listEntitlements({ tenant, ...page }),
      1000,
      (pages) => addFeatures(bench.admin, [`a${pages}`, `zz${pages}`]),
    );
    const keys = told.map(({ feature }) => feature);
    expect(keys.filter((key) => before.includes(key))).toEqual(before);
    expect(keys.filter((key) => !before.includes(key)).every((key) => key.startsWith("zz"))).toBe(true);
  });
});

test("J05: grants stay in their place while time passes between pages", async () => {
  const tenant = await bench.testTenant("in-time");
  const day = (n: number) => new Date(Date.UTC(2026, 0, 1 + n));
  const grant = (dedupeKey: string, more: object) =>
    bench.purser.issueGrant(bench.pool, { tenant, feature: "credits", amount: 1, dedupeKey, ...more });
  await grant("now", {});
  await grant("soon", { priority: 50, effectiveAt: day(10) });
  await grant("much", { amount: undefined, unlimited: true, effectiveAt: day(10), expiresAt: day(20) });
  const told = await walked(
    (page) => bench.purser.listGrants({ tenant, ...page }),
    1,
    (pages) => bench.purser.advanceClock({ tenant, to: day(9 + pages) }),
  );
  expect(told.map(({ dedupeKey, burnOrder }) => [dedupeKey, burnOrder])).toEqual([
    ["much", null],
    ["soon", 2],
    ["now", 3],
  ]);
});

test("J05: balances without a grant, more of them than a page has lines, do not end the list", async () => {
  const tenant = await live("empty-holders");
  const [full, empty] = [names(5, "full"), names(30)];
  await addBalances(bench.admin, { tenant, feature: "seats", subjects: full });
  await addBalances(bench.admin, { tenant, feature: "seats", subjects: empty, grants: 0 });
  for (const count of [1, 2, 5, 6, 29, 30, 31]) {
    const told = await walked((page) => bench.purser.listGrants({ tenant, ...page }), count);
    expect(told.map(({ subject }) => subject)).toEqual(inByteOrder(full));
  }
});

test("J05: allowances that nobody has drawn from yet stand among the balances", async () => {
  const tenant = await bench.testTenant("untouched", "pro");
  // As it is where access was denied when the plan came.
  for (const table of ["balance_facts", "open_grants", "grants", "balances"]) {
    await bench.rows(`DELETE FROM purser.${table} WHERE tenant_id = $1 AND feature <> 'projects'`, [tenant]);
  }
  await addBalances(bench.admin, { tenant, feature: "credits", subjects: names(3) });
  const whole = (await bench.purser.grants({ tenant })).map(({ feature, subject }) => [subject, feature]);
  expect(whole.slice(0, 4)).toEqual(["exports", "projects", "reports", "views"].map((feature) => ["", feature]));
  expect(whole.slice(4)).toHaveLength(3);
  for (const count of [1, 2, 3, 4, 6, 7]) {
    const told = await walked((page) => bench.purser.listGrants({ tenant, ...page }), count);
    expect(told.map(({ feature, subject }) => [subject, feature])).toEqual(whole);
  }
});

test("a page without room for a line is a mistake, and is said to be one", async () => {
  for (const count of [0, -1, 1.5, Number.NaN, Infinity]) {
    await expect(bench.purser.listTenants({ count })).rejects.toThrow(RangeError);
  }
});
