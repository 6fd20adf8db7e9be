// The description of the HTTP door: that it is the committed one, that it is OpenAPI 3.1, and that it tells of every
// operation what the route table has.
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { describeOutcome, refusals } from "../../src/answer.ts";
import { describeServer } from "../../src/documents.ts";
import { adviceOn } from "../../src/problem-advice.ts";
import { routes } from "../../src/routes/index.ts";
import { operations, validatorOf } from "./document.ts";
import { printed } from "./printed.ts";

const document = describeServer();

test("server/openapi.json is what the route table says; `npm run generate` makes it", async () => {
  await expect(printed(document)).toMatchFileSnapshot("../../openapi.json");
});

test("it is OpenAPI 3.1, by the official schema", async () => {
  const validator = new Validator();
  expect(await validator.validate(JSON.parse(printed(document)))).toEqual({ valid: true });
  expect(validator.version).toBe("3.1");
});

test("every route is an operation with its own id, scope, answers and problems", () => {
  expect(operations.map(({ id }) => id)).toEqual(routes.map(({ operation }) => operation));
  expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
  for (const route of routes) {
    const found = operations.find(({ id }) => id === route.operation);
    expect(found).toMatchObject({ method: route.method, path: route.path });
    expect(found?.operation.security).toEqual(route.scope === undefined ? [] : [{ key: [route.scope] }]);
    const outcomes = [...Object.keys(route.answers), ...route.refusals] as (typeof refusals)[number][];
    for (const outcome of outcomes) {
      expect(Object.keys(found?.operation.responses ?? {})).toContain(String(describeOutcome(outcome).status));
    }
    const promised = JSON.stringify(found?.operation.responses);
    for (const code of route.refusals) expect(promised).toContain(`"${code}"`);
  }
});

test("every operation shows a request and its answer, in shapes that have names", () => {
  for (const { id, operation } of operations) {
    const shown = operation.parameters.filter((one) => one.in === "path" && one.example === undefined);
    expect({ id, withoutExample: shown.map(({ name }) => name) }).toEqual({ id, withoutExample: [] });
    const [done] = Object.entries(operation.responses).filter(([status]) => status.startsWith("2"));
    const bodies = [operation.requestBody, done?.[1]].filter((part) => part !== undefined);
    expect(bodies).toHaveLength(operation.requestBody === undefined ? 1 : 2);
    for (const { content } of bodies) {
      expect({ id, ...content?.["application/json"] }).toEqual({
        id,
        schema: { $ref: expect.stringMatching(/^#\/components\/schemas\/[A-Z]\w+$/) },
        example: expect.any(Object),
      });
    }
  }
});

test("every example fits its schema", () => {
  let examples = 0;
  const hold = (schema: unknown, example: unknown, where: string) => {
    const validate = validatorOf(schema);
    validate(example);
    expect({ where, errors: validate.errors ?? [] }).toEqual({ where, errors: [] });
    examples += 1;
  };
  for (const { id, operation } of operations) {
    for (const { name, schema, example } of operation.parameters) {
      if (example !== undefined) hold(schema, example, `${id} ${name}`);
    }
    const contents = [operation.requestBody, ...Object.values(operation.responses)].flatMap((part) =>
      Object.values(part?.content ?? {}),
    );
    for (const { schema, example } of contents) if (example !== undefined) hold(schema, example, id);
  }
  expect(examples).toBeGreaterThan(30);
});

test("no shape is without a name, and none is left over", () => {
  const text = JSON.stringify(document);
  const { schemas } = document["components"] as { schemas: Record<string, object> };
  expect(Object.keys(schemas).filter((name) => name.startsWith("__") || !/^[A-Z]\w+$/.test(name))).toEqual([]);
  expect(Object.keys(schemas).filter((name) => !text.includes(`"#/components/schemas/${name}"`))).toEqual([]);
  expect(Object.keys(schemas)).toEqual(
    expect.arrayContaining([
      "Balance",
      "BalancePage",
      "Consumed",
      "Decision",
      "Granted",
      "Problem",
      "Reason",
      "Tenant",
    ]),
  );
  // What the expression for a date would be.
  expect(text).not.toContain("\\\\d{4}");
});

test("every problem has advice on what to do about it", () => {
  expect(refusals.filter((code) => adviceOn(code) === undefined)).toEqual([]);
});
