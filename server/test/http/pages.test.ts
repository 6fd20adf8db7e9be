// Every list over HTTP, to its last cursor: nothing is left out or told twice, whatever is added meanwhile.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  addBalances,
  addFeatures,
  addPlanHolders,
  addRevisions,
  addTenants,
  counts,
  inByteOrder,
  names,
} from "../../../behaviour/fixture/many.ts";
import { refused, type Rig, serve } from "./rig.ts";

// Ten thousand lines take seconds, and several times that where other tests want the processor as well.
vi.setConfig({ testTimeout: 240_000 });

const credits = "messaging.credits";
let rig: Rig;
const ends: (() => Promise<void>)[] = [];
beforeAll(async () => {
  rig = await serve((end) => void ends.push(end));
});
afterAll(async () => {
  for (const end of ends) await end();
});

type Line = Record<string, unknown>;
/** All lines of a list, page after page; `between` runs after each page but the last. */
async function walked(
  list: string,
  path: string,
  between: (pages: number) => Promise<unknown> = () => Promise.resolve(),
) {
  const lines: Line[] = [];
  let [next, pages]: [string | undefined, number] = [path, 1];
  for (; next !== undefined; pages += 1) {
    const { status, body, headers }: Awaited<ReturnType<Rig["ask"]>> = await rig.ask(`GET ${next}`);
    expect(status).toBe(200);
    lines.push(...(body[list] as Line[]));
    next = /^<([^>]+)>; rel="next"$/.exec(headers.get("link") ?? "")?.[1];
    const cursor = next === undefined ? null : new URL(next, rig.url).searchParams.get("cursor");
    expect(body["nextCursor"]).toBe(cursor);
    if (next !== undefined) await between(pages);
  }
  return { lines, pages: pages - 1 };
}
const of = (lines: readonly Line[], name: string) => lines.map((line) => line[name]);

async function live(tenant: string): Promise<string> {
  await rig.purser.createTenant({ tenant, actor: "test" });
  return `/v1/tenants/${tenant}`;
}

// Without a limit a page has as many lines as is usual for its list; with one, as many as it says.
describe.each(counts)("J05: %i lines", (count) => {
  const pagesOf = (limit: number) => Math.ceil(count / limit);
  const limit = Math.max(7, Math.floor(count / 10));

  test("balances", async () => {
    const path = await live(`balances-${count}`);
    const subjects = names(count);
    await addBalances(rig.admin, { tenant: `balances-${count}`, feature: credits, subjects });
    const usual = await walked("balances", `${path}/balances`);
    expect(of(usual.lines, "subject")).toEqual(inByteOrder(subjects));
    expect(usual.pages).toBe(pagesOf(1000));
    const small = await walked("balances", `${path}/balances?feature=${credits}&limit=${limit}`);
    expect(of(small.lines, "subject")).toEqual(inByteOrder(subjects));
    expect(small.pages).toBe(pagesOf(limit));
  });

  test("grants", async () => {
    const path = await live(`grants-${count}`);
    await addBalances(rig.admin, { tenant: `grants-${count}`, feature: credits, subjects: [""], grants: count });
    const order = Array.from({ length: count }, (_, i) => i + 1);
    const usual = await walked("grants", `${path}/grants`);
    expect(of(usual.lines, "burnOrder")).toEqual(order);
    expect(usual.pages).toBe(pagesOf(1000));
    const small = await walked("grants", `${path}/grants?feature=${credits}&limit=${limit}`);
    expect(of(small.lines, "dedupeKey")).toEqual(order.map((n) => `${credits}//${n}`));
    expect(small.pages).toBe(pagesOf(limit));
  });

  test("tenants of the key's mode", async () => {
    const tenants = names(count, `t${count}/`);
    await addTenants(rig.admin, tenants);
    await addTenants(rig.admin, names(20, `t${count}/test`), "test");
    const path = `/v1/tenants?prefix=${encodeURIComponent(`t${count}/`)}`;
    const usual = await walked("tenants", path);
    expect(of(usual.lines, "tenant")).toEqual(inByteOrder(tenants));
    expect(usual.pages).toBe(pagesOf(100));
    const large = await walked("tenants", `${path}&limit=1000`);
    expect(of(large.lines, "tenant")).toEqual(inByteOrder(tenants));
    expect(large.pages).toBe(pagesOf(1000));
  });

  test("tenants that a changed catalogue would touch", async () => {
    const tenants = names(count, `touched-${count}/`);
    await addTenants(rig.admin, tenants);
    await addPlanHolders(rig.admin, tenants, "enterprise");
    const [{ holders } = { holders: "" }] = (
      await rig.admin.query<{ holders: string }>(
        "SELECT count(*) AS holders FROM purser.subscription_periods WHERE plan = 'enterprise'",
      )
    ).rows;
    const { catalog } = rig.purser;
    const { enterprise, ...others } = catalog.plans;
    const body = { catalog: { ...catalog, plans: { ...others, enterprise: { ...enterprise, inclusions: {} } } } };
    let [seen, query]: [number, string | undefined] = [0, ""];
    while (query !== undefined) {
      const answer: Awaited<ReturnType<Rig["ask"]>> = await rig.ask(`POST /v1/catalog/diff${query}`, { body });
      const [plan] = answer.body["plans"] as [{ lose: { count: number } }];
      seen += plan.lose.count;
      const cursor = answer.body["nextCursor"] as string | null;
      query = cursor === null ? undefined : `?cursor=${cursor}`;
    }
    expect(seen).toBe(Number(holders));
  });

  test("revisions of the catalogue", async () => {
    await addRevisions(rig.admin, count);
    const newestFirst = Array.from({ length: count }, (_, i) => count - i);
    const usual = await walked("revisions", "/v1/catalog/revisions");
    expect(of(usual.lines, "revision")).toEqual(newestFirst);
    expect(usual.pages).toBe(pagesOf(100));
    const large = await walked("revisions", "/v1/catalog/revisions?limit=1000");
    expect(of(large.lines, "revision")).toEqual(newestFirst);
  });

  // The last, because from here on there are as many for everybody.
  test("entitlements", async () => {
    const path = await live(`entitlements-${count}`);
    const before = of((await walked("entitlements", `${path}/entitlements`)).lines, "feature").map(String);
    const added = Array.from({ length: count - before.length }, (_, i) => `f${(i % 3) * 7}_${count}.${i}`);
    await addFeatures(rig.admin, added);
    const usual = await walked("entitlements", `${path}/entitlements`);
    expect(of(usual.lines, "feature")).toEqual(inByteOrder([...before, ...added]));
    expect(usual.pages).toBe(pagesOf(1000));
  });
});

describe("J05: what is added between pages moves nothing", () => {
  /** Behind every name. */
  const last = "\u{1f680}";

  test("balances and grants", async () => {
    const path = await live("added");
    const subjects = names(51);
    await addBalances(rig.admin, { tenant: "added", feature: credits, subjects });
    for (const list of ["balances", "grants"]) {
      const { lines } = await walked(list, `${path}/${list}?limit=10`, (pages) =>
        addBalances(rig.admin, {
          tenant: "added",
          feature: credits,
          subjects: [`!${list}${pages}`, `${last}${list}${pages}`],
        }),
      );
      const told = of(lines, "subject").map(String);
      expect(told.filter((subject) => subjects.includes(subject))).toEqual(inByteOrder(subjects));
      expect(new Set(told).size).toBe(told.length);
      expect(told.filter((subject) => subject.startsWith(last + list)).length).toBeGreaterThanOrEqual(5);
    }
  });

  test("tenants", async () => {
    const tenants = names(51, "added/");
    await addTenants(rig.admin, tenants);
    const { lines } = await walked("tenants", "/v1/tenants?prefix=added/&limit=10", (pages) =>
      addTenants(rig.admin, [`added/!${pages}`, `added/${last}${pages}`]),
    );
    const told = of(lines, "tenant").map(String);
    expect(told.filter((tenant) => tenants.includes(tenant))).toEqual(inByteOrder(tenants));
    expect(told.filter((tenant) => tenant.startsWith(`added/${last}`))).toEqual(
      ["1", "2", "3", "4", "5"].map((n) => `added/${last}${n}`),
    );
  });
});

test("J05: the longest names that SQL takes have a cursor, and so has what JSON and URLs write otherwise", async () => {
  const path = await live("long");
  const subjects = ["\u{1f600}".repeat(200), "\u0001".repeat(200), '"\\/?#%&+ ', "é"];
  await addBalances(rig.admin, { tenant: "long", feature: credits, subjects });
  for (const list of ["balances", "grants"]) {
    const { lines } = await walked(list, `${path}/${list}?limit=1`);
    expect(of(lines, "subject")).toEqual(inByteOrder(subjects));
  }
});

test("J05: a cursor that no page of the list gave is named, and is never a fault", async () => {
  await live("cursors");
  const made = (key: unknown) => Buffer.from(JSON.stringify(key)).toString("base64url");
  const lists = [
    ["GET /v1/tenants", 1],
    ["GET /v1/tenants/cursors/entitlements", 1],
    ["GET /v1/tenants/cursors/balances", 2],
    ["GET /v1/tenants/cursors/grants", 3],
    ["POST /v1/catalog/diff", 1],
  ] as const;
  for (const [list, parts] of lists) {
    const options = list.startsWith("POST") ? { body: { catalog: rig.purser.catalog } } : {};
    const key = (part: unknown) => Array.from({ length: parts }, () => part);
    const bad = [
      "",
      "x",
      "=",
      made(null),
      made("a"),
      made({}),
      made([]),
      made([...key("a"), "a"]),
      `${made(key("a"))}=`,
    ];
    for (const part of [null, 1, {}, ["a"], "a\0", "\ud800", "a".repeat(401)]) bad.push(made(key(part)));
    bad.push("a".repeat(4001));
    for (const cursor of bad) {
      const answer = await rig.ask(`${list}?cursor=${encodeURIComponent(cursor)}`, options);
      expect({ list, cursor, ...answer }).toMatchObject({ list, cursor, ...refused(422, "invalid_input", "cursor") });
    }
    // Made up in the form of a key it is a place like any other: before, between or behind the lines.
    for (const part of ["", "~", "2031-01-01", "\u{10ffff}", "'; --"]) {
      const { status } = await rig.ask(`${list}?cursor=${made(key(part))}`, options);
      expect({ list, part, status }).toEqual({ list, part, status: 200 });
    }
  }
});
