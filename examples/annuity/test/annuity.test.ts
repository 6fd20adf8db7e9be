// The example's promises, each with the line of what was ordered that it answers.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { presentValue } from "../src/calculations.ts";
import { catalog } from "../src/catalog.ts";
import type { Limitations } from "../src/limitations.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

let at: Workspace;
beforeAll(async () => {
  at = await openWorkspace();
});
afterAll(() => at.close());

const create = (workspace: string, id: string) => at.ask("POST", "/projects", { workspace, body: { id, name: id } });
const archive = (workspace: string, id: string) => at.ask("POST", `/projects/${id}/archive`, { workspace });
const unarchive = (workspace: string, id: string) => at.ask("POST", `/projects/${id}/unarchive`, { workspace });
const annuity = { payment: 1000, rate: 0.05, years: 20 };
const calculate = (workspace: string, key: string, body: object = annuity) =>
  at.ask("POST", "/calculations", { workspace, key, body });
const limits = async (workspace: string) => (await at.ask("GET", "/limitations", { workspace })).body as Limitations;
const limit = async (workspace: string, code: string) =>
  (await limits(workspace)).limitations.find((one) => one.code === code);
const active = async (workspace: string) =>
  (await at.admin.query("SELECT FROM example_annuity.projects WHERE workspace = $1 AND NOT archived", [workspace]))
    .rowCount;
const history = async (workspace: string) =>
  (await at.admin.query("SELECT FROM example_annuity.calculations WHERE workspace = $1", [workspace])).rowCount;

test("S001-2 S001-11: its features and what people do with them stand in one place", () => {
  expect(Object.entries(catalog.features).map(([key, { kind }]) => [key, kind])).toEqual([
    ["workspace.access", "flag"],
    ["projects.max", "capacity"],
    ["annuity.calculations.monthly", "metered"],
  ]);
  expect(catalog.capabilities).toEqual({
    "projects.create": { feature: "projects.max", amount: 1 },
    "projects.unarchive": { feature: "projects.max", amount: 1 },
    "annuity.calculate": { feature: "annuity.calculations.monthly", amount: 1 },
  });
});

describe("S001-18: projects", () => {
  test("are refused over capacity when one is made and when one is made active again, and counted anew each time", async () => {
    const workspace = await at.open("projects");
    const consumed = async () => (await limit(workspace, "projects.max"))?.consumed;
    for (const [i, id] of ["a", "b", "c"].entries()) {
      expect(await create(workspace, id)).toMatchObject({ status: 201 });
      expect(await consumed()).toBe(i + 1);
    }
    expect(await create(workspace, "d")).toEqual({
      status: 402,
      body: { error: { outcome: "limit_reached", available: 0, counted: 3, limit: 3 } },
    });
    expect(await archive(workspace, "a")).toMatchObject({ status: 200, body: { changed: true } });
    expect(await consumed()).toBe(2);
    expect(await create(workspace, "d")).toMatchObject({ status: 201 });
    expect(await unarchive(workspace, "a")).toMatchObject({
      status: 402,
      body: { error: { outcome: "limit_reached" } },
    });
    expect([await active(workspace), await consumed()]).toEqual([3, 3]);
    await archive(workspace, "b");
    expect(await unarchive(workspace, "a")).toMatchObject({ status: 200, body: { changed: true } });
    expect([await active(workspace), await consumed()]).toEqual([3, 3]);
  });

  test("that are active already, or that nobody made, are told apart from a limit", async () => {
    const workspace = await at.open("apart");
    for (const id of ["a", "b", "c"]) await create(workspace, id);
    expect(await unarchive(workspace, "a")).toMatchObject({ status: 200, body: { changed: false } });
    expect(await unarchive(workspace, "z")).toEqual({
      status: 404,
      body: { error: { outcome: "project_unknown" } },
    });
  });

  test("of 12 asked for at once three are there", async () => {
    const workspace = await at.open("crowd");
    const made = await Promise.all(Array.from({ length: 12 }, (_, i) => create(workspace, `p${i}`)));
    expect(made.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(made.filter(({ status }) => status === 402)).toHaveLength(9);
    expect([await active(workspace), (await limit(workspace, "projects.max"))?.consumed]).toEqual([3, 3]);
  });

  test("one that is there already is told so, and takes no room", async () => {
    const workspace = await at.open("twice");
    await create(workspace, "a");
    expect(await create(workspace, "a")).toMatchObject({ status: 409 });
    expect([await active(workspace), (await limit(workspace, "projects.max"))?.consumed]).toEqual([1, 1]);
  });
});

describe("S001-19: a calculation", () => {
  const used = async (workspace: string) => (await limit(workspace, "annuity.calculations.monthly"))?.consumed;

  test("is paid for once and written once, however often its request comes", async () => {
    const workspace = await at.open("annuity");
    const told = { status: 200, body: { outcome: "calculated", value: "12462.21" } };
    expect(await calculate(workspace, "one")).toMatchObject({ ...told, body: { ...told.body, replayed: false } });
    expect(await calculate(workspace, "one")).toMatchObject({ ...told, body: { ...told.body, replayed: true } });
    const crowd = await Promise.all(Array.from({ length: 8 }, () => calculate(workspace, "two")));
    expect(crowd.filter(({ status }) => status === 200)).toHaveLength(8);
    expect([await used(workspace), await history(workspace)]).toEqual([2, 2]);
    expect(await calculate(workspace, "one", { ...annuity, years: 21 })).toMatchObject({
      status: 409,
      body: { error: { outcome: "idempotency_conflict", field: "metadata" } },
    });
  });

  test("that cannot be written is not paid for, and one that cannot be paid for is not written", async () => {
    const workspace = await at.open("atomic");
    await at.admin.query("INSERT INTO example_annuity.calculations VALUES ($1, 'taken', 1, 1, 1, 1)", [workspace]);
    expect(await calculate(workspace, "taken")).toEqual({ status: 500, body: { error: { outcome: "failed" } } });
    expect([await used(workspace), await history(workspace)]).toEqual([0, 1]);
    for (let i = 1; i <= 5; i += 1) expect(await calculate(workspace, `${i}`)).toMatchObject({ status: 200 });
    expect(await calculate(workspace, "6")).toMatchObject({
      status: 402,
      body: { error: { outcome: "limit_reached" } },
    });
    expect([await used(workspace), await history(workspace)]).toEqual([5, 6]);
  });

  test.each([
    [{ payment: 1000, rate: 0.05, years: 20 }, "12462.21"],
    [{ payment: 1000, rate: 0, years: 20 }, "20000.00"],
    [{ payment: 250.5, rate: 1, years: 1 }, "125.25"],
  ])("of %j is worth %s", (asked, value) => {
    expect(presentValue(asked)).toBe(value);
  });
});

test("S001-20: the limitations say what counts, what was granted and consumed, when it changes, and whether it is locked", async () => {
  const workspace = await at.open("limits");
  await create(workspace, "a");
  for (let i = 1; i <= 5; i += 1) await calculate(workspace, `${i}`);
  expect(await limits(workspace)).toEqual({
    generatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    stale: false,
    limitations: [
      {
        code: "annuity.calculations.monthly",
        kind: "metered",
        effective: 5,
        granted: 5,
        consumed: 5,
        nextChangeAt: "2026-02-01T00:00:00.000Z",
        lockState: "limit_reached",
        enforcementMode: "hard",
      },
      {
        code: "projects.max",
        kind: "capacity",
        effective: 3,
        granted: 3,
        consumed: 1,
        nextChangeAt: null,
        lockState: "open",
        enforcementMode: "hard",
      },
      {
        code: "workspace.access",
        kind: "flag",
        effective: true,
        granted: null,
        consumed: null,
        nextChangeAt: null,
        lockState: "open",
        enforcementMode: "hard",
      },
    ],
  });
});

test("who has no workspace is let into nothing but the page", async () => {
  for (const path of ["/limitations", "/projects", "/calculations"]) {
    expect(await at.ask("GET", path, { workspace: "nobody" })).toMatchObject({ status: 403 });
  }
});
